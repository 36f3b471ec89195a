"""A night of a thousand forecasts: how long it takes, and whether its numbers are those of each alone.

``python -m benchmarks.thousand [--forecasts 1000] [--sample 5]`` makes forecasts of the shipped one, with
other priors, numbers and windows, on the shipped reports. Two nights run, each as the scheduler does it: one
step, a process of its own. The first stands for the days before; the second, which says what moved and has
its sample drawn by age, is the one that counts. Then a handful of forecasts are computed by themselves, and
must agree.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import batched
from pathlib import Path

import numpy as np
import psutil

from benchmarks.measuring import machine, table
from benchmarks.shipped import CONFIG, REPORTS
from model import exact
from model.attribution import reasons
from model.band import band
from model.domain import Forecast, Indicator
from model.movement import moved
from model.outlook import outlook
from model.watch import watch
from service.composition import Service, opened
from service.configuration import load
from service.intake import take_files
from service.knowledge import known_evidence
from service.steps import Processes
from storage.leases import take
from storage.runs import standing_run

DAY = date(2026, 1, 21)
GOAL = 120.0  # seconds
_SEED = 8
_LONG = timedelta(hours=6)
_EVERY = 0.25  # seconds between looks at the processes
_ALONE = 8  # forecasts that are updated by themselves, too


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What a night took.

    Parameters
    ----------
    cpu
        User and system time of all its processes.
    memory
        The most that these held at a time, each page counted once for each process that shares it.
    """

    wall: float
    cpu: float
    memory: int
    detail: str


# ---- a store ---------------------------------------------------------------------------


def varied(shipped: Forecast, number: int) -> Iterator[Forecast]:
    """Make forecasts of the shipped one, each with priors, numbers and a window of its own."""
    rng = np.random.default_rng(_SEED)
    for place in range(number):
        weights = rng.dirichlet([40 * one.prior for one in shipped.scenarios])
        scenarios = zip(shipped.scenarios, np.maximum(0.01, weights), strict=True)
        total = float(np.maximum(0.01, weights).sum())
        yield replace(
            shipped,
            id=f"forecast-{place:04}",
            title=f"Forecast {place}",
            opened=shipped.opened - timedelta(days=int(rng.integers(0, 90))),
            horizon=shipped.horizon + timedelta(days=int(rng.integers(0, 365))),
            observed_until=None,
            scenarios=tuple(replace(one, prior=float(weight) / total) for one, weight in scenarios),
            indicators=tuple(_varied(one, rng) for one in shipped.indicators),
        )


def _varied(indicator: Indicator, rng: np.random.Generator) -> Indicator:
    """Put other numbers: rates are multiplied, chances moved in log-odds."""
    off = dict(zip(indicator.stated, np.exp(0.3 * rng.standard_normal(len(indicator.stated))), strict=True))
    if indicator.recurs:
        return replace(indicator, stated={one: float(e * off[one]) for one, e in indicator.stated.items()})
    odds = {one: q / (1 - q) * off[one] for one, q in indicator.stated.items()}
    return replace(indicator, stated={one: float(o / (1 + o)) for one, o in odds.items()})


def toml(forecast: Forecast) -> str:
    """Write a forecast as the configuration has it."""
    own = f'id = "{forecast.id}"\ntitle = "{forecast.title}"\n'
    window = f"opened = {forecast.opened}\nhorizon = {forecast.horizon}\n"
    scenarios = (
        f'[[forecasts.scenarios]]\nid = "{one.id}"\nprior = {one.prior!r}\n' for one in forecast.scenarios
    )
    return "\n".join(["[[forecasts]]", own + window, *scenarios, *map(_indicator, forecast.indicators)])


def _indicator(one: Indicator) -> str:
    numbers = ", ".join(f"{name} = {number!r}" for name, number in one.stated.items())
    stated = f"expected = {{ {numbers} }}" if one.recurs else f"probability = {{ {numbers} }}"
    return (
        f'[[forecasts.indicators]]\nid = "{one.id}"\ntag = {json.dumps(one.tags)}\n'
        f"countries = {json.dumps(one.countries)}\nrecurs = {str(one.recurs).lower()}\n"
        f"timing = {one.timing!r}\nspread = {one.spread!r}\nburst_days = {one.burst_days}\n{stated}\n"
    )


def filled(folder: Path, forecasts: int, sample: int) -> Path:
    """Write the configuration, and take in the shipped reports."""
    (shipped,) = load(CONFIG).forecasts
    path = folder / "config.toml"
    path.write_text(f'include = ["forecasts-*.toml"]\n\n[model]\npymc = {sample}\n', encoding="utf-8")
    for number, some in enumerate(batched(varied(shipped, forecasts), 100)):
        file = folder / f"forecasts-{number}.toml"
        file.write_text("\n".join(map(toml, some)), encoding="utf-8")
    with opened(path) as service:
        list(take_files(service, [REPORTS]))
    return path


# ---- a night ---------------------------------------------------------------------------


def in_charge(path: Path) -> int:
    """Take the lease, as the scheduler does before it works."""
    with opened(path) as service, service.database.session() as session:
        lead = take(session, "benchmark:1", at=service.clock(), lasts=_LONG)
    assert lead is not None, "no other scheduler works on this database"
    return lead.token


