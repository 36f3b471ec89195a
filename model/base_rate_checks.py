"""Whether base rates were sampled well, and whether they would see again the counts that were seen."""

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from model import mixing
from model.base_rate_values import History, Predicted
from model.base_rate_window import MOST_LOG_RATE, Array, Draws, multipliers
from model.diagnostics import BFMI, chains
from model.domain import Verdict
from model.gate import ESS_PER_CHAIN, RHAT

LEVEL = 0.9  # of the central, equal-tailed interval of a predictive check
SURPRISING = 0.01  # a two-sided tail below it fails


def diagnose(draws: Draws, statistics: Mapping[str, Array]) -> Iterator[Verdict]:
    """Judge the chains: worst R-hat, least ESS per chain, divergences, least E-BFMI."""
    found = chains(_unknowns(draws))
    many = len(draws.level)
    rhat, bulk, tail = (
        float(one) for one in (found.rhat.max(), found.ess_bulk.min() / many, found.ess_tail.min() / many)
    )
    bfmi = float(mixing.bfmi(statistics["energy"]).min())
    diverging = float(statistics["diverging"].sum())
    yield Verdict(name="rhat", figure=rhat, threshold=RHAT, passed=rhat < RHAT)
    yield Verdict(name="ess_bulk", figure=bulk, threshold=ESS_PER_CHAIN, passed=bulk >= ESS_PER_CHAIN)
    yield Verdict(name="ess_tail", figure=tail, threshold=ESS_PER_CHAIN, passed=tail >= ESS_PER_CHAIN)
    yield Verdict(name="divergences", figure=diverging, threshold=0, passed=diverging == 0)
    yield Verdict(name="bfmi", figure=bfmi, threshold=BFMI, passed=bfmi >= BFMI)


def _unknowns(draws: Draws) -> Array:
    """Lay out everything that a base rate is made of, shape (chains, draws, unknowns)."""
    shape = draws.level.shape
    return np.concatenate([getattr(draws, one).reshape(*shape, -1) for one in Draws.__slots__], axis=-1)


def predict(history: History, draws: Draws, *, seed: int) -> tuple[Predicted, ...]:
    """Compare what sums up the counts with the same figures of counts drawn anew in the observed cells."""
    country, year = history.observed
    rng = np.random.default_rng(seed)
    log_rate = draws.log_rate[..., country, year].reshape(-1, country.size)
    rates = history.exposure[country, year] * np.exp(np.minimum(log_rate, MOST_LOG_RATE))
    variance = draws.yearly_cv.reshape(-1, 1) ** 2
    replicated = rng.poisson(rates * multipliers(variance, rates.shape, rng))
    seen, again = (_summary(one, country) for one in (history.counts[country, year][None], replicated))
    return tuple(_compare(name, float(seen[name][0]), again[name]) for name in seen)


def _summary(counts: NDArray[np.int64], country: NDArray[np.int64]) -> dict[str, Array]:
    """Sum up counts of shape (replicates, cells): share of zeros, largest, variance over mean."""
    found = {"zeros": (counts == 0).mean(axis=1), "largest": counts.max(axis=1).astype(float)}
    if np.bincount(country).max() > 1:
        found["variance_over_mean"] = _dispersion(counts, country)
    return found


def _dispersion(counts: NDArray[np.int64], country: NDArray[np.int64]) -> Array:
    """Within countries: ``Σ (y − ȳ_i)² / Σ y``, times cells over degrees of freedom; 0 without counts."""
    present, which = np.unique(country, return_inverse=True)
    sums = np.stack([counts[:, which == one].sum(axis=1) for one in range(present.size)], axis=1)
    means = sums / np.bincount(which)
    squares = ((counts - means[:, which]) ** 2).sum(axis=1)
    free = counts.shape[1] / (counts.shape[1] - present.size)
    return np.asarray(free * squares / np.maximum(counts.sum(axis=1), 1))


def _compare(name: str, observed: float, again: Array) -> Predicted:
    pit = float(np.mean(again < observed) + np.mean(again == observed) / 2)
    low, high = np.quantile(again, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Predicted(
        name=name,
        observed=observed,
        low=float(low),
        high=float(high),
        tail=2 * max(0.0, min(pit, 1 - pit)),
    )


def verdict(predicted: Predicted) -> Verdict:
    """Judge a predictive check by its two-sided tail."""
    return Verdict(
        name=f"predictive_{predicted.name}",
        figure=predicted.tail,
        threshold=SURPRISING,
        passed=predicted.tail >= SURPRISING,
    )
