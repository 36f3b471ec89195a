"""Whether the service is better than its prior where its model is wrong, and under which settings.

Worlds of the shipped forecast that differ from its model, case by case: each is inferred under the default
settings and under others, one changed at a time, on a random day of the window and at the horizon.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np

from benchmarks import scoring
from benchmarks.measuring import table
from benchmarks.scoring import Array, Estimate, estimate
from benchmarks.trials import DEFAULTS, Map, Settings, Trials, trials, workers
from benchmarks.worlds import Nature

CASES: Mapping[str, Nature] = MappingProxyType(
    {
        "as stated": Nature(),
        "bursts": Nature(burst_size=3),
        "rates × 2": Nature(rates=2),
        "rates ÷ 2": Nature(rates=0.5),
        "rates ×÷ 2": Nature(scatter=2),
        "mis-tagged": Nature(mistagged=0.2),
        "correlated": Nature(correlation=0.7),
        "shared shocks": Nature(shock_sd=0.7),
        "sources copy": Nature(reports=3),
        "sources agree": Nature(reports=3, independence=1),
        "all at once": Nature(scatter=2, burst_size=3, mistagged=0.2, shock_sd=0.7, reports=3),
    }
)
TRIED: Mapping[str, tuple[Any, ...]] = MappingProxyType(
    {
        "spread": (0, 0.25, 0.5, 1.0),
        "burst_days": (0, 7, 14, 30),
        "corroboration": (0, 0.5, 1),
        "coverage_sd": (0, 0.25, 0.5),
    }
)
TRUTH = Settings(spread=0.5, burst_days=14, corroboration=0.5, coverage_sd=0.25)  # of volumes and coverage
CAUTIOUS = Settings(spread=1.0, burst_days=14, corroboration=0.5, coverage_sd=0.5)
CUTOFFS = ("a random day", "the horizon")
HEADERS = (
    *("case", "cutoff", "log score", "prior's", "difference"),
    *("Brier", "prior's", "difference", "calibration error", "prior's"),
)
VERDICT_HEADERS = (
    *("settings", "better than its prior", "least in", "log score less the prior's"),
    *("mean of all cases", "less that of the defaults"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One case under one setting at one cutoff, beside the prior; differences are paired, world by world.

    Parameters
    ----------
    log_differences
        Log score less that of the prior, shape (worlds,).
    """

    case: str
    settings: Settings
    cutoff: str
    log: Estimate
    log_prior: Estimate
    log_differences: Array
    brier: Estimate
    brier_prior: Estimate
    brier_difference: Estimate
    calibration: Estimate
    calibration_prior: Estimate

    @property
    def log_difference(self) -> Estimate:
        """Average the differences."""
        return estimate(self.log_differences)

    @property
    def better(self) -> bool:
        """Whether log score and Brier are better than the prior's by more than two standard errors."""
        return self.log_difference.below_zero() and self.brier_difference.below_zero()

    def row(self) -> tuple[str, ...]:
        """Write it as a row of the table."""
        return (
            self.case,
            self.cutoff,
            *(f"{self.log}", f"{self.log_prior}", self.log_difference.signed),
            *(f"{self.brier}", f"{self.brier_prior}", self.brier_difference.signed),
            *(f"{self.calibration}", f"{self.calibration_prior}"),
        )


def settings() -> list[Settings]:
    """List the defaults, those that differ from them in one, and what is to be confirmed."""
    changed = [replace(DEFAULTS, **{name: value}) for name, values in TRIED.items() for value in values]
    return list(dict.fromkeys([DEFAULTS, *changed, TRUTH, CAUTIOUS]))


def named(one: Settings) -> str:
    """Name what differs from the defaults."""
    changed = {name: getattr(one, name) for name in TRIED if getattr(one, name) != getattr(DEFAULTS, name)}
    return ", ".join(f"{name} {value:g}" for name, value in changed.items()) or "defaults"


def judged(case: str, tried: Sequence[Settings], found: Trials) -> Iterator[Judged]:
    """Score one case under every setting at either cutoff."""
    for setting, at_cutoffs in zip(tried, found.stated, strict=True):
        for cutoff, stated in zip(CUTOFFS, at_cutoffs, strict=True):
            yield _judged(case, setting, cutoff, stated, found)


