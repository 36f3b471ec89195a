"""How long replays take: 730 nights by the exact engine, and PyMC's nights on one Dask worker and on two.

``python -m benchmarks.replay`` prints two tables. Each replay is a process of its own, as a person would type
it, on the shipped reports and forecast; its clock stands after the horizon, so that all 730 nights are past.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

import psutil

from benchmarks import shipped
from benchmarks.measuring import Timing, machine, table, timed_processes
from service.composition import Service
from service.replay_workers import Place
from service.replaying import Question, Replayed, replay

AFTER = datetime(2027, 6, 1, tzinfo=UTC)
FIRST, LAST = date(2025, 4, 25), date(2027, 4, 24)
_PATIENCE = 60  # seconds for a cluster to begin
GOAL, FASTER = 10.0, 1.7


# ---- one replay, in the process that is measured ---------------------------------------


def one(folder: Path, arguments: Sequence[str]) -> Replayed:
    """Replay in this process, as the arguments after ``--one FOLDER`` say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--watched", action="store_true")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--scheduler")
    parser.add_argument("--to", type=date.fromisoformat, default=LAST)
    parser.add_argument("--pymc", type=date.fromisoformat, help="weekly to this day")
    chosen = parser.parse_args(arguments)
    question = Question(
        forecast="russia-latin-america",
        first=FIRST if chosen.pymc is None else date(2025, 7, 11),
        last=chosen.pymc or chosen.to,
        step="1d" if chosen.pymc is None else "7d",
        name=chosen.name,
        engine="exact" if chosen.pymc is None else "pymc",
        place=Place(workers=chosen.workers, scheduler=chosen.scheduler),
    )
    with shipped.service(folder) as of:
        return replay(_after(of, watched=chosen.watched), question, lambda _: None)


def _after(of: Service, *, watched: bool) -> Service:
    """Put the clock after the horizon; and where `watched`, have somebody look until the last night."""
    (forecast,) = of.configuration.forecasts
    chosen = replace(forecast, observed_until=None) if watched else forecast
    return replace(of, clock=lambda: AFTER, configuration=replace(of.configuration, forecasts=(chosen,)))


def measured(folder: Path, *arguments: str) -> tuple[Timing, dict[str, float]]:
    """Time a replay in a process of its own, and give what it told of itself."""
    said: list[str] = []

    def run() -> None:
        command = [sys.executable, "-m", "benchmarks.replay", "--one", f"{folder}", *arguments]
        done = subprocess.run(command, cwd=shipped.ROOT, stdout=subprocess.PIPE, text=True, check=True)
        said.append(done.stdout)

    taken = timed_processes(run)
    told: dict[str, float] = json.loads(said[0])
    return taken, told


def _told(found: Replayed) -> dict[str, float]:
    states = len({night.evidence_digest for night in found.nights})
    return {"nights": len(found.nights), "states": states, "stored": found.stored, "seconds": found.seconds}


# ---- the exact engine ------------------------------------------------------------------


def exact(folder: Path) -> Iterator[list[str]]:
    """Measure 730 nights of the shipped forecast."""
    filled(folder)
    kinds = {
        "as shipped: observed until 2026-02-16": (),
        "observed every night, so that no two are alike": ("--watched",),
        "the same by one process": ("--watched", "--workers", "1"),
    }
    for number, (what, options) in enumerate(kinds.items()):
        yield row(what, *measured(folder, f"replay-{number}", *options))
        if number == 1:
            yield row("the same again: nothing is missing", *measured(folder, "replay-1", *options))


def filled(folder: Path) -> None:
    """Take the shipped reports into a database in this folder."""
    with shipped.service(folder) as of:
        shipped.take_in(of)


def row(what: str, taken: Timing, told: dict[str, float]) -> list[str]:
    """Lay one replay out as a row of the table."""
    counts = [f"{told[name]:.0f}" for name in ("nights", "states", "stored")]
    return [what, *counts, f"{told['seconds']:.1f} s", f"{taken.wall:.1f} s", f"{taken.cpu:.1f} s"]


HEADERS = ("replay", "nights", "states", "stored", "inside", "whole command", "its processor time")


