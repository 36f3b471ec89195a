"""Base rates: how often a kind of event has occurred, country by country, and what a window will see.

The analyst states how the scenarios differ; how many occasions there are to speak of comes from the
record. `fit` samples the hierarchical model of `model.base_rate_sampling`, `BaseRates.expected` turns its
draws into the `expected` and `spread` of an indicator, `suggest` multiplies by the scenarios' factors.
"""

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model import base_rate_window as window
from model.base_rate_values import BaseRate, Counts, History, Predicted, Priors, require
from model.base_rate_window import Array, Draws
from model.domain import MOST_SPREAD, Verdict
from model.errors import UsageError

if TYPE_CHECKING:
    from model.base_rate_sampling import Effort

__all__ = ["BaseRate", "BaseRates", "History", "Predicted", "Priors", "fit", "spread", "suggest"]

LEVEL = 0.8  # of the intervals: central, equal-tailed
MOST_YEARS, MOST_AFTER = 20.0, 50.0  # longer windows, and later ones, are no business of a register's
_ENDS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
_TIMES = 10  # counts simulated for each draw
_BATCHES = 20  # of each chain


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class BaseRates:
    """The rates of one history, as sampled.

    Parameters
    ----------
    draws
        The posterior.
    checks
        What the chains and the predictive checks showed on the last attempt.
    predicted
        The predictive checks in full.
    attempts
        How often it was sampled.
    """

    history: History
    draws: Draws
    checks: tuple[Verdict, ...]
    predicted: tuple[Predicted, ...]
    attempts: int
    seed: int
    priors: Priors

    @property
    def sound(self) -> bool:
        """Whether no check failed; a base rate that is not sound must say so wherever it is shown."""
        return all(check.passed is not False for check in self.checks)

    def expected(self, countries: Collection[str], years: float, *, after: float = 0.0) -> BaseRate:
        """Predict the number of occasions in a group of countries over a window.

        Parameters
        ----------
        countries
            Some of the history's; one named twice counts once.
        years
            Length of the window, such as 546 / 365.25; above 0, at most 20.
        after
            Years from the end of the history's last year to the opening of the window, 0 to 50: drifts go
            on in between.

        Raises
        ------
        UsageError
            No country, one that the history does not have, or a window out of bounds.
        """
        group = self._group(countries)
        _bounded("years", years, math.nextafter(0, 1), MOST_YEARS)
        _bounded("after", after, 0, MOST_AFTER)
        which = [self.history.countries.index(one) for one in group]
        cut = window.blocks(years, after)
        found = window.moments(self.draws, which, cut)
        low, high = self._quantiles(which, cut)
        known = np.quantile(found.mean, _ENDS)
        mean, square = float(found.mean.mean()), float(found.square.mean())
        c = spread(mean, square)
        return BaseRate(
            kind=self.history.kind,
            countries=group,
            years=years,
            after=after,
            expected=mean,
            low=low,
            high=high,
            expected_low=float(known[0]),
            expected_high=float(known[1]),
            expected_error=self._error(found.mean),
            spread=c,
            spread_error=self._error(_slope(found, mean, square)) / (2 * c) if 0 < c < MOST_SPREAD else 0.0,
            sound=self.sound,
        )

    def _quantiles(self, which: list[int], cut: window.Blocks) -> tuple[int, int]:
        rng = np.random.default_rng(self.seed)
        counts = window.simulate(self.draws, which, cut, times=_TIMES, rng=rng)
        low, high = np.quantile(counts, _ENDS, method="inverted_cdf")
        return int(low), int(high)

    def _error(self, values: Array) -> float:
        """Monte-Carlo standard error of the mean over draws, by the means of batches of each chain."""
        chains, draws = self.draws.level.shape
        batches = np.array_split(values.reshape(chains, draws), min(_BATCHES, draws), axis=1)
        averages = np.concatenate([np.mean(batch, axis=1) for batch in batches])
        return float(averages.std(ddof=1) / math.sqrt(averages.size))

    def probabilities(self, country: str, counts: Counts, *, ahead: int) -> Array:
        """Compute the probability of each of these counts, in the `ahead`-th whole year after the history."""
        (name,) = self._group([country])
        return window.probabilities(self.draws, self.history.countries.index(name), ahead, counts)

    def _group(self, countries: Collection[str]) -> tuple[str, ...]:
        group = tuple(dict.fromkeys(countries))
        if not group:
            raise UsageError(f"base rate of {self.history.kind}: name at least one country")
        unknown = [one for one in group if one not in self.history.countries]
        if unknown:
            raise UsageError(
                f"base rate of {self.history.kind}: {', '.join(map(str, unknown))} not in its history of "
                f"{', '.join(self.history.countries)}"
            )
        return group


