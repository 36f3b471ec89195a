"""What was known at a cutoff, and counts; and until when anyone was looking."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from model import credibility
from model.domain import Event, Forecast
from model.evidence import Evidence, select
from service.composition import Service
from storage.events import evidence_reports
from storage.polls import last_success


class Knowledge:
    """What was known at one cutoff of many forecasts, read once for all of them.

    The evidence that it selects is that of `known_evidence`: an event that a forecast counts is asserted
    by a report of one of its tags, and dated by none before it opened.

    Parameters
    ----------
    forecasts
        Those that will be asked about.
    """

    def __init__(self, service: Service, forecasts: Sequence[Forecast], *, as_of: date) -> None:
        self._as_of = as_of
        tags = sorted({tag for one in forecasts for tag in one.tags})
        opened = min((one.opened for one in forecasts), default=as_of)
        with service.database.reading() as session:
            reports = evidence_reports(session, tags, opened=opened, as_of=as_of)
            self._until = {one.id: observed_until(service, session, one) for one in forecasts}
        events = credibility.events(reports, as_of=as_of, grades=service.configuration.grades.worth())
        self._events: dict[str, list[Event]] = defaultdict(list)
        for event in events:
            self._events[event.tag].append(event)

    def evidence(self, forecast: Forecast) -> Evidence:
        """Select what counts for one of the forecasts."""
        events = [event for tag in forecast.tags for event in self._events[tag]]
        return select(forecast, events, as_of=self._as_of, observed_until=self._until[forecast.id])


def known_evidence(service: Service, forecast: Forecast, *, as_of: date) -> Evidence:
    """Select what was known at the cutoff and counts."""
    with service.database.reading() as session:
        reports = evidence_reports(session, forecast.tags, opened=forecast.opened, as_of=as_of)
        until = observed_until(service, session, forecast)
    grades = service.configuration.grades.worth()
    events = credibility.events(reports, as_of=as_of, grades=grades)
    return select(forecast, events, as_of=as_of, observed_until=until)


def observed_until(service: Service, session: Session, forecast: Forecast) -> date | None:
    """Find the last day on which someone was looking.

    It is the forecast's own key where it stands; else the oldest last success among the forecast's
    sources (all, if it names none), on that day in the schedule's time zone. A source that never
    answered has seen nothing since the forecast opened.

    Returns
    -------
    date or None
        None where no source watches: then everybody was looking at any time.
    """
    if forecast.observed_until is not None:
        return forecast.observed_until
    zone = ZoneInfo(service.configuration.schedule.timezone)
    answered = [last_success(session, one) for one in watching(service, forecast)]
    days = [moment.astimezone(zone).date() if moment else forecast.opened for moment in answered]
    return min(days, default=None)


def watching(service: Service, forecast: Forecast) -> list[str]:
    """List the sources that watch for a forecast: those that it names, or else all."""
    configured = [one.id for one in service.configuration.sources]
    return [one for one in configured if one in (forecast.sources or configured)]
