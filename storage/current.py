"""What is in force, now or as it was known then: the conditions that every query of reports shares."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Literal

from sqlalchemy import ColumnElement, and_, or_, select, true
from sqlalchemy.orm import aliased
from sqlmodel import col

from storage.tables import EventMembership, ReportVersion

_LONGEST_INTERVAL = timedelta(days=366)  # a date may be as coarse as a year


def known(recorded_at: datetime, known_at: datetime | None) -> ColumnElement[bool]:
    """Whether a row had been recorded by then; every row has been by now."""
    return true() if known_at is None else col(recorded_at) <= known_at


def newest_version(of: type[ReportVersion], known_at: datetime | None) -> ColumnElement[bool]:
    """Whether it is the newest version of its report that was known."""
    newer = aliased(ReportVersion)
    same = and_(col(newer.report_id) == col(of.report_id), col(newer.version) > col(of.version))
    superseded = select(col(newer.id)).where(same, known(newer.recorded_at, known_at)).exists()
    return and_(known(of.recorded_at, known_at), ~superseded)


def newest_membership(known_at: datetime | None) -> ColumnElement[bool]:
    """Whether it is the newest decision that was known about where a report belongs."""
    newer = aliased(EventMembership)
    same = and_(
        col(newer.report_id) == col(EventMembership.report_id), col(newer.id) > col(EventMembership.id)
    )
    superseded = select(col(newer.id)).where(same, known(newer.recorded_at, known_at)).exists()
    return and_(known(EventMembership.recorded_at, known_at), ~superseded)


def overlaps(
    when: Literal["published", "occurred"], since: date | None, until: date | None
) -> ColumnElement[bool]:
    """Whether an interval overlaps [since, until], put so that a range of either end's index bounds it."""
    first, last = col(getattr(ReportVersion, f"{when}_first")), col(getattr(ReportVersion, f"{when}_last"))
    bounds: list[ColumnElement[bool]] = [true()]
    if since is not None:
        bounds += [last >= since, first >= since - _LONGEST_INTERVAL]
    if until is not None:
        bounds += [first <= until, last <= until + _LONGEST_INTERVAL]
    return and_(*bounds)


def in_countries(countries: Collection[str]) -> ColumnElement[bool]:
    """Whether a report names one of these countries, first or further."""
    further = [col(ReportVersion.also).contains(f" {country} ", autoescape=True) for country in countries]
    return or_(col(ReportVersion.country).in_(countries), *further)


def mentions(words: str) -> ColumnElement[bool]:
    """Whether headline, publisher or id contain these words, in any case."""
    return col(ReportVersion.searchable).contains(words.casefold(), autoescape=True)
