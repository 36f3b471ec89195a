"""Runs and nights page by page, the newest first: for who wants to see what ran, and what became of it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.current import known
from storage.tables import Run


def runs_in_force(
    session: Session, forecasts: Collection[str], *, known_at: datetime | None = None
) -> dict[str, int]:
    """Look up the number of the run in force of each forecast: the newest published of the latest cutoff."""
    newest = col(Run.as_of).desc(), col(Run.recorded_at).desc(), col(Run.id).desc()
    published = select(col(Run.id)).where(col(Run.status) == "published", known(Run.recorded_at, known_at))
    found = {}
    for one in forecasts:
        mine = published.where(col(Run.forecast_id) == one)
        number = session.scalar(mine.order_by(*newest).limit(1))
        if number is not None:
            found[one] = number
    return found
