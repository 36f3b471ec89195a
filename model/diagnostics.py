"""How well a night was sampled, and whether the fitted model would see again what was seen."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import kolmogi, ndtri

from model import mixing, predictive
from model.evidence import Evidence
from model.gate import ESS_PER_CHAIN, RHAT
from model.posterior import Posterior
from model.sampling import CHAINS, ScenarioFit
from model.tabulation import Array

BFMI = 0.3  # below it a chain hardly moves between energies (Betancourt 2016)
_TAILS = (0.05, 0.95)
_BINS = 20
_QUANTILES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])[:, None, None]
_OUTSIDE = 0.05  # how often a sound fit leaves the envelope of its ranks

type Document = dict[str, object]


def diagnose(evidence: Evidence, posterior: Posterior) -> Document:
    """Describe a night's fits, as plain values that are stored with the run.

    Returns
    -------
    dict
        ``sampled``: whether there was anything to sample; where not, ``fit`` and ``predictive`` are
        empty. ``limits``: what a sound fit keeps. ``level``: that of the intervals. ``fit``: by
        scenario, the worst ``rhat`` and the latent that has it, the least ``ess_bulk`` and ``ess_tail``,
        ``latents`` with each one's, ``divergences``, the least ``bfmi`` of a chain, the greatest
        ``tree_depth``, and ``ranks``. ``predictive``: what `model.predictive.check` says of every
        indicator. A figure that is no number is None.
    """
    made = {} if posterior.sampled is None else posterior.sampled.fits
    fits = {one: fit for one, fit in made.items() if fit.latents.shape[-1]}
    return {
        "sampled": bool(fits),
        "limits": {"rhat": RHAT, "ess": ESS_PER_CHAIN * CHAINS, "bfmi": BFMI},
        "level": predictive.LEVEL,
        "fit": {one: _describe(fit) for one, fit in fits.items()},
        "predictive": predictive.check(evidence, fits, posterior.probabilities) if fits else [],
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Chains:
    """Figures of a fit's latents, in order.

    Parameters
    ----------
    rhat, ess_bulk, ess_tail : ndarray, shape (latents,)
        Rank-normalised, split and folded; ESS of all chains together (Vehtari et al. 2021).
    ranks : ndarray, shape (latents, chains, draws)
        Among all draws of the latent, from 1.
    """

    rhat: Array
    ess_bulk: Array
    ess_tail: Array
    ranks: Array


def chains(latents: Array) -> Chains:
    """Compute the figures of all latents; ranks are taken once, for R-hat, ESS and rank plots alike.

    Parameters
    ----------
    latents : ndarray, shape (chains, draws, latents)
    """
    drawn = np.moveaxis(latents, -1, 0)
    half = drawn.shape[-1] // 2
    split = np.concatenate([drawn[..., :half], drawn[..., -half:]], axis=1)
    folded = np.abs(split - np.median(split, axis=(1, 2), keepdims=True))
    ranks = _ranks(split)
    normal = _normal_scores(ranks)
    with np.errstate(divide="ignore", invalid="ignore"):  # chains that stand still have no figures
        split_rhat = mixing.rhat(normal, method="identity")
        folded_rhat = mixing.rhat(_normal_scores(_ranks(folded)), method="identity")
        return Chains(
            rhat=np.maximum(split_rhat, folded_rhat),
            ess_bulk=mixing.ess(normal, method="identity"),
            ess_tail=mixing.ess(drawn, method="tail", prob=_TAILS),
            ranks=np.concatenate(np.split(ranks, 2, axis=1), axis=-1),
        )


def _ranks(values: Array) -> Array:
    from scipy.stats import rankdata  # noqa: PLC0415 - half a second

    flat = rankdata(values.reshape(len(values), -1), axis=-1)
    return np.asarray(flat).reshape(values.shape)


def _normal_scores(ranks: Array) -> Array:
    return np.asarray(ndtri((ranks - 0.375) / (ranks[0].size + 0.25)))


def _describe(fit: ScenarioFit) -> Document:
    names = [f"volume of {one}" for one in fit.indicators] + ["coverage"] * (fit.coverage is not None)
    found = chains(fit.latents)
    return {
        "rhat": _figure(found.rhat.max(), 5),
        "worst": names[int(np.argmax(found.rhat))],
        "ess_bulk": _figure(found.ess_bulk.min()),
        "ess_tail": _figure(found.ess_tail.min()),
        **_sampler(fit.statistics),
        "latents": {
            name: {"rhat": _figure(rhat, 5), "ess_bulk": _figure(bulk), "ess_tail": _figure(tail)}
            for name, rhat, bulk, tail in zip(names, found.rhat, found.ess_bulk, found.ess_tail, strict=True)
        },
        "ranks": _uniformity(names, found.ranks),
    }


def _sampler(statistics: Mapping[str, Array]) -> Document:
    """Sum up what the sampler says of itself; None where it does not."""
    energy, depth, diverging = (statistics.get(name) for name in ("energy", "tree_depth", "diverging"))
    return {
        "divergences": None if diverging is None else int(diverging.sum()),
        "bfmi": None if energy is None else _figure(_least_bfmi(energy), 3),
        "tree_depth": None if depth is None else int(depth.max()),
    }


def _least_bfmi(energy: Array) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(mixing.bfmi(energy).min())


def _uniformity(names: list[str], ranks: Array) -> Document:
    """Describe the ranks of the latent whose chains are least alike, with a histogram of each chain."""
    deviations = _deviations(ranks).max(axis=1)
    worst = int(np.argmax(deviations))
    bound = envelope(ranks[worst], latents=len(names))
    edges = (0.5, ranks[worst].size + 0.5)
    return {
        "latent": names[worst],
        "deviation": _figure(deviations[worst], 4),
        "envelope": _figure(bound, 4),
        "inside": bool(deviations[worst] <= bound),
        "histograms": [np.histogram(chain, bins=_BINS, range=edges)[0].tolist() for chain in ranks[worst]],
    }


def _deviations(ranks: Array) -> Array:
    """Largest distance of each chain's rank ECDF from that of all chains, shape (latents, chains)."""
    total, draws = ranks[0].size, ranks.shape[-1]
    ordered, place = np.sort(ranks, axis=-1), np.arange(draws)
    upon = np.abs((place + 1) / draws - ordered / total)
    before = np.abs(place / draws - (ordered - 1) / total)
    return np.asarray(np.maximum(upon, before).max(axis=-1))


