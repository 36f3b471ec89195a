"""What if: the probabilities if given events were reported today, or if nothing happened until a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from model.domain import Event
from model.errors import UsageError
from model.evidence import Evidence, select


@dataclass(frozen=True, kw_only=True, slots=True)
class Supposed:
    """An event that nobody has reported.

    Parameters
    ----------
    countries
        Where; ``*`` is the whole region.
    credibility
        In [0, 1].
    """

    tag: str
    countries: tuple[str, ...]
    credibility: float


def suppose(evidence: Evidence, events: Sequence[Supposed], *, silent_until: date | None = None) -> Evidence:
    """Add events, dated at the end of observation and known at the cutoff; then let time pass in silence.

    Parameters
    ----------
    evidence
        What counts as things stand.
    silent_until
        A day, not before the end of observation nor after the horizon, to which observation goes on.

    Returns
    -------
    Evidence
        What would count. Known events that happen by then come to count with it.

    Raises
    ------
    UsageError
        The day lies before the end of observation, or after the horizon.
    """
    end, forecast = silent_until or evidence.observed_until, evidence.forecast
    if not evidence.observed_until <= end <= forecast.horizon:
        raise UsageError(
            f"silence until {end} is not ahead: observation ended on {evidence.observed_until}, and the "
            f"horizon is {forecast.horizon}; write a day between them"
        )
    known = [*evidence.events, *(one.event for one in evidence.uncounted)]
    added = [event(evidence, one, number) for number, one in enumerate(events)]
    return select(forecast, [*known, *added], as_of=max(evidence.as_of, end), observed_until=end)


def event(evidence: Evidence, supposed: Supposed, number: int = 0) -> Event:
    """Make the event that would have been reported at the cutoff."""
    day = evidence.observed_until
    return Event(
        key=f"supposed-{number + 1}",
        tag=supposed.tag,
        countries=supposed.countries,
        occurred=day,
        begins=day,
        first_published=max(day, evidence.as_of),
        credibility=supposed.credibility,
        reports=(),
    )
