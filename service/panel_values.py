"""The values of a panel: what is known of each country; what is not known is None, and never 0."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from ingest.votes import Agreement, Trend


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfers:
    """Orders or deliveries of the trade register.

    Parameters
    ----------
    counts, estimated
        Occasions by year, and how many of them are of a year that SIPRI estimates; years that the
        register does not tell of are not there.
    undated
        Orders without a year, which are not counted.
    tiv
        Of deliveries, the trend-indicator value in millions by year; None where a delivery has none.
    """

    counts: Mapping[int, int]
    estimated: Mapping[int, int]
    undated: int = 0
    tiv: Mapping[int, float | None] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts.values())

    @property
    def of_estimated_years(self) -> int:
        """How many are of an estimated year."""
        return sum(self.estimated.values())

    @property
    def volume(self) -> float | None:
        """Trend-indicator value of all, in millions; None where that of some year is not known."""
        return known_sum(self.tiv.values()) if self.tiv else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrences:
    """Stored events of some tags.

    Parameters
    ----------
    counts
        By year of occurrence.
    doubtful
        How many more are too doubtful to be counted.
    """

    counts: Mapping[int, int]
    doubtful: int

    @property
    def total(self) -> int:
        """All that are counted."""
        return sum(self.counts.values())


@dataclass(frozen=True, kw_only=True, slots=True)
class Voting:
    """How far a country agrees with another in the General Assembly.

    Parameters
    ----------
    agreement, votes
        Share over the last years with votes, and the votes that it is of: 1 for the same vote, 0.5 where
        one of the two abstains, 0 for opposite ones.
    first, last
        Those years.
    trend
        Through the shares of the same years; None where there are fewer than three.
    by_year
        All years that were asked for and have votes.
    """

    agreement: float
    votes: int
    first: int
    last: int
    trend: Trend | None
    by_year: Mapping[int, Agreement]


@dataclass(frozen=True, kw_only=True, slots=True)
class Counting:
    """Events that count in the forecast, as known now.

    Parameters
    ----------
    total
        Different ones.
    by_indicator
        Those of each indicator that counts some; an event may count in several.
    """

    total: int
    by_indicator: Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """A base rate over the forecast's window: the expected number of occasions, and its interval."""

    number: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A country; None is what is not known of it.

    Parameters
    ----------
    occurrences
        By kind, as `panel.KINDS` names them.
    voting
        By the code of whom it is compared with.
    """

    country: str
    name: str
    orders: Transfers | None
    deliveries: Transfers | None
    occurrences: Mapping[str, Occurrences | None]
    voting: Mapping[str, Voting | None]
    counting: Counting | None
    base_rate: Expected | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Panel:
    """Countries side by side.

    Parameters
    ----------
    opened, as_of
        When the forecast opened, and the day of asking.
    years
        That were asked for.
    register_years
        Those of them that the register tells of; None without a register.
    generated
        When the register was exported, as it says itself.
    names
        Of `partner` and `against`, by their codes.
    tags
        What was counted as each kind of event.
    rows
        In the order that was asked for.
    notes
        What the reader of the figures should know.
    missing
        What is not known, why, and where to get it.
    """

    forecast: str
    opened: date
    as_of: date
    years: range
    register_years: range | None
    generated: str | None
    has_votes: bool
    partner: str
    against: str
    names: Mapping[str, str]
    tags: Mapping[str, tuple[str, ...]]
    rows: tuple[Row, ...]
    notes: tuple[str, ...]
    missing: tuple[str, ...]


def known_sum(values: Iterable[float | None]) -> float | None:
    """Add up what is known; None where some of it is not."""
    every = list(values)
    known = [value for value in every if value is not None]
    return math.fsum(known) if len(known) == len(every) else None


def years_of(years: range | None) -> str:
    """Write years down, as ``2000–2024`` or ``2024``."""
    if not years:
        return "no year"
    return str(years[0]) if len(years) == 1 else f"{years[0]}–{years[-1]}"
