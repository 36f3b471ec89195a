"""Roll calls of the UN General Assembly, and how far two states agree. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.errors import UsageError

NO_VOTE = 0
EARLIEST, LATEST = 1946, 2199

type Share = Literal["agreement", "identical"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """How far two states agreed on the votes that both cast; absences are left out.

    Parameters
    ----------
    identical
        Share of votes that were the same, in [0, 1].
    agreement
        Mean of 1 for the same vote, 0.5 where one of the two abstains, 0 for opposite votes.
    votes
        That both cast.
    """

    identical: float
    agreement: float
    votes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Trend:
    """A straight line through the shares of the last years.

    Parameters
    ----------
    slope, standard_error
        In percentage points a year.
    first, last, years
        The first and last year that it goes through, and how many.
    """

    slope: float
    standard_error: float
    first: int
    last: int
    years: int


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Votes:
    """Roll calls, and how each country voted in them.

    Parameters
    ----------
    countries
        ISO 3166 alpha-2; states that are no more by the letters of the data.
    rcid, sessions, years
        Of each roll call.
    cast
        A row for each roll call, a column for each country: 1 yes, 2 abstain, 3 no, 0 no vote.
    """

    countries: tuple[str, ...]
    rcid: NDArray[np.int64]
    sessions: NDArray[np.int64]
    years: NDArray[np.int64]
    cast: NDArray[np.int8]

    def agreement(
        self, country: str, partner: str, *, first: int | None = None, last: int | None = None
    ) -> dict[int, Agreement]:
        """Compare two states by calendar year; a year without a vote that both cast is left out.

        Parameters
        ----------
        country, partner
            As in `countries`.
        first, last
            Years, both included; None for all.

        Raises
        ------
        UsageError
            The data have no such country.
        """
        points, both = self._points(country, partner)
        within = both & (self.years >= (first or EARLIEST)) & (self.years <= (last or LATEST))
        found = np.unique(self.years[within])
        return {int(year): _agreement(points[within & (self.years == year)]) for year in found}

    def over_sessions(
        self, country: str, partner: str, *, first: int, last: int | None = None
    ) -> Agreement | None:
        """Compare two states over sessions of the Assembly, both included; None without a common vote.

        Raises
        ------
        UsageError
            The data have no such country.
        """
        points, both = self._points(country, partner)
        within = both & (self.sessions >= first)
        if last is not None:
            within &= self.sessions <= last
        return _agreement(points[within]) if within.any() else None

    def _points(self, country: str, partner: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Agreement on each roll call, and whether both cast a vote in it."""
        one, other = (self.cast[:, self._column(name)] for name in (country, partner))
        points = 1 - np.abs(one.astype(np.float64) - other) / 2
        return points, (one != NO_VOTE) & (other != NO_VOTE)

    def _column(self, country: str) -> int:
        if country not in self.countries:
            raise UsageError(
                f"the votes have no country {country!r}; they have {', '.join(self.countries[:30])}"
            )
        return self.countries.index(country)


def _agreement(points: NDArray[np.float64]) -> Agreement:
    return Agreement(
        identical=float(np.mean(points == 1)), agreement=float(np.mean(points)), votes=len(points)
    )


def trend(by_year: Mapping[int, Agreement], *, years: int = 10, of: Share = "agreement") -> Trend | None:
    """Fit a line to the last years, weighted by the number of votes.

    With shares y, years x and votes w: ``b = Σ w (x − x̄)(y − ȳ) / Σ w (x − x̄)²`` about the weighted means,
    ``se² = Σ w r² / (n − 2) / Σ w (x − x̄)²`` with the residuals r of n years. The error is that of a line
    through scattered years: it knows nothing of years that depend on one another.

    Parameters
    ----------
    by_year
        As `Votes.agreement` gives it.
    years
        Calendar years back from the newest one; those without votes are missing, and not 0.

    Returns
    -------
    Trend or None
        None where fewer than three of the years have votes.
    """
    chosen = [year for year in sorted(by_year) if year > max(by_year) - years]
    if len(chosen) < 3:
        return None
    x, w = np.array(chosen, float), np.array([by_year[year].votes for year in chosen], float)
    y = 100 * np.array([getattr(by_year[year], of) for year in chosen], float)
    from_mean = x - np.average(x, weights=w)
    spread = float(np.sum(w * from_mean**2))
    slope = float(np.sum(w * from_mean * y)) / spread
    residuals = y - np.average(y, weights=w) - slope * from_mean
    variance = float(np.sum(w * residuals**2)) / (len(chosen) - 2)
    return Trend(
        slope=slope,
        standard_error=float(np.sqrt(variance / spread)),
        first=chosen[0],
        last=chosen[-1],
        years=len(chosen),
    )
