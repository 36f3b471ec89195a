"""The gate: what a fit must show before its night is published."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from model import mixing
from model.domain import Verdict
from model.sampling import ScenarioFit
from model.tabulation import Array

MATTERS = 1e-6  # a scenario below this probability by both computations is not judged
RHAT = 1.01
ESS_PER_CHAIN = 100.0
ERRORS_APART = 4.0
NATS_APART = 0.05
MONTE_CARLO_ERROR = 0.003
_TAILS = (0.05, 0.95)


def judge(
    fits: Mapping[str, ScenarioFit],
    *,
    exact_log_z: Mapping[str, float],
    exact: Mapping[str, float],
    sampled: Mapping[str, float],
) -> tuple[Verdict, ...]:
    """Judge a night's fits against their own diagnostics and against the exact engine.

    Parameters
    ----------
    fits
        By scenario, those that the evidence does not rule out.
    exact_log_z
        The exact engine's log evidences.
    exact, sampled
        Probabilities by either computation; a scenario above 1e-6 by one of them is judged.

    Returns
    -------
    tuple of Verdict
        The worst figure over the judged scenarios for each of: ``rhat`` (< 1.01), ``ess_bulk`` and
        ``ess_tail`` per chain (≥ 100), ``divergences`` (none), ``log_evidence_gap`` (≤ 0.05 nats) and
        ``log_evidence_gap_in_errors`` (≤ 4 standard errors), ``monte_carlo_error`` (≤ 0.003). Where
        no scenario has latents the checks of chains do not apply.
    """
    judged = {one: fit for one, fit in fits.items() if max(exact[one], sampled[one]) > MATTERS}
    latents = [fit.latents for fit in judged.values() if fit.latents.shape[-1]]
    errors = monte_carlo_error(sampled, {one: fit.estimate.error for one, fit in fits.items()})
    gaps = {one: abs(fit.estimate.log_z - exact_log_z[one]) for one, fit in judged.items()}
    return (
        _chains("rhat", latents, _worst_rhat, RHAT, lambda figure: figure < RHAT),
        _chains("ess_bulk", latents, _least_bulk, ESS_PER_CHAIN, lambda figure: figure >= ESS_PER_CHAIN),
        _chains("ess_tail", latents, _least_tail, ESS_PER_CHAIN, lambda figure: figure >= ESS_PER_CHAIN),
        _divergences([fit for fit in judged.values() if fit.latents.shape[-1]]),
        _at_most("log_evidence_gap", max(gaps.values()), NATS_APART),
        _gap_in_errors(gaps, judged),
        _at_most("monte_carlo_error", max(errors.values()), MONTE_CARLO_ERROR),
    )


def monte_carlo_error(probabilities: Mapping[str, float], errors: Mapping[str, float]) -> dict[str, float]:
    """Compute each probability's standard error, ``p_s √((1−p_s)² e_s² + Σ_{r≠s} p_r² e_r²)``.

    Parameters
    ----------
    probabilities
        By scenario.
    errors
        Standard error of each log evidence; none for a scenario that is ruled out.
    """
    spread = {one: (p * errors.get(one, 0.0)) ** 2 for one, p in probabilities.items()}
    total = math.fsum(spread.values())
    return {
        one: p * math.sqrt(max(0.0, ((1 - p) * errors.get(one, 0.0)) ** 2 + total - spread[one]))
        for one, p in probabilities.items()
    }


def passes(verdicts: Sequence[Verdict]) -> bool:
    """Whether no check failed; a check that does not apply fails nothing."""
    return all(verdict.passed is not False for verdict in verdicts)


def _chains(
    name: str,
    latents: Sequence[Array],
    figure_of: Callable[[Sequence[Array]], float],
    threshold: float,
    passed: Callable[[float], bool],
) -> Verdict:
    if not latents:
        return Verdict(name=name, figure=None, threshold=threshold, passed=None)
    figure = figure_of(latents)
    return Verdict(name=name, figure=figure, threshold=threshold, passed=passed(figure))


def _worst_rhat(latents: Sequence[Array]) -> float:
    return max(float(mixing.rhat(_latent_first(one)).max()) for one in latents)


def _least_bulk(latents: Sequence[Array]) -> float:
    return min(float(mixing.ess(_latent_first(one)).min()) / len(one) for one in latents)


def _least_tail(latents: Sequence[Array]) -> float:
    tails = (mixing.ess(_latent_first(one), method="tail", prob=_TAILS) for one in latents)
    return min(float(tail.min()) / len(one) for tail, one in zip(tails, latents, strict=True))


def _latent_first(latents: Array) -> Array:
    """From (chains, draws, latents) to (latents, chains, draws)."""
    return np.moveaxis(latents, -1, 0)


def _divergences(sampled: Sequence[ScenarioFit]) -> Verdict:
    if not sampled:
        return Verdict(name="divergences", figure=None, threshold=0, passed=None)
    return _at_most("divergences", float(sum(fit.statistics["diverging"].sum() for fit in sampled)), 0)


def _gap_in_errors(gaps: Mapping[str, float], judged: Mapping[str, ScenarioFit]) -> Verdict:
    """Without latents there is no error to measure in; the gap in nats still holds."""
    ratios = [gaps[one] / fit.estimate.error for one, fit in judged.items() if fit.estimate.error > 0]
    if not ratios:
        return Verdict(name="log_evidence_gap_in_errors", figure=None, threshold=ERRORS_APART, passed=None)
    return _at_most("log_evidence_gap_in_errors", max(ratios), ERRORS_APART)


def _at_most(name: str, figure: float, threshold: float) -> Verdict:
    return Verdict(name=name, figure=figure, threshold=threshold, passed=figure <= threshold)
