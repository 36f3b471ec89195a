"""How many reports a second go through validation, tagging, clustering and storage, and what they cost.

    python -m benchmarks.intake [--quick] [--folder FOLDER]

News come as JSON lines without a tag: rules find tag and country, every report is compared with what was
told nearby, and stored in a SQLite file: an empty one, and one that holds a million reports of five years.
"""

import argparse
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from itertools import batched
from multiprocessing import get_context
from pathlib import Path

from benchmarks.measuring import machine, table, timed
from benchmarks.news import COUNTRIES, DENSE, KINDS, NEWS, PAST, news, write
from ingest.records import Untagged
from ingest.tagging import Tagger
from model.domain import Report
from service import kinds
from service.composition import Service, opened
from service.intake import take_files
from service.judging import Judged, by_rules
from storage.events import Membership, join_events
from storage.reports import file_reports

STORED, FRESH, FLOWING = 1_000_000, 20_000, 100_000
QUICK = 50  # so many times fewer
YEARS = 5
RUNS = 3  # of which the fastest counts: other programs only make one slower
CONFIGURATION = """
[storage]
url = "sqlite:///posterity.db"
[[forecasts]]
id = "news"
opened = 2020-01-01
horizon = 2040-12-31
scenarios = [{ id = "down", prior = 0.4 }, { id = "up", prior = 0.6 }]
"""
RULE = """
[[rules]]
tag = "{kind}"
any_of = ["{kind}"]
countries = {countries}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Reports a second by the clock, and by the processor alone; and the most memory taken, in megabytes."""

    wall: float
    cpu: float
    peak: float


@contextmanager
def service(folder: Path) -> Iterator[Service]:
    """Open a service with rules for every kind of news, on a database in this folder."""
    path = folder / "config.toml"
    path.write_text(CONFIGURATION + "".join(RULE.format(kind=kind, countries=[*COUNTRIES]) for kind in KINDS))
    with opened(path) as made:
        yield made


def take(of: Service, path: Path) -> int:
    """Take news in, as `posterity ingest` does; gives how many were accepted."""
    (taken,) = take_files(of, [path])
    assert not taken.refused, taken.refused[0]
    return taken.counts["accepted"]


def stored(folder: Path, number: int, today: date) -> None:
    """Fill a store in bulk with reports of the last years, three to an event."""
    folder.mkdir(parents=True, exist_ok=True)
    flow = replace(NEWS, days=YEARS * 365)
    with service(folder) as of:
        tagger = kinds.tagger(of.configuration)
        reports = (_report(one, tagger) for one in news(flow, number, 1, today))
        for batch in batched(reports, 20_000):
            with of.database.session() as session:
                at = of.clock()
                file_reports(session, batch, at=at, origin="benchmark")
                join_events(session, [_membership(one) for one in batch], at=at)


def _report(said: Mapping[str, str], tagger: Tagger) -> Report:
    untagged = Untagged(line=1, record=said, text="")
    judged = by_rules(untagged, tagger, today=date.fromisoformat(said["published_on"]))
    assert isinstance(judged, Judged), judged
    return judged.report


def _membership(report: Report) -> Membership:
    return Membership(report_id=report.id, event_key=f"e{int(report.id.split('-')[1]) // 3}", why="benchmark")


def measured(store: Callable[[Path], object], path: Path, number: int, folder: Path, times: int) -> Measured:
    """Take a file in several times, each into a store of its own; the fastest time counts."""
    runs = []
    for _ in range(times):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        store(folder)
        with fresh() as process:
            runs.append(process.submit(once, folder, path, number).result())
    return Measured(
        wall=max(one.wall for one in runs),
        cpu=max(one.cpu for one in runs),
        peak=max(one.peak for one in runs),
    )


def fresh() -> ProcessPoolExecutor:
    """Give a process that has used no memory yet."""
    return ProcessPoolExecutor(1, get_context("spawn"))


def once(folder: Path, path: Path, number: int) -> Measured:
    """Take a file into the store of a folder."""
    with service(folder) as of:
        seconds = timed(lambda: _check(take(of, path), number))
    return Measured(wall=number / seconds.wall, cpu=number / seconds.cpu, peak=peak())


def _check(accepted: int, number: int) -> None:
    assert accepted == number, f"{accepted} of {number} were accepted"


def peak() -> float:
    """Give the most memory that this process has used, in megabytes.

    The system's own figure for it, `ru_maxrss`, begins with what the parent had used.
    """
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def memory(folder: Path, path: Path, number: int, today: date) -> tuple[float, float]:
    """Let a year of reports flow through: the peak after a fifth of them, and after all."""
    folder.mkdir()
    peaks = []
    with service(folder) as of:
        for seed, some in ((7, number // 5), (8, number - number // 5)):
            write(path, PAST, some, seed, today)
            _check(take(of, path), some)
            peaks.append(peak())
    return peaks[0], peaks[1]


def copied(source: Path, folder: Path) -> None:
    """Give a measurement a copy of a store."""
    shutil.copytree(source, folder, dirs_exist_ok=True)


def nothing(_: Path) -> None:
    """Begin with an empty store."""


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} times fewer reports, once")
    parser.add_argument("--folder", type=Path, help="where the stores are made; the larger one is kept there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="posterity-intake-") as name:
        run(Path(name), asked.folder or Path(name), QUICK if asked.quick else 1)


def run(folder: Path, kept: Path, divisor: int) -> None:
    """Measure all flows into an empty store and beside many reports, and memory at last."""
    print(machine())
    today = date.today()  # noqa: DTZ011 - only a recent day is wanted
    large, path, number = kept / f"stored-{STORED // divisor}", folder / "news.jsonl", FRESH // divisor
    if not large.exists():
        stored(large, STORED // divisor, today)
    rows, times = [], RUNS if divisor == 1 else 1
    for flow in (NEWS, PAST, DENSE):
        write(path, flow, number, 5, today)
        alone, beside = (
            measured(store, path, number, folder / "run", times)
            for store in (nothing, partial(copied, large))
        )
        rows += [
            (
                flow.name,
                f"{kept_many:,}",
                f"{one.wall:,.0f}",
                f"{one.cpu:,.0f}",
                f"{one.peak:.0f}",
                f"{alone.wall / one.wall:.2f}",
            )
            for kept_many, one in ((0, alone), (STORED // divisor, beside))
        ]
    print(table(("flow", "stored before", "reports/s", "by processor time", "peak MB", "times slower"), rows))
    with fresh() as process:
        flowing = process.submit(memory, folder / "flowing", path, FLOWING // divisor, today)
        after_some, after_all = flowing.result()
    print(
        f"peak memory: {after_some:.0f} MB after {FLOWING // divisor // 5:,} reports, "
        f"{after_all:.0f} MB after {FLOWING // divisor:,}"
    )


if __name__ == "__main__":
    main()
