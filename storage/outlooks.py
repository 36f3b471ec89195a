"""Outlooks: what each run expects next, what is due to be resolved, and what became of it.

Every row stays for good, so that resolved expectations soon outnumber the open ones by far. What keeps
the search for those that are due from reading them all is a mark for each forecast: the number of a run
up to which nothing is open. Whenever resolutions are recorded, the mark moves up to the first run that
still is open, a few months back, and later searches begin there. A run of an old cutoff has a new
number, so it stands after the mark; what nobody observed stays open, and the mark waits for it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Exists, and_, func, insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.current import known
from storage.database import RUNNING, exclusive
from storage.tables import Outlook, OutlookMark, OutlookResolution, Run


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredExpectation:
    """How probable a run holds at least one more real occasion of an indicator to be.

    Parameters
    ----------
    days
        How far it looks.
    starts_on, until
        The days after the first of them are those it speaks of, up to the other.
    """

    indicator: str
    days: int
    starts_on: date
    until: date
    probability: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """An open expectation of a published run, and the version of the forecast that the run had."""

    run: int
    position: int
    forecast_digest: str
    expectation: StoredExpectation


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """What became of an expectation.

    Parameters
    ----------
    outcome
        In [0, 1]: how probable it is that there was an occasion.
    events
        The number of events that speak for one.
    resolved_as_of
        The cutoff of the evidence that decided.
    """

    of: Due
    outcome: float
    events: int
    resolved_as_of: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """An expectation of a run beside what became of it, and when that was recorded."""

    run: int
    expectation: StoredExpectation
    outcome: float
    events: int
    resolved_as_of: date
    recorded_at: datetime


def run_outlook(session: Session, run: int) -> list[StoredExpectation]:
    """List what a run expects, in the forecast's order."""
    statement = select(Outlook).where(col(Outlook.run_id) == run).order_by(col(Outlook.position))
    return [_expectation(row) for row in session.scalars(statement)]


def due_expectations(session: Session, forecast_id: str, *, until: date) -> list[Due]:
    """List the open expectations of published runs that look no further than a day, the nearest first."""
    statement = (
        select(Outlook, col(Run.forecast_digest))
        .join(Run, col(Run.id) == col(Outlook.run_id))
        .where(_after_mark(session, forecast_id), col(Outlook.until) <= until, ~_is_resolved())
        .order_by(col(Outlook.until), col(Outlook.run_id), col(Outlook.position))
    )
    return [_due(row, digest) for row, digest in session.execute(statement)]


def record_resolutions(
    session: Session, forecast_id: str, found: Sequence[Resolution], *, at: datetime
) -> int:
    """Record what became of a forecast's expectations, and answer how many had not been resolved before."""
    exclusive(session, RUNNING)
    done = _resolved_places(session, {one.of.run for one in found})
    rows = [
        _row(forecast_id, one) | {"recorded_at": at}
        for one in found
        if (one.of.run, one.of.position) not in done
    ]
    if rows:
        session.execute(insert(OutlookResolution), rows)
    _move_mark(session, forecast_id, at)
    return len(rows)


def resolved(
    session: Session, forecast_id: str, *, limit: int | None = None, known_at: datetime | None = None
) -> list[Resolved]:
    """List what became of a forecast's expectations, the last decided first."""
    newest = OutlookResolution.resolved_as_of, OutlookResolution.run_id, OutlookResolution.position
    statement = (
        select(Outlook, OutlookResolution)
        .join(OutlookResolution, _same_place())
        .where(col(OutlookResolution.forecast_id) == forecast_id)
        .where(known(OutlookResolution.recorded_at, known_at))
        .order_by(*(col(one).desc() for one in newest))
    )
    return [_resolved(*rows) for rows in session.execute(statement.limit(limit))]


def _after_mark(session: Session, forecast_id: str) -> ColumnElement[bool]:
    """Whether a run is a published one of the forecast, in which something may be open."""
    mark = select(func.max(col(OutlookMark.run_id))).where(col(OutlookMark.forecast_id) == forecast_id)
    return and_(
        col(Run.forecast_id) == forecast_id,
        col(Run.status) == "published",
        col(Run.id) > (session.scalar(mark) or 0),
    )


def _is_resolved() -> Exists:
    return select(col(OutlookResolution.run_id)).where(_same_place()).exists()


def _same_place() -> ColumnElement[bool]:
    return and_(
        col(OutlookResolution.run_id) == col(Outlook.run_id),
        col(OutlookResolution.position) == col(Outlook.position),
    )


def _resolved_places(session: Session, runs: Collection[int]) -> set[tuple[int, int]]:
    places = select(col(OutlookResolution.run_id), col(OutlookResolution.position))
    return set(session.execute(places.where(col(OutlookResolution.run_id).in_(runs))).all())


def _move_mark(session: Session, forecast_id: str, at: datetime) -> None:
    """Move the mark to the last run before the first one in which something is open."""
    mine = _after_mark(session, forecast_id)
    is_open = select(col(Outlook.run_id)).where(col(Outlook.run_id) == col(Run.id), ~_is_resolved()).exists()
    first_open = session.scalar(select(col(Run.id)).where(mine, is_open).order_by(col(Run.id)).limit(1))
    settled = select(func.max(col(Run.id))).where(mine)
    if first_open is not None:
        settled = settled.where(col(Run.id) < first_open)
    last = session.scalar(settled)
    if last is not None:
        session.execute(
            insert(OutlookMark), [{"forecast_id": forecast_id, "run_id": last, "recorded_at": at}]
        )


def _row(forecast_id: str, one: Resolution) -> dict[str, object]:
    return {
        "run_id": one.of.run,
        "position": one.of.position,
        "forecast_id": forecast_id,
        "days": one.of.expectation.days,
        "probability": one.of.expectation.probability,
        "outcome": one.outcome,
        "events": one.events,
        "resolved_as_of": one.resolved_as_of,
    }


def _expectation(row: Outlook) -> StoredExpectation:
    return StoredExpectation(**row.model_dump(exclude={"run_id", "position"}))


def _due(row: Outlook, digest: str) -> Due:
    return Due(run=row.run_id, position=row.position, forecast_digest=digest, expectation=_expectation(row))


def _resolved(said: Outlook, came: OutlookResolution) -> Resolved:
    return Resolved(
        run=said.run_id,
        expectation=_expectation(said),
        outcome=came.outcome,
        events=came.events,
        resolved_as_of=came.resolved_as_of,
        recorded_at=came.recorded_at,
    )
