"""How well three computations agree on the shipped forecast, at the end of every month of its window.

The exact engine against the tests' oracle (target: 1e-6 in log evidence), and PyMC with bridge sampling
against the exact engine (target: 0.01 in every probability). Later months see what is known today; with
`observed_until` as shipped, and with it removed, so that silence counts up to the cutoff.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from benchmarks import shipped
from benchmarks.measuring import machine, table
from model import exact
from model.domain import Forecast
from model.evidence import Evidence
from service.composition import Service
from service.knowledge import known_evidence
from tests import oracle

NATS, PROBABILITY = 1e-6, 0.01  # the targets
HEADERS = (
    *("cutoff", "observed until", "events", "downside", "base", "upside"),
    *("exact − oracle, ln Z", "PyMC − exact", "Monte-Carlo error", "gate", "seconds"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """What was found at one cutoff; gaps are the largest over the scenarios.

    Parameters
    ----------
    nats
        Between the exact engine's log evidence and the oracle's.
    apart, monte_carlo_error
        Between PyMC's probability and the exact one, and what PyMC said of itself; None unless sampled.
    gate
        Status of the update, and the checks that failed.
    """

    as_of: date
    observed_until: date
    events: int
    probabilities: Mapping[str, float]
    nats: float
    apart: float | None = None
    monte_carlo_error: float | None = None
    gate: str = "–"
    seconds: float = 0.0

    def row(self) -> tuple[str, ...]:
        """Write it as a row of the table."""
        sampled = self.apart is not None
        return (
            f"{self.as_of}",
            f"{self.observed_until}",
            f"{self.events}",
            *(f"{p:.4f}" for p in self.probabilities.values()),
            f"{self.nats:.0e}",
            f"{self.apart:.5f}" if sampled else "–",
            f"{self.monte_carlo_error:.5f}" if sampled else "–",
            self.gate,
            f"{self.seconds:.1f}" if sampled else "–",
        )


def cutoffs(forecast: Forecast) -> Iterator[date]:
    """Yield the last day of every month of the window, and the horizon in the last."""
    day = forecast.opened
    while day <= forecast.horizon:
        following = (day.replace(day=1) + timedelta(32)).replace(day=1)
        yield min(following - timedelta(1), forecast.horizon)
        day = following


def variants(forecast: Forecast) -> tuple[Forecast, Forecast]:
    """Give the forecast as shipped, and observed up to every cutoff."""
    return forecast, replace(forecast, observed_until=None)


def agreement(evidence: Evidence, *, sampled: bool) -> Agreement:
    """Compute in every way, and compare."""
    log_z, checked = exact.log_evidence(evidence), oracle.log_evidence(evidence)
    found = Agreement(
        as_of=evidence.as_of,
        observed_until=evidence.observed_until,
        events=len(evidence.events),
        probabilities=exact.probabilities(evidence, log_z),
        nats=max(_gap(log_z[one], checked[one]) for one in log_z),
    )
    return _with_pymc(evidence, found) if sampled else found


def _gap(one: float, other: float) -> float:
    return 0.0 if one == other else abs(one - other)  # both may be minus infinity


def _with_pymc(evidence: Evidence, found: Agreement) -> Agreement:
    from model.update import update  # noqa: PLC0415 - several seconds that the exact comparison need not pay

    started = time.perf_counter()
    posterior = update(evidence, fingerprint=f"accuracy/{evidence.as_of}/{evidence.observed_until}")
    failed = [check.name for check in posterior.checks if check.passed is False]
    drawn = posterior.sampled
    assert drawn is not None
    return replace(
        found,
        apart=max(abs(drawn.probabilities[one] - found.probabilities[one]) for one in found.probabilities),
        monte_carlo_error=max(drawn.monte_carlo_error.values()),
        gate=" ".join([posterior.status, *failed]),
        seconds=time.perf_counter() - started,
    )


def compare(of: Service, *, sampled: bool) -> Iterator[Agreement]:
    """Compare at every cutoff, in both variants where they differ."""
    done: set[tuple[date, date]] = set()
    for forecast in variants(shipped.forecast(of)):
        for as_of in cutoffs(forecast):
            evidence = known_evidence(of, forecast, as_of=as_of)
            if (as_of, evidence.observed_until) not in done:
                done.add((as_of, evidence.observed_until))
                yield agreement(evidence, sampled=sampled)


def worst(found: Sequence[Agreement]) -> str:
    """Say how far apart the computations ever were."""
    nats = max(one.nats for one in found)
    apart = [one.apart for one in found if one.apart is not None]
    held = sum(not one.gate.startswith("published") for one in found)
    parts = [f"worst of {len(found)}: exact − oracle {nats:.1e} nats ({_reached(nats <= NATS)} {NATS:.0e})"]
    if apart:
        parts.append(f"PyMC − exact {max(apart):.5f} ({_reached(max(apart) <= PROBABILITY)} {PROBABILITY})")
        parts.append(f"{held} held by the gate")
    return ", ".join(parts)


def _reached(within: bool) -> str:
    return "within" if within else "MISSES"


def main() -> None:
    """Compare, row by row, and end with the worst."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--exact-only", action="store_true", help="leave PyMC out")
    sampled = not parser.parse_args().exact_only
    with tempfile.TemporaryDirectory() as folder, shipped.service(Path(folder)) as of:
        shipped.take_in(of)
        found = list(compare(of, sampled=sampled))
    print(f"{machine()}\n")
    print(table(HEADERS, (one.row() for one in found)))
    print(f"\n{worst(found)}")
    assert all(math.isfinite(one.nats) for one in found)


if __name__ == "__main__":
    main()
