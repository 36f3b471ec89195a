"""A run as JSON: what `posterity run --json` prints, and what is stored and served word for word."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from model.evidence import Evidence
from model.words import word
from service.accounts import Lines, expectations, reason_lines
from storage.runs import ScenarioPosterior, StoredRun

if TYPE_CHECKING:
    from model.posterior import Posterior  # loads SciPy
    from model.update import Sampled

FIELDS = (
    "forecast",
    "as_of",
    "observed_until",
    "unobserved_days",
    "run",
    "status",
    "engine",
    "probabilities",
    "pymc",
    "prior",
    "previous",
    "band",
    "log_evidence",
    "words",
    "events",
    "reports",
    "checks",
    "sample",
    "warnings",
    "moved",
    "reasons",
    "outlook",
    "watch",
    "diagnostics",
    "versions",
    "seconds",
)

type Document = dict[str, Any]
type Versions = Mapping[str, str | None]


def versions(forecast: str, evidence: str | None, code: str) -> Versions:
    """Name what a run was made from."""
    return {"forecast": forecast, "evidence": evidence, "code": code}


def published(  # noqa: PLR0913 - what a document tells of
    evidence: Evidence,
    posterior: "Posterior",
    previous: StoredRun | None,
    *,
    moved: Lines | None,
    made_from: Versions,
    sample: Document | None = None,
) -> Document:
    """Describe a run that came to a result; its number and duration are put in when it is stored.

    Parameters
    ----------
    previous, moved
        The run that was in force, and what moved the probabilities since; null where there was none.
    sample
        Where PyMC checks a rotating sample: whether it did this run, and when it last did before.
    """
    why = posterior.reasons
    return {
        "forecast": evidence.forecast.id,
        "as_of": evidence.as_of.isoformat(),
        "observed_until": evidence.observed_until.isoformat(),
        "unobserved_days": unobserved_days(evidence),
        "run": None,
        "status": posterior.status,
        "engine": "exact",
        "probabilities": dict(posterior.probabilities),
        "pymc": None if posterior.sampled is None else _pymc(posterior.sampled),
        "prior": {one.id: one.prior for one in evidence.forecast.scenarios},
        "previous": _probabilities(previous),
        "band": {one: list(ends) for one, ends in posterior.band.items()},
        "log_evidence": _finite(posterior.log_evidence),
        "words": {one: word(probability) for one, probability in posterior.probabilities.items()},
        "events": len(evidence.events),
        "reports": sum(len(event.reports) for event in evidence.events),
        "checks": [asdict(one) | {"figure": finite(one.figure)} for one in posterior.checks],
        "sample": sample,
        "warnings": list(posterior.warnings),
        "moved": moved,
        "reasons": None if why is None else reason_lines(evidence, why),
        "outlook": expectations(posterior.outlook),
        "watch": expectations(posterior.watch),
        "diagnostics": None if posterior.sampled is None else _diagnosed(evidence, posterior),
        "versions": dict(made_from),
        "seconds": None,
    }


def _pymc(sampled: "Sampled") -> Document:
    return {
        "probabilities": _finite(sampled.probabilities),
        "monte_carlo_error": _finite(sampled.monte_carlo_error),
    }


def _diagnosed(evidence: Evidence, posterior: "Posterior") -> Document:
    from model.diagnostics import diagnose  # noqa: PLC0415 - loads SciPy

    return diagnose(evidence, posterior)


def failed(
    forecast: str,
    as_of: date,
    prior: Mapping[str, float],
    reason: str,
    *,
    made_from: Versions,
) -> Document:
    """Describe a run that came to none, in the same shape."""
    known = {
        "forecast": forecast,
        "as_of": as_of.isoformat(),
        "status": "failed",
        "engine": "exact",
        "prior": dict(prior),
        "checks": [],
        "warnings": [reason],
        "versions": dict(made_from),
    }
    return dict.fromkeys(FIELDS) | known


def posteriors(evidence: Evidence, posterior: "Posterior") -> list[ScenarioPosterior]:
    """Give the same numbers as rows, in the forecast's order."""
    sampled = posterior.sampled
    return [
        ScenarioPosterior(
            scenario=one.id,
            probability=posterior.probabilities[one.id],
            prior=one.prior,
            band_low=posterior.band[one.id][0],
            band_high=posterior.band[one.id][1],
            pymc_probability=sampled.probabilities[one.id] if sampled else None,
            monte_carlo_error=sampled.monte_carlo_error[one.id] if sampled else None,
            word=word(posterior.probabilities[one.id]),
            log_evidence=finite(posterior.log_evidence.get(one.id)),
            pymc_log_evidence=finite(sampled.log_evidence.get(one.id)) if sampled else None,
        )
        for one in evidence.forecast.scenarios
    ]


def unobserved_days(evidence: Evidence) -> int:
    """Days up to the cutoff (or the horizon, if that is earlier) on which nobody was looking."""
    end = min(evidence.as_of, evidence.forecast.horizon)
    return max(0, (end - evidence.observed_until).days)


def finite(value: float | None) -> float | None:
    """Give a number as JSON can hold it.

    Missing are −∞, the log evidence of a scenario ruled out, and what a fit that went astray left behind.
    """
    return value if value is not None and math.isfinite(value) else None


def _finite(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: finite(value) for name, value in values.items()}


def _probabilities(run: StoredRun | None) -> dict[str, float | None] | None:
    return {one.scenario: one.probability for one in run.posteriors} if run else None
