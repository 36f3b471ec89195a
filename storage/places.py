"""Where reports and events stand among all, and the filters of the lists that are read from there on.

A page reads so many rows at most. Where few of them fit, as with words that hardly anybody says, it ends
early, and the next page goes on from there: what one request costs does not grow with the store.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.current import in_countries, mentions
from storage.tables import ReportVersion


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a report must say, all of it at once.

    Parameters
    ----------
    since, until
        Bounds of the days that the list goes by.
    search
        Words, in any case, of its headline, publisher or id.
    published_by
        The cutoff: nothing published later is seen.
    """

    tag: str | None = None
    country: str | None = None
    since: date | None = None
    until: date | None = None
    search: str | None = None
    published_by: date | None = None


class Place(NamedTuple):
    """Where a report stands among all, the latest published first: its publication and its number."""

    published: date
    number: int


FIRST = Place(date.max, 2**63 - 1)  # before all reports
MOST_READ = 20_000  # reports
BY_PLACE = tuple_(col(ReportVersion.published_first), col(ReportVersion.id))
LATEST_FIRST = col(ReportVersion.published_first).desc(), col(ReportVersion.id).desc()


def following(after: Place, *latest: date | None) -> ColumnElement[bool]:
    """Whether a report stands after a place, and was published by each of these days."""
    days = (FIRST.published if day is None else day for day in latest)
    return tuple_(*min(after, *(Place(day, FIRST.number) for day in days))) > BY_PLACE


def until(last: Place) -> ColumnElement[bool]:
    """Whether a report stands there or before."""
    return tuple_(*last) <= BY_PLACE


def last_read(session: Session, bounds: ColumnElement[bool]) -> Place | None:
    """Find the last row within bounds that a page may read; None where no more than that are left."""
    places = select(col(ReportVersion.published_first), col(ReportVersion.id)).where(bounds)
    row = session.execute(places.order_by(*LATEST_FIRST).offset(MOST_READ - 1).limit(1)).first()
    return None if row is None else Place(row[0], row[1] or 0)


def named(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Give the conditions of country and words, for which rows must be read."""
    found = [] if wanted.country is None else [in_countries([wanted.country])]
    return [*found, mentions(wanted.search)] if wanted.search else found
