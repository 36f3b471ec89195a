"""Alerts: what an operator should know, from when it was seen until it ended.

Of one kind and subject at most one is open. One that is raised again within a day of its end is the same.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, func, insert, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.database import RAISING, exclusive
from storage.service_tables import Alert

SAME_WITHIN = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredAlert:
    """An alert; `ended_at` is None while it is open.

    Parameters
    ----------
    text
        What was found when it was raised last.
    raised_at
        When it was raised first.
    """

    id: int
    kind: str
    subject: str
    text: str
    raised_at: datetime
    ended_at: datetime | None


def open_alerts(session: Session) -> list[StoredAlert]:
    """List the open alerts, the earliest first."""
    still = select(Alert).where(col(Alert.ended_at).is_(None))
    return [_alert(row) for row in session.scalars(still.order_by(col(Alert.raised_at), col(Alert.id)))]


def ended_alerts(session: Session, *, after: datetime, until: datetime) -> list[StoredAlert]:
    """List the alerts that ended after one moment and up to another, the earliest first."""
    ended = col(Alert.ended_at) > after, col(Alert.ended_at) <= until
    rows = session.scalars(select(Alert).where(*ended).order_by(col(Alert.ended_at), col(Alert.id)))
    return [_alert(row) for row in rows]


def count(session: Session) -> int:
    """Count the open alerts."""
    still = select(func.count()).select_from(Alert).where(col(Alert.ended_at).is_(None))
    return session.scalar(still) or 0


def raise_alert(session: Session, kind: str, subject: str, text: str, *, at: datetime) -> StoredAlert | None:
    """Raise an alert, or open one again that has ended within the last day; None where one is open."""
    exclusive(session, RAISING)
    mine = col(Alert.kind) == kind, col(Alert.subject) == subject
    still = select(col(Alert.id)).where(col(Alert.ended_at).is_(None), *mine)
    if session.scalars(still).first() is not None:
        return None
    recent = select(col(Alert.id)).where(col(Alert.ended_at) > at - SAME_WITHIN, *mine)
    before = session.scalars(recent.order_by(col(Alert.ended_at).desc()).limit(1)).first()
    if before is None:
        values = {"kind": kind, "subject": subject, "text": text, "raised_at": at}
        return _alert(session.scalars(insert(Alert).returning(Alert), [values]).one())
    again = update(Alert).where(col(Alert.id) == before).values(ended_at=None, text=text).returning(Alert)
    return _alert(session.scalars(again, execution_options={"populate_existing": True}).one())


def end_alert(session: Session, number: int, *, at: datetime) -> bool:
    """End an alert; False where it had ended."""
    mine = col(Alert.id) == number, col(Alert.ended_at).is_(None)
    done = session.execute(update(Alert).where(*mine).values(ended_at=at))
    return isinstance(done, CursorResult) and done.rowcount == 1


def _alert(row: Alert) -> StoredAlert:
    return StoredAlert(**row.model_dump())
