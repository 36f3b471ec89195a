"""Runs whose documents say what they believed, as a night writes them, but for the work of a night."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from model.words import word
from storage.forecasts import current_version
from storage.runs import ScenarioPosterior, Status, latest_published, store_run
from tests.service.stations import Station
from tests.storage.samples import run

CAUSE = {
    "kind": "event",
    "indicator": "deals",
    "event": "deal-pe",
    "scenario": None,
    "text": "Peru signs (deal, Peru, 2026-01-04, credibility 0.8)",
    "bits": {"down": -0.5, "up": 0.3},
    "points": {"down": -9.5, "up": 9.5},
}
EXPECTED = {"indicator": "deals", "days": 7, "until": "2026-01-27", "probability": 0.25}


def believed(
    station: Station,
    as_of: date,
    up: float | None,
    *,
    forecast: str = "quiet",
    status: Status = "published",
    known_at: datetime | None = None,
    draws: str | None = None,
    **document: Any,
) -> int:
    """Store a run that holds `up` to be so probable; recorded in the night after its cutoff."""
    moment = known_at or datetime.combine(as_of + timedelta(days=1), time(2, 15), UTC)
    now = None if up is None else {"down": 1 - up, "up": up}
    with station.service.database.session() as session:
        before = latest_published(session, forecast, at_most=as_of)
        previous = {one.scenario: one.probability for one in before.posteriors} if before else None
        told = _document(forecast, as_of, status, now, previous) | document
        posteriors = [_posterior(*one) for one in (now or {}).items()]
        record = run(
            forecast_digest=_defined(session, forecast),
            forecast_id=forecast,
            as_of=as_of,
            status=status,
            recorded_at=moment,
            document=told,
            posteriors=posteriors,
            draws=draws,
            code_digest=f"sha256:{moment}",
        )
        return store_run(session, record)


def _defined(session: Session, forecast_id: str) -> str:
    """The digest of the definition on record, if there is one."""
    version = current_version(session, forecast_id)
    return version.digest if version else "sha256:f"


def days_of(station: Station, first: date, ups: list[float]) -> list[int]:
    """Store a run for each of a row of days."""
    return [believed(station, first + timedelta(days=n), up) for n, up in enumerate(ups)]


def _posterior(scenario: str, probability: float) -> ScenarioPosterior:
    prior = {"down": 0.4, "up": 0.6}[scenario]
    low, high = max(0.0, probability - 0.1), min(1.0, probability + 0.1)
    return ScenarioPosterior(
        scenario=scenario,
        probability=probability,
        prior=prior,
        band_low=low,
        band_high=high,
        word=word(probability),
    )


def _document(
    forecast: str,
    as_of: date,
    status: Status,
    now: Mapping[str, float] | None,
    previous: Mapping[str, float | None] | None,
) -> dict[str, Any]:
    came = now is not None
    return {
        "forecast": forecast,
        "as_of": as_of.isoformat(),
        "observed_until": as_of.isoformat() if came else None,
        "unobserved_days": 0 if came else None,
        "run": None,
        "status": status,
        "engine": "exact",
        "probabilities": now,
        "pymc": None,
        "prior": {"down": 0.4, "up": 0.6},
        "previous": previous,
        "band": {one: [max(0.0, p - 0.1), min(1.0, p + 0.1)] for one, p in now.items()} if now else None,
        "log_evidence": {"down": -1.25, "up": None} if came else None,
        "words": {one: word(p) for one, p in now.items()} if now else None,
        "events": 1 if came else None,
        "reports": 2 if came else None,
        "checks": [{"name": "rhat", "figure": None, "threshold": 1.01, "passed": None}],
        "sample": None,
        "warnings": [] if came else ["it could not be computed"],
        "moved": [CAUSE] if came and previous else None,
        "reasons": [CAUSE] if came else None,
        "outlook": [EXPECTED] if came else None,
        "watch": [],
        "diagnostics": None,
        "versions": {"forecast": "sha256:f", "evidence": "sha256:e", "code": "sha256:c"},
        "seconds": 9.5 if came else None,
    }