def _bounded(name: str, value: float, least: float, most: float) -> None:
    if not (math.isfinite(value) and least <= value <= most):
        above = "above 0" if least else "0 or more"
        raise UsageError(f"{name} of a base rate is {value}; it must be {above} and at most {most:g}")


def spread(mean: float, square: float) -> float:
    """Match the Gamma's cv: ``c² = (Var N − E N) / (E N)² = E Λ² / (E Λ)² − 1`` for N ~ Poisson(Λ).

    Parameters
    ----------
    mean, square
        E Λ and E Λ².
    """
    if mean <= 0:
        return 0.0
    return min(MOST_SPREAD, math.sqrt(max(0.0, square / mean**2 - 1)))


def _slope(found: window.Moments, mean: float, square: float) -> Array:
    """How far each draw moves c², to first order."""
    return np.asarray(found.square / mean**2 - 2 * square * found.mean / mean**3)


def suggest(base: BaseRate, factor: Mapping[str, float]) -> dict[str, float]:
    """Multiply a base rate by each scenario's factor, in the mapping's order: an indicator's `expected`.

    Raises
    ------
    InvalidValue
        No scenario, or a factor that is no finite number of at least 0.
    """
    require(bool(factor), f"base rate of {base.kind}: state a factor for each scenario")
    for scenario, one in factor.items():
        require(
            isinstance(one, (int, float)) and not isinstance(one, bool) and math.isfinite(one) and one >= 0,
            f"factor of {scenario} is {one!r}; it must be a finite number of at least 0",
        )
    return {scenario: one * base.expected for scenario, one in factor.items()}


def fit(
    history: History,
    *,
    seed: int,
    priors: Priors | None = None,
    attempts: "Iterable[Effort] | None" = None,
    say: Callable[[str], None] = lambda _: None,
) -> BaseRates:
    """Sample a history's rates, longer once more where a check fails.

    Parameters
    ----------
    seed
        The same seed on the same machine and versions gives the same draws.
    attempts
        How hard to sample, at first and when a check fails.
    say
        Told what is being done, for a progress display.

    Returns
    -------
    BaseRates
        The last attempt's; where a check failed even then, it is not `sound`.

    Raises
    ------
    Unresolved
        NUTS cannot start or go on.
    """
    from model import base_rate_checks, base_rate_sampling  # noqa: PLC0415 - they load PyMC: seconds

    priors = priors or Priors()
    for number, effort in enumerate(attempts or base_rate_sampling.ATTEMPTS, start=1):
        say(f"sampling the rates of {history.kind}" + (", longer" if number > 1 else ""))
        own = _seed(f"{seed}/{number}")
        draws, statistics = base_rate_sampling.sample(history, priors, seed=own, effort=effort)
        predicted = base_rate_checks.predict(history, draws, seed=own)
        checks = (*base_rate_checks.diagnose(draws, statistics), *map(base_rate_checks.verdict, predicted))
        found = BaseRates(
            history=history,
            draws=draws,
            checks=checks,
            predicted=predicted,
            attempts=number,
            seed=own,
            priors=priors,
        )
        if found.sound:
            break
    return found


def _seed(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4])
