"""Figures about the store for those who watch over it; none costs more as the history grows."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from storage.runs import Status
from storage.service_tables import Alert, Message
from storage.tables import EventMembership, Posterior, ReportVersion, Run

QUEUED = ("waiting", "claimed", "dead")  # what was sent has left, and its number only grows


@dataclass(frozen=True, kw_only=True, slots=True)
class InForce:
    """What is believed of a forecast: the newest published run of the latest cutoff."""

    as_of: date
    recorded_at: datetime
    probabilities: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Newest:
    """How the newest run of the latest cutoff ended, and how long it took."""

    status: Status
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrivals:
    """What was recorded after one row and up to another, counted by origin: the file or the source.

    Parameters
    ----------
    until
        The number of the last row that was looked at.
    complete
        Whether it is the last that there is.
    """

    until: int
    complete: bool
    by_origin: Mapping[str, int]


def in_force(session: Session, forecast_id: str) -> InForce | None:
    """Look up what is believed of a forecast, if anything is."""
    published = _newest_first(forecast_id).where(col(Run.status) == "published")
    run = session.scalars(published).first()
    if run is None:
        return None
    mine = col(Posterior.run_id) == run.id
    values = select(col(Posterior.scenario), col(Posterior.probability)).where(mine)
    rows = session.execute(values.order_by(col(Posterior.position)))
    known = {scenario: probability for scenario, probability in rows if probability is not None}
    return InForce(as_of=run.as_of, recorded_at=run.recorded_at, probabilities=known)


def newest(session: Session, forecast_id: str) -> Newest | None:
    """Look up how a forecast's newest run ended, if there is one."""
    run = session.scalars(_newest_first(forecast_id)).first()
    return None if run is None else Newest(status=cast("Status", run.status), seconds=run.seconds)


def queued(session: Session) -> dict[str, int]:
    """Count the mails that are waiting, claimed, or given up."""
    mine = col(Message.state).in_(QUEUED)
    counted = select(col(Message.state), func.count()).where(mine).group_by(col(Message.state))
    return dict.fromkeys(QUEUED, 0) | dict(session.execute(counted).all())


def alerts_open(session: Session) -> dict[str, int]:
    """Count the open alerts, by kind."""
    still = select(col(Alert.kind), func.count()).where(col(Alert.ended_at).is_(None))
    return dict(session.execute(still.group_by(col(Alert.kind))).all())


def reports_after(session: Session, number: int, *, most: int) -> Arrivals:
    """Count the reports that were first recorded after a row, in at most so many rows.

    Rows come into sight in the order of their numbers, for they are recorded one transaction after the
    other; so that counting on from the last row misses none.
    """
    until, last = _reach(session, ReportVersion.id, number, most)
    first = _after(ReportVersion.id, number, until) & (col(ReportVersion.version) == 1)
    return _arrivals(session, _by_origin().where(first), until, last)


def events_after(session: Session, number: int, *, most: int) -> Arrivals:
    """Count the events that were first heard of after a row, by the origin of the report that told it."""
    until, last = _reach(session, EventMembership.id, number, most)
    told = (col(ReportVersion.report_id) == col(EventMembership.report_id)) & (
        col(ReportVersion.version) == 1
    )
    before = aliased(EventMembership)
    same_event = col(before.event_key) == col(EventMembership.event_key)
    known = select(col(before.id)).where(same_event, col(before.id) < col(EventMembership.id)).exists()
    joined = _by_origin().join(EventMembership, told).where(_after(EventMembership.id, number, until), ~known)
    return _arrivals(session, joined, until, last)


def _newest_first(forecast_id: str) -> Select[Run]:
    order = col(Run.as_of).desc(), col(Run.recorded_at).desc(), col(Run.id).desc()
    return select(Run).where(col(Run.forecast_id) == forecast_id).order_by(*order).limit(1)


def _reach(session: Session, column: int | None, number: int, most: int) -> tuple[int, int]:
    """Give the row up to which to look, and the last that there is."""
    last = session.scalar(select(func.max(col(column)))) or 0
    return min(last, number + most), last


def _after(column: int | None, number: int, until: int) -> ColumnElement[bool]:
    return (col(column) > number) & (col(column) <= until)


def _by_origin() -> Select[str, int]:
    return select(col(ReportVersion.origin), func.count()).group_by(col(ReportVersion.origin))


def _arrivals(session: Session, counted: Select[str, int], until: int, last: int) -> Arrivals:
    found = dict(session.execute(counted).all())
    return Arrivals(until=until, complete=until >= last, by_origin=found)
