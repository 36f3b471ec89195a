"""Events page by page: filtered, the latest published first, each on one page and no other."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import batched
from typing import NamedTuple

from sqlalchemy import Select, select, tuple_
from sqlalchemy.orm import Session
from sqlmodel import col

from model.domain import Report
from storage.current import in_countries, mentions, overlaps
from storage.events import in_force, reports_of_events
from storage.reports import BATCH
from storage.tables import EventMembership, ReportVersion


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What some report in force of an event must say, all of it at once.

    Parameters
    ----------
    since, until
        Bounds of when what that report says happened.
    search
        Words, in any case, of its headline, publisher or id.
    keys
        The events to look among; None for all of them.
    """

    tag: str | None = None
    country: str | None = None
    since: date | None = None
    until: date | None = None
    search: str | None = None
    keys: Collection[str] | None = None


class Place(NamedTuple):
    """Where an event stands among all: the publication, and the number, of the newest report that fits."""

    published: date
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PlacedEvent:
    """An event, where it stands, and its reports in force."""

    key: str
    place: Place
    reports: Sequence[Report]


FIRST = Place(date.max, 2**63 - 1)  # before all events


def event_page(
    session: Session,
    wanted: Wanted,
    *,
    after: Place = FIRST,
    limit: int,
    known_at: datetime | None = None,
) -> list[PlacedEvent]:
    """List the events that follow a place, the latest published first.

    Parameters
    ----------
    after
        The place of the last event of the page before.
    known_at
        What this service had recorded by then; by default, by now.
    """
    statement = _narrowed(select(*_PLACED), wanted, known_at)
    page = _page(session, statement, after, limit)
    reports = reports_of_events(session, page, known_at=known_at)
    return [PlacedEvent(key=key, place=place, reports=reports[key]) for key, place in page.items()]


_PLACED = (col(EventMembership.event_key), col(ReportVersion.published_first), col(ReportVersion.id))
_BY_PLACE = tuple_(col(ReportVersion.published_first), col(ReportVersion.id))

type _Rows = Select[str, date, int | None]


def _narrowed(statement: _Rows, wanted: Wanted, known_at: datetime | None) -> _Rows:
    belongs = col(EventMembership.report_id) == col(ReportVersion.report_id)
    statement = statement.join(EventMembership, belongs)
    statement = statement.where(overlaps("occurred", wanted.since, wanted.until))
    if wanted.tag is not None:
        statement = statement.where(col(ReportVersion.tag) == wanted.tag)
    if wanted.country is not None:
        statement = statement.where(in_countries([wanted.country]))
    if wanted.search:
        statement = statement.where(mentions(wanted.search))
    if wanted.keys is not None:
        statement = statement.where(col(EventMembership.event_key).in_(wanted.keys))
    return statement.where(in_force(known_at))


def _page(session: Session, statement: _Rows, after: Place, limit: int) -> dict[str, Place]:
    """Read only as far as it takes; leave out events whose newest report stands on an earlier page."""
    found: dict[str, Place] = {}
    for batch in batched(_following(session, statement, after, limit), limit):
        placed = [(key, place) for key, place in batch if key not in found]
        newest = _newest(session, statement, {key for key, _ in placed})
        for key, place in placed:
            if newest[key] == place:
                found[key] = place
                if len(found) == limit:
                    return found
    return found


def _following(session: Session, statement: _Rows, after: Place, limit: int) -> Iterator[tuple[str, Place]]:
    later = statement.where(tuple_(*after) > _BY_PLACE)
    ordered = later.order_by(col(ReportVersion.published_first).desc(), col(ReportVersion.id).desc())
    rows = session.execute(ordered, execution_options={"yield_per": 2 * limit})
    try:
        for key, published, number in rows:
            yield key, Place(published, number or 0)
    finally:
        rows.close()


def _newest(session: Session, statement: _Rows, keys: Iterable[str]) -> dict[str, Place]:
    """Look up the place of each event: that of the newest of its reports that fit."""
    found: dict[str, Place] = {}
    for some in batched(keys, BATCH):
        rows = session.execute(statement.where(col(EventMembership.event_key).in_(some)))
        for key, published, number in rows:
            found[key] = max(found.get(key, Place(date.min, 0)), Place(published, number or 0))
    return found
