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
from model.quadrature import Array, log_sum_exp
from model.rate_grid import States, gridded
from model.recurring import (
    Latents,
    Recurring,
    alike,
    factor,
    latents,
    log_product,
    log_silence,
    log_volumes,
)

RESIDUAL = 1e-6  # bits by which the parts may miss the whole before what is left is spread over them
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
    expected : ndarray, shape (rows,)
    noise
        Ē.
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
    noise: float
    spread: float
    credibilities: Array
    powers: Array
    exposure: Array
    items: Sequence[int] = ()
    silences: Sequence[tuple[int, float]] = ()

    @property
    def changes(self) -> Array:
        """How the events' powers change along the way, shape (events,)."""
        return np.asarray(self.powers[1] - self.powers[0])

    def at(self, share: float) -> Recurring:
        """Stand at a share of the way."""
        return Recurring(
            expected=self.expected,
            noise=np.full_like(self.expected, self.noise),
            credibilities=self.credibilities,
            exposure=float(_between(self.exposure, share)),
            spread=self.spread,
            powers=_between(self.powers, share),
        )

    def states(self, shares: Array) -> States:
        """Stand at several shares of the way."""
        kinds, which = alike(self.credibilities)
        powers = np.array([np.bincount(which, weights=one, minlength=kinds.size) for one in self.powers])
        return States(
            expected=self.expected,
            noise=self.noise,
            spread=self.spread,
            events=self.credibilities.size,
            kinds=kinds,
            powers=_between(powers, shares[:, None]),
            exposures=_between(self.exposure, shares),
        )

    def silent(self, shares: Array) -> Recurring:
        """Leave out the events: a row for each scenario at each share, exposed by 1."""
        exposed = np.outer(_between(self.exposure, shares), self.expected).ravel()
        nothing = np.zeros(0)
        return Recurring(
            expected=exposed, noise=exposed, credibilities=nothing, exposure=1.0, spread=self.spread
        )

    def widest(self) -> Recurring:
        """Stand at both ends, each event as heavy as it is at either: what bounds all between."""
        return replace(
            self.silent(np.array([0.0, 1.0])),
            credibilities=self.credibilities,
            powers=self.powers.max(axis=0),
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


def contributions(path: Path, before: Array, after: Array) -> Contributions:
    """Integrate along the path, Gauss–Legendre in ``v = τ^⅓``, nodes doubled until the parts sum up.

    Sixteen at first, and fewer where little moved, as from one night to the next.

    Parameters
    ----------
    path
        The way.
    before, after : ndarray, shape (rows,)
        ``log P`` at its two ends.

    Raises
    ------
    Unresolved
        The parts of 1,024 nodes still miss the whole by more than 1e-6 bits, or as `settle` does.
    """
    if not path.items:
        nothing = np.zeros((0, path.log_prior.size))
        return Contributions(bits=nothing, points=nothing)
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


def _between(ends: Array, share: float | Array) -> Array:
    """Stand between what something is at the path's two ends, at one share of the way or at several."""
    return np.asarray((1 - share) * ends[0] + share * ends[1])


def _given(path: Path, shares: Array) -> Latents:
    """Coverage at each share of the way, under each scenario: the rows are (shares × scenarios)."""
    silent = [one.silent(shares) for one in path.volumes if not one.credibilities.size]
    eventful = [one for one in path.volumes if one.credibilities.size]

    def along(_: Sequence[Recurring], log_h: Array) -> Array:
        h = np.exp(log_h)
        found = sum(_log_z(one, shares, h) for one in eventful)
        quiet = log_silence(silent, h) if silent else 0.0
        return np.asarray(quiet + np.reshape(found, (-1, h.size) if eventful else ()))

    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return latents([one.widest() for one in path.volumes], path.coverage_sd, along)


def _log_z(volume: Volume, shares: Array, h: Array) -> Array:
    """``log Z_k(h)``, shape (shares, rows, nodes of h)."""
    grid = gridded(volume.states(shares), h)
    if grid is not None:
        return grid.log_z
    return np.array([log_product([volume.at(share)], np.log(h)) for share in shares])


def _log_probabilities(path: Path, shares: Array, given: Latents) -> Array:
    """``log P_τ(s)``, shape (shares, rows)."""
    rows = shares.size * path.log_prior.size
    joint = path.log_prior + np.broadcast_to(given.log_evidence, rows).reshape(shares.size, -1)
    for one in path.knowns:
        joint = joint + _between(one.log_likelihood, shares[:, None])
    return np.asarray(joint - log_sum_exp(joint)[:, None])


def _integrated(path: Path, nodes: int) -> Contributions:
    x, weights = np.polynomial.legendre.leggauss(nodes)
    v = (x + 1) / 2
    probability, relative = _derivatives(path, v**3)
    relative = (3 * v**2 * weights / 2)[:, None, None] * relative
    points = np.sum(probability[:, None, :] * relative, axis=0)
    return Contributions(bits=relative.sum(axis=0) / math.log(2), points=100 * points)


def _derivatives(path: Path, shares: Array) -> tuple[Array, Array]:
    """``P_τ(s)``, shape (shares, rows), and ``D_si − Σ_r P_τ(r) D_ri``, shape (shares, items, rows)."""
    given = _given(path, shares)
    probability = np.exp(_log_probabilities(path, shares, given))
    total = np.zeros((shares.size, path.items, path.log_prior.size))
    counts = given.weights.max(axis=0) > _NEGLIGIBLE
    h, weights = given.h[counts], given.weights[:, counts]
    for volume in path.volumes:
        if volume.silences or volume.changes.any():
            _add_volume(total, volume, shares, h, weights.reshape(shares.size, -1, h.size))
    for known in path.knowns:
        total[:, known.item] += known.log_likelihood[1] - known.log_likelihood[0]
    return probability, total - total @ probability[..., None]


def _add_volume(total: Array, volume: Volume, shares: Array, h: Array, weights: Array) -> None:
    """Add ``Σ_i Δp_i E[log(c_i E g h + (1 − c_i) Ē)]`` and ``−ΔX E[E g h]``, each to its item."""
    rate, log_factors = _means(volume, shares, h, weights)
    for item, longer in volume.silences:
        total[:, item] -= longer * rate
    _, which = alike(volume.credibilities)
    for event in np.flatnonzero(volume.changes).tolist():
        total[:, volume.items[event]] += volume.changes[event] * log_factors[..., which[event]]


def _means(volume: Volume, shares: Array, h: Array, weights: Array) -> tuple[Array, Array]:
    """``E[E g h]``, shape (shares, rows), and the mean log-factor of each kind of event, beside it."""
    if not volume.credibilities.size:
        rate = np.outer(volume.expected, h)
        hidden = volume.spread**2 * _between(volume.exposure, shares)[:, None, None] * rate
        return np.sum(weights * rate / (1 + hidden), axis=-1), np.zeros((*weights.shape[:2], 0))
    grid = gridded(volume.states(shares), h)
    if grid is None:
        each = [_means_at(volume.at(share), h, some) for share, some in zip(shares, weights, strict=True)]
        return np.array([rate for rate, _ in each]), np.array([factors for _, factors in each])
    density = grid.density(weights)
    return density @ grid.rates, density @ grid.log_factors


def _means_at(now: Recurring, h: Array, weights: Array) -> tuple[Array, Array]:
    """Give the same at one share of the way, on nodes for the volume."""
    with np.errstate(divide="ignore"):
        rates, log_weights = log_volumes(now, h)
    within = weights[..., None] * np.exp(log_weights - log_sum_exp(log_weights)[..., None])
    kinds, _ = alike(now.credibilities)
    factors = (np.log(np.maximum(factor(now, one, rates), _LEAST)) for one in kinds)
    means = [np.sum(within * one, axis=(1, 2)) for one in factors]
    return np.sum(within * rates, axis=(1, 2)), np.array(means).T