# ---- PyMC on a cluster -----------------------------------------------------------------


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[psutil.Process]]]:
    """Run a scheduler and workers with one thread each: the scheduler's address, and the workers."""
    file = folder / f"scheduler-{workers}.json"
    file.unlink(missing_ok=True)  # an earlier scheduler's
    began: list[subprocess.Popen[bytes]] = []
    try:
        began.append(_begun("scheduler", file, "--host", "127.0.0.1", "--port", "0", "--no-dashboard"))
        for number in range(workers):
            scratch = f"{folder / 'scratch'}"
            options = ("--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", scratch)
            began.append(_begun("worker", file, *options, "--name", f"{number}"))
        yield _address(file), [psutil.Process(process.pid) for process in began[1:]]
    finally:
        for process in began:
            process.kill()
            process.wait()


def _begun(what: str, file: Path, *options: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{what}", "--scheduler-file", f"{file}", *options]
    environ = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": f"{shipped.ROOT}"}
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=file.parent, env=environ, stdout=quiet, stderr=quiet)


def _address(file: Path) -> str:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if file.exists() and (found := re.search(r'"address": "([^"]+)"', file.read_text())):
            return found[1]
        time.sleep(0.1)
    raise TimeoutError("the scheduler did not begin")


@dataclass(frozen=True, kw_only=True, slots=True)
class Clustered:
    """What some Dask workers took for the same nights: by the clock, and of their processors."""

    workers: int
    nights: int
    seconds: float
    busiest: float
    together: float


def pymc(folder: Path, last: date, times: int) -> Iterator[Clustered]:
    """Measure PyMC's nights on one worker and on two, in turn."""
    filled(folder)
    for number in range(times):
        for workers in (1, 2):
            with cluster(folder, workers) as (address, processes):
                options = ("--scheduler", address, "--pymc")
                warm = f"warm-{number}-{workers}"  # each worker loads and compiles before it is timed
                measured(folder, warm, *options, "2025-07-18")
                before = [_processor(one) for one in processes]
                _, told = measured(folder, f"timed-{number}-{workers}", *options, last.isoformat())
                taken = [_processor(one) - spent for one, spent in zip(processes, before, strict=True)]
            found = Clustered(
                workers=workers,
                nights=int(told["stored"]),
                seconds=told["seconds"],
                busiest=max(taken),
                together=sum(taken),
            )
            print(found, file=sys.stderr, flush=True)
            yield found


def _processor(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replay", description=__doc__)
    parser.add_argument("--one", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=("exact", "pymc"), help="one part")
    parser.add_argument("--to", type=date.fromisoformat, default=date(2025, 10, 17), help="of PyMC's weeks")
    parser.add_argument("--times", type=int, default=2, help="of one worker, and of two (default 2)")
    chosen = parser.parse_args()
    if chosen.one:
        folder, *arguments = chosen.one
        print(json.dumps(_told(one(Path(folder), arguments))))
        return
    print(f"{machine()}\n", flush=True)
    with tempfile.TemporaryDirectory() as name:
        if chosen.only != "pymc":
            print(table(HEADERS, exact(Path(name) / "exact")), f"(goal: {GOAL:g} s)\n", sep="\n", flush=True)
        if chosen.only != "exact":
            _print_pymc(list(pymc(Path(name) / "pymc", chosen.to, chosen.times)))


def _print_pymc(found: Sequence[Clustered]) -> None:
    rows = [
        (
            *(f"{one.workers}", f"{one.nights}", f"{one.seconds:.1f} s"),
            *(f"{one.busiest:.1f} s", f"{one.together:.1f} s"),
        )
        for one in found
    ]
    headers = ("Dask workers", "nights of PyMC", "inside", "processor time of the busiest", "of all")
    print(table(headers, rows))
    clock, processor = (_faster(found, of) for of in ("seconds", "busiest"))
    print(f"two workers are {clock:.2f} times as fast as one by the clock (goal: {FASTER:g}),")
    print(
        f"and {processor:.2f} times by the busiest worker's processor time, which other programs disturb less"
    )


def _faster(found: Sequence[Clustered], of: str) -> float:
    one, two = (median(getattr(each, of) for each in found if each.workers == number) for number in (1, 2))
    return float(one / two)


if __name__ == "__main__":
    main()
