"""What stands behind a stored run: its evidence again, and why its probabilities are what they are."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from model.attribution import Cause, reasons
from model.definition import forecast_from
from model.errors import PosterityError, Unknown
from model.evidence import Evidence
from model.movement import moved
from model.outlook import Expectation, outlook
from model.snapshot import restored
from model.watch import Watched, watch
from service.composition import Service
from service.wording import Wording
from storage.forecasts import current_version
from storage.history import first_published
from storage.runs import StoredRun, current_run, evidence_snapshot, latest_published

type Lines = list[dict[str, Any]]


def published_run(service: Service, forecast_id: str, *, as_of: date | None = None) -> StoredRun:
    """Look up what was believed at a cutoff: the newest published run at or before it.

    Raises
    ------
    Unknown
        The forecast is not known, or had not been run by then; it says when it first was.
    """
    with service.database.reading() as session:
        run = latest_published(session, forecast_id, at_most=as_of)
        first = first_published(session, forecast_id)
    if run:
        return run
    if first is None:
        service.forecast(forecast_id)  # which says so where it is not known at all
        raise Unknown(f"{forecast_id} has no published run yet; try `posterity run`")
    raise Unknown(
        f"{forecast_id} has no published run as of {as_of} or before; the first is as of {first}, "
        "so write that day or a later one"
    )


def newest_run(service: Service, forecast_id: str, *, as_of: date | None = None) -> StoredRun:
    """Look up the newest run of a cutoff, held and failed ones too; else what was believed then.

    Raises
    ------
    Unknown
        As `published_run` does.
    """
    with service.database.reading() as session:
        run = current_run(session, forecast_id, as_of)
    return run or published_run(service, forecast_id, as_of=as_of)


def evidence_of(session: Session, run: StoredRun) -> Evidence:
    """Restore what counted at a run, under the definition that it was made with.

    Raises
    ------
    PosterityError
        The run has none: it failed before its evidence was known.
    """
    snapshot = evidence_snapshot(session, run.evidence_digest) if run.evidence_digest else None
    version = current_version(session, run.forecast_id, digest=run.forecast_digest)
    if snapshot is None or version is None:
        raise PosterityError(f"run {run.run} kept no evidence")
    return restored(snapshot, forecast_from(version.definition), run.as_of)


def reason_lines(evidence: Evidence, causes: Sequence[Cause]) -> Lines:
    """Describe causes for JSON, each with its words."""
    return lines(causes, Wording(before=None, after=evidence))


def movement_lines(before: Evidence, after: Evidence, now: Mapping[str, float] | None = None) -> Lines:
    """Describe what moved the probabilities from one run to another; `now` is as `moved` has it."""
    return lines(moved(before, after, now), Wording(before=before, after=after))


def lines(causes: Sequence[Cause], wording: Wording) -> Lines:
    """Describe causes for JSON; what a cause does not have is null."""
    return [
        {
            "kind": one.kind,
            "indicator": one.indicator,
            "event": one.event,
            "scenario": one.scenario,
            "text": wording.sentence(one),
            "bits": dict(one.bits),
            "points": dict(one.points),
        }
        for one in causes
    ]


def expectations(found: Sequence[Expectation] | Sequence[Watched]) -> Lines:
    """Describe the outlook, or what to watch, for JSON."""
    return [asdict(one) | {"until": one.until.isoformat()} for one in found]


def stored_reasons(run: StoredRun, evidence: Evidence) -> Lines:
    """Give the reasons stored with a run; one of a release that stored none is asked again."""
    stored = _stored(run, "reasons")
    return reason_lines(evidence, reasons(evidence)) if stored is None else stored


def stored_watch(run: StoredRun, evidence: Evidence) -> Lines:
    """Give what was to be watched at a run, in the same way."""
    stored = _stored(run, "watch")
    return expectations(watch(evidence)) if stored is None else stored


def stored_outlook(run: StoredRun, evidence: Evidence) -> Lines:
    """Give what was expected at a run, in the same way."""
    stored = _stored(run, "outlook")
    return expectations(outlook(evidence)) if stored is None else stored


def _stored(run: StoredRun, field: str) -> Lines | None:
    found: Lines | None = json.loads(run.document).get(field)
    return found
