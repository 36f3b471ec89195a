"""A recurring indicator's rate on one grid: its integrals for every scenario, coverage and power at once.

With the rate ``λ = E g h``, an indicator's evidence is

    Z(s, h) = ∫ p(λ | s, h) · exp(−X λ) · Π_i (c_i λ + (1 − c_i) Ē)^{p_i} dλ.

Of the integrand only the prior p(λ | s, h), a gamma density of mean E_s h, depends on scenario and coverage,
and only the rest on exposure and powers. On one grid in log λ each is exponentiated once, and the integrals
are a product of two matrices. The grid's step is that of `model.quadrature.gamma_nodes`, whose error does not
depend on where a grid begins.
"""

import math
from dataclasses import dataclass

import numpy as np

from model.quadrature import ERROR, Array, gamma_nodes
from model.recurring import NO_SPREAD

_LONGEST = 2000  # nodes; of a volume known so well that it would take more, each rate has nodes of its own
_TINY = 1e-280  # an integral below which some of what it sums could not be held
_LEAST = np.finfo(np.float64).tiny  # where a rate of 0 meets a weight of 0


@dataclass(frozen=True, kw_only=True, slots=True)
class States:
    """One recurring indicator in several states of what is known of it; rows are scenarios.

    Parameters
    ----------
    expected : ndarray, shape (rows,)
    noise
        Ē.
    events
        How many there are.
    kinds : ndarray, shape (kinds,)
        Different credibilities.
    powers : ndarray, shape (states, kinds)
        The sum of the powers, each in [0, 1], of the events of that credibility.
    exposures : ndarray, shape (states,)
    """

    expected: Array
    noise: float
    spread: float
    events: int
    kinds: Array
    powers: Array
    exposures: Array


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """What the grid holds.

    Parameters
    ----------
    rates : ndarray, shape (nodes,)
    log_factors : ndarray, shape (nodes, kinds)
        ``log(c λ + (1 − c) Ē)``.
    log_z : ndarray, shape (states, rows, nodes of h)
    """

    rates: Array
    log_factors: Array
    log_z: Array
    _prior: Array
    _told: Array
    _integrals: Array

    def density(self, weights: Array) -> Array:
        """Posterior weights of the rates, shape (states, rows, nodes); they sum to 1 over the nodes.

        Parameters
        ----------
        weights : ndarray, shape (states, rows, nodes of h)
            Posterior weights of h, which sum to 1 for each state and row.
        """
        over = (weights / self._integrals).transpose(1, 0, 2)
        return np.asarray((over @ self._prior).transpose(1, 0, 2) * self._told[:, None, :])


def gridded(one: States, h: Array) -> Grid | None:
    """Integrate over the rate; None where the grid would be too long, or doubles cannot hold the sums."""
    rates = _rates(one, h)
    if rates is None:
        return None
    factors = np.outer(rates, one.kinds) + (1 - one.kinds) * one.noise
    log_factors = np.log(np.maximum(factors, _LEAST))
    log_told = one.powers @ log_factors.T - np.outer(one.exposures, rates)
    top = log_told.max(axis=1, keepdims=True)
    prior, told = _prior(one, h, rates), np.exp(log_told - top)
    integrals = (told @ prior.reshape(-1, rates.size).T).reshape(len(told), *prior.shape[:-1])
    if not integrals.min() > _TINY:
        return None
    return Grid(
        rates=rates,
        log_factors=log_factors,
        log_z=np.log(integrals / prior.sum(axis=-1)) + top[..., None],
        _prior=prior,
        _told=told,
        _integrals=integrals,
    )


def _rates(one: States, h: Array) -> Array | None:
    """Nodes that hold every prior and posterior; 0 is among them where a row expects nothing."""
    expected = one.expected[one.expected > 0]
    if not expected.size:
        return np.zeros(1)
    if one.spread < NO_SPREAD:
        return None
    shape = one.spread**-2
    nodes, _ = gamma_nodes(shape, one.events, ERROR)  # of a rate times a/(E h) + X
    if nodes[0] < _LEAST:
        return None
    most = shape / (expected.min() * h.min()) + one.exposures.max()
    least = shape / (expected.max() * h.max())
    low, step = math.log(nodes[0] / most), math.log(nodes[-1] / nodes[-2])
    number = math.ceil((math.log(nodes[-1] / least) - low) / step) + 1
    if number > _LONGEST:
        return None
    rates = np.exp(low + step * np.arange(number))
    return rates if expected.size == one.expected.size else np.concatenate([[0.0], rates])


def _prior(one: States, h: Array, rates: Array) -> Array:
    """Prior weights of the rates but for a factor of each row and h, shape (rows, nodes of h, nodes)."""
    if not rates.any():
        return np.ones((one.expected.size, h.size, 1))
    shape, expected = one.spread**-2, one.expected > 0
    mean = np.outer(np.where(expected, one.expected, 1.0), h)[..., None]
    weights = np.asarray(rates * (-shape / mean))
    with np.errstate(divide="ignore"):
        weights += shape * np.log(rates)
    weights += shape * (1 - np.log(mean))
    np.exp(weights, out=weights)
    weights[~expected] = rates == 0
    return weights