def _judged(case: str, setting: Settings, cutoff: str, stated: Array, found: Trials) -> Judged:
    outcomes, prior = found.outcomes, found.prior()
    log, log_prior = (scoring.log_scores(one, outcomes) for one in (stated, prior))
    brier, brier_prior = (scoring.brier_scores(one, outcomes) for one in (stated, prior))
    return Judged(
        case=case,
        settings=setting,
        cutoff=cutoff,
        log=estimate(log),
        log_prior=estimate(log_prior),
        log_differences=log - log_prior,
        brier=estimate(brier),
        brier_prior=estimate(brier_prior),
        brier_difference=estimate(brier - brier_prior),
        calibration=scoring.calibration_error(stated, outcomes),
        calibration_prior=scoring.calibration_error(prior, outcomes),
    )


def study(tried: Sequence[Settings], *, worlds: int, seed: int, run: Map) -> list[Judged]:
    """Judge every case under these settings; all in the same worlds."""
    found: list[Judged] = []
    for case, nature in CASES.items():
        simulated = trials(nature, tried, truth=TRUTH, worlds=worlds, seed=seed, run=run)
        found += judged(case, tried, simulated)
    return found


def grid(found: Sequence[Judged], cutoff: str, figure: Callable[[Judged], str]) -> str:
    """Lay one figure out, settings down and cases across."""
    cells = {(one.settings, one.case): figure(one) for one in found if one.cutoff == cutoff}
    tried = dict.fromkeys(one.settings for one in found)
    rows = ((named(setting), *(cells[setting, case] for case in CASES)) for setting in tried)
    return table((f"at {cutoff}", *CASES), rows)


def verdicts(found: Sequence[Judged]) -> Iterator[tuple[str, ...]]:
    """Say of every setting whether it keeps the service better than its prior, and where it does least."""
    by_default = _averaged(found, DEFAULTS)
    for setting in dict.fromkeys(one.settings for one in found):
        mine = [one for one in found if one.settings == setting]
        failed = "; ".join(f"{one.case}, {one.cutoff}" for one in mine if not one.better)
        least = max(mine, key=lambda one: one.log_difference.mean)
        averaged = _averaged(found, setting)
        yield (
            named(setting),
            _everywhere(failed),
            f"{least.case}, {least.cutoff}",
            least.log_difference.signed,
            estimate(averaged).signed,
            estimate(averaged - by_default).signed if setting != DEFAULTS else "",
        )


def _averaged(found: Sequence[Judged], setting: Settings) -> Array:
    """Average over all cases and cutoffs, world by world: worlds of one seed are alike in all cases."""
    return np.asarray(np.mean([one.log_differences for one in found if one.settings == setting], axis=0))


def main() -> None:
    """Study every case, and end with what keeps the service better than its prior."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.misspecified", description=__doc__)
    parser.add_argument("--worlds", type=int, default=1000, help="a case, to confirm (default 1000)")
    parser.add_argument("--others", type=int, default=200, help="a case, for all settings (default 200)")
    parser.add_argument("--seed", type=int, default=1, help="of the worlds (default 1)")
    parser.add_argument("--only", choices=("confirm", "settings"), help="one part (default both)")
    chosen = parser.parse_args()
    with workers() as run:
        if chosen.only != "settings":
            for one in dict.fromkeys((DEFAULTS, TRUTH, CAUTIOUS)):
                confirm(study([one], worlds=chosen.worlds, seed=chosen.seed, run=run))
        if chosen.only != "confirm":
            compare(study(settings(), worlds=chosen.others, seed=chosen.seed, run=run))


def confirm(found: Sequence[Judged]) -> None:
    """Print every score under one setting, and whether it beats the prior."""
    print(f"{named(found[0].settings)}:\n\n{table(HEADERS, (one.row() for one in found))}\n")
    failed = "; ".join(f"{one.case}, {one.cutoff}" for one in found if not one.better)
    print(f"better than its prior, by more than two standard errors: {_everywhere(failed)}\n", flush=True)


def _everywhere(failed: str) -> str:
    return f"not in {failed}" if failed else "in every case"


def compare(found: Sequence[Judged]) -> None:
    """Print the scores under every setting."""
    for title, figure in GRIDS.items():
        for cutoff in CUTOFFS:
            print(f"{title}:\n\n{grid(found, cutoff, figure)}\n")
    print(table(VERDICT_HEADERS, verdicts(found)))


GRIDS: Mapping[str, Callable[[Judged], str]] = MappingProxyType(
    {
        "log score less the prior's": lambda one: one.log_difference.signed,
        "Brier score less the prior's": lambda one: one.brier_difference.signed,
        "calibration error": lambda one: f"{one.calibration}",
    }
)


if __name__ == "__main__":
    main()
