"""Runs: each stored once and for good, with its numbers in columns and its document word for word."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Literal, cast

from sqlalchemy import Select, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlmodel import col

from model.domain import Verdict
from storage.content import as_text
from storage.current import known
from storage.database import RUNNING, exclusive
from storage.leaps import leaps
from storage.lines import store_line
from storage.outlooks import StoredExpectation
from storage.tables import Evidence, Outlook, Posterior, Run, RunCheck, RunDocument, RunWarning, Table

type Status = Literal["published", "held", "failed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ScenarioPosterior:
    """What a run says of one scenario; None is what it could not say."""

    scenario: str
    probability: float | None = None
    prior: float | None = None
    band_low: float | None = None
    band_high: float | None = None
    pymc_probability: float | None = None
    monte_carlo_error: float | None = None
    word: str | None = None
    log_evidence: float | None = None
    pymc_log_evidence: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """Everything to store of a run.

    Parameters
    ----------
    evidence_digest, evidence
        Digest and snapshot of what counted; both None only where a run failed before it was known.
    observed_until
        The last day on which someone was looking.
    recorded_at, seconds
        When the run ended, and how long it took.
    document
        The run as it is served; its number is put in as ``run``.
    posteriors
        In the forecast's order of scenarios.
    outlook
        What to expect next, in the forecast's order of indicators.
    draws
        Where the draws are kept.
    supersedes
        Number of the run of this cutoff that stood before, 0 where none did. A return to earlier
        inputs is a run of its own, so that what stands is always the newest.
    """

    forecast_id: str
    as_of: date
    status: Status
    engine: str
    evidence_digest: str | None
    forecast_digest: str
    code_digest: str
    recorded_at: datetime
    seconds: float
    document: Mapping[str, object]
    observed_until: date | None = None
    evidence: Mapping[str, object] | None = None
    posteriors: Sequence[ScenarioPosterior] = ()
    checks: Sequence[Verdict] = ()
    warnings: Sequence[str] = ()
    outlook: Sequence[StoredExpectation] = ()
    draws: str | None = None
    supersedes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRun:
    """A run as it was stored; `document` is its JSON, to be served as it stands."""

    run: int
    forecast_id: str
    as_of: date
    status: Status
    engine: str
    evidence_digest: str | None
    forecast_digest: str
    code_digest: str
    observed_until: date | None
    recorded_at: datetime
    seconds: float
    draws: str | None
    supersedes: int
    document: str
    posteriors: tuple[ScenarioPosterior, ...]


def store_run(session: Session, record: RunRecord) -> int:
    """Store a run and answer with its number; a second time, of the same inputs, with the first's number."""
    exclusive(session, RUNNING)  # so that runs come into sight in the order of their numbers
    _store_evidence(session, record)
    row = _run_row(record)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        first = _same_inputs(session, record)
        if first is None:
            raise
        return first.run
    _store_findings(session, _number(row), record)
    return _number(row)


def _store_evidence(session: Session, record: RunRecord) -> None:
    if record.evidence_digest is None or record.evidence is None:
        return
    try:
        with session.begin_nested():
            session.add(Evidence(digest=record.evidence_digest, snapshot=as_text(record.evidence)))
    except IntegrityError:
        return  # an earlier run, or one that ends at this moment, saw the same


def _run_row(record: RunRecord) -> Run:
    values = {name: getattr(record, name) for name in Run.model_fields if hasattr(record, name)}
    return Run(settled=None if record.status == "failed" else True, **values)


def _number(row: Run) -> int:
    return cast("int", row.id)  # it has one since it was flushed


def _same_inputs(session: Session, record: RunRecord) -> StoredRun | None:
    if record.evidence_digest is None:
        return None
    statement = _stored().where(
        col(Run.forecast_id) == record.forecast_id,
        col(Run.as_of) == record.as_of,
        col(Run.evidence_digest) == record.evidence_digest,
        col(Run.forecast_digest) == record.forecast_digest,
        col(Run.code_digest) == record.code_digest,
        col(Run.supersedes) == record.supersedes,
        col(Run.settled).is_(True),
    )
    return _one(session, statement)


def _store_findings(session: Session, run: int, record: RunRecord) -> None:
    document = {**record.document, "run": run}
    session.execute(insert(RunDocument), [{"run_id": run, "document": as_text(document)}])
    store_line(session, run, document, record.recorded_at)
    found: Sequence[tuple[type[Table], Sequence[Mapping[str, object]]]] = (
        (Posterior, [asdict(one) for one in record.posteriors]),
        (RunCheck, [asdict(one) for one in record.checks]),
        (RunWarning, [{"text": text} for text in record.warnings]),
        (Outlook, [asdict(one) for one in record.outlook]),
    )
    for table, values in found:
        numbered = ({"run_id": run, "position": place, **one} for place, one in enumerate(values))
        rows = [{name: _or_missing(value) for name, value in row.items()} for row in numbered]
        if rows:
            session.execute(insert(table), rows)


