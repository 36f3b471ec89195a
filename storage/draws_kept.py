"""Which runs have draws, and since when: what retention and `posterity doctor` ask."""

from collections.abc import Collection
from datetime import date, datetime
from itertools import batched

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.tables import Run

_BATCH = 500


def draws_of(session: Session, forecast_id: str, cutoffs: Collection[date]) -> dict[str, datetime]:
    """List the draws of runs of these cutoffs, each with the moment of the newest run that has them."""
    found: dict[str, datetime] = {}
    for batch in batched(sorted(set(cutoffs)), _BATCH):
        mine = col(Run.forecast_id) == forecast_id, col(Run.as_of).in_(batch), col(Run.draws).is_not(None)
        newest = select(col(Run.draws), func.max(col(Run.recorded_at))).where(*mine).group_by(col(Run.draws))
        found |= {name: moment for name, moment in session.execute(newest) if name}
    return found


def draws_in_force(session: Session, forecast_id: str) -> str | None:
    """Look up the draws of the newest published run of the latest cutoff."""
    mine = col(Run.forecast_id) == forecast_id, col(Run.status) == "published"
    newest_first = col(Run.as_of).desc(), col(Run.recorded_at).desc(), col(Run.id).desc()
    return session.scalars(select(col(Run.draws)).where(*mine).order_by(*newest_first).limit(1)).first()


def newest_draws(session: Session, forecast_id: str, *, since: datetime) -> str | None:
    """Look up the draws of the newest run of the latest cutoff, however it ended; of none before then."""
    newest_first = col(Run.as_of).desc(), col(Run.recorded_at).desc(), col(Run.id).desc()
    mine = col(Run.forecast_id) == forecast_id, col(Run.recorded_at) >= since
    return session.scalars(select(col(Run.draws)).where(*mine).order_by(*newest_first).limit(1)).first()
