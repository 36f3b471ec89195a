"""How fast the product is, beside what was promised.

Every figure is a median. Wall time is what a person waits, and other programs on the machine lengthen it;
processor time stands beside it, of all threads together.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import count
from pathlib import Path

from benchmarks import million, processes, shipped
from benchmarks.measuring import Timing, machine, middle, table, timed
from model import credibility, exact
from model.attribution import reasons
from model.band import band
from model.evidence import Evidence, select
from model.movement import moved
from model.outlook import outlook
from model.preview import preview
from model.watch import watch
from service.composition import Service
from service.knowledge import known_evidence
from service.nightly import night
from service.show_whatif import document, hypothesis
from storage.events import evidence_reports

HEADERS = ("what", "wall", "processor", "target (wall)", "reached")
NEAR = 10_000  # reports of the forecast's own tags and window that still do not count


@dataclass(frozen=True, kw_only=True, slots=True)
class Measure:
    """One line of the table.

    Parameters
    ----------
    target
        Seconds of wall time that were promised; None where nothing was.
    """

    what: str
    taken: Timing
    target: float | None = None

    def row(self) -> tuple[str, ...]:
        """Write it as a row of the table."""
        reached = "" if self.target is None else _yes(self.taken.wall <= self.target)
        target = "" if self.target is None else _seconds(self.target)
        return (self.what, _seconds(self.taken.wall), _seconds(self.taken.cpu), target, reached)


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds < 0.1 else f"{seconds:.2f} s"


def _yes(reached: bool) -> str:
    return "yes" if reached else "NO"


def repeated(work: Callable[[], object], times: int) -> Timing:
    """Take the median of so many calls, after one that does not count."""
    work()
    return middle(timed(work) for _ in range(times))


def exact_update(of: Service, times: int = 100) -> Iterator[Measure]:
    """Measure the exact engine on the shipped forecast, alone and from the database on."""
    asked, as_of = shipped.forecast(of), of.today()
    grades = of.configuration.grades.worth()
    with of.database.reading() as session:
        reports = evidence_reports(session, asked.tags, opened=asked.opened, as_of=as_of)

    def counted() -> Evidence:
        return select(asked, credibility.events(reports, as_of=as_of, grades=grades), as_of=as_of)

    evidence = counted()
    yield Measure(what="exact update, first in its process", taken=timed(lambda: exact.posterior(evidence)))
    yield Measure(what="exact update", taken=repeated(lambda: exact.posterior(evidence), times), target=0.005)
    yield Measure(what="reports to events to evidence", taken=repeated(counted, times))
    stored = repeated(lambda: exact.posterior(known_evidence(of, asked, as_of=as_of)), times)
    yield Measure(what="database to evidence, and exact update", taken=stored)


def pymc_update(of: Service, times: int) -> Iterator[Measure]:
    """Measure a whole update, compiled before, as often as asked; and what of it is not PyMC's."""
    from model.update import update  # noqa: PLC0415 - the other measurements do without PyMC

    evidence = known_evidence(of, shipped.forecast(of), as_of=of.today())
    numbers = count()

    def updated() -> None:
        found = update(evidence, fingerprint=f"speed/{next(numbers)}")
        assert found.status == "published", found.checks

    whole = repeated(updated, times)
    yield Measure(what="update warm: PyMC, gate, band, outlook, reasons, watch", taken=whole, target=6)


def questions(of: Service, times: int = 10) -> Iterator[Measure]:
    """Measure what is answered by the exact engine alone, and what-if on a stored run."""
    asked = shipped.forecast(of)
    evidence = known_evidence(of, asked, as_of=of.today())
    earlier = known_evidence(of, asked, as_of=date(2025, 12, 31))
    answers: dict[str, tuple[Callable[[], object], float | None]] = {
        "band of sensitivity, 1,000 draws": (lambda: band(evidence), 2.0),
        "outlook": (lambda: outlook(evidence), None),
        f"reasons, {len(reasons(evidence))} of them": (lambda: reasons(evidence), None),
        "what moved it since 2025-12-31": (lambda: moved(earlier, evidence), None),
        "what to watch": (lambda: watch(evidence), None),
        "preview of the elicitation": (lambda: list(preview(asked, today=of.today())), None),
    }
    for what, (work, target) in answers.items():
        yield Measure(what=what, taken=repeated(work, times), target=target)
    list(night(of, [asked], as_of=of.today(), say=lambda _: None))
    supposed = ["tag=contract_signed,country=PE,grade=B2"]

    def suppose() -> object:
        told = hypothesis(of, asked.id, supposed, silence_until=asked.horizon, as_of=None)
        return document(told)

    yield Measure(what="what-if, from the database to JSON", taken=repeated(suppose, 5 * times), target=0.05)


