"""Which expectations count in a score, and what they score.

Of each cutoff those of one run count: the newest that was published and on record before the first day of
which it speaks was over. What is computed later, or again, resolves like any other, and betters no score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.current import known
from storage.tables import Outlook, OutlookResolution, Run


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """How well the expectations that look equally far did.

    Parameters
    ----------
    number
        How many are resolved and count.
    brier
        Their mean expected Brier score, ``y (1 − p)² + (1 − y) p²``; 0 is best.
    """

    days: int
    number: int
    mean_probability: float
    mean_outcome: float
    brier: float

    @property
    def climatology(self) -> float:
        """The score of whoever had always said how often it would come true: ``ȳ (1 − ȳ)``."""
        return self.mean_outcome * (1 - self.mean_outcome)


class Scored(NamedTuple):
    """An expectation that counts, beside what became of it."""

    indicator: str
    days: int
    starts_on: date
    probability: float
    outcome: float


def in_time(
    session: Session, forecast_id: str, *, zone: tzinfo, known_at: datetime | None = None
) -> list[int]:
    """List the runs whose expectations count, by their cutoffs.

    Parameters
    ----------
    zone
        Whose days end at midnight.
    """
    published = col(Run.forecast_id) == forecast_id, col(Run.status) == "published"
    runs = (
        select(col(Run.id), col(Run.as_of), col(Run.recorded_at))
        .where(*published, known(Run.recorded_at, known_at))
        .order_by(col(Run.as_of), col(Run.recorded_at), col(Run.id))
    )
    found = session.execute(runs).all()
    newest = {as_of: number for number, as_of, at in found if at < _first_day_over(as_of, zone)}
    return [number for number in newest.values() if number is not None]


def _first_day_over(as_of: date, zone: tzinfo) -> datetime:
    return datetime.combine(as_of + timedelta(days=2), time(), zone)


def summary(
    session: Session, forecast_id: str, *, zone: tzinfo, known_at: datetime | None = None
) -> list[Summary]:
    """Sum up what was resolved and counts, those that look least far first."""
    return _summaries(session, _counting(session, forecast_id, zone, known_at))


def outlook_score(  # noqa: PLR0913 - which of them
    session: Session, forecast_id: str, *, days: int, since: date, zone: tzinfo, known_at: datetime
) -> Summary | None:
    """Sum up the expectations that look so far and were decided after a day; None where there are none."""
    decided = col(OutlookResolution.days) == days, col(OutlookResolution.resolved_as_of) > since
    found = _summaries(session, and_(_counting(session, forecast_id, zone, known_at), *decided))
    return found[0] if found else None


def scored(
    session: Session, forecast_id: str, *, zone: tzinfo, known_at: datetime | None = None
) -> Sequence[Scored]:
    """List what counts, by cutoff and in the forecast's order."""
    same = and_(
        col(OutlookResolution.run_id) == col(Outlook.run_id),
        col(OutlookResolution.position) == col(Outlook.position),
    )
    rows = (
        select(
            *(col(Outlook.indicator), col(Outlook.days), col(Outlook.starts_on)),
            *(col(OutlookResolution.probability), col(OutlookResolution.outcome)),
        )
        .join(OutlookResolution, same)
        .where(_counting(session, forecast_id, zone, known_at))
        .order_by(col(Outlook.starts_on), col(Outlook.position))
    )
    return [Scored(*row) for row in session.execute(rows)]


def resolved_number(session: Session, forecast_id: str, *, known_at: datetime | None = None) -> int:
    """Count the expectations that are resolved, whether or not they count in scores."""
    mine = col(OutlookResolution.forecast_id) == forecast_id
    rows = select(func.count()).where(mine, known(OutlookResolution.recorded_at, known_at))
    return session.scalar(rows) or 0


def outcomes(session: Session) -> int:
    """Count the expectations of all forecasts that are resolved."""
    return session.scalar(select(func.count()).select_from(OutlookResolution)) or 0


def forecasts_with_outlooks(session: Session) -> list[str]:
    """List the forecasts of which any expectation is resolved."""
    return sorted(session.scalars(select(col(OutlookResolution.forecast_id)).distinct()))


def _counting(
    session: Session, forecast_id: str, zone: tzinfo, known_at: datetime | None
) -> ColumnElement[bool]:
    runs = in_time(session, forecast_id, zone=zone, known_at=known_at)
    return and_(
        col(OutlookResolution.forecast_id) == forecast_id,
        col(OutlookResolution.run_id).in_(runs),
        known(OutlookResolution.recorded_at, known_at),
    )


def _summaries(session: Session, which: ColumnElement[bool]) -> list[Summary]:
    said, happened = col(OutlookResolution.probability), col(OutlookResolution.outcome)
    brier = happened - 2 * said * happened + said * said  # y (1 − p)² + (1 − y) p², multiplied out
    days = col(OutlookResolution.days)
    rows = select(days, func.count(), func.avg(said), func.avg(happened), func.avg(brier))
    return [_summary(*row) for row in session.execute(rows.where(which).group_by(days).order_by(days))]


def _summary(days: int, number: int, probability: float, outcome: float, brier: float) -> Summary:
    return Summary(days=days, number=number, mean_probability=probability, mean_outcome=outcome, brier=brier)
