"""How far the evidence has come: while none of it changes, nothing that is read from it does."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.proposals import count_waiting
from storage.review_tables import ReviewProposal
from storage.tables import EventMembership, ReportVersion


class Row(NamedTuple):
    """The newest row of a table, by its number, and when it was recorded."""

    number: int
    recorded_at: datetime


def newest_evidence(session: Session) -> tuple[Row | None, Row | None]:
    """Look up the newest version of any report, and the newest decision about where any belongs.

    Rows are only added, and whoever adds some lets nobody else do so meanwhile: they come into sight in the
    order of their numbers.
    """
    versions = _end(session, ReportVersion.id, ReportVersion.recorded_at)
    return versions, _end(session, EventMembership.id, EventMembership.recorded_at)


def newest_review(session: Session) -> tuple[Row | None, int]:
    """Look up the newest proposal, and how many wait: what does not wait any more is decided, once."""
    return _end(session, ReviewProposal.id, ReviewProposal.recorded_at), count_waiting(session)


def _end(session: Session, number: int | None, recorded_at: datetime) -> Row | None:
    last = select(func.max(col(number))).scalar_subquery()
    row = session.execute(select(col(number), col(recorded_at)).where(col(number) == last)).first()
    return None if row is None else Row(row[0] or 0, row[1])
