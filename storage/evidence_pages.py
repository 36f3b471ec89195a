"""Events page by page: filtered, the latest published first, each on one page and no other.

An event stands where the newest of its reports that fit stands.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import batched, islice

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session
from sqlmodel import col

from model.domain import Report
from storage.current import known, overlaps
from storage.events import event_keys, in_force, reports_of_events
from storage.leaps import leaps
from storage.places import FIRST, LATEST_FIRST, Place, Wanted, following, last_read, named, until
from storage.reports import BATCH
from storage.tables import EventMembership, ReportVersion


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedEvents(Wanted):
    """What some report in force of an event must say, within days on which it says that it happened.

    Parameters
    ----------
    keys
        The events to look among; None for all of them.
    """

    keys: Collection[str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedEvent:
    """An event, where it stands, and its reports in force."""

    key: str
    place: Place
    reports: Sequence[Report]


@dataclass(frozen=True, kw_only=True, slots=True)
class EventPage:
    """Events, and the place at which the next page begins; None where nothing follows."""

    events: Sequence[PlacedEvent]
    end: Place | None


def event_page(
    session: Session,
    wanted: WantedEvents,
    *,
    after: Place = FIRST,
    limit: int,
    known_at: datetime | None = None,
) -> EventPage:
    """List the events that follow a place, the latest published first.

    Parameters
    ----------
    after
        The end of the page before.
    known_at
        What this service had recorded by then; by default, by now.
    """
    bounds = following(after, wanted.published_by)
    if wanted.tag is not None:
        bounds = and_(bounds, col(ReportVersion.tag) == wanted.tag)
    last = last_read(session, bounds) if wanted.keys is None else None
    if last is not None:
        bounds = and_(bounds, until(last))
    found = _page(session, wanted, bounds, limit + 1, known_at)
    page = dict(islice(found.items(), limit))
    reports = reports_of_events(session, page, known_at=known_at)
    events = [PlacedEvent(key=key, place=place, reports=reports[key]) for key, place in page.items()]
    return EventPage(events=events, end=events[-1].place if len(found) > limit else last)


_PLACED = (col(EventMembership.event_key), col(ReportVersion.published_first), col(ReportVersion.id))
_BELONGS = col(EventMembership.report_id) == col(ReportVersion.report_id)


def _fits(wanted: WantedEvents) -> ColumnElement[bool]:
    """Whether a report says all that is wanted."""
    found = [overlaps("occurred", wanted.since, wanted.until), *named(wanted)]
    if wanted.published_by is not None:
        found.append(col(ReportVersion.published_first) <= wanted.published_by)
    if wanted.tag is not None:
        found.append(col(ReportVersion.tag) == wanted.tag)
    return and_(*found)


def _page(
    session: Session, wanted: WantedEvents, bounds: ColumnElement[bool], limit: int, known_at: datetime | None
) -> dict[str, Place]:
    """Read only as far as it takes; leave out events whose newest report stands on an earlier page."""
    found: dict[str, Place] = {}
    for batch in batched(_following(session, wanted, bounds, limit, known_at), limit):
        placed = [(key, place) for key, place in batch if key not in found]
        newest = _newest(session, wanted, {key for key, _ in placed}, known_at)
        for key, place in placed:
            if newest[key] == place:
                found[key] = place
                if len(found) == limit:
                    return found
    return found


def _following(
    session: Session, wanted: WantedEvents, bounds: ColumnElement[bool], limit: int, known_at: datetime | None
) -> Iterator[tuple[str, Place]]:
    statement = select(*_PLACED).join(EventMembership, _BELONGS).where(bounds, _fits(wanted))
    if wanted.keys is not None:
        statement = statement.where(col(EventMembership.event_key).in_(wanted.keys))
    ordered = statement.where(in_force(known_at)).order_by(*LATEST_FIRST)
    rows = session.execute(ordered, execution_options={"yield_per": 2 * limit})
    try:
        for key, published, number in rows:
            yield key, Place(published, number or 0)
    finally:
        rows.close()


def _newest(
    session: Session, wanted: WantedEvents, keys: Iterable[str], known_at: datetime | None
) -> dict[str, Place]:
    """Look up the place of each event: that of the newest of its reports that fit.

    Whether one fits is asked of each, not looked for: a database would rather begin with a common tag than
    with these few events.
    """
    found: dict[str, Place] = {}
    fits = select(*_PLACED, _fits(wanted)).join(EventMembership, _BELONGS).where(in_force(known_at))
    for some in batched(keys, BATCH):
        for key, published, number, fit in session.execute(
            fits.where(col(EventMembership.event_key).in_(some))
        ):
            if fit:
                found[key] = max(found.get(key, Place(date.min, 0)), Place(published, number or 0))
    return found


def moved_to(session: Session, event_key: str, *, known_at: datetime | None = None) -> dict[str, int]:
    """Count, by the events that they belong to now, the reports that once belonged to an event."""
    once = col(EventMembership.event_key) == event_key, known(EventMembership.recorded_at, known_at)
    reports = set(session.scalars(select(col(EventMembership.report_id)).where(*once)))
    return dict(Counter(event_keys(session, reports, known_at=known_at).values()).most_common())


def countries_told(session: Session, countries: Collection[str]) -> set[str]:
    """Find those of these countries of which any event is stored, tag by tag rather than row by row."""
    every = leaps(ReportVersion.tag, "tags")
    tags = list(session.scalars(select(every.c.key).where(every.c.key.is_not(None))))
    return {one for one in countries if any(_is_told(session, tag, one) for tag in tags)}


def _is_told(session: Session, tag: str, country: str) -> bool:
    joined = select(col(ReportVersion.id)).join(EventMembership, _BELONGS)
    of_tag = joined.where(col(ReportVersion.tag) == tag, in_force(None)).limit(1)
    further = col(ReportVersion.also) != "", col(ReportVersion.also).contains(f" {country} ", autoescape=True)
    named = session.scalar(of_tag.where(col(ReportVersion.country) == country))
    return named is not None or session.scalar(of_tag.where(*further)) is not None
