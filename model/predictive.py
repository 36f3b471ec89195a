"""What the fitted model would see again: counts replicated over the exposure, beside those observed.

A posterior predictive check uses the data twice, to fit and to check, so that its tails are
conservative: under a true model fewer than one in twenty lie below 5 %. What a count says before
any of it was fitted is `model.surprise`.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from model.evidence import Evidence, IndicatorEvidence
from model.sampling import ScenarioFit
from model.tabulation import Array

LEVEL = 0.9  # of the central, equal-tailed interval
_ENDS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
_MOST = 1e9  # rates are cut here: nobody reads such a count, and it has to be drawn and stored

type Law = tuple[Array, Array]  # counts, and the weight of each


def recurring(evidence: Evidence) -> list[IndicatorEvidence]:
    """Select the indicators whose occasions are counted, in the forecast's order."""
    return [seen for seen in evidence.indicators if seen.indicator.recurs]


def observed(seen: IndicatorEvidence) -> float:
    """Credibility-weighted count ``Σ c_i`` of the counted events; of a one-off at most 1."""
    count = math.fsum(event.credibility for event in seen.counted)
    return count if seen.indicator.recurs else min(1.0, count)


def replicate(evidence: Evidence, scenario: str, fit: ScenarioFit) -> NDArray[np.int32]:
    """Draw ``N_rep ~ Poisson(E_k g_k h X_k)`` for every draw of the posterior under a scenario.

    The exposure X is the observed one: what lies inside the observed occasions is not drawn again.
    The seed is a digest of the draws, so that the same fit gives the same counts bit for bit.

    Returns
    -------
    ndarray, shape (chains, draws, recurring indicators)
    """
    seen = recurring(evidence)
    draws = np.ascontiguousarray(fit.latents).tobytes()
    rng = np.random.default_rng(int.from_bytes(hashlib.sha256(draws).digest()[:8]))
    means = np.array([min(_MOST, one.indicator.stated[scenario] * one.exposure) for one in seen])
    rates = np.nan_to_num(means * _scales(seen, fit))  # no numbers: a fit that the gate holds
    return np.asarray(rng.poisson(np.minimum(rates, _MOST)), dtype=np.int32)


def _scales(seen: Sequence[IndicatorEvidence], fit: ScenarioFit) -> Array:
    """``g_k h``, shape (chains, draws, recurring indicators); either is 1 where it is no unknown."""
    known = np.ones(fit.volume.shape[:2])
    by_indicator = dict(zip(fit.indicators, np.moveaxis(fit.volume, -1, 0), strict=True))
    volume = np.stack([by_indicator.get(one.indicator.id, known) for one in seen], axis=-1)
    return volume if fit.coverage is None else volume * fit.coverage[..., None]


def check(
    evidence: Evidence, fits: Mapping[str, ScenarioFit], probabilities: Mapping[str, float]
) -> list[dict[str, object]]:
    """Compare each indicator's count with its posterior predictive distribution.

    Parameters
    ----------
    fits
        By scenario, those with latents.
    probabilities
        By scenario; they weigh the scenarios' distributions in the marginal one.

    Returns
    -------
    list of dict
        For each indicator ``observed``, and, over all scenarios and ``by_scenario``: ``predicted``
        (mean), ``interval`` (central, equal-tailed 90 %), ``pit`` (``P(N < n) + P(N = n) / 2`` at the
        rounded count n) and ``tail`` (``2 min(pit, 1 − pit)``). Of a one-off these are of 0 or 1, with
        probability ``q F(u_now)`` that it has happened by now.
    """
    counts = {scenario: _by_indicator(evidence, scenario, fit) for scenario, fit in fits.items()}
    return [
        _compare(seen, {one: _law(seen, one, counts[one]) for one in fits}, probabilities)
        for seen in evidence.indicators
    ]


def _by_indicator(evidence: Evidence, scenario: str, fit: ScenarioFit) -> dict[str, Array]:
    names = [one.indicator.id for one in recurring(evidence)]
    counts = replicate(evidence, scenario, fit).reshape(-1, len(names))
    return dict(zip(names, counts.T.astype(float), strict=True))


def _law(seen: IndicatorEvidence, scenario: str, counts: Mapping[str, Array]) -> Law:
    if seen.indicator.recurs:
        return _tallied(counts[seen.indicator.id])
    happened = seen.indicator.stated[scenario] * seen.exposure
    return np.array([0.0, 1.0]), np.array([1 - happened, happened])


def _tallied(counts: Array) -> Law:
    values, times = np.unique(counts, return_counts=True)
    return values, times / len(counts)


def _compare(
    seen: IndicatorEvidence, laws: Mapping[str, Law], probabilities: Mapping[str, float]
) -> dict[str, object]:
    count = observed(seen)
    mixed = (
        np.concatenate([values for values, _ in laws.values()]),
        np.concatenate([probabilities[one] * weights for one, (_, weights) in laws.items()]),
    )
    return {
        "indicator": seen.indicator.id,
        "recurs": seen.indicator.recurs,
        "observed": round(count, 3),
        **_placed(mixed, round(count)),
        "by_scenario": {one: _placed(law, round(count)) for one, law in laws.items()},
    }


def _placed(law: Law, count: int) -> dict[str, object]:
    """Where a count lies in a distribution."""
    values, weights = law[0], law[1] / law[1].sum()
    pit = float(weights @ ((values < count) + 0.5 * (values == count)))
    low, high = _quantiles(values, weights)
    return {
        "predicted": round(float(weights @ values), 4),
        "interval": [low, high],
        "pit": round(pit, 5),
        "tail": round(2 * max(0.0, min(pit, 1 - pit)), 5),
    }


def _quantiles(values: Array, weights: Array) -> list[int]:
    """Least counts that leave at most 5 % below, and at least 95 % not above, themselves."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    places = np.searchsorted(below, np.array(_ENDS) * below[-1] - 1e-12)
    return [int(values[order][place]) for place in places]