def commands(folder: Path, times: int) -> Iterator[Measure]:
    """Measure whole processes: a first run on a machine, further ones, and the history."""
    cold, warm = [], []
    for number in range(times):
        caches = folder / f"caches-{number}"
        cold.append(processes.run(folder / f"cold-{number}", caches))
        warm.append(processes.run(folder / f"warm-{number}", caches))
    yield Measure(what="posterity run, no caches, 273 reports to take in", taken=middle(cold), target=25)
    yield Measure(what="posterity run, caches filled, likewise", taken=middle(warm), target=15)
    there, caches = folder / "warm-0", folder / "caches-0"
    shown = middle(processes.history(there, caches) for _ in range(10))
    yield Measure(what="posterity history, fresh process", taken=shown, target=0.7)
    for form in ("table", "csv", "json"):
        loaded = processes.loaded_by_history(there, caches, form)
        print(f"posterity history --format {form} loads of {', '.join(processes.HEAVY)}: {loaded or 'none'}")


def crowd(folder: Path, number: int, pairs: int) -> Iterator[Measure]:
    """Measure what a million reports that the forecast does not need cost it."""
    few, many = folder / "few", folder / "many"
    million.few_reports(few)
    filled = timed(lambda: million.many_reports(few, many, number))
    yield Measure(what=f"filling the store to {number:,} reports, events given", taken=filled)
    found = million.inference(few, many, pairs)
    yield Measure(what=f"inference with {million.FEW:,} reports", taken=found.few)
    target = 1.05 * found.few.wall
    yield Measure(what=f"inference with {number:,} reports", taken=found.many, target=target)
    yield Measure(what=f"inference with {million.FEW:,} again, for chance", taken=found.again)
    for name, one in ((f"{number:,}", found.many), ("itself", found.again)):
        ratios = f"wall {one.wall / found.few.wall:.3f}, processor {one.cpu / found.few.cpu:.3f}"
        print(f"inference, {name} to {million.FEW:,}: {ratios} (target 1.05)", flush=True)
    million.near_reports(few, folder / "near", NEAR)
    near = million.inference(few, folder / "near", pairs=5).many
    yield Measure(what=f"inference with {NEAR:,} more of its tags and window", taken=near)


def main() -> None:
    """Measure everything, then print it as one table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100,000 reports instead of 1,000,000")
    parser.add_argument("--times", type=int, default=3, help="of every run of PyMC (default 3)")
    parser.add_argument("--only", choices=("update", "commands", "crowd"), help="one part")
    chosen = parser.parse_args()
    print(f"{machine()}\n", flush=True)
    with tempfile.TemporaryDirectory() as name:
        measures = list(_told(_measures(chosen, Path(name))))
    print(f"\n{table(HEADERS, (one.row() for one in measures))}")


def _told(measures: Iterable[Measure]) -> Iterator[Measure]:
    """Say each figure as it comes, for whoever waits."""
    for one in measures:
        print(f"{one.what}: {_seconds(one.taken.wall)}", file=sys.stderr, flush=True)
        yield one


def _measures(chosen: argparse.Namespace, folder: Path) -> Iterator[Measure]:
    if chosen.only in {None, "crowd"}:
        yield from crowd(folder, million.QUICK if chosen.quick else million.MANY, pairs=100)
    if chosen.only in {None, "commands"}:
        yield from commands(folder, chosen.times)
    if chosen.only in {None, "update"}:
        with shipped.service(folder / "update") as of:
            shipped.take_in(of)
            yield from exact_update(of)
            yield from questions(of)
            yield from pymc_update(of, chosen.times)


if __name__ == "__main__":
    main()
