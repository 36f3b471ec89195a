"""What counts at a cutoff: events become occasions and silence, indicator by indicator."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from model.domain import Event, Forecast, Indicator
from model.errors import UsageError

OPENS_AN_OCCASION = 0.5  # credibility from which an event opens an occasion


@dataclass(frozen=True, kw_only=True, slots=True)
class IndicatorEvidence:
    """What one indicator saw.

    Parameters
    ----------
    counted
        The events that enter the likelihood, in order of date, first publication and key.
    folded
        Events that fell into an occasion already open, and add nothing.
    exposure
        Recurring: ``X_k``, the share of the expectation exposed outside of occasions.
        One-off: ``F(u_now)``.
    """

    indicator: Indicator
    counted: tuple[Event, ...]
    folded: tuple[Event, ...]
    exposure: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Uncounted:
    """An event of a tag that the forecast claims which does not count, and why."""

    event: Event
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Everything that a forecast's likelihood depends on at one cutoff.

    Parameters
    ----------
    observed_until
        Observation ends here: the earliest of as_of, the last day someone looked, and the horizon.
    indicators
        One for each of the forecast's indicators, in its order.
    """

    forecast: Forecast
    as_of: date
    observed_until: date
    indicators: tuple[IndicatorEvidence, ...]
    uncounted: tuple[Uncounted, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def u_now(self) -> float:
        """Share of the window that was observed, 0 before opening."""
        return self.forecast.u(self.observed_until)

    @property
    def events(self) -> tuple[Event, ...]:
        """The distinct events that stand in some indicator, counted or folded, by date and key."""
        distinct = {event.key: event for seen in self.indicators for event in (*seen.counted, *seen.folded)}
        return tuple(sorted(distinct.values(), key=_by_date))
