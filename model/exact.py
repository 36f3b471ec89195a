"""The exact engine: each scenario's evidence by quadrature. No sampling, no compilation, no error to state.

Given the scenario and the coverage h, indicators are independent and each has one latent volume
``g ~ Gamma(a, a)``, a = 1/spread². With ``B = a + E h X`` and ``x = B g``,

    Z_k(h) = (1 + E h X / a)^−a · E[ Π_i (c_i · E h / B · x + (1 − c_i) · Ē) ],   x ~ Gamma(a, 1),

so that the nodes for x serve every scenario and every h. Coverage, ``h = exp(σ x − σ²/2)``, is then
one more integral over a standard normal x.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import batched

import numpy as np

from model.errors import Unresolved
from model.evidence import Evidence, IndicatorEvidence
from model.impossible import certain, mean_stated, ruled_out
from model.quadrature import Array, gamma_nodes, log_normal_integral, log_sum_exp

NO_SPREAD = 1e-6  # below this n events move log Z by under n² · 1e-12 through a volume's spread
_PRODUCT = 8  # factors multiplied before a logarithm is taken, where the product can be held
_TINY, _HUGE = 1e-290, 1e290


@dataclass(frozen=True, kw_only=True, slots=True)
class _Recurring:
    """One recurring indicator's numbers; rows are scenarios, of one elicitation or of many."""

    expected: Array  # (rows,)
    noise: Array  # (rows,)
    credibilities: Array  # (events,)
    exposure: float
    spread: float

    @property
    def variance(self) -> float:
        return self.spread**2


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
    found = dict(zip(left, log_evidence_of_rows(evidence, _as_stated(evidence, left)), strict=True))
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


def log_evidence_of_rows(evidence: Evidence, rows: Rows) -> Array:
    """Compute log Z for many elicitations at once; none of the rows may be ruled out.

    Returns
    -------
    ndarray, shape (rows,)

    Raises
    ------
    Unresolved
        As `log_evidence` does.
    """
    one_off: Array = np.zeros(1)
    recurring: list[_Recurring] = []
    for seen in evidence.indicators:
        stated, mean = rows.stated[seen.indicator.id], rows.mean[seen.indicator.id]
        if seen.indicator.recurs:
            recurring.append(_recurring(seen, stated, mean))
        else:
            one_off = one_off + _log_one_off(evidence, seen, stated, mean)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        total = one_off + _log_recurring(recurring, evidence.forecast.coverage_sd)
    if not np.all(np.isfinite(total)):
        raise Unresolved(f"{evidence.forecast.id}: rates too extreme for double precision")
    return total


def _as_stated(evidence: Evidence, scenarios: list[str]) -> Rows:
    seen = evidence.indicators
    return Rows(
        stated={one.indicator.id: np.array([one.indicator.stated[s] for s in scenarios]) for one in seen},
        mean={one.indicator.id: np.full(len(scenarios), mean_stated(evidence, one)) for one in seen},
    )


def _recurring(seen: IndicatorEvidence, expected: Array, noise: Array) -> _Recurring:
    counted = seen.counted if noise.any() else certain(seen)  # with no noise rate, rumours say nothing
    return _Recurring(
        expected=expected,
        noise=noise,
        credibilities=np.array([event.credibility for event in counted]),
        exposure=seen.exposure,
        spread=seen.indicator.spread,
    )


def _log_recurring(indicators: list[_Recurring], coverage_sd: float) -> Array:
    """``log ∫ p(h) Π_k Z_k(h) dh``, shape (rows,), or (1,) where nothing recurs."""
    if not indicators:
        return np.zeros(1)
    if coverage_sd == 0:
        return _log_product(indicators, np.zeros(1))[:, 0]
    log_normal = -0.5 * math.log(2 * math.pi)

    def log_h(x: Array) -> Array:
        return np.asarray(coverage_sd * x - coverage_sd**2 / 2)

    def log_integrand(x: Array) -> Array:
        return np.asarray(log_normal - x**2 / 2 + _log_product(indicators, log_h(x)))

    def slope_bounds(x: Array) -> tuple[Array, Array]:
        low, high = _slope_bounds(indicators, np.exp(log_h(x)))
        return coverage_sd * low - x, coverage_sd * high - x

    return log_normal_integral(log_integrand, slope_bounds)


