"""How the benchmarks measure, and how they print what they found."""

import os
import platform
import resource
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median

_SHOWN = ("pymc", "nutpie", "pytensor", "numba", "numpy", "scipy", "sqlalchemy")


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds that some work took.

    Parameters
    ----------
    wall
        By the clock on the wall.
    cpu
        Of the processor, all threads together: other programs disturb it less.
    """

    wall: float
    cpu: float


def timed(work: Callable[[], object]) -> Timing:
    """Time one call, in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Timing(time.perf_counter() - wall, time.process_time() - cpu)


def timed_processes(work: Callable[[], object]) -> Timing:
    """Time one call that waits for other processes; theirs is the processor's time."""
    wall, cpu = time.perf_counter(), _children()
    work()
    return Timing(time.perf_counter() - wall, _children() - cpu)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def middle(timings: Iterable[Timing]) -> Timing:
    """Take the median of either clock."""
    taken = list(timings)
    return Timing(median(one.wall for one in taken), median(one.cpu for one in taken))


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay rows out as a Markdown table that is also pleasant to read as text."""
    body = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headers, *body, strict=True)]
    lines = [list(headers), ["-" * width for width in widths], *body]
    return "\n".join(_line(line, widths) for line in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def machine() -> str:
    """Say in one line on what the figures were taken, and how busy it was."""
    libraries = ", ".join(f"{name} {version(name)}" for name in _SHOWN)
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), load {load:.1f} (other programs included); "
        f"Python {platform.python_version()}, {libraries}"
    )
