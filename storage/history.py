"""Histories: what was believed at each cutoff, in rows or as the documents that were served."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import Subquery, func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.current import known
from storage.runs import Status
from storage.tables import Posterior, Run, RunDocument

CHUNK = 1000


class HistoryRow(NamedTuple):
    """One scenario of one run: a line of the history, its fields in the order of the CSV's header."""

    forecast: str
    as_of: date
    run: int
    status: Status
    engine: str
    scenario: str
    probability: float | None
    prior: float | None
    band_low: float | None
    band_high: float | None
    pymc_probability: float | None
    monte_carlo_error: float | None
    word: str | None
    known_at: datetime


def history(  # noqa: PLR0913 - one parameter for each option of the command
    session: Session,
    forecast_id: str,
    *,
    first: date | None = None,
    last: date | None = None,
    known_at: datetime | None = None,
    all_runs: bool = False,
) -> Iterator[HistoryRow]:
    """Read the history in long form, by cutoff, run and scenario; to be consumed within the transaction.

    Parameters
    ----------
    first, last
        Bounds of the cutoff, both included.
    known_at
        What this service had recorded by then.
    all_runs
        Every run, not only the newest of each cutoff that came to a result.
    """
    chosen = _chosen(forecast_id, first, last, known_at, all_runs=all_runs)
    values = (col(getattr(Posterior, name)) for name in HistoryRow._fields[5:-1])
    statement = (
        select(*(chosen.c[name] for name in ("forecast_id", "as_of", "id", "status", "engine")), *values)
        .add_columns(chosen.c.recorded_at)
        .join(chosen, chosen.c.id == col(Posterior.run_id))
        .order_by(chosen.c.as_of, chosen.c.recorded_at, chosen.c.id, col(Posterior.position))
    )
    for row in session.execute(statement, execution_options={"yield_per": CHUNK}):
        yield HistoryRow(*row)


def history_documents(  # noqa: PLR0913 - one parameter for each option of the command
    session: Session,
    forecast_id: str,
    *,
    first: date | None = None,
    last: date | None = None,
    known_at: datetime | None = None,
    all_runs: bool = False,
) -> Iterator[str]:
    """Read the same history as JSON, one document for each run."""
    chosen = _chosen(forecast_id, first, last, known_at, all_runs=all_runs)
    statement = (
        select(col(RunDocument.document))
        .join(chosen, chosen.c.id == col(RunDocument.run_id))
        .order_by(chosen.c.as_of, chosen.c.recorded_at, chosen.c.id)
    )
    yield from session.scalars(statement, execution_options={"yield_per": CHUNK})


def first_published(session: Session, forecast_id: str) -> date | None:
    """Look up the first cutoff of which anything was published."""
    published = col(Run.forecast_id) == forecast_id, col(Run.status) == "published"
    return session.scalars(select(func.min(col(Run.as_of))).where(*published)).one()


def _chosen(
    forecast_id: str, first: date | None, last: date | None, known_at: datetime | None, *, all_runs: bool
) -> Subquery:
    newest_first = col(Run.recorded_at).desc(), col(Run.id).desc()
    age = func.row_number().over(partition_by=col(Run.as_of), order_by=newest_first).label("age")
    runs = select(Run, age).where(col(Run.forecast_id) == forecast_id, known(Run.recorded_at, known_at))
    if first is not None:
        runs = runs.where(col(Run.as_of) >= first)
    if last is not None:
        runs = runs.where(col(Run.as_of) <= last)
    if all_runs:
        return runs.subquery()
    ranked = runs.where(col(Run.status) != "failed").subquery()
    return select(ranked).where(ranked.c.age == 1).subquery()
