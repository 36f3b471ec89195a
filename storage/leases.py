"""The lease: of several processes on one database, the one that works.

A candidate takes the lease over when its time has passed, or when the candidate itself has seen no beat of
the holder for as long as a lease lasts. The second needs no two clocks to agree, so that a clock that is
set back delays nobody. Whoever is mistaken is refused: the token rises with each change of holder, and a
transaction of the holder begins by reading that the lease still has its token, so that a change waits
until it has ended, and what begins later is undone.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, Update, insert, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

from model.errors import Unavailable
from storage.database import Database
from storage.service_tables import Lease

SCHEDULER = "scheduler"
_PAUSE = "20s"  # longest idleness of a server's transaction that holds the lease


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenure:
    """Who has the lease.

    Parameters
    ----------
    token
        Rises with each new holder.
    beat
        Rises with each renewal.
    holder
        The machine and the process, in words for people; empty where it was given back.
    """

    token: int
    beat: int
    holder: str
    expires_at: datetime


class LeaseLost(Unavailable):
    """Another process works now, so that this one must not write."""


def tenure(session: Session) -> Tenure | None:
    """Look up who has the lease; None where nobody ever had."""
    row = session.get(Lease, SCHEDULER)
    return None if row is None else _tenure(row)


def take(
    session: Session, holder: str, *, at: datetime, lasts: timedelta, dead: Tenure | None = None
) -> Tenure | None:
    """Take the lease if it is free, has run out, or is as it was when its holder was found dead.

    Parameters
    ----------
    dead
        What the candidate has seen unchanged for as long as a lease lasts.

    Returns
    -------
    Tenure or None
        What was taken; None where another has it.
    """
    if session.get(Lease, SCHEDULER) is None:
        return _first(session, holder, at + lasts)
    free = (col(Lease.expires_at) <= at) | (col(Lease.holder) == "")
    if dead is not None:
        free |= (col(Lease.token) == dead.token) & (col(Lease.beat) == dead.beat)
    values = {"token": Lease.token + 1, "beat": 0, "holder": holder, "expires_at": at + lasts}
    return _changed(session, update(Lease).where(col(Lease.name) == SCHEDULER, free).values(values))


def renew(session: Session, token: int, *, at: datetime, lasts: timedelta) -> Tenure | None:
    """Give a sign of life; None where another has taken over."""
    values = {"beat": Lease.beat + 1, "expires_at": at + lasts}
    return _changed(session, update(Lease).where(*_mine(token)).values(values))


def give_back(session: Session, token: int) -> bool:
    """End one's tenure, so that another need not wait."""
    return _changed(session, update(Lease).where(*_mine(token)).values(holder="")) is not None


def fenced(database: Database, token: int) -> Database:
    """Give the same database, whose writing transactions are refused once the lease has another token."""
    return replace(database, guard=partial(_insist, token=token))


def _insist(session: Session, *, token: int) -> None:
    """Hold the lease for this transaction: whoever takes it over waits until it has ended."""
    _end_if_idle(session)
    held = select(col(Lease.token)).where(*_mine(token)).with_for_update(read=True)
    if session.scalars(held).first() is None:
        raise LeaseLost("another process has taken over the schedule, so this one writes nothing more")


def _end_if_idle(session: Session) -> None:
    """Let a server end this transaction if its process stops in the midst of it, and holds the lease."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{_PAUSE}'"))


def _first(session: Session, holder: str, expires_at: datetime) -> Tenure | None:
    _end_if_idle(session)
    values = {"name": SCHEDULER, "token": 1, "beat": 0, "holder": holder, "expires_at": expires_at}
    try:
        with session.begin_nested():
            session.execute(insert(Lease), [values])
    except IntegrityError:
        return None  # another process was first
    return tenure(session)


def _mine(token: int) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(Lease.name) == SCHEDULER, col(Lease.token) == token


def _changed(session: Session, statement: Update) -> Tenure | None:
    _end_if_idle(session)
    row = session.scalars(statement.returning(Lease), execution_options={"populate_existing": True}).first()
    return None if row is None else _tenure(row)


def _tenure(row: Lease) -> Tenure:
    return Tenure(token=row.token, beat=row.beat, holder=row.holder, expires_at=row.expires_at)
