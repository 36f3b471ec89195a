"""Recurring indicators by quadrature: their evidence, and what their latents look like given it.

Given the scenario and the coverage h, indicators are independent and each has one latent volume
``g ~ Gamma(a, a)``, a = 1/spread². With ``B = a + E h X`` and ``x = B g``,

    Z_k(h) = (1 + E h X / a)^−a · E[ Π_i (c_i · E h / B · x + (1 − c_i) · Ē)^{p_i} ],   x ~ Gamma(a, 1),

so that the nodes for x serve every scenario and every h. Coverage, ``h = exp(σ x − σ²/2)``, is then
one more integral over a standard normal x. The powers p_i, each in [0, 1], are 1 but on the way
between two states of knowledge (`model.path`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import batched

import numpy as np
from numpy.typing import NDArray

from model.quadrature import ERROR, Array, gamma_nodes, log_sum_exp, settle

NO_SPREAD = 1e-6  # below this n events move log Z by under n² · 1e-12 through a volume's spread
_MANY = 16  # events from which it pays to look for alike ones
_ALIKE = 4  # events of one credibility from which its logarithm is taken once, and multiplied
_PRODUCT = 8  # factors multiplied before a logarithm is taken, where the product can be held
_TINY, _HUGE = 1e-290, 1e290


@dataclass(frozen=True, kw_only=True, slots=True)
class Recurring:
    """One recurring indicator's numbers; rows are scenarios, of one elicitation or of many.

    Parameters
    ----------
    expected, noise : ndarray, shape (rows,)
        E under the row's scenario, and Ē of the row's elicitation.
    credibilities : ndarray, shape (events,)
    exposure
        X ≥ 0.
    powers : ndarray, shape (events,), or None
        In [0, 1], to which each event's factor is raised; None: all 1.
    error
        Relative error of the integral over the volume.
    """

    expected: Array
    noise: Array
    credibilities: Array
    exposure: float
    spread: float
    powers: Array | None = None
    error: float = ERROR

    @property
    def variance(self) -> float:
        """Of the volume, 1/a."""
        return self.spread**2

    @property
    def real(self) -> float:
        """The most that its events can weigh, ``Σ p_i``."""
        return float(self.credibilities.size if self.powers is None else self.powers.sum())


type Product = Callable[[Sequence[Recurring], Array], Array]
"""Maps indicators and log h, shape (nodes,), to ``Σ_k log Z_k(h)``, shape (rows, nodes)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Latents:
    """Coverage and volumes given the evidence, as weighted nodes.

    Parameters
    ----------
    log_evidence : ndarray, shape (rows,)
    h : ndarray, shape (nodes,)
    weights : ndarray, shape (rows, nodes)
        Of each h; they sum to 1 over the nodes.
    """

    log_evidence: Array
    h: Array
    weights: Array


def latents(indicators: Sequence[Recurring], coverage_sd: float, product: Product | None = None) -> Latents:
    """Integrate ``p(h) Π_k Z_k(h)`` over coverage, and keep the nodes; one row where nothing recurs.

    Parameters
    ----------
    product
        What computes ``Σ_k log Z_k(h)``; `log_product` by default.

    Raises
    ------
    Unresolved
        The integral does not settle.
    """
    compute = product or log_product
    if not indicators or coverage_sd == 0:
        log_z = compute(indicators, np.zeros(1))[:, 0] if indicators else np.zeros(1)
        return Latents(log_evidence=log_z, h=np.ones(1), weights=np.ones((log_z.size, 1)))
    log_normal = -0.5 * math.log(2 * math.pi)

    def log_h(x: Array) -> Array:
        return np.asarray(coverage_sd * x - coverage_sd**2 / 2)

    def log_integrand(x: Array) -> Array:
        return np.asarray(log_normal - x**2 / 2 + compute(indicators, log_h(x)))

    real, exposures, variance = _real(indicators), *_exposures(indicators)
    most, least = (exposures, exposures) if product is None else _extremes(exposures)

    def slope_bounds(x: Array) -> tuple[Array, Array]:
        h = np.exp(log_h(x))
        low, high = _least_slope(most * h, variance), _greatest_slope(real, least * h, variance)
        return coverage_sd * low - x, coverage_sd * high - x

    found = settle(log_integrand, slope_bounds)
    weights = np.exp(found.values - log_sum_exp(found.values)[:, None])
    return Latents(log_evidence=found.log_integral, h=np.exp(log_h(found.x)), weights=weights)


def _least_slope(exposed: Array, variance: Array) -> Array:
    """Lower bound of ``d Σ log Z_k / d log h``, shape (rows, nodes); it falls as any ``y = E h X`` grows.

    With J between 0 and Σ p_i the mean number of real events, ``E[g] = (a + J) / B`` (the derivative of
    the integrand in log g integrates to 0), and with ``y = E h X`` the slope ``J − E[g] y`` is
    ``(J − y) / (1 + y/a)``.
    """
    return np.asarray(-np.sum(exposed / (1 + variance * exposed), axis=0))


