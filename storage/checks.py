"""When PyMC last checked a forecast, and what came of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import batched

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.reports import BATCH
from storage.tables import Posterior, Run, RunCheck

AGREEMENT = "log_evidence_gap"  # the check that every run has which PyMC was asked of


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """A run that PyMC was asked of.

    Parameters
    ----------
    agreed
        Whether no check failed.
    probabilities
        Of the exact engine, by scenario; none where it came to no result.
    """

    run: int
    as_of: date
    agreed: bool
    forecast_digest: str
    code_digest: str
    probabilities: Mapping[str, float]


def last_checks(session: Session, *, before: date) -> dict[str, Checked]:
    """Look up the newest check of each forecast among the cutoffs before a day, by forecast."""
    asked = (
        select(col(Run.forecast_id), func.max(col(Run.as_of)).label("as_of"))
        .join(RunCheck, col(RunCheck.run_id) == col(Run.id))
        .where(col(RunCheck.name) == AGREEMENT, col(RunCheck.passed).is_not(None), col(Run.as_of) < before)
        .group_by(col(Run.forecast_id))
        .subquery()
    )
    runs = (
        select(Run)
        .join(asked, (asked.c.forecast_id == col(Run.forecast_id)) & (asked.c.as_of == col(Run.as_of)))
        .join(RunCheck, col(RunCheck.run_id) == col(Run.id))
        .where(col(RunCheck.name) == AGREEMENT, col(RunCheck.passed).is_not(None))
        .order_by(col(Run.recorded_at), col(Run.id))
    )
    newest = {one.forecast_id: one for one in session.scalars(runs)}
    said = _probabilities(session, [one.id or 0 for one in newest.values()])
    return {name: _checked(run, said.get(run.id or 0, {})) for name, run in newest.items()}


def _checked(run: Run, probabilities: Mapping[str, float]) -> Checked:
    return Checked(
        run=run.id or 0,
        as_of=run.as_of,
        agreed=run.status == "published",
        forecast_digest=run.forecast_digest,
        code_digest=run.code_digest,
        probabilities=probabilities,
    )


def _probabilities(session: Session, runs: Collection[int]) -> dict[int, dict[str, float]]:
    found: dict[int, dict[str, float]] = {}
    for few in batched(runs, BATCH):
        columns = col(Posterior.run_id), col(Posterior.scenario), col(Posterior.probability)
        for run, scenario, probability in session.execute(
            select(*columns).where(col(Posterior.run_id).in_(few))
        ):
            if probability is not None:
                found.setdefault(run, {})[scenario] = probability
    return found
