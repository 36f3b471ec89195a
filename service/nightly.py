"""The nightly job, as its own story: select what is known, infer, judge, store.

Collecting stands in `service.intake`, announcing with whoever asked. Every step may be run again: the
same inputs find the run that they made.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Self

from model.definition import canonical, forecast_digest
from model.digests import digest
from model.domain import Forecast
from model.errors import PosterityError, Unavailable, Unresolved, UsageError
from model.evidence import Evidence
from model.fingerprint import code_digest
from model.snapshot import snapshot
from service import documents
from service.accounts import Lines, evidence_of, movement_lines
from service.closing import closed
from service.composition import Service
from service.documents import Document
from service.draws import keep
from service.knowledge import known_evidence
from service.outlooks import outlook_rows, resolve_due
from storage.forecasts import Recorded, record_version
from storage.runs import RunRecord, StoredRun, latest_published, standing_run, store_run

if TYPE_CHECKING:
    from model.posterior import Posterior

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """Digests of what a run is made from: equal inputs give equal results."""

    forecast: str
    evidence: str | None
    code: str

    @classmethod
    def of(cls, run: StoredRun) -> Self:
        """Those of a run that was stored."""
        return cls(forecast=run.forecast_digest, evidence=run.evidence_digest, code=run.code_digest)

    @property
    def fingerprint(self) -> str:
        """One digest of them all, from which seeds derive and by which draws are named."""
        return digest([self.forecast, self.evidence, self.code]).removeprefix("sha256:")


def night(service: Service, forecasts: Sequence[Forecast], *, as_of: date, say: Say) -> Iterator[Document]:
    """Update forecasts one after the other; one that fails is recorded as failed, and the next goes on.

    One that was closed by then is not updated and gives no document; its outlooks go on to resolve.

    Parameters
    ----------
    as_of
        The cutoff: nothing that became known later is used.
    say
        Told what is being done.

    Yields
    ------
    Document
        Of each forecast, as soon as it is stored.

    Raises
    ------
    UsageError
        The cutoff lies in the future, or before one of the forecasts opened; nothing was run then.
    Unavailable
        The database or the folder of the draws is out of reach.
    """
    _check_cutoff(service, forecasts, as_of)
    over = closed(service, forecasts, as_of=as_of)
    for forecast in forecasts:
        if forecast.id in over:
            resolve_due(service, forecast, as_of=as_of)
            continue
        say(f"updating {forecast.id}")
        document = update_forecast(service, forecast, as_of=as_of, say=say)
        resolve_due(service, forecast, as_of=as_of)
        yield document


def update_forecast(service: Service, forecast: Forecast, *, as_of: date, say: Say) -> Document:
    """Update one forecast at one cutoff, and store what came of it."""
    started = time.perf_counter()
    version = state_version(service, forecast)
    evidence = known_evidence(service, forecast, as_of=as_of)
    seen = snapshot(evidence, service.configuration.grades.worth())
    inputs = Inputs(forecast=forecast_digest(forecast), evidence=digest(seen), code=code_digest())
    with service.database.reading() as session:
        standing = standing_run(session, forecast.id, as_of)
        previous = latest_published(session, forecast.id, at_most=as_of)
    if standing and inputs == Inputs.of(standing):
        return {**json.loads(standing.document), "status": "unchanged"}
    try:
        posterior = _infer(evidence, inputs, say)
        record = _result(service, evidence, posterior, inputs, previous, version)
    except Unavailable:
        raise
    except PosterityError as error:
        record = _failure(service, forecast, as_of, inputs, str(error))
    finished = replace(record, evidence=seen, supersedes=standing.run if standing else 0)
    return _store(service, finished, seconds=round(time.perf_counter() - started, 3))


def state_version(service: Service, forecast: Forecast) -> Recorded:
    """Record the definition in force, if it is new."""
    with service.database.session() as session:
        definition = canonical(forecast)
        return record_version(session, forecast.id, definition, forecast_digest(forecast), at=service.clock())


def choose(
    service: Service, named: Sequence[str], as_of: date
) -> tuple[Sequence[Forecast], Sequence[Forecast]]:
    """Pick the forecasts of a night: those named, or else all that have opened; and those left out.

    Raises
    ------
    UsageError
        One is not known, the cutoff lies in the future, or before one of those named opened.
    """
    known = service.configuration.forecasts
    running = [one for one in known if one.opened <= as_of] or known  # where none runs, all are refused
    chosen = [service.forecast(one) for one in named] or running
    _check_cutoff(service, chosen, as_of)
    return chosen, [] if named else [one for one in known if one not in running]


def _check_cutoff(service: Service, forecasts: Sequence[Forecast], as_of: date) -> None:
    if as_of > service.today():
        raise UsageError(f"the cutoff {as_of} lies in the future; write {service.today()} or an earlier day")
    for forecast in forecasts:
        if as_of < forecast.opened:
            raise UsageError(
                f"the cutoff {as_of} is before {forecast.id} opened; write {forecast.opened} or a later day"
            )


def _infer(evidence: Evidence, inputs: Inputs, say: Say) -> "Posterior":
    if not evidence.indicators:
        raise PosterityError(
            f"{evidence.forecast.id} has no indicators, so nothing could move it; "
            "write a [[forecasts.indicators]] table for each kind of news that would"
        )
    say("loading PyMC")
    from model.update import update  # noqa: PLC0415 - several seconds that an unchanged night need not pay

    try:
        return update(evidence, fingerprint=inputs.fingerprint, say=say)
    except ArithmeticError as error:
        what = f"{type(error).__name__}: {error}"
        raise PosterityError(f"{evidence.forecast.id} could not be computed ({what})") from error


def _result(  # noqa: PLR0913, PLR0917 - what a run is made of
    service: Service,
    evidence: Evidence,
    posterior: "Posterior",
    inputs: Inputs,
    previous: StoredRun | None,
    version: Recorded,
) -> RunRecord:
    made_from = documents.versions(inputs.forecast, inputs.evidence, inputs.code)
    moved = _moved(service, previous, evidence)
    document = documents.published(evidence, posterior, previous, moved=moved, made_from=made_from)
    warnings = (*posterior.warnings, *_changed(version))
    return RunRecord(
        forecast_id=evidence.forecast.id,
        as_of=evidence.as_of,
        status="published" if posterior.status == "published" else "held",
        engine="exact",
        evidence_digest=inputs.evidence,
        forecast_digest=inputs.forecast,
        code_digest=inputs.code,
        recorded_at=service.clock(),
        seconds=0,
        document=document | {"warnings": list(warnings)},
        observed_until=evidence.observed_until,
        posteriors=documents.posteriors(evidence, posterior),
        checks=posterior.checks,
        warnings=warnings,
        outlook=outlook_rows(evidence, posterior.outlook),
        draws=keep(service.configuration.storage.draws, evidence, posterior, inputs.fingerprint),
    )


def _moved(service: Service, previous: StoredRun | None, evidence: Evidence) -> Lines | None:
    """Say what moved the probabilities since the run in force; None where none was, or it cannot be said."""
    if previous is None:
        return None
    with service.database.reading() as session:
        before = evidence_of(session, previous)
    try:
        return movement_lines(before, evidence)
    except (Unresolved, ArithmeticError):  # the probabilities stand all the same
        return None


def _changed(version: Recorded) -> list[str]:
    """Warn of an elicitation that was changed by someone who had seen evidence."""
    if not (version.new and version.evidence_seen):
        return []
    paths = ", ".join(str(change["path"]) for change in version.difference)
    return [f"the forecast was changed after evidence had been seen (version {version.version}: {paths})"]


def _failure(service: Service, forecast: Forecast, as_of: date, inputs: Inputs, reason: str) -> RunRecord:
    made_from = documents.versions(inputs.forecast, inputs.evidence, inputs.code)
    prior = {one.id: one.prior for one in forecast.scenarios}
    return RunRecord(
        forecast_id=forecast.id,
        as_of=as_of,
        status="failed",
        engine="exact",
        evidence_digest=inputs.evidence,
        forecast_digest=inputs.forecast,
        code_digest=inputs.code,
        recorded_at=service.clock(),
        seconds=0,
        document=documents.failed(forecast.id, as_of, prior, reason, made_from=made_from),
        warnings=(reason,),
    )


def _store(service: Service, record: RunRecord, *, seconds: float) -> Document:
    document = {**record.document, "seconds": seconds}
    complete = replace(record, seconds=seconds, document=document)
    with service.database.session() as session:
        number = store_run(session, complete)
    return {**document, "run": number}
