"""PyMC against the exact engine on forty varied forecasts, and the exact engine against the tests' oracle.

The forecasts are those of `benchmarks.strata`. Targets: PyMC within 0.01 in every probability wherever the
gate lets it be published, and 1e-6 between the log evidences of exact engine and oracle.
"""

import argparse
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.accuracy import NATS, PROBABILITY
from benchmarks.measuring import machine, table
from benchmarks.strata import PLAUSIBLE, Case, cases, events_of, plausible
from model import exact
from model.domain import Verdict
from model.evidence import Evidence
from model.gate import passes
from model.update import sample
from tests import oracle

HEADERS = (
    *("forecast", "scenarios", "plausible", "recurring", "one-off"),
    *("expected", "spreads", "coverage_sd", "events", "exact − oracle, ln Z"),
    *("PyMC − exact", "Monte-Carlo error", "gate", "attempts", "seconds"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What the three computations made of one case; gaps are the largest over the scenarios.

    Parameters
    ----------
    nats
        Between the exact engine's log evidence and the oracle's.
    apart, monte_carlo_error
        Between PyMC's probability and the exact one, and what PyMC said of itself.
    gate
        Status of the update, and the checks that failed with their figures.
    """

    case: Case
    nats: float
    apart: float
    monte_carlo_error: float
    gate: str
    attempts: int
    seconds: float

    @property
    def published(self) -> bool:
        """Whether the gate passed."""
        return self.gate == "published"

    def row(self) -> tuple[str, ...]:
        """Write it as a row of the table."""
        evidence = self.case.evidence
        figures = f"{self.nats:.0e}", f"{self.apart:.5f}", f"{self.monte_carlo_error:.5f}"
        effort = f"{self.attempts}", f"{self.seconds:.1f}"
        return (self.case.name, *_description(evidence), *figures, self.gate, *effort)


def _description(evidence: Evidence) -> tuple[str, ...]:
    asked = evidence.forecast
    recurring = [one for one in asked.indicators if one.recurs]
    expected = [number for one in recurring for number in one.stated.values()]
    return (
        f"{len(asked.scenarios)}",
        f"{plausible(evidence)}",
        f"{len(recurring)}",
        f"{len(asked.indicators) - len(recurring)}",
        _range(expected),
        _range([one.spread for one in recurring]),
        f"{asked.coverage_sd:.2g}",
        f"{events_of(evidence)}",
    )


def _range(numbers: Sequence[float]) -> str:
    return f"{min(numbers):.2g} to {max(numbers):.2g}" if numbers else "–"


def gap_to_oracle(evidence: Evidence) -> float:
    """Largest difference of the exact engine's log evidences from the oracle's, in nats."""
    found, checked = exact.log_evidence(evidence), oracle.log_evidence(evidence)
    return max(0.0 if found[one] == checked[one] else abs(found[one] - checked[one]) for one in found)


def compare(case: Case) -> Found:
    """Compute in every way, and compare."""
    log_z = exact.log_evidence(case.evidence)
    probabilities = exact.probabilities(case.evidence, log_z)
    said: list[str] = []  # once for each scenario of each attempt
    started = time.perf_counter()
    drawn, checks = sample(case.evidence, log_z, fingerprint=f"varied/{case.name}", say=said.append)
    seconds = time.perf_counter() - started
    return Found(
        case=case,
        nats=gap_to_oracle(case.evidence),
        apart=max(abs(drawn.probabilities[one] - p) for one, p in probabilities.items()),
        monte_carlo_error=max(drawn.monte_carlo_error.values()),
        gate=_gate(checks),
        attempts=len(said) // len(drawn.fits),
        seconds=seconds,
    )


def _gate(checks: Sequence[Verdict]) -> str:
    failed = [f"{one.name} {one.figure:.3g}" for one in checks if one.passed is False]
    return ", ".join(["published" if passes(checks) else "held", *failed])


def verdict(found: Sequence[Found]) -> str:
    """Say how many were published, how far off the worst of these was, and whether the set is worth it."""
    published = [one for one in found if one.published]
    apart = max((one.apart for one in published), default=math.nan)
    nats = max(one.nats for one in found)
    undecided = sum(plausible(one.case.evidence) >= 2 for one in found)
    return (
        f"{len(published)} of {len(found)} published, worst difference among these {apart:.5f} "
        f"({_reached(apart <= PROBABILITY)} {PROBABILITY})\n"
        f"exact − oracle at most {nats:.1e} nats ({_reached(nats <= NATS)} {NATS:.0e})\n"
        f"{undecided} of {len(found)} leave at least two scenarios above {PLAUSIBLE}"
    )


def _reached(within: bool) -> str:
    return "within" if within else "MISSES"


def main() -> None:
    """Compare case by case, and end with the verdict."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.varied", description=__doc__)
    parser.add_argument("--only", default="", help="forecasts whose name contains this")
    only = parser.parse_args().only
    found = []
    for case in cases():
        if only in case.name:
            found.append(compare(case))
            print(" | ".join(found[-1].row()), file=sys.stderr, flush=True)
    print(f"{machine()}\n\n{table(HEADERS, (one.row() for one in found))}\n\n{verdict(found)}")


if __name__ == "__main__":
    main()
