"""How often the naive mixture goes wrong, and how often its chains look well while it does.

Every seed of a recipe at which the evidence leaves two scenarios plausible is a case; each is sampled
with two seeds, by nutpie.
"""

import argparse
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from benchmarks.measuring import machine, table
from benchmarks.mixture import SEEDS, by_bridge, by_mixture
from benchmarks.simulated import NEAR, PRIORS, Recipe, case
from model import exact
from model.evidence import Evidence

PLAUSIBLE = 0.03  # least probability of the scenario in second place
FEWEST, MOST = 200, 235  # counted events
OFF, WELL = 0.02, 1.01  # an error that matters; R-hat below which chains look well
HEADERS = ("seed", "events", "downside", "base", "upside", "sampled with", "worst error", "R-hat", "ESS")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What one sampling of one case found: its worst error in a probability, and its chains' figures."""

    how: str
    error: float
    rhat: float
    ess: float


def cases(recipe: Recipe, seeds: int) -> Iterator[tuple[int, Evidence]]:
    """Simulate case after case, from the scenarios in turn, and keep those that leave room for error."""
    for seed in range(seeds):
        scenario = list(PRIORS)[seed % len(PRIORS)]
        evidence = case(replace(recipe, seed=seed, scenario=scenario))
        counted = sum(len(one.counted) for one in evidence.indicators)
        second = sorted(exact.posterior(evidence).values())[-2]
        if FEWEST <= counted <= MOST and second > PLAUSIBLE:
            yield seed, evidence


def look(evidence: Evidence) -> Iterator[Found]:
    """Sample the mixture with either seed, and each scenario by itself."""
    truth = exact.posterior(evidence)
    mixture = by_mixture("nutpie", evidence)
    for how, seed in [*(("mixture", seed) for seed in SEEDS), ("per scenario", SEEDS[0])]:
        answer = mixture(seed) if how == "mixture" else by_bridge(evidence, seed)
        error = max(abs(answer.probabilities[one] - truth[one]) for one in truth)
        assert answer.rhat is not None
        assert answer.ess is not None
        yield Found(how=how, error=error, rhat=answer.rhat, ess=answer.ess)


def verdict(how: str, found: Sequence[Found]) -> str:
    """Count how often this way of sampling was wrong, and looked well."""
    mine = [one for one in found if one.how == how]
    wrong = [one for one in mine if one.error > OFF]
    unseen = [one for one in wrong if one.rhat < WELL]
    worst = max(one.error for one in mine)
    return (
        f"{how}: {len(wrong)} of {len(mine)} samplings off by more than {OFF}, {len(unseen)} of these with "
        f"R-hat below {WELL}; worst error {worst:.2g}"
    )


def main() -> None:
    """Survey the seeds, row by row."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.survey", description=__doc__)
    parser.add_argument("--seeds", type=int, default=150, help="look at so many seeds (default 150)")
    chosen = parser.parse_args()
    logging.getLogger("pymc").setLevel(logging.ERROR)
    rows, found = [], []
    for seed, evidence in cases(NEAR, chosen.seeds):
        counted = sum(len(one.counted) for one in evidence.indicators)
        truth = [f"{p:.3g}" for p in exact.posterior(evidence).values()]
        for one in look(evidence):
            found.append(one)
            figures = f"{one.error:.1e}", f"{one.rhat:.3f}", f"{one.ess:.0f}"
            rows.append((f"{seed}", f"{counted}", *truth, one.how, *figures))
    print(f"{machine()}\n\n{table(HEADERS, rows)}\n")
    for how in ("mixture", "per scenario"):
        print(verdict(how, found))


if __name__ == "__main__":
    main()
