"""Reports page by page: filtered, the latest published first, each on one page and no other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.current import newest_version, overlaps
from storage.places import FIRST, LATEST_FIRST, Place, Wanted, following, last_read, named, until
from storage.reports import StoredReport, select_stored, stored_report
from storage.tables import EventMembership, ReportVersion


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedReports(Wanted):
    """What a report must say, within days on which it was published.

    Parameters
    ----------
    event
        The event that it belongs to.
    """

    event: str | None = None


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
    bounds = and_(following(after, wanted.until, wanted.published_by), *_narrowed(wanted))
    statement = select_stored(known_at).where(
        bounds, *_filters(wanted), newest_version(ReportVersion, known_at)
    )
    last = last_read(session, bounds) if _is_selective(wanted, known_at) else None
    if last is not None:
        statement = statement.where(until(last))
    rows = session.execute(statement.order_by(*LATEST_FIRST).limit(limit + 1)).all()
    reports = [stored_report(*row) for row in rows[:limit]]
    return ReportPage(reports=reports, end=_place(rows[limit - 1][0]) if len(rows) > limit else last)


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
    found = named(wanted)
    return found if wanted.event is None else [*found, col(EventMembership.event_key) == wanted.event]


def _place(row: ReportVersion) -> Place:
    return Place(row.published_first, row.id or 0)
