"""The ledger of jobs: what was due, when it was tried, and how it ended.

A job that is due (a night, a week's digest) has rows for its steps, one for each attempt, and one row with
no step for the whole of it. An attempt that has not ended either is under way or was cut short; the next
holder of the lease ends what an earlier one left.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.service_tables import Job

type Outcome = Literal["done", "held", "failed", "interrupted"]

NIGHT, DIGEST, RETENTION, START = "night", "digest", "retention", "start"
WHOLE = ""


@dataclass(frozen=True, slots=True)
class Task:
    """A job, when it was due (a night's day, a digest's week), and which step of it; or the whole."""

    job: str
    due: str
    step: str = WHOLE


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One attempt of a step; `outcome` is None while it is under way."""

    id: int
    job: str
    due: str
    step: str
    attempt: int
    token: int
    started_at: datetime
    ended_at: datetime | None
    outcome: Outcome | None
    detail: str


def start(session: Session, task: Task, *, token: int, at: datetime) -> int:
    """Record that an attempt begins, and answer with its number."""
    before = session.scalar(select(func.count()).select_from(Job).where(*_of(task)))
    values = asdict(task) | {"attempt": (before or 0) + 1, "token": token, "started_at": at, "detail": ""}
    return session.execute(insert(Job).values(values).returning(col(Job.id))).scalar_one() or 0


def end(session: Session, number: int, outcome: Outcome, detail: str = "", *, at: datetime) -> None:
    """Record how an attempt ended; one that has ended stays as it is."""
    values = {"ended_at": at, "outcome": outcome, "detail": detail}
    open_one = col(Job.id) == number, col(Job.outcome).is_(None)
    session.execute(update(Job).where(*open_one).values(values))


def end_abandoned(session: Session, token: int, *, at: datetime) -> int:
    """Record that attempts under earlier tokens were cut short, and answer how many were."""
    values = {"ended_at": at, "outcome": "interrupted", "detail": "its process ended before it did"}
    abandoned = col(Job.token) < token, col(Job.outcome).is_(None)
    found = session.scalars(update(Job).where(*abandoned).values(values).returning(col(Job.id)))
    return len(found.all())


def attempts(session: Session, job: str, due: str) -> list[Attempt]:
    """List the attempts of a job that was due, of all its steps, the earliest first."""
    mine = col(Job.job) == job, col(Job.due) == due
    return [_attempt(row) for row in session.scalars(select(Job).where(*mine).order_by(col(Job.id)))]


def attempt(session: Session, task: Task) -> Attempt | None:
    """Look up the last attempt of a task."""
    newest = select(Job).where(*_of(task)).order_by(col(Job.id).desc()).limit(1)
    row = session.scalars(newest).first()
    return None if row is None else _attempt(row)


def latest(session: Session, job: str, *, outcome: Outcome | None = None) -> Attempt | None:
    """Look up the last job of a kind that ended, as a whole: the one that was due last."""
    whole = col(Job.job) == job, col(Job.step) == WHOLE, col(Job.outcome).is_not(None)
    statement = select(Job).where(*whole)
    if outcome is not None:
        statement = statement.where(col(Job.outcome) == outcome)
    row = session.scalars(statement.order_by(col(Job.due).desc(), col(Job.id).desc()).limit(1)).first()
    return None if row is None else _attempt(row)


def ended(session: Session, job: str, *, since: str) -> set[str]:
    """List which of a kind of job, due then or later, have come to an end, whatever it was."""
    whole = col(Job.job) == job, col(Job.step) == WHOLE, col(Job.outcome).in_(("done", "held", "failed"))
    return set(session.scalars(select(col(Job.due)).where(*whole, col(Job.due) >= since)))


def first_start(session: Session) -> datetime | None:
    """Look up when a scheduler first worked on this database: what was due before is owed to nobody."""
    return session.scalar(select(func.min(col(Job.started_at))).where(col(Job.job) == START))


def _of(task: Task) -> tuple[ColumnElement[bool], ...]:
    return col(Job.job) == task.job, col(Job.due) == task.due, col(Job.step) == task.step


def _attempt(row: Job) -> Attempt:
    return Attempt(**row.model_dump())
