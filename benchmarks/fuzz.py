"""Spoiled input for each parser of what comes from outside: nothing may come of it but items and refusals.

    python -m benchmarks.fuzz --minutes 10 --parser feeds

Each input is an example of ours, spoiled at random; its number and the seed make it again. It is a failure if
a parser raises anything but InputRefused, gives what must not be, takes two seconds of the processor, or
makes the process grow by more than 200 MB; such inputs are kept in a folder, and the exit code is 1.
"""

import argparse
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

from benchmarks.fuzz_inputs import EXAMPLES, mutated
from benchmarks.fuzz_parsers import PARSERS, Parser
from benchmarks.measuring import machine, table
from model.errors import InputRefused

SECONDS = 2.0
_PATIENCE = 30.0  # seconds of the processor after which an input that does not end is given up
MEGABYTES = 200
_KILOBYTES = 1024  # of a megabyte, in which the system counts


class _Endless(BaseException):
    """An input does not come to its end; no parser may catch this."""


@dataclass(kw_only=True, slots=True)
class Found:
    """What fuzzing a parser found.

    Parameters
    ----------
    failures
        The number of the input, and what was wrong.
    slowest
        In seconds.
    growth
        The most that one input made the process grow, in MB.
    """

    inputs: int = 0
    refused: int = 0
    failures: list[tuple[int, str]] = field(default_factory=list)
    slowest: float = 0.0
    growth: float = 0.0
    longest: int = 0


def input_of(number: int, *, seed: int, name: str, further: Sequence[bytes] = ()) -> bytes:
    """Make an input again."""
    examples = (*(example.encode() for example in EXAMPLES[name]), *further)
    return mutated(Random(f"{name} {seed} {number}"), examples)  # noqa: S311 - to be made again, not secret


def fuzz(  # noqa: PLR0913 - what to try, for how long, and where failures go
    name: str, parser: Parser, *, seconds: float, seed: int, folder: Path, further: Sequence[bytes] = ()
) -> Found:
    """Try spoiled inputs for so long."""
    found, until = Found(), time.monotonic() + seconds
    while time.monotonic() < until:
        body = input_of(found.inputs, seed=seed, name=name, further=further)
        if wrong := _tried(parser, body, found):
            found.failures.append((found.inputs, wrong))
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}-{seed}-{found.inputs}").write_bytes(body)
        found.inputs += 1
    return found


def _tried(parser: Parser, body: bytes, found: Found) -> str:
    """Try one input; what is wrong with how it was taken, or nothing."""
    before, began, wrong = _peak(), time.process_time(), ""
    try:
        with _given_up_after(_PATIENCE):
            found.longest = max(found.longest, parser(body))
    except InputRefused:
        found.refused += 1
    except _Endless:
        wrong = "does not end"
    except Exception as error:  # noqa: BLE001 - whatever gets through is what is looked for
        place = traceback.extract_tb(error.__traceback__)[-1]
        wrong = f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"[:300]
    took, grown = time.process_time() - began, _peak() - before
    found.slowest, found.growth = max(found.slowest, took), max(found.growth, grown)
    if not wrong and took > SECONDS:
        wrong = f"takes {took:.1f} s"
    return wrong or (f"grows by {grown:.0f} MB" if grown > MEGABYTES else "")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KILOBYTES


@contextmanager
def _given_up_after(seconds: float) -> Iterator[None]:
    def out(_signal: int, _frame: FrameType | None) -> None:
        raise _Endless

    before = signal.signal(signal.SIGPROF, out)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _row(name: str, found: Found) -> list[str]:
    return [
        name,
        f"{found.inputs:,}",
        f"{found.refused:,}",
        f"{len(found.failures):,}",
        f"{1000 * found.slowest:,.0f} ms",
        f"{found.growth:.0f} MB",
        f"{found.longest:,}",
    ]


def main() -> None:
    """Fuzz the parsers asked for, one after the other, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--parser", choices=PARSERS, action="append", help="all of them without this")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--failures", type=Path, default=Path("var/fuzz"), help="where failing inputs are kept"
    )
    parser.add_argument("--examples", type=Path, nargs="*", default=[], help="further files to spoil")
    asked = parser.parse_args()
    further = [path.read_bytes() for path in asked.examples]
    results = {}
    for name in asked.parser or PARSERS:
        results[name] = fuzz(
            name,
            PARSERS[name],
            seconds=60 * asked.minutes,
            seed=asked.seed,
            folder=asked.failures,
            further=further,
        )
        for number, wrong in results[name].failures[:20]:
            print(f"{name}, input {number}: {wrong}", flush=True)
    print(f"{machine()}; seed {asked.seed}, {asked.minutes:g} minutes for each parser\n")
    heads = ("parser", "inputs", "refused whole", "failures", "slowest", "most growth", "longest output")
    print(table(heads, [_row(name, found) for name, found in results.items()]))
    sys.exit(any(found.failures for found in results.values()))


if __name__ == "__main__":
    main()
