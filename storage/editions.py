"""Editions: what each week's digest says, stored before any mail is written; and the score it asks for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.content import as_text
from storage.current import known
from storage.outlooks import Summary
from storage.service_tables import Edition
from storage.tables import OutlookResolution


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEdition:
    """What a week's digest says; `known_at` is the moment up to which it knows."""

    week: str
    known_at: datetime
    recorded_at: datetime
    document: Mapping[str, Any]


def store_edition(
    session: Session, week: str, document: Mapping[str, object], *, known_at: datetime, at: datetime
) -> StoredEdition:
    """Store what a week's digest says, and answer with what stands: the first that was stored wins."""
    row = Edition(week=week, known_at=known_at, recorded_at=at, document=as_text(document))
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        first = get_edition(session, week)
        if first is None:
            raise
        return first
    return _stored(row)


def get_edition(session: Session, week: str) -> StoredEdition | None:
    """Look up what a week's digest says."""
    row = session.scalars(select(Edition).where(col(Edition.week) == week)).first()
    return _stored(row) if row else None


def outlook_score(
    session: Session, forecast_id: str, *, days: int, since: date, known_at: datetime
) -> Summary | None:
    """Sum up the expectations that look so far and were decided after a day; None where there are none."""
    said, happened = col(OutlookResolution.probability), col(OutlookResolution.outcome)
    brier = happened - 2 * said * happened + said * said  # y (1 − p)² + (1 − y) p², multiplied out
    statement = select(func.count(), func.avg(said), func.avg(happened), func.avg(brier)).where(
        col(OutlookResolution.forecast_id) == forecast_id,
        col(OutlookResolution.days) == days,
        col(OutlookResolution.resolved_as_of) > since,
        known(OutlookResolution.recorded_at, known_at),
    )
    number, probability, outcome, score = session.execute(statement).one()
    if not number:
        return None
    return Summary(days=days, number=number, mean_probability=probability, mean_outcome=outcome, brier=score)


def _stored(row: Edition) -> StoredEdition:
    return StoredEdition(
        week=row.week,
        known_at=row.known_at,
        recorded_at=row.recorded_at,
        document=json.loads(row.document),
    )
