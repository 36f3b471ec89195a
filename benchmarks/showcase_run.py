"""A night without sampling: the exact engine's numbers, stored as a night stores them."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any, Literal

from model import exact
from model.attribution import reasons
from model.band import band
from model.definition import forecast_digest
from model.digests import digest
from model.domain import Forecast, Verdict
from model.errors import PosterityError
from model.evidence import Evidence
from model.fingerprint import code_digest
from model.outlook import outlook
from model.snapshot import snapshot
from model.watch import watch
from model.words import word
from service import documents
from service.accounts import evidence_of, expectations, movement_lines, reason_lines
from service.composition import Service
from service.knowledge import known_evidence
from service.nightly import state_version
from service.outlooks import outlook_rows
from storage.runs import RunRecord, ScenarioPosterior, StoredRun, latest_published, store_run

type Status = Literal["published", "held", "failed"]

_DRAWS = 200  # of the band: enough to be looked at


def computed(service: Service, forecast: Forecast, as_of: date, *, held: bool = False) -> Status:
    """Compute one forecast at one cutoff and store the run; held ones carry a check that failed."""
    state_version(service, forecast)
    evidence = known_evidence(service, forecast, as_of=as_of)
    seen = snapshot(evidence, service.configuration.grades.worth())
    made_from = documents.versions(forecast_digest(forecast), digest(seen), code_digest())
    try:
        document, status = _document(service, evidence, made_from, held=held)
    except PosterityError as error:
        prior = {one.id: one.prior for one in forecast.scenarios}
        document = documents.failed(forecast.id, as_of, prior, str(error), made_from=made_from)
        status = "failed"
    with service.database.session() as session:
        store_run(session, _record(service, evidence, seen, document, status))
    return status


def _document(
    service: Service, evidence: Evidence, made_from: documents.Versions, *, held: bool
) -> tuple[documents.Document, Status]:
    log_z = exact.log_evidence(evidence)
    now, bands = exact.probabilities(evidence, log_z), band(evidence, draws=_DRAWS)
    with service.database.reading() as session:
        previous = latest_published(session, evidence.forecast.id, at_most=evidence.as_of)
        before = evidence_of(session, previous) if previous else None
    status: Status = "held" if held else "published"
    said = {
        "observed_until": evidence.observed_until.isoformat(),
        "unobserved_days": documents.unobserved_days(evidence),
        "status": status,
        "probabilities": now,
        "previous": _probabilities(previous),
        "band": {one: list(ends) for one, ends in bands.items()},
        "log_evidence": {one: documents.finite(z) for one, z in log_z.items()},
        "words": {one: word(probability) for one, probability in now.items()},
        "events": len(evidence.events),
        "reports": sum(len(event.reports) for event in evidence.events),
        "checks": [asdict(one) for one in _checks(held=held)],
        "warnings": list(evidence.warnings),
        "moved": movement_lines(before, evidence) if before else None,
        "reasons": reason_lines(evidence, reasons(evidence)),
        "outlook": expectations(outlook(evidence)),
        "watch": expectations(watch(evidence)),
        "diagnostics": None,
        "seconds": 9.4,
    }
    prior = {one.id: one.prior for one in evidence.forecast.scenarios}
    empty = documents.failed(evidence.forecast.id, evidence.as_of, prior, "", made_from=made_from)
    return empty | said, status


def _probabilities(run: StoredRun | None) -> dict[str, float | None] | None:
    return {one.scenario: one.probability for one in run.posteriors} if run else None


def _checks(*, held: bool) -> tuple[Verdict, ...]:
    figure = 1.034 if held else 1.002
    return (
        Verdict(name="rhat", figure=figure, threshold=1.01, passed=not held),
        Verdict(name="ess_bulk", figure=812.0, threshold=100, passed=True),
        Verdict(name="divergences", figure=0, threshold=0, passed=True),
        Verdict(name="log_evidence_gap", figure=0.004, threshold=0.05, passed=True),
        Verdict(name="monte_carlo_error", figure=None, threshold=0.003, passed=None),
    )


def _record(
    service: Service,
    evidence: Evidence,
    seen: Mapping[str, object],
    document: Mapping[str, Any],
    status: Status,
) -> RunRecord:
    came = status != "failed"
    return RunRecord(
        forecast_id=evidence.forecast.id,
        as_of=evidence.as_of,
        status=status,
        engine="exact",
        evidence_digest=document["versions"]["evidence"],
        forecast_digest=document["versions"]["forecast"],
        code_digest=document["versions"]["code"],
        recorded_at=service.clock(),
        seconds=9.4,
        document=document,
        observed_until=evidence.observed_until,
        evidence=seen,
        posteriors=_posteriors(evidence, document) if came else (),
        checks=_checks(held=status == "held") if came else (),
        warnings=tuple(document["warnings"]),
        outlook=outlook_rows(evidence, outlook(evidence)) if came else (),
    )


def _posteriors(evidence: Evidence, document: Mapping[str, Any]) -> list[ScenarioPosterior]:
    return [
        ScenarioPosterior(
            scenario=one.id,
            probability=document["probabilities"][one.id],
            prior=one.prior,
            band_low=document["band"][one.id][0],
            band_high=document["band"][one.id][1],
            word=document["words"][one.id],
            log_evidence=document["log_evidence"].get(one.id),
        )
        for one in evidence.forecast.scenarios
    ]
