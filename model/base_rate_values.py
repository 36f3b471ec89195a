"""The values of base rates: a history of yearly counts, priors, checks, and what a window will see."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.base_rate_window import Array
from model.errors import InvalidValue

MOST_COUNT = 1_000_000

type Counts = NDArray[np.int64]


def require(condition: bool, message: str) -> None:
    """Refuse a value that makes no sense."""
    if not condition:
        raise InvalidValue(message)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class History:
    """Yearly counts of one kind of event.

    Parameters
    ----------
    kind
        What was counted, for messages.
    countries, years
        Of the rows and columns; years follow one another.
    counts : ndarray of int, shape (countries, years)
    exposure : ndarray, shape (countries, years)
        Share of the year that was observed, in [0, 1]; a year that was not is left out, it is no zero.

    Raises
    ------
    InvalidValue
        Shapes that do not fit, repeated countries, years with gaps, counts that are negative or not whole,
        a count in a year that was not observed, or nothing observed at all.
    """

    kind: str
    countries: tuple[str, ...]
    years: tuple[int, ...]
    counts: Counts
    exposure: Array

    def __post_init__(self) -> None:
        self._check_names()
        counts, exposure = np.asarray(self.counts), np.asarray(self.exposure)
        shape = (len(self.countries), len(self.years))
        for name, given in (("counts", counts), ("exposure", exposure)):
            require(
                given.shape == shape, f"{name} of {self.kind} have shape {given.shape}; they need {shape}"
            )
            require(np.issubdtype(given.dtype, np.number), f"{name} of {self.kind} are no numbers")
        self._check_cells(counts, exposure)
        for name, given in (("counts", counts.astype(np.int64)), ("exposure", exposure.astype(float))):
            given.setflags(write=False)
            object.__setattr__(self, name, given)

    def _check_names(self) -> None:
        require(bool(self.countries), f"{self.kind}: a history needs a country")
        require(len(set(self.countries)) == len(self.countries), f"{self.kind}: a country stands there twice")
        require(bool(self.years), f"{self.kind}: a history needs a year")
        follow = all(later == year + 1 for year, later in zip(self.years, self.years[1:], strict=False))
        require(follow, f"{self.kind}: years must follow one another; give unobserved ones an exposure of 0")

    def _check_cells(self, counts: NDArray[np.number], exposure: NDArray[np.number]) -> None:
        sound = {
            "an exposure outside [0, 1]": (exposure >= 0) & (exposure <= 1),
            f"a count that is no whole number from 0 to {MOST_COUNT}": (
                (counts >= 0) & (counts <= MOST_COUNT) & (counts == np.floor(counts))
            ),
            "a count though nothing was observed": (counts == 0) | (exposure > 0),
        }
        for problem, kept in sound.items():
            if not kept.all():
                country, year = np.argwhere(~kept)[0]
                raise InvalidValue(
                    f"{self.kind}: {self.countries[country]} has {problem} in {self.years[year]} "
                    f"(count {counts[country, year]}, exposure {exposure[country, year]})"
                )
        require(bool((exposure > 0).any()), f"{self.kind}: no year was observed in any country")

    @property
    def observed(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Indices of country and year of the cells that were observed."""
        country, year = np.nonzero(self.exposure > 0)
        return country, year


@dataclass(frozen=True, kw_only=True, slots=True)
class Priors:
    """Scales of the priors; what they say of counts stands in docs/base-rates.md.

    Parameters
    ----------
    level
        Sd of the log of a typical yearly rate, about one a year.
    between
        Of the half-normal sd of countries' log rates.
    country_drift, shared_drift
        Of the half-normal sds of the slow drifts of a country's, and of all countries', log rate.
    yearly_cv
        Of the half-normal cv by which a year's rate is off.
    """

    level: float = 1.5
    between: float = 1.0
    country_drift: float = 0.5
    shared_drift: float = 0.5
    yearly_cv: float = 1.0

    def __post_init__(self) -> None:
        for name, scale in zip(self.__slots__, self.scales, strict=True):
            require(math.isfinite(scale) and scale > 0, f"the prior's {name} is {scale}; it must be above 0")

    @property
    def scales(self) -> Array:
        """All five, in order."""
        return np.array([getattr(self, name) for name in self.__slots__], dtype=float)


@dataclass(frozen=True, kw_only=True, slots=True)
class Predicted:
    """A posterior predictive check: a figure of the counts, and its central 90 % interval when drawn anew.

    `tail` is two-sided, ``2 min(p, 1 − p)`` with ``p = P(T < t) + P(T = t) / 2``.
    """

    name: str
    observed: float
    low: float
    high: float
    tail: float


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseRate:
    """How many occasions N a group of countries will see in a window.

    Parameters
    ----------
    expected
        E N, all uncertainty averaged over.
    low, high
        10 % and 90 % quantiles of N.
    expected_low, expected_high
        10 % and 90 % quantiles of what E N would be, if all that the record leaves open about the rates
        were known but the future's own variation.
    expected_error, spread_error
        Monte-Carlo standard errors of `expected` and `spread`. A spread far above 1 rests on rare draws:
        its error is then itself rough, and mostly too low.
    spread
        c such that ``N ~ Poisson(E g)``, ``g ~ Gamma(mean 1, cv c)`` has the variance of N:
        ``c² = (Var N − E N) / (E N)²``; at most 10, as for an indicator.
    sound
        No check of the fit failed.
    """

    kind: str
    countries: tuple[str, ...]
    years: float
    after: float
    expected: float
    low: int
    high: int
    expected_low: float
    expected_high: float
    expected_error: float
    spread: float
    spread_error: float
    sound: bool
