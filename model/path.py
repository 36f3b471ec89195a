"""Who moved the probabilities: contributions along a path between two states of knowledge.

Aumann and Shapley (1974): along ``log L_τ = (1 − τ) log L_before + τ log L_after``, ``d log P_τ(s) / dτ``
is a sum with one term for each item of evidence, and integrating each term over the path gives
contributions that sum to the whole, do not depend on any order, and are equal for equal items:

    bits_si   = (1 / ln 2) ∫₀¹ { D_si(τ) − Σ_r P_τ(r) D_ri(τ) } dτ,    D_si = E_{s,τ}[d log L_i / dτ]
    points_si =        100 ∫₀¹ P_τ(s) { D_si(τ) − Σ_r P_τ(r) D_ri(τ) } dτ
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from model.errors import Unresolved
from model.quadrature import ERROR, Array, log_sum_exp
from model.recurring import Latents, Recurring, alike, factor, latents, log_volumes, mean_rate

RESIDUAL = 1e-6  # bits by which the parts may miss the whole before what is left is spread over them
_ERROR = 1e-9  # of an integral over a volume, far below what the parts may miss
_NEGLIGIBLE = 1e-12  # weight of a node that is left out of a mean
_NODES = 16
_FEWER = ((0.5, 4), (2.0, 12))  # nodes that do, mostly, where no scenario moved by more than so many bits
_MOST_NODES = 1024
_LEAST = np.finfo(np.float64).tiny  # where a rate of 0 meets a weight of 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Volume:
    """A recurring indicator on the way; rows are scenarios.

    Parameters
    ----------
    expected, noise : ndarray, shape (rows,)
    credibilities : ndarray, shape (events,)
    powers : ndarray, shape (2, events)
        Of each event's factor at the path's beginning and end.
    exposure : ndarray, shape (2,)
        The same of its exposure.
    items
        The item that each event belongs to.
    silences
        Items that the change of exposure belongs to, each with its share of that change.
    """

    expected: Array
    noise: Array
    spread: float
    credibilities: Array
    powers: Array
    exposure: Array
    items: Sequence[int] = ()
    silences: Sequence[tuple[int, float]] = ()

    def at(self, share: float, *, error: float = ERROR) -> Recurring:
        """Stand at a share of the way, its integral to be taken to an error."""
        start, end = 1 - share, share
        return Recurring(
            expected=self.expected,
            noise=self.noise,
            credibilities=self.credibilities,
            exposure=float(start * self.exposure[0] + end * self.exposure[1]),
            spread=self.spread,
            powers=start * self.powers[0] + end * self.powers[1],
            error=error,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A likelihood without latents on the way, such as that of a one-off.

    Parameters
    ----------
    log_likelihood : ndarray, shape (2, rows)
        At the path's beginning and end, finite.
    """

    log_likelihood: Array
    item: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Path:
    """A way from one state of knowledge to another.

    Parameters
    ----------
    log_prior : ndarray, shape (rows,)
    items
        How many there are.
    """

    log_prior: Array
    volumes: Sequence[Volume]
    knowns: Sequence[Known]
    coverage_sd: float
    items: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Contributions:
    """What each item did to each scenario.

    Parameters
    ----------
    bits : ndarray, shape (items, rows)
        Sum over items to ``log₂ P_after / P_before``.
    points : ndarray, shape (items, rows)
        Sum over items to the change in percentage points; over scenarios to 0.
    """

    bits: Array
    points: Array


def contributions(path: Path) -> Contributions:
    """Integrate along the path, Gauss–Legendre in ``v = τ^⅓``, nodes doubled until the parts sum up.

    Sixteen at first, and fewer where little moved, as from one night to the next.

    Raises
    ------
    Unresolved
        The parts of 1,024 nodes still miss the whole by more than 1e-6 bits, or as `settle` does.
    """
    if not path.items:
        nothing = np.zeros((0, path.log_prior.size))
        return Contributions(bits=nothing, points=nothing)
    before, after = _posterior(path, 0.0), _posterior(path, 1.0)
    bits, points = (after - before) / math.log(2), 100 * (np.exp(after) - np.exp(before))
    most = float(np.max(np.abs(bits)))
    nodes = next((fewer for limit, fewer in _FEWER if most < limit), _NODES)
    while nodes <= _MOST_NODES:
        found = _integrated(path, nodes)
        if max(_missing(found.bits, bits), _missing(found.points, points)) < RESIDUAL:
            return Contributions(bits=_complete(found.bits, bits), points=_complete(found.points, points))
        nodes *= 2
    raise Unresolved("the probabilities change too abruptly to say by what: are rates extreme?")


