"""Resolutions: what became of each forecast, who said so, and when; a correction is a further row."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.current import known
from storage.tables import ForecastResolution

type Kind = Literal["resolved", "corrected", "annulled", "reopened"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What was decided of a forecast.

    Parameters
    ----------
    kind
        A correction resolves again what was closed before.
    scenario
        The one that came true; None where it was annulled or opened again.
    closed_on
        The day on which the answer was there; None where it was opened again.
    forecast_digest
        The version of the forecast by which it was judged.
    """

    forecast_id: str
    kind: Kind
    why: str
    author: str
    forecast_digest: str
    recorded_at: datetime
    scenario: str | None = None
    closed_on: date | None = None


def record_decision(session: Session, one: Decision) -> None:
    """Add a decision, which is in force from now on."""
    session.add(
        ForecastResolution(
            forecast_id=one.forecast_id,
            decision=one.kind,
            scenario=one.scenario,
            closed_on=one.closed_on,
            why=one.why,
            author=one.author,
            forecast_digest=one.forecast_digest,
            recorded_at=one.recorded_at,
        )
    )
    session.flush()


def decisions(session: Session, forecast_id: str, *, known_at: datetime | None = None) -> list[Decision]:
    """List what was decided of a forecast, the first first."""
    mine = col(ForecastResolution.forecast_id) == forecast_id
    rows = select(ForecastResolution).where(mine, known(ForecastResolution.recorded_at, known_at))
    return _decisions(session, rows.order_by(col(ForecastResolution.id)))


def closures(
    session: Session, forecasts: Iterable[str] | None = None, *, known_at: datetime | None = None
) -> dict[str, Decision]:
    """Look up, by forecast, the decision in force of those that are closed; of all where none is named."""
    newest = (
        select(func.max(col(ForecastResolution.id)))
        .where(known(ForecastResolution.recorded_at, known_at))
        .group_by(col(ForecastResolution.forecast_id))
    )
    if forecasts is not None:
        newest = newest.where(col(ForecastResolution.forecast_id).in_(list(forecasts)))
    rows = select(ForecastResolution).where(col(ForecastResolution.id).in_(newest))
    found = _decisions(session, rows.order_by(col(ForecastResolution.forecast_id)))
    return {one.forecast_id: one for one in found if one.closed_on is not None}


def closure(session: Session, forecast_id: str, *, known_at: datetime | None = None) -> Decision | None:
    """Look up the decision that closed a forecast; None where it is open."""
    return closures(session, [forecast_id], known_at=known_at).get(forecast_id)


def last_decision(session: Session) -> int:
    """Give the number of the newest decision about any forecast; 0 where there is none."""
    return session.scalar(select(func.max(col(ForecastResolution.id)))) or 0


def _decisions(session: Session, rows: Select[ForecastResolution]) -> list[Decision]:
    return [_decision(row) for row in session.scalars(rows)]


def _decision(row: ForecastResolution) -> Decision:
    return Decision(
        forecast_id=row.forecast_id,
        kind=cast("Kind", row.decision),
        scenario=row.scenario,
        closed_on=row.closed_on,
        why=row.why,
        author=row.author,
        forecast_digest=row.forecast_digest,
        recorded_at=row.recorded_at,
    )