def envelope(ranks: Array, *, latents: int) -> float:
    """Bound the distances of sound chains' rank ECDFs from uniform, all at once, at 95 %.

    √n times the distance of one chain's ECDF from that of all m chains tends to √(1 − 1/m) times the
    supremum of a Brownian bridge (Kolmogorov's law). The other chains, and the latents among which
    this one was picked, are allowed for by Bonferroni's bound; autocorrelation by an effective n.

    Parameters
    ----------
    ranks : ndarray, shape (chains, draws)
        Of one latent.
    latents
        How many there are.
    """
    many = len(ranks)
    return float(kolmogi(_OUTSIDE / (latents * many)) * math.sqrt((1 - 1 / many) / _effective(ranks)))


def _effective(ranks: Array) -> float:
    """Effective draws of one chain for its ECDF: the least over five quantiles, at most all draws.

    Autocorrelation within the chains alone counts here: the usual ESS falls where chains disagree, and
    would widen the envelope just where it should be left.
    """
    below = (ranks <= _QUANTILES * ranks.size).astype(float)
    alone = below - below.mean(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.nan_to_num(mixing.ess(alone, method="identity"), nan=ranks.size)
    return min(float(ranks.shape[-1]), float(effective.min()) / len(ranks))


def _figure(value: float, places: int | None = None) -> float | None:
    """Round to so many places, or to a whole number; None for what is no number."""
    return round(float(value), places) if math.isfinite(value) else None