def _or_missing(value: object) -> object:
    """NaN is a missing number: one database would keep it, the other would not."""
    return None if isinstance(value, float) and math.isnan(value) else value


def standing_run(session: Session, forecast_id: str, as_of: date) -> StoredRun | None:
    """Look up the newest run of a cutoff that came to a result, published or held."""
    mine = col(Run.forecast_id) == forecast_id, col(Run.as_of) == as_of
    return _one(session, _stored().where(*mine, col(Run.settled).is_(True)))


def get_run(session: Session, run: int) -> StoredRun | None:
    """Look up a run by its number."""
    return _one(session, _stored().where(col(Run.id) == run))


def latest_published(
    session: Session,
    forecast_id: str,
    *,
    before: date | None = None,
    at_most: date | None = None,
    known_at: datetime | None = None,
) -> StoredRun | None:
    """Look up what is believed: the newest published run of the latest cutoff.

    Parameters
    ----------
    before, at_most
        Bounds of the cutoff, the first of them not included.
    """
    statement = _stored().where(col(Run.forecast_id) == forecast_id, col(Run.status) == "published")
    if before is not None:
        statement = statement.where(col(Run.as_of) < before)
    if at_most is not None:
        statement = statement.where(col(Run.as_of) <= at_most)
    return _one(session, statement.where(known(Run.recorded_at, known_at)))


def current_run(
    session: Session, forecast_id: str, as_of: date | None = None, *, known_at: datetime | None = None
) -> StoredRun | None:
    """Look up the newest run of a cutoff, by default the latest one, however it ended."""
    statement = _stored().where(col(Run.forecast_id) == forecast_id, known(Run.recorded_at, known_at))
    if as_of is not None:
        statement = statement.where(col(Run.as_of) == as_of)
    return _one(session, statement)


def evidence_snapshot(session: Session, digest: str) -> dict[str, object] | None:
    """Look up what counted, as runs of this digest saw it."""
    stored = session.scalars(select(col(Evidence.snapshot)).where(col(Evidence.digest) == digest)).first()
    return None if stored is None else dict(json.loads(stored))


def evidence_in_force(
    session: Session, forecast_id: str, *, at_most: date | None = None, known_at: datetime | None = None
) -> tuple[int, str] | None:
    """Look up the number of the run that is believed, as `latest_published` does, and what counted there.

    What counted is the snapshot's text, so that who looks for something in it need not read it first.
    """
    mine = col(Run.forecast_id) == forecast_id, col(Run.status) == "published"
    statement = select(col(Run.id), col(Run.evidence_digest)).where(*mine)
    if at_most is not None:
        statement = statement.where(col(Run.as_of) <= at_most)
    newest = statement.where(known(Run.recorded_at, known_at)).order_by(*_NEWEST_FIRST)
    found = session.execute(newest.limit(1)).first()
    if found is None:
        return None
    snapshot = session.scalar(select(col(Evidence.snapshot)).where(col(Evidence.digest) == found[1]))
    return found[0] or 0, snapshot or ""


def run_checks(session: Session, run: int) -> list[Verdict]:
    """List what the checks of a run found."""
    statement = select(RunCheck).where(col(RunCheck.run_id) == run).order_by(col(RunCheck.position))
    rows = session.scalars(statement)
    return [Verdict(**row.model_dump(exclude={"run_id", "position"})) for row in rows]


def run_warnings(session: Session, run: int) -> list[str]:
    """List the warnings of a run."""
    mine = col(RunWarning.run_id) == run
    return list(session.scalars(select(col(RunWarning.text)).where(mine).order_by(col(RunWarning.position))))


def forecast_ids_with_runs(session: Session) -> list[str]:
    """List the forecasts that have been run, whether or not they still are configured."""
    ids = leaps(Run.forecast_id, "forecasts")
    return sorted(one for one in session.scalars(select(ids.c.key)) if one is not None)


_NEWEST_FIRST = col(Run.as_of).desc(), col(Run.recorded_at).desc(), col(Run.id).desc()


def _stored() -> Select[Run, str]:
    documents = col(RunDocument.run_id) == col(Run.id)
    return select(Run, col(RunDocument.document)).join(RunDocument, documents).order_by(*_NEWEST_FIRST)


def _one(session: Session, statement: Select[Run, str]) -> StoredRun | None:
    found = session.execute(statement.limit(1)).first()
    if found is None:
        return None
    row, document = found
    values = row.model_dump(exclude={"id", "settled"})
    return StoredRun(
        run=_number(row), document=document, posteriors=_posteriors(session, _number(row)), **values
    )


def _posteriors(session: Session, run: int) -> tuple[ScenarioPosterior, ...]:
    statement = select(Posterior).where(col(Posterior.run_id) == run).order_by(col(Posterior.position))
    rows = session.scalars(statement)
    return tuple(ScenarioPosterior(**row.model_dump(exclude={"run_id", "position"})) for row in rows)
