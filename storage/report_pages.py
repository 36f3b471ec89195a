"""Reports page by page: filtered, the latest published first, each on one page and no other.

A page reads so many rows at most. Where few of them fit, as with words that hardly anybody says, it ends
early, and the next page goes on from there: what one request costs does not grow with the store.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, and_, tuple_
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.current import in_countries, mentions, newest_version, overlaps
from storage.evidence_pages import FIRST, Place, last_read
from storage.reports import StoredReport, select_stored, stored_report
from storage.tables import EventMembership, ReportVersion


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedReports:
    """What a report must say, all of it at once.

    Parameters
    ----------
    since, until
        Bounds of its publication.
    search
        Words, in any case, of its headline, publisher or id.
    event
        The event that it belongs to.
    published_by
        The cutoff: nothing published later is seen.
    """

    tag: str | None = None
    country: str | None = None
    since: date | None = None
    until: date | None = None
    search: str | None = None
    event: str | None = None
    published_by: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportPage:
    """Reports in their newest versions, retracted ones included, and the place at which the next page begins.

    Parameters
    ----------
    end
        None where nothing follows.
    """

    reports: Sequence[StoredReport]
    end: Place | None


def report_page(
    session: Session,
    wanted: WantedReports,
    *,
    after: Place = FIRST,
    limit: int,
    known_at: datetime | None = None,
) -> ReportPage:
    """List the reports that follow a place, the latest published first.

    Parameters
    ----------
    after
        The end of the page before.
    known_at
        What this service had recorded by then; by default, by now.
    """
    bounds = and_(tuple_(*min(after, _newest(wanted))) > _BY_PLACE, *_narrowed(wanted))
    statement = select_stored(known_at).where(
        bounds, *_filters(wanted), newest_version(ReportVersion, known_at)
    )
    last = last_read(session, bounds) if _is_selective(wanted, known_at) else None
    if last is not None:
        statement = statement.where(tuple_(*last) <= _BY_PLACE)
    rows = session.execute(statement.order_by(*_NEWEST_FIRST).limit(limit + 1)).all()
    reports = [stored_report(*row) for row in rows[:limit]]
    return ReportPage(reports=reports, end=_place(rows[limit - 1][0]) if len(rows) > limit else last)


_NEWEST_FIRST = col(ReportVersion.published_first).desc(), col(ReportVersion.id).desc()
_BY_PLACE = tuple_(col(ReportVersion.published_first), col(ReportVersion.id))


def _newest(wanted: WantedReports) -> Place:
    """Give the place before all reports that may fit, so that reading begins there."""
    days = [day for day in (wanted.until, wanted.published_by) if day is not None]
    return Place(min(days, default=FIRST.published), FIRST.number)


def _is_selective(wanted: WantedReports, known_at: datetime | None) -> bool:
    """Whether many rows may have to be read for each that fits."""
    return bool(wanted.search) or wanted.country is not None or known_at is not None


def _narrowed(wanted: WantedReports) -> list[ColumnElement[bool]]:
    """Give the conditions that an index bounds."""
    found = [overlaps("published", wanted.since, wanted.until)]
    if wanted.tag is not None:
        found.append(col(ReportVersion.tag) == wanted.tag)
    return found


def _filters(wanted: WantedReports) -> list[ColumnElement[bool]]:
    """Give the conditions for which rows must be read."""
    found: list[ColumnElement[bool]] = []
    if wanted.country is not None:
        found.append(in_countries([wanted.country]))
    if wanted.search:
        found.append(mentions(wanted.search))
    if wanted.event is not None:
        found.append(col(EventMembership.event_key) == wanted.event)
    return found


def _place(row: ReportVersion) -> Place:
    return Place(row.published_first, row.id or 0)