def night(path: Path, token: int, day: date) -> Watched:
    """Run a night's step as the scheduler does, and watch its processes."""

    def run() -> str:
        result = Processes(path, _LONG).run(token, ["night", day.isoformat(), "announced"])
        assert result.outcome in {"done", "held"}, result
        return result.detail

    return watched(run)


def watched(work: Callable[[], str]) -> Watched:
    """Do some work that is done by other processes, and look at these while it lasts."""
    over, spent, most = threading.Event(), dict[int, float](), [0]

    def look() -> None:
        while not over.wait(_EVERY):
            most[0] = max(most[0], sum(_looked(one, spent) for one in _processes()))

    looking = threading.Thread(target=look)
    looking.start()
    started = time.perf_counter()
    try:
        detail = work()
    finally:
        over.set()
        looking.join()
    wall = time.perf_counter() - started
    return Watched(wall=wall, cpu=sum(spent.values()), memory=most[0], detail=detail)


def _processes() -> list[psutil.Process]:
    found: list[psutil.Process] = psutil.Process().children(recursive=True)
    return found


def _looked(process: psutil.Process, spent: dict[int, float]) -> int:
    """Keep how long a process has computed, and give what memory it holds."""
    try:
        times = process.cpu_times()
        spent[process.pid] = times.user + times.system
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


# ---- where it goes ---------------------------------------------------------------------


def stages(service: Service, day: date, chosen: Sequence[Forecast]) -> Iterator[tuple[str, float]]:
    """Measure the processor time that each of some forecasts takes by itself, by what is computed of it."""
    seen = {one.id: known_evidence(service, one, as_of=day) for one in chosen}
    before = {one.id: known_evidence(service, one, as_of=day - timedelta(days=1)) for one in chosen}
    work: dict[str, Callable[[str], object]] = {
        "probabilities": lambda name: exact.posterior(seen[name]),
        "band of sensitivity": lambda name: band(seen[name]),
        "reasons": lambda name: reasons(seen[name]),
        "what moved it": lambda name: moved(before[name], seen[name]),
        "outlook": lambda name: outlook(seen[name]),
        "watch list": lambda name: watch(seen[name]),
    }
    for what, of in work.items():
        started = time.process_time()
        for one in chosen:
            of(one.id)
        yield what, (time.process_time() - started) / len(chosen)


def alike(service: Service, day: date, chosen: Sequence[Forecast]) -> float:
    """Largest difference of stored probabilities and bands from those of one forecast computed alone."""
    apart = 0.0
    for one in chosen:
        evidence = known_evidence(service, one, as_of=day)
        alone, ends = exact.posterior(evidence), band(evidence)
        with service.database.reading() as session:
            run = standing_run(session, one.id, day)
        assert run is not None, f"{one.id} was not run"
        for row in run.posteriors:
            low, high = ends[row.scenario]
            told = row.probability or 0.0, row.band_low or 0.0, row.band_high or 0.0
            pairs = zip(told, (alone[row.scenario], low, high), strict=True)
            apart = max([apart, *(abs(a - b) for a, b in pairs)])
    return apart


def stored(service: Service, day: date) -> tuple[int, int]:
    """Count the forecasts that a night stored, and those that PyMC checked."""
    with service.database.reading() as session:
        runs = [standing_run(session, one.id, day) for one in service.configuration.forecasts]
    told = [json.loads(run.document)["pymc"] for run in runs if run is not None]
    return len(told), sum(one is not None for one in told)


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.thousand", description=__doc__)
    parser.add_argument("--forecasts", type=int, default=1000)
    parser.add_argument("--sample", type=int, default=5, help="forecasts that PyMC checks (default 5)")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        print(f"{machine()}\n", flush=True)
        path = filled(Path(name), chosen.forecasts, chosen.sample)
        token = in_charge(path)
        found = {day: night(path, token, day) for day in (DAY - timedelta(days=1), DAY)}
        print(table(_HEADERS, (_row(path, *one) for one in found.items())), "", sep="\n")
        with opened(path) as service:
            few = service.configuration.forecasts[:: max(1, chosen.forecasts // _ALONE)][:_ALONE]
            rows = [(what, f"{1000 * seconds:.0f} ms") for what, seconds in stages(service, DAY, few)]
            print(table(("of one forecast", "processor time"), rows))
            apart = alike(service, DAY, few)
    print(f"\nprobabilities and bands of {len(few)} forecasts are off those computed alone by {apart:g}")
    print(f"{found[DAY].wall:.0f} s by the clock (goal: {GOAL:g} s for 1,000 forecasts)")


_HEADERS = ("night", "forecasts", "checked by PyMC", "by the clock", "processor time", "memory")


def _row(path: Path, day: date, took: Watched) -> Sequence[str]:
    with opened(path) as service:
        runs, checked = stored(service, day)
    memory = f"{took.memory / 2**20:.0f} MiB"
    return (f"{day}", f"{runs}", f"{checked}", f"{took.wall:.1f} s", f"{took.cpu:.1f} s", memory)


if __name__ == "__main__":
    main()
