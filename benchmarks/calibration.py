"""Whether stated probabilities match frequencies: in worlds that work as the model supposes they must.

Thousands of worlds of the shipped forecast are simulated from its own model and inferred by the exact
engine. In the diagram each has one cutoff: every fourth the horizon, the others a random day of the window.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks import scoring
from benchmarks.measuring import table
from benchmarks.reliability import LEVEL, Point, draw, points
from benchmarks.scoring import Array, estimate
from benchmarks.trials import DEFAULTS, HORIZON, RANDOM_DAY, Trials, trials, workers
from benchmarks.worlds import Nature, forecast

HORIZON_EVERY = 4  # every fourth world is judged at its horizon
HEADERS = (
    *("cutoff", "worlds", "log score", "if right", "prior's"),
    *("Brier", "if right", "prior's", "calibration error", "if right"),
)


def at_one_cutoff(found: Trials) -> Array:
    """Take each world at one cutoff, so that all forecasts are independent; shape (worlds, scenarios)."""
    at_horizon = np.arange(found.outcomes.size) % HORIZON_EVERY == 0
    return np.asarray(np.where(at_horizon[:, None], found.stated[0, HORIZON], found.stated[0, RANDOM_DAY]))


def rows(found: Trials) -> Iterator[tuple[str, ...]]:
    """Score the worlds on a random day, at the horizon, and as in the diagram."""
    yield row("a random day", found.stated[0, RANDOM_DAY], found)
    yield row("the horizon", found.stated[0, HORIZON], found)
    yield row("as in the diagram", at_one_cutoff(found), found)


def row(cutoff: str, stated: Array, found: Trials) -> tuple[str, ...]:
    """Score one set of forecasts beside what is to be expected if they are right."""
    outcomes, prior = found.outcomes, found.prior()
    return (
        cutoff,
        f"{outcomes.size}",
        f"{estimate(scoring.log_scores(stated, outcomes))}",
        f"{scoring.expected_log_scores(stated).mean():.3f}",
        f"{estimate(scoring.log_scores(prior, outcomes))}",
        f"{estimate(scoring.brier_scores(stated, outcomes))}",
        f"{scoring.expected_brier_scores(stated).mean():.3f}",
        f"{estimate(scoring.brier_scores(prior, outcomes))}",
        f"{scoring.calibration_error(stated, outcomes)}",
        f"{scoring.expected_calibration_error(stated):.3f}",
    )


def verdict(found: Sequence[Point]) -> str:
    """Say whether all points lie within the band, and which do not."""
    outside = [one for one in found if not one.inside]
    names = forecast().scenario_ids
    if not outside:
        return f"all {len(found)} points lie within the simultaneous {LEVEL:.0%} band"
    where = ", ".join(f"{names[one.scenario]} {one.frequency:.3f} for {one.stated:.3f}" for one in outside)
    return f"{len(outside)} of {len(found)} points lie OUTSIDE the simultaneous {LEVEL:.0%} band: {where}"


def main() -> None:
    """Simulate, infer, print the scores, and write the diagram."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibration", description=__doc__)
    parser.add_argument("--worlds", type=int, default=4000, help="so many worlds (default 4000)")
    parser.add_argument("--seed", type=int, default=1, help="of the worlds and of the band (default 1)")
    parser.add_argument("-o", "--output", type=Path, help="write the diagram to this file (SVG)")
    chosen = parser.parse_args()
    with workers() as run:
        found = trials(Nature(), [DEFAULTS], worlds=chosen.worlds, seed=chosen.seed, run=run)
    print(table(HEADERS, rows(found)))
    compared = points(at_one_cutoff(found), found.outcomes, seed=chosen.seed)
    if chosen.output:
        draw(compared, forecast().scenario_ids, chosen.output)
    print(f"\n{verdict(compared)}")


if __name__ == "__main__":
    main()
