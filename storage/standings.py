"""Where forecasts stand, read so that only what changed since the last look need be read again."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.tables import Posterior, Run


def forecasts_run_since(session: Session, number: int) -> set[str]:
    """List the forecasts that were run after a run.

    Each of its rows is read: told to list different forecasts only, SQLite would rather scan all runs.
    """
    return set(session.scalars(select(col(Run.forecast_id)).where(col(Run.id) > number)))


def curves(
    session: Session, forecast_id: str, *, first: date, last: date
) -> dict[str, dict[date, float | None]]:
    """Read what was published by scenario and cutoff, bounds included; of a cutoff the newest run counts."""
    within = col(Run.as_of) >= first, col(Run.as_of) <= last
    statement = (
        select(col(Run.as_of), col(Posterior.scenario), col(Posterior.probability))
        .join(Posterior, col(Posterior.run_id) == col(Run.id))
        .where(col(Run.forecast_id) == forecast_id, col(Run.status) == "published", *within)
        .order_by(col(Run.as_of), col(Run.recorded_at), col(Run.id))
    )
    found: dict[str, dict[date, float | None]] = {}
    for cutoff, scenario, probability in session.execute(statement):
        found.setdefault(scenario, {})[cutoff] = probability
    return found