def _missing(parts: Array, whole: Array) -> float:
    return float(np.max(np.abs(parts.sum(axis=0) - whole)))


def _complete(parts: Array, whole: Array) -> Array:
    """Spread what is missing over the parts, in proportion to their size."""
    size = np.abs(parts)
    total = size.sum(axis=0)
    share = np.where(total > 0, size / np.where(total > 0, total, 1.0), 1 / len(parts))
    return np.asarray(parts + share * (whole - parts.sum(axis=0)))


def _posterior(path: Path, share: float) -> Array:
    """``log P_τ(s)``, shape (rows,)."""
    return _normalised(path, share, _latents(path, [one.at(share) for one in path.volumes]))


def _normalised(path: Path, share: float, given: Latents) -> Array:
    joint = path.log_prior + given.log_evidence
    for one in path.knowns:
        joint = joint + (1 - share) * one.log_likelihood[0] + share * one.log_likelihood[1]
    return np.asarray(joint - log_sum_exp(joint))


def _latents(path: Path, now: Sequence[Recurring]) -> Latents:
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return latents(now, path.coverage_sd)


def _integrated(path: Path, nodes: int) -> Contributions:
    x, weights = np.polynomial.legendre.leggauss(nodes)
    bits = np.zeros((path.items, path.log_prior.size))
    points = np.zeros_like(bits)
    for v, weight in zip((x + 1) / 2, weights / 2, strict=True):
        probability, relative = _derivative(path, v**3)
        bits += 3 * v**2 * weight * relative
        points += 3 * v**2 * weight * probability * relative
    return Contributions(bits=bits / math.log(2), points=100 * points)


def _derivative(path: Path, share: float) -> tuple[Array, Array]:
    """``P_τ(s)``, shape (rows,), and each item's ``D_si − Σ_r P_τ(r) D_ri``, shape (items, rows)."""
    now = [volume.at(share, error=_ERROR) for volume in path.volumes]
    given = _latents(path, now)
    probability = np.exp(_normalised(path, share, given))
    total = np.zeros((path.items, probability.size))
    counts = given.weights.max(axis=0) > _NEGLIGIBLE
    left = replace(given, h=given.h[counts], weights=given.weights[:, counts])
    for volume, one in zip(path.volumes, now, strict=True):
        _add_volume(total, volume, one, left)
    for known in path.knowns:
        total[known.item] += known.log_likelihood[1] - known.log_likelihood[0]
    return probability, total - (total @ probability)[:, None]


def _add_volume(total: Array, volume: Volume, now: Recurring, given: Latents) -> None:
    """Add ``Σ_i Δp_i E[log(c_i E g h + (1 − c_i) Ē)]`` and ``−ΔX E[E g h]``, each to its item."""
    changes = volume.powers[1] - volume.powers[0]
    if not (changes.any() or volume.silences):
        return
    if not now.credibilities.size:
        _add_silences(total, volume, np.sum(given.weights * mean_rate(now, given.h), axis=1))
        return
    with np.errstate(divide="ignore"):
        rates, log_weights = log_volumes(now, given.h)
    within = np.exp(log_weights - log_sum_exp(log_weights)[..., None])
    weights = given.weights[..., None] * within
    _add_silences(total, volume, np.sum(weights * rates, axis=(1, 2)))
    kinds, which = alike(volume.credibilities)
    for place, credibility in enumerate(kinds):
        mine = (which == place) & (changes != 0)
        if mine.any():
            factors = np.maximum(factor(now, credibility, rates), _LEAST)
            expectation = np.sum(weights * np.log(factors), axis=(1, 2))
            for event in np.flatnonzero(mine).tolist():
                total[volume.items[event]] += changes[event] * expectation


def _add_silences(total: Array, volume: Volume, rate: Array) -> None:
    for item, longer in volume.silences:
        total[item] -= longer * rate
