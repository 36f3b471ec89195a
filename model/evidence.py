"""What counts at a cutoff: events become occasions and silence, indicator by indicator."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from model.credibility import in_order
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
    """An event of the window that some indicator claims but that does not count, and why."""

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
        """The distinct events that stand in some indicator, counted or folded, in order."""
        distinct = {event.key: event for seen in self.indicators for event in (*seen.counted, *seen.folded)}
        return tuple(sorted(distinct.values(), key=in_order))


def select(
    forecast: Forecast, events: Iterable[Event], *, as_of: date, observed_until: date | None = None
) -> Evidence:
    """Select what counts at the cutoff, and fold bursts into occasions.

    Parameters
    ----------
    forecast
        The question.
    events
        Events as known at `as_of`, in any order.
    as_of
        The last moment that counts as known.
    observed_until
        The last day on which someone was looking; by default the forecast's own key, else `as_of`.

    Raises
    ------
    UsageError
        The cutoff is before the forecast opened.
    """
    if as_of < forecast.opened:
        raise UsageError(f"{forecast.id} opened on {forecast.opened}; a cutoff of {as_of} is before that")
    end = min(as_of, observed_until or forecast.observed_until or as_of, forecast.horizon)
    claimed = [
        event
        for event in sorted(events, key=in_order)
        if event.occurred >= forecast.opened and _claims(forecast, event)
    ]
    reasons = {event.key: _why_not(forecast, event, as_of, end) for event in claimed}
    counting = [event for event in claimed if not reasons[event.key]]
    return Evidence(
        forecast=forecast,
        as_of=as_of,
        observed_until=end,
        indicators=tuple(_indicator_evidence(forecast, one, counting, end) for one in forecast.indicators),
        uncounted=tuple(
            Uncounted(event=event, reason=reasons[event.key]) for event in claimed if reasons[event.key]
        ),
        warnings=tuple(_warnings(forecast, claimed, as_of, end)),
    )


def _claims(forecast: Forecast, event: Event) -> bool:
    return any(indicator.counts(event.tag, event.countries) for indicator in forecast.indicators)


def _why_not(forecast: Forecast, event: Event, as_of: date, end: date) -> str:
    """Reason for which an event does not count; empty where it does."""
    if event.first_published > as_of:
        return f"first published on {event.first_published}, after the cutoff"
    if event.begins < forecast.opened:
        return f"dated {event.begins} to {event.occurred}, which begins before the forecast opened"
    if event.occurred > end:
        return f"occurred on {event.occurred}, after observation ended on {end}"
    return ""


def _warnings(forecast: Forecast, claimed: Sequence[Event], as_of: date, end: date) -> Iterable[str]:
    late = sum(event.occurred > end and event.first_published <= as_of for event in claimed)
    if late and end < min(as_of, forecast.horizon):
        verb = "events after observed_until do" if late > 1 else "event after observed_until does"
        yield f"{late} {verb} not count (observation ended on {end})"
    if as_of > forecast.horizon:
        yield f"past its horizon of {forecast.horizon}: due for resolution"


def _indicator_evidence(
    forecast: Forecast, indicator: Indicator, counting: Sequence[Event], end: date
) -> IndicatorEvidence:
    mine = [event for event in counting if indicator.counts(event.tag, event.countries)]
    if not indicator.recurs:
        exposure = indicator.elapsed(forecast.u(end))
        return IndicatorEvidence(indicator=indicator, counted=tuple(mine), folded=(), exposure=exposure)
    counted, folded = occasions(mine, indicator.burst_days)
    exposure = indicator.elapsed(forecast.u(end)) - _hidden(forecast, indicator, counted, end)
    return IndicatorEvidence(indicator=indicator, counted=counted, folded=folded, exposure=max(0.0, exposure))


def occasions(events: Sequence[Event], burst_days: int) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    """Split a recurring indicator's events, in order, into those that count and those that add nothing.

    An event outside of any open occasion counts. If its credibility is 0.5 or more it opens an
    occasion, of which events dated at most `burst_days` later are part.
    """
    counted: list[Event] = []
    folded: list[Event] = []
    open_until = date.min
    for event in events:
        if burst_days and event.occurred <= open_until:
            folded.append(event)
            continue
        counted.append(event)
        if opens(event):
            open_until = event.occurred + timedelta(days=burst_days)
    return tuple(counted), tuple(folded)


def opens(event: Event) -> bool:
    """Whether a counted event is credible enough to open an occasion."""
    return event.credibility >= OPENS_AN_OCCASION


def _hidden(forecast: Forecast, indicator: Indicator, counted: Sequence[Event], end: date) -> float:
    """Share of the expectation that lies inside occasions: ``Σ F(min(u_i + w, u_now)) − F(u_i)``."""
    burst = timedelta(days=indicator.burst_days)
    return sum(
        indicator.elapsed(forecast.u(min(event.occurred + burst, end)))
        - indicator.elapsed(forecast.u(event.occurred))
        for event in counted
        if opens(event)
    )
