"""Runs and jobs page by page, the newest first: for who wants to see what ran, and what became of it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from heapq import merge
from itertools import islice

from sqlalchemy import BigInteger, Select, literal, select
from sqlalchemy.orm import Session
from sqlmodel import col

from model.domain import Verdict
from storage.current import known
from storage.jobs import WHOLE, Attempt
from storage.runs import Status
from storage.service_tables import Job
from storage.tables import Run, RunCheck, RunWarning

STATUSES: tuple[Status, ...] = ("published", "held", "failed")
LAST = 2**63 - 1  # after all runs


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRow:
    """A run at a glance: how it ended, which checks it did not pass, and what it warned of."""

    run: int
    forecast_id: str
    as_of: date
    status: Status
    recorded_at: datetime
    seconds: float
    refused: tuple[Verdict, ...]
    warnings: tuple[str, ...]


def run_page(
    session: Session,
    *,
    forecast: str | None = None,
    status: Status | None = None,
    before: int = LAST,
    limit: int,
) -> list[RunRow]:
    """List the runs whose numbers lie below one, the newest first."""
    wanted = [status] if status else STATUSES
    newest_first = (
        select(Run).where(col(Run.id) < literal(before, BigInteger)).order_by(col(Run.id).desc()).limit(limit)
    )
    if forecast is not None:  # by each status in turn, for that is how runs can be looked up by their numbers
        mine = newest_first.where(col(Run.forecast_id) == forecast)
        found = [session.scalars(mine.where(col(Run.status) == one)).all() for one in wanted]
        rows = list(islice(merge(*found, key=lambda row: row.id or 0, reverse=True), limit))
    else:
        rows = list(session.scalars(newest_first.where(col(Run.status).in_(wanted))))
    return _with_findings(session, rows)


def _with_findings(session: Session, rows: Sequence[Run]) -> list[RunRow]:
    numbers = [row.id for row in rows]
    checks: defaultdict[int, list[Verdict]] = defaultdict(list)
    refused = col(RunCheck.run_id).in_(numbers), col(RunCheck.passed).is_(False)
    for check in session.scalars(
        select(RunCheck).where(*refused).order_by(col(RunCheck.run_id), col(RunCheck.position))
    ):
        checks[check.run_id].append(Verdict(**check.model_dump(exclude={"run_id", "position"})))
    warnings: defaultdict[int, list[str]] = defaultdict(list)
    mine = select(RunWarning).where(col(RunWarning.run_id).in_(numbers))
    for warning in session.scalars(mine.order_by(col(RunWarning.run_id), col(RunWarning.position))):
        warnings[warning.run_id].append(warning.text)
    return [_row(row, checks[row.id or 0], warnings[row.id or 0]) for row in rows]


def _row(row: Run, refused: Sequence[Verdict], warnings: Sequence[str]) -> RunRow:
    shown = row.model_dump(include={"forecast_id", "as_of", "status", "recorded_at", "seconds"})
    return RunRow(run=row.id or 0, refused=tuple(refused), warnings=tuple(warnings), **shown)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRow:
    """A job as a whole, as it was tried, and its steps that did not succeed at every attempt."""

    whole: Attempt
    troubles: tuple[Attempt, ...]


def recent_jobs(session: Session, job: str, *, limit: int) -> list[JobRow]:
    """List a kind of job as it was tried, what was due last first."""
    whole = _attempts(job).where(col(Job.step) == WHOLE)
    found = [Attempt(**row.model_dump()) for row in session.scalars(whole.limit(limit))]
    troubles: defaultdict[str, list[Attempt]] = defaultdict(list)
    bad = col(Job.due).in_({one.due for one in found}), col(Job.outcome).in_(("failed", "interrupted"))
    for row in session.scalars(_attempts(job).where(*bad, col(Job.step) != WHOLE)):
        troubles[row.due].append(Attempt(**row.model_dump()))
    return [JobRow(whole=one, troubles=tuple(reversed(troubles[one.due]))) for one in found]


def _attempts(job: str) -> Select[Job]:
    return select(Job).where(col(Job.job) == job).order_by(col(Job.due).desc(), col(Job.id).desc())