def _greatest_slope(real: Array, exposed: Array, variance: Array) -> Array:
    """Upper bound of the same, which falls with y too."""
    return np.asarray(np.sum((real - exposed) / (1 + variance * exposed), axis=0))


def _extremes(exposures: Array) -> tuple[Array, Array]:
    """Most and least exposed of all rows, as one row each: wider bounds, but for hundreds of rows at once."""
    return exposures.max(axis=1, keepdims=True), exposures.min(axis=1, keepdims=True)


def _real(indicators: Sequence[Recurring]) -> Array:
    """``Σ p_i`` of each indicator, shape (indicators, 1, 1)."""
    return np.array([one.real for one in indicators])[:, None, None]


def _exposures(indicators: Sequence[Recurring]) -> tuple[Array, Array]:
    """``E X``, shape (indicators, rows, 1), and 1/a to go with it."""
    variance = np.array([one.variance for one in indicators])[:, None, None]
    return np.array([one.expected * one.exposure for one in indicators])[:, :, None], variance


def log_product(indicators: Sequence[Recurring], log_h: Array) -> Array:
    """``Σ_k log Z_k(h)``, shape (rows, nodes)."""
    h = np.exp(log_h)
    total = log_silence(indicators, h)
    for one in indicators:
        if one.credibilities.size:
            total += log_sum_exp(log_volumes(one, h)[1])
    return total


def log_silence(indicators: Sequence[Recurring], h: Array) -> Array:
    """``Σ_k log E[exp(−E g h X)] = −Σ_k a · log(1 + E h X / a)``, shape (rows, nodes)."""
    exposures, variance = _exposures(indicators)
    exposed = exposures * h
    safe = np.where(variance > 0, variance, 1.0)
    return -np.sum(np.where(variance > 0, np.log1p(variance * exposed) / safe, exposed), axis=0)


def log_volumes(one: Recurring, h: Array) -> tuple[Array, Array]:
    """Nodes for one indicator's volume, and what its events say of each.

    Returns
    -------
    rate : ndarray, shape (rows, nodes of h, nodes of g)
        ``E g h``.
    log_weights : ndarray, of the same shape
        Sum over the last axis, exponentiated: ``E[Π_i (c_i E h x/B + (1 − c_i) Ē)^{p_i}]``.
    """
    mean = mean_rate(one, h)
    if one.spread < NO_SPREAD:
        nodes, log_weights = np.ones(1), np.zeros(1)
    else:
        nodes, log_weights = gamma_nodes(1 / one.variance, one.credibilities.size, one.error)
        nodes = one.variance * nodes
    rates = mean[..., None] * nodes
    return rates, log_weights + _log_factors(one, rates)


def mean_rate(one: Recurring, h: Array) -> Array:
    """``E h x/B`` at the mean of x, shape (rows, nodes of h): the mean of ``E g h`` after silence alone."""
    rate = one.expected[:, None] * h
    return np.asarray(rate / (1 + one.variance * rate * one.exposure))


def _log_factors(one: Recurring, rate: Array) -> Array:
    """``Σ_i p_i log(c_i · rate + (1 − c_i) · Ē)``, of the shape of `rate`."""
    events = one.credibilities.size
    if one.powers is None and events < _MANY:
        return _log_of_products(one, rate)
    kinds, which = alike(one.credibilities)
    if one.powers is None and kinds.size > events / _ALIKE:
        return _log_of_products(one, rate)
    powers = np.ones(events) if one.powers is None else one.powers
    sums = np.bincount(which, weights=powers, minlength=kinds.size)
    powered = zip(kinds, sums, strict=True)
    return sum((p * np.log(factor(one, c, rate)) for c, p in powered if p), start=np.zeros_like(rate))


def alike(credibilities: Array) -> tuple[Array, NDArray[np.intp]]:
    """Different credibilities, and which of them each event has."""
    return _alike_in(credibilities.tobytes())


@lru_cache(maxsize=1024)
def _alike_in(held: bytes) -> tuple[Array, NDArray[np.intp]]:
    kinds, which = np.unique(np.frombuffer(held), return_inverse=True)
    return kinds, which


def _log_of_products(one: Recurring, rate: Array) -> Array:
    """Do the same where each power is 1 and few events are alike: products cost less than logarithms."""
    total = np.zeros_like(rate)
    for some in batched(one.credibilities, _PRODUCT):
        total += log_of_product([factor(one, c, rate) for c in some])
    return total


def log_of_product(factors: Sequence[Array]) -> Array:
    """``Σ log`` of arrays of one shape, by a single logarithm where their product can be held."""
    with np.errstate(over="ignore", under="ignore"):
        product = math.prod(factors[1:], start=factors[0])
    if product.min() > _TINY and product.max() < _HUGE:
        return np.asarray(np.log(product))
    return np.asarray(sum(np.log(each) for each in factors))


def factor(one: Recurring, credibility: float, rate: Array) -> Array:
    """``c · rate + (1 − c) · Ē``, of the shape of `rate`."""
    noise = one.noise.reshape(-1, *[1] * (rate.ndim - 1))
    return np.asarray(credibility * rate + (1 - credibility) * noise)
