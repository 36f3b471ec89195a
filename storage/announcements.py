"""Announcements: which run of each night was looked at for a move, and whether readers were told."""

from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.service_tables import Announcement


@dataclass(frozen=True, kw_only=True, slots=True)
class Announced:
    """How far a forecast moved since the run that was announced before.

    Parameters
    ----------
    since_run_id
        That run; None where this one is the first.
    points
        The largest change of a scenario's probability, in percentage points; 0 or more.
    bits
        Jeffreys' divergence, Σ (p − p′) log₂(p / p′), 0 or more; None where it is infinite.
    alerted
        Whether it moved far enough for readers to be told.
    """

    forecast_id: str
    as_of: date
    run_id: int
    since_run_id: int | None = None
    points: float | None = None
    bits: float | None = None
    alerted: bool = False


def announced(session: Session, forecast_id: str, *, since: date) -> list[Announced]:
    """List a forecast's announcements from a cutoff on, the earliest first."""
    mine = col(Announcement.forecast_id) == forecast_id, col(Announcement.as_of) >= since
    rows = session.scalars(select(Announcement).where(*mine).order_by(col(Announcement.as_of)))
    return [_announced(row) for row in rows]


def last_announced(session: Session, forecast_id: str) -> Announced | None:
    """Look up the newest announcement of a forecast."""
    mine = select(Announcement).where(col(Announcement.forecast_id) == forecast_id)
    row = session.scalars(mine.order_by(col(Announcement.as_of).desc()).limit(1)).first()
    return None if row is None else _announced(row)


def announce(session: Session, one: Announced, *, at: datetime) -> None:
    """Record an announcement, at most one for each forecast and cutoff."""
    session.execute(insert(Announcement).values(asdict(one) | {"recorded_at": at}))


def _announced(row: Announcement) -> Announced:
    return Announced(**row.model_dump(exclude={"recorded_at"}))
