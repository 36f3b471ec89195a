"""Events at a glance, called alike by commands, pages and the API; it loads nothing that a list can spare."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from model import credibility
from model.domain import Event, Report
from service.composition import Service
from storage.events import EventSummary, reports_of_events, summarised


def told(
    service: Service, session: Session, keys: Iterable[str], *, known_at: datetime | None = None
) -> list[EventSummary]:
    """Summarise events, in this order; those of which no report is in force are left out."""
    found = reports_of_events(session, list(keys), known_at=known_at)
    return [summary_of(service, key, of, known_at)[0] for key, of in found.items() if of]


def summary_of(
    service: Service, key: str, reports: Sequence[Report], known_at: datetime | None = None
) -> tuple[EventSummary, float | None]:
    """Summarise an event by its reports in force, and say how credible it is; None where they assert nothing.

    Its headline is that of the best report that asserts it, everywhere; the newest where none does.
    """
    event, summary = made(service, key, reports, known_at), summarised(key, reports)
    return (
        (summary, None) if event is None else (replace(summary, headline=event.headline), event.credibility)
    )


def made(
    service: Service, key: str, reports: Sequence[Report], known_at: datetime | None = None
) -> Event | None:
    """Make an event of its reports in force; None where they assert nothing."""
    grades = service.configuration.grades.worth()
    found = credibility.events({key: reports}, as_of=day_of(service, known_at), grades=grades)
    return found[0] if found else None


def day_of(service: Service, known_at: datetime | None) -> date:
    """Give today, or the day that it was then, in the schedule's time zone."""
    if known_at is None:
        return service.today()
    try:
        return known_at.astimezone(ZoneInfo(service.configuration.schedule.timezone)).date()
    except OverflowError:  # at either end of the calendar there is no other zone
        return known_at.date()
