"""Recurring indicators by their finite sum: what many elicitations at once cost least by.

With ``B = a + E h X`` and ``z = a E h / (B Ē)``, the n events of an indicator weigh

    E[Π_i (c_i E h x/B + (1 − c_i) Ē)] = Ē^n Σ_j e_j m_j z^j,   m_j = Π_{l<j} (1 + l/a),

e_j the coefficient of z^j in Π(c_i z + 1 − c_i), and m_j the j-th moment of x/a. No coefficient is
negative, so nothing cancels. The published probability is not computed in this way but by
`model.recurring`, so that it shares nothing with the tests' oracle, which is.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import batched

import numpy as np

from model.quadrature import Array, log_sum_exp
from model.recurring import Recurring, log_of_product, log_volumes

_SMALL = 0.01  # variance of a volume below which 1 + y/a would round away too much of y
_ROWS = 30
_TINY, _HUGE = 1e-290, 1e290
_RANGE = 600.0  # nats between the coefficients of a sum, so that none of them is lost


def log_product(indicators: Sequence[Recurring], log_h: Array) -> Array:
    """``Σ_k log Z_k(h)``, shape (rows, nodes), as `model.recurring.log_product`, and much faster."""
    h = np.exp(log_h)
    total = _log_silence(indicators, h)
    factors: list[Array] = []
    for one in indicators:
        if one.credibilities.size:
            total += _weighed(one, h, factors)
    return total + log_of_product(factors) if factors else total


def _log_silence(indicators: Sequence[Recurring], h: Array) -> Array:
    """``−Σ_k a log(1 + E h X / a)``: of volumes equally unsure the logarithm is taken once."""
    alike: dict[float, list[Recurring]] = {}
    for one in indicators:
        alike.setdefault(one.variance, []).append(one)
    return np.asarray(-sum(_hidden(variance, some, h) for variance, some in alike.items()))


def _hidden(variance: float, some: Sequence[Recurring], h: Array) -> Array:
    if variance > _SMALL:
        with np.errstate(over="ignore"):
            product = _thinned(some[0], h)
            for one in some[1:]:
                product *= _thinned(one, h)
        if product.max() < _HUGE:
            return np.asarray(np.log(product) / variance)
    exposed = (np.outer(one.expected * one.exposure, h) for one in some)
    return np.asarray(sum(np.log1p(variance * y) / variance if variance else y for y in exposed))


def _thinned(one: Recurring, h: Array) -> Array:
    """``B/a = 1 + E h X / a``, shape (rows, nodes)."""
    found = np.outer(one.variance * one.exposure * one.expected, h)
    found += 1
    return found


def _weighed(one: Recurring, h: Array, factors: list[Array]) -> Array:
    """Put what the events weigh among the factors but for a scale, and give the scale's logarithm."""
    found = _sum(one, h) if one.noise.min() > 0 else None
    if found is None:
        return _integrated(one, h)
    log_scale, factor = found
    factors.append(factor)
    return log_scale


def _integrated(one: Recurring, h: Array) -> Array:
    """Do without the sum, on nodes for the volume: many more numbers, so some rows at a time."""
    pairs = zip(batched(one.expected, _ROWS), batched(one.noise, _ROWS), strict=True)
    some = (replace(one, expected=np.array(own), noise=np.array(all_)) for own, all_ in pairs)
    return np.concatenate([log_sum_exp(log_volumes(part, h)[1]) for part in some])


def _sum(one: Recurring, h: Array) -> tuple[Array, Array] | None:
    """Log scale, and ``Σ_j e_j m_j z^j`` over it; None where doubles cannot hold it."""
    z = np.outer(one.expected / one.noise, h)
    z /= _thinned(one, h)
    largest, degree = float(z.max()), one.credibilities.size
    logs = _log_coefficients(tuple(one.credibilities.tolist()), one.variance)
    if logs is None or not 0 < largest < math.inf:
        return None
    logs = logs + np.arange(degree + 1) * math.log(largest)
    top = float(logs.max())
    if np.min(logs, where=np.isfinite(logs), initial=top) < top - _RANGE:
        return None
    z /= largest
    last, *others = np.exp(logs - top)[::-1]
    total = np.full_like(z, last)
    for coefficient in others:  # Horner's rule
        total *= z
        total += coefficient
    return top + degree * np.log(one.noise)[:, None], total


@lru_cache(maxsize=1024)
def _log_coefficients(credibilities: tuple[float, ...], variance: float) -> Array | None:
    """``log e_j m_j``, −inf where certain events leave none; None where one is too small to be held."""
    found = np.ones(1)
    for c in credibilities:
        found = np.convolve(found, [1 - c, c])
    degree, sure, never = len(credibilities), credibilities.count(1.0), credibilities.count(0.0)
    if found[sure : degree + 1 - never].min() < _TINY:
        return None
    log_moments = np.concatenate([[0.0], np.cumsum(np.log1p(variance * np.arange(degree)))])
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(found) + log_moments)
