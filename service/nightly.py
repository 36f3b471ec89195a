"""The nightly job, as its own story: select what is known, infer, judge, store.

Collecting stands in `service.intake`, announcing with whoever asked. Every step may be run again: the
same inputs find the run that they made.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from model.definition import canonical
from model.digests import digest
from model.domain import Forecast
from model.errors import PosterityError, Unavailable, UsageError
from model.evidence import Evidence
from model.snapshot import snapshot
from service.accounts import evidence_of
from service.closing import closed
from service.composition import Service
from service.documents import Document
from service.draws import keep
from service.knowledge import known_evidence
from service.making import Asked, Inputs, made
from service.outlooks import resolve_due
from storage.forecasts import Recorded, record_version
from storage.runs import RunRecord, StoredRun, latest_published, standing_run, store_run

if TYPE_CHECKING:
    from model.posterior import Posterior

Say = Callable[[str], None]


def night(service: Service, forecasts: Sequence[Forecast], *, as_of: date, say: Say) -> Iterator[Document]:
    """Update forecasts one after the other; one that fails is recorded as failed, and the next goes on.

    Where PyMC checks a rotating sample (``[model] pymc``), `service.sampled_nights` does it instead.

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
        A process was ended from outside; or the database or the folder of the draws is out of reach.
    """
    _check_cutoff(service, forecasts, as_of)
    over = closed(service, forecasts, as_of=as_of)
    if service.configuration.model.pymc is not None:
        from service.sampled_nights import sampled_night  # noqa: PLC0415 - which loads the exact engine

        yield from sampled_night(service, forecasts, as_of=as_of, say=say)
        return
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
    asked = ask(service, known_evidence(service, forecast, as_of=as_of))
    if not isinstance(asked, Asked):
        return asked
    record = with_pymc(service, asked, say)
    return store(service, record, seconds=round(time.perf_counter() - started, 3))


def ask(service: Service, evidence: Evidence, sample: Document | None = None) -> Asked | Document:
    """Put together what a run is made from; or give the run of the same inputs that stands, as unchanged.

    Parameters
    ----------
    sample
        Where PyMC checks a rotating sample: whether this run is in it. A run that is, and stands without
        PyMC's part, is made anew.
    """
    forecast, as_of = evidence.forecast, evidence.as_of
    version = state_version(service, forecast)
    seen = snapshot(evidence, service.configuration.grades.worth())
    inputs = Inputs.seen(evidence, seen)
    with service.database.reading() as session:
        standing = standing_run(session, forecast.id, as_of)
        if standing and inputs == Inputs.of(standing):
            document = json.loads(standing.document)
            if document["pymc"] is not None or (sample is not None and not sample["drawn"]):
                return {**document, "status": "unchanged"}
        previous = latest_published(session, forecast.id, at_most=as_of)
        before = _evidence_before(session, previous)
    return Asked(
        evidence=evidence,
        seen=seen,
        inputs=inputs,
        previous=replace(previous, document="") if previous else None,  # which may go to another process
        before=before,
        supersedes=standing.run if standing else 0,
        at=service.clock(),
        remarks=_changed(version),
        sample=sample,
    )


def _evidence_before(session: Session, previous: StoredRun | None) -> Evidence | None:
    """Restore what counted at the run in force; where that cannot be, nobody can say what moved since."""
    try:
        return evidence_of(session, previous) if previous else None
    except Unavailable:
        raise
    except PosterityError:
        return None


def with_pymc(service: Service, asked: Asked, say: Say) -> RunRecord:
    """Make a run by both computations."""

    def infer(evidence: Evidence) -> "Posterior":
        from model.update import update  # noqa: PLC0415 - loads SciPy, which an unchanged night need not pay

        return update(evidence, fingerprint=asked.inputs.fingerprint, say=say)

    def kept(posterior: "Posterior") -> str | None:
        draws = service.configuration.storage.draws
        return keep(draws, asked.evidence, posterior, asked.inputs.fingerprint)

    return made(asked, infer, kept)


def state_version(service: Service, forecast: Forecast) -> Recorded:
    """Record the definition in force, if it is new."""
    with service.database.session() as session:
        definition = canonical(forecast)
        return record_version(session, forecast.id, definition, digest(definition), at=service.clock())


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


def _changed(version: Recorded) -> list[str]:
    """Warn of an elicitation that was changed by someone who had seen evidence."""
    if not (version.new and version.evidence_seen):
        return []
    paths = ", ".join(str(change["path"]) for change in version.difference)
    return [f"the forecast was changed after evidence had been seen (version {version.version}: {paths})"]


def store(service: Service, record: RunRecord, *, seconds: float | None = None) -> Document:
    """Store a run in a transaction of its own, and give its document."""
    taken = record.seconds if seconds is None else seconds
    document = {**record.document, "seconds": taken}
    complete = replace(record, seconds=taken, document=document, recorded_at=service.clock())
    with service.database.session() as session:
        number = store_run(session, complete)
    return {**document, "run": number}