def _slope_bounds(indicators: list[_Recurring], h: Array) -> tuple[Array, Array]:
    """Bounds of ``d Σ log Z_k / d log h``, shape (rows, nodes).

    If j of the n events are real, g ~ Gamma(a + j, a + y) with ``y = E h X``, and the slope
    ``j − E[g] y`` is ``(j − y) / (1 + y/a)``; it is an average of these over j from 0 to n.
    """
    n = np.array([one.credibilities.size for one in indicators])[:, None, None]
    exposed, variance = _exposed(indicators, h)
    return -np.sum(exposed / (1 + variance * exposed), axis=0), np.sum(
        (n - exposed) / (1 + variance * exposed), axis=0
    )


def _exposed(indicators: list[_Recurring], h: Array) -> tuple[Array, Array]:
    """``y = E h X``, shape (indicators, rows, nodes), and 1/a to go with it."""
    variance = np.array([one.variance for one in indicators])[:, None, None]
    return np.array([one.expected * one.exposure for one in indicators])[:, :, None] * h, variance


def _log_product(indicators: list[_Recurring], log_h: Array) -> Array:
    """``Σ_k log Z_k(h)``, shape (rows, nodes)."""
    h = np.exp(log_h)
    total = _log_silence(indicators, h)
    for one in indicators:
        if one.credibilities.size:
            total += _log_events(one, h)
    return total


def _log_silence(indicators: list[_Recurring], h: Array) -> Array:
    """``Σ_k log E[exp(−E g h X)] = −Σ_k a · log(1 + E h X / a)``, shape (rows, nodes)."""
    exposed, variance = _exposed(indicators, h)
    safe = np.where(variance > 0, variance, 1.0)
    return -np.sum(np.where(variance > 0, np.log1p(variance * exposed) / safe, exposed), axis=0)


def _log_events(one: _Recurring, h: Array) -> Array:
    """``log E[Π_i (c_i E h x/B + (1 − c_i) Ē)]``, shape (rows, nodes)."""
    rate = one.expected[:, None] * h
    mean = rate / (1 + one.variance * rate * one.exposure)  # E h x/B at the mean of x
    if one.spread < NO_SPREAD:
        return _log_factors(one, mean)
    nodes, log_weights = gamma_nodes(1 / one.variance, one.credibilities.size)
    return log_sum_exp(log_weights + _log_factors(one, mean[..., None] * one.variance * nodes))


def _log_factors(one: _Recurring, rate: Array) -> Array:
    """``Σ_i log(c_i · rate + (1 − c_i) · Ē)``, of the shape of `rate`."""
    total = np.zeros_like(rate)
    noise = one.noise.reshape(-1, *[1] * (rate.ndim - 1))
    for some in batched(one.credibilities, _PRODUCT):
        factors = [c * rate + (1 - c) * noise for c in some]
        with np.errstate(over="ignore", under="ignore"):
            product = math.prod(factors[1:], start=factors[0])
        if product.min() > _TINY and product.max() < _HUGE:
            total += np.log(product)
        else:
            total += sum(np.log(factor) for factor in factors)
    return total


def log_one_off(evidence: Evidence, seen: IndicatorEvidence) -> dict[str, float]:
    """Compute the log-likelihood of a one-off alone, for each scenario with a prior above 0."""
    possible = [one.id for one in evidence.forecast.scenarios if one.prior > 0]
    rows, name = _as_stated(evidence, possible), seen.indicator.id
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
