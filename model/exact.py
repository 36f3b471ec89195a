"""The exact engine: each scenario's evidence by quadrature. No sampling, no compilation, no error."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from model.domain import Event
from model.errors import Unresolved
from model.evidence import Evidence, IndicatorEvidence
from model.impossible import certain, mean_stated, ruled_out
from model.quadrature import ERROR, Array
from model.recurring import Product, Recurring, latents


def log_evidence(evidence: Evidence) -> dict[str, float]:
    """Compute ``log Z_s = log p(data | s)`` for each scenario with a prior above 0.

    Densities common to all scenarios are left out.

    Parameters
    ----------
    evidence
        What counts at the cutoff.

    Returns
    -------
    dict
        log Z by scenario id, in the forecast's order; −inf for a scenario that is ruled out.

    Raises
    ------
    Impossible
        Every scenario is ruled out.
    Unresolved
        The numbers are too extreme for the quadrature to reach 1e-7.
    """
    out = ruled_out(evidence)
    possible = [one.id for one in evidence.forecast.scenarios if one.prior > 0]
    left = [one for one in possible if one not in out]
    found = dict(zip(left, log_evidence_of_rows(evidence, as_stated(evidence, left)), strict=True))
    return {one: float(found.get(one, -math.inf)) for one in possible}


def posterior(evidence: Evidence) -> dict[str, float]:
    """Compute ``P(s | data)`` for every scenario of the forecast, in its order; sums to 1."""
    return probabilities(evidence, log_evidence(evidence))


def probabilities(evidence: Evidence, log_z: Mapping[str, float]) -> dict[str, float]:
    """Turn log evidences into ``π_s Z_s / Σ_r π_r Z_r``; a scenario without one has probability 0."""
    scenarios = evidence.forecast.scenarios
    log_joint = np.array(
        [math.log(one.prior) + log_z[one.id] if one.prior > 0 else -math.inf for one in scenarios]
    )
    shares = np.exp(log_joint - log_joint.max())
    return {one.id: float(share) for one, share in zip(scenarios, shares / shares.sum(), strict=True)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """Elicited numbers, a row for each scenario: of one elicitation, or of many drawn at random.

    Parameters
    ----------
    stated
        By indicator, ``E`` or ``q`` under the row's scenario, shape (rows,).
    mean
        By indicator, ``Ē`` or ``q̄`` of the row's elicitation, shape (rows,).
    """

    stated: Mapping[str, Array]
    mean: Mapping[str, Array]


def log_evidence_of_rows(
    evidence: Evidence, rows: Rows, *, error: float = ERROR, product: Product | None = None
) -> Array:
    """Compute log Z for many elicitations at once; none of the rows may be ruled out.

    Parameters
    ----------
    error
        Relative error of the integrals over volumes.
    product
        As `model.recurring.latents` has it.

    Returns
    -------
    ndarray, shape (rows,)

    Raises
    ------
    Unresolved
        As `log_evidence` does.
    """
    one_off: Array = np.zeros(1)
    recurring: list[Recurring] = []
    for seen in evidence.indicators:
        stated, mean = rows.stated[seen.indicator.id], rows.mean[seen.indicator.id]
        if seen.indicator.recurs:
            recurring.append(recurring_rows(seen, stated, mean, error=error))
        else:
            one_off = one_off + _log_one_off(evidence, seen, stated, mean)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        total = one_off + latents(recurring, evidence.forecast.coverage_sd, product).log_evidence
    if not np.all(np.isfinite(total)):
        raise Unresolved(f"{evidence.forecast.id}: rates too extreme for double precision")
    return total


def as_stated(evidence: Evidence, scenarios: Sequence[str]) -> Rows:
    """Lay out the forecast's own elicitation, a row for each of these scenarios."""
    seen = evidence.indicators
    return Rows(
        stated={one.indicator.id: np.array([one.indicator.stated[s] for s in scenarios]) for one in seen},
        mean={one.indicator.id: np.full(len(scenarios), mean_stated(evidence, one)) for one in seen},
    )


def recurring_rows(
    seen: IndicatorEvidence, expected: Array, noise: Array, *, error: float = ERROR
) -> Recurring:
    """Lay out what a recurring indicator saw, under the rows' E and Ē."""
    return Recurring(
        expected=expected,
        noise=noise,
        credibilities=np.array([event.credibility for event in weighing(seen, mean=float(noise.max()))]),
        exposure=seen.exposure,
        spread=seen.indicator.spread,
        error=error,
    )


def weighing(seen: IndicatorEvidence, *, mean: float) -> tuple[Event, ...]:
    """Select the counted events that say something: with no noise rate, rumours say nothing."""
    return seen.counted if mean else certain(seen)


def log_one_off(evidence: Evidence, seen: IndicatorEvidence) -> dict[str, float]:
    """Compute the log-likelihood of a one-off alone, for each scenario with a prior above 0."""
    possible = [one.id for one in evidence.forecast.scenarios if one.prior > 0]
    rows, name = as_stated(evidence, possible), seen.indicator.id
    found = _log_one_off(evidence, seen, rows.stated[name], rows.mean[name])
    return dict(zip(possible, found.tolist(), strict=True))


def _log_one_off(evidence: Evidence, seen: IndicatorEvidence, probability: Array, mean: Array) -> Array:
    """``log L`` of a one-off, shape (rows,): at most one of its candidates is real."""
    sure = certain(seen)[:1]  # of several certain candidates the earliest stands
    doubtful = [event for event in seen.counted if event.credibility < 1]
    if not mean.any():
        return np.zeros_like(probability)
    noise = math.fsum(math.log1p(-event.credibility) for event in doubtful)
    real = np.zeros_like(probability)
    for event in sure or doubtful:
        odds = 1.0 if sure else event.credibility / (1 - event.credibility)
        known = seen.indicator.elapsed(evidence.forecast.u(event.first_published))
        real += odds * np.maximum(0.0, 1 - mean * known)
    silence = 0.0 if sure else 1 - probability * seen.exposure
    with np.errstate(divide="ignore"):
        return np.asarray(noise + np.log(silence + probability / mean * real))
