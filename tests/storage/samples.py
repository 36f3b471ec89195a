"""Values to store."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from model.dates import CoarseDate
from model.domain import Report, Verdict
from storage.outlooks import StoredExpectation
from storage.runs import RunRecord, ScenarioPosterior


def moment(day: int, hour: int = 3) -> datetime:
    """A moment of January 2026, when the nightly job runs."""
    return datetime(2026, 1, day, hour, tzinfo=UTC)


def report(id: str = "r1", published: str = "2025-07-02", **changes: Any) -> Report:  # noqa: A002
    if isinstance(changes.get("occurred"), str):
        changes["occurred"] = CoarseDate.parse(changes["occurred"])
    plain = Report(
        id=id,
        published=CoarseDate.parse(published),
        tag="coproduction_agreement",
        country="VE",
        headline="Завод боеприпасов: first stage opened",
    )
    return replace(plain, **changes)


def run(**changes: Any) -> RunRecord:
    document: Mapping[str, object] = {"forecast": "rla", "run": None, "probabilities": {"base": 0.53}}
    posteriors = (
        ScenarioPosterior(scenario="downside", probability=0.43, prior=0.15, word="unlikely"),
        ScenarioPosterior(
            scenario="base",
            probability=0.53,
            prior=0.6,
            band_low=0.43,
            band_high=0.62,
            pymc_probability=0.531,
            monte_carlo_error=0.001,
            word="roughly even chance",
            log_evidence=-12.25,
            pymc_log_evidence=-12.2,
        ),
    )
    plain = RunRecord(
        forecast_id="rla",
        as_of=date(2026, 1, 10),
        status="published",
        engine="exact",
        evidence_digest="sha256:e",
        forecast_digest="sha256:f",
        code_digest="sha256:c",
        recorded_at=moment(10),
        seconds=9.1,
        document=document,
        observed_until=date(2026, 1, 9),
        evidence={"events": ["ve-plant"]},
        posteriors=posteriors,
        checks=(Verdict(name="rhat", figure=1.002, threshold=1.01, passed=True),),
        warnings=("1 event after observed_until does not count",),
        draws="draws/1.nc",
    )
    return replace(plain, **changes)


def expectation(**changes: Any) -> StoredExpectation:
    plain = StoredExpectation(
        indicator="deals",
        days=7,
        starts_on=date(2026, 1, 10),
        until=date(2026, 1, 17),
        probability=0.25,
    )
    return replace(plain, **changes)
