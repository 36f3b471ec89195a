"""The band of sensitivity: how far the number would move if what was stated were off by as much as it may be.

Not a credible interval: nothing is learned about the elicitation from the evidence.
"""

import numpy as np
from scipy.special import expit, logit

from model.definition import canonical
from model.digests import digest
from model.evidence import Evidence
from model.exact import Rows, log_evidence_of_rows
from model.finite_sums import log_product
from model.impossible import ruled_out
from model.quadrature import Array

DRAWS = 1000
QUANTILES = (0.1, 0.9)
_CHUNK = 250  # draws computed at a time: what fits the processor's cache is fastest
_ERROR = 1e-7  # of an integral that has no finite sum: a quantile of a thousand draws needs no more
_LEAST = 1e-300  # a drawn prior is never quite 0


def band(evidence: Evidence, *, draws: int = DRAWS) -> dict[str, tuple[float, float]]:
    """Recompute the probabilities under elicitations drawn about the stated one.

    ``w ~ Dirichlet(κ π)``, ``E' = E exp(ε)``, ``ε ~ Normal(0, elicitation_sd)`` independently for each
    indicator and scenario, the same error on the log-odds of a one-off's q; 0, 1 and a prior of 0
    stay. The draws are the same for every night of one version of the forecast.

    Parameters
    ----------
    evidence
        What counts at the cutoff.
    draws
        How many elicitations to draw.

    Returns
    -------
    dict
        By scenario, the 10 % and 90 % quantiles of its probability.
    """
    out = ruled_out(evidence)
    possible = [one for one in evidence.forecast.scenarios if one.prior > 0]
    left = np.array([one.id not in out for one in possible])
    priors, stated, mean = _drawn(evidence, [one.id for one in possible], draws)
    rows = (_rows(stated, mean, left, slice(start, start + _CHUNK)) for start in range(0, draws, _CHUNK))
    found = [log_evidence_of_rows(evidence, some, error=_ERROR, product=log_product) for some in rows]
    log_z = np.concatenate(found).reshape(draws, left.sum())
    log_joint = np.log(priors[:, left]) + log_z
    shares = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
    low, high = np.quantile(shares / shares.sum(axis=1, keepdims=True), QUANTILES, axis=0)
    names = [one.id for one, stays in zip(possible, left, strict=True) if stays]
    ends = {name: (float(least), float(most)) for name, least, most in zip(names, low, high, strict=True)}
    return {one.id: ends.get(one.id, (0.0, 0.0)) for one in evidence.forecast.scenarios}


def _drawn(
    evidence: Evidence, scenarios: list[str], draws: int
) -> tuple[Array, dict[str, Array], dict[str, Array]]:
    """Priors, and by indicator the stated numbers, each (draws, scenarios); and their means, (draws,)."""
    forecast = evidence.forecast
    rng = np.random.default_rng(int(digest(canonical(forecast)).removeprefix("sha256:")[:16], 16))
    prior = np.array([one.prior for one in forecast.scenarios if one.prior > 0])
    priors = np.maximum(_LEAST, rng.dirichlet(forecast.prior_strength * prior, size=draws))
    stated: dict[str, Array] = {}
    for indicator in forecast.indicators:
        numbers = np.array([indicator.stated[one] for one in scenarios])
        error = forecast.elicitation_sd * rng.standard_normal((draws, len(scenarios)))
        stated[indicator.id] = (
            numbers * np.exp(error) if indicator.recurs else expit(_log_odds(numbers) + error)
        )
    return priors, stated, {name: np.sum(priors * numbers, axis=1) for name, numbers in stated.items()}


def _log_odds(probabilities: Array) -> Array:
    with np.errstate(divide="ignore"):
        return np.asarray(logit(probabilities))


def _rows(stated: dict[str, Array], mean: dict[str, Array], left: Array, some: slice) -> Rows:
    """Lay out some draws, the scenarios of each draw together."""
    scenarios = int(left.sum())
    return Rows(
        stated={name: numbers[some][:, left].ravel() for name, numbers in stated.items()},
        mean={name: numbers[some].repeat(scenarios) for name, numbers in mean.items()},
    )
