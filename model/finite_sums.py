"""Recurring indicators by their finite sum: what many elicitations at once cost least by.

With ``B = a + E h X`` and ``z = a E h / (B Ē)``, the n events of an indicator weigh

    E[Π_i (c_i E h x/B + (1 − c_i) Ē)] = Ē^n Σ_j e_j m_j z^j,   m_j = Π_{l<j} (1 + l/a),

e_j the coefficient of z^j in Π(c_i z + 1 − c_i), and m_j the j-th moment of x/a. No coefficient is
negative, so nothing cancels. Times (B/a)^n it is a polynomial in h, and so is the product of several
indicators': polynomials of many rows at many h are a product of two matrices. The published probability
is not computed in this way but by `model.recurring`, so that it shares nothing with the tests' oracle,
which is.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import batched

import numpy as np

from model.quadrature import Array, log_sum_exp
from model.recurring import Recurring, log_volumes

_SMALL = 0.01  # variance of a volume below which 1 + y/a would round away too much of y
_ROWS = 30
_TINY, _HUGE = 1e-290, 1e290
_RANGE = 600.0  # nats between the terms of a sum, so that none of them is lost
_DEGREE = 24  # of a polynomial: longer ones cost more by their own products than they save


def log_product(indicators: Sequence[Recurring], log_h: Array) -> Array:
    """``Σ_k log Z_k(h)``, shape (rows, nodes), as `model.recurring.log_product`, and much faster."""
    h = np.exp(log_h)
    degree = int(max(1.0, min(_DEGREE, _RANGE / max(1.0, np.abs(log_h).max()))))
    total = _log_silence(indicators, h, degree)
    for some in _parts([one for one in indicators if one.credibilities.size], degree):
        total += _log_events(some, h, degree)
    return total


def _log_silence(indicators: Sequence[Recurring], h: Array, degree: int) -> Array:
    """``−Σ_k a log(1 + E h X / a)``: of volumes equally unsure the logarithm is taken once."""
    alike: dict[float, list[Recurring]] = {}
    for one in indicators:
        alike.setdefault(one.variance, []).append(one)
    return np.asarray(-sum(_hidden(variance, some, h, degree) for variance, some in alike.items()))


def _hidden(variance: float, some: Sequence[Recurring], h: Array, degree: int) -> Array:
    if variance > _SMALL:
        products = [_values(_thinned(part), h) for part in batched(some, degree)]
        if all(one.max() < _HUGE for one in products):
            return np.asarray(sum(np.log(one) for one in products) / variance)
    exposed = (np.outer(one.expected * one.exposure, h) for one in some)
    return np.asarray(sum(np.log1p(variance * y) / variance if variance else y for y in exposed))


def _thinned(some: Sequence[Recurring]) -> Array:
    """Coefficients in h of ``Π_k B_k/a_k = Π_k (1 + E_k h X_k / a_k)``, shape (degree + 1, rows)."""
    found = np.ones((1, some[0].expected.size))
    for one in some:
        found = _lengthened(found, _slope(one))
    return found


def _slope(one: Recurring) -> Array:
    return one.variance * one.exposure * one.expected


def _lengthened(coefficients: Array, slope: Array) -> Array:
    """Multiply a polynomial in h by ``1 + slope h``."""
    found = np.concatenate([coefficients, np.zeros((1, slope.size))])
    found[1:] += slope * coefficients
    return found


def _values(coefficients: Array, h: Array) -> Array:
    """Evaluate polynomials in h, shape (rows, nodes), as a product of two matrices."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(coefficients.T @ h ** np.arange(len(coefficients))[:, None])


def _parts(indicators: Sequence[Recurring], degree: int) -> Iterator[list[Recurring]]:
    """Put indicators together whose events are no more than a degree; one with more stays alone."""
    some: list[Recurring] = []
    for one in indicators:
        if some and sum(other.credibilities.size for other in (*some, one)) > degree:
            yield some
            some = []
        some.append(one)
    if some:
        yield some


def _log_events(some: Sequence[Recurring], h: Array, degree: int) -> Array:
    """Weigh the events of some indicators, shape (rows, nodes): together where that can be held."""
    found = _together(some, h) if sum(one.credibilities.size for one in some) <= degree else None
    return sum((_weighed(one, h) for one in some), start=np.zeros(1)) if found is None else found


def _together(some: Sequence[Recurring], h: Array) -> Array | None:
    """Multiply the sums as polynomials in h, and take one logarithm; None where doubles cannot hold them."""
    if min(one.noise.min() for one in some) <= 0:
        return None
    above = np.ones((1, some[0].expected.size))
    for one in some:
        sums = _sums(one)
        if sums is None:
            return None
        above = _multiplied(above, sums)
    below = _thinned([one for one in some for _ in range(one.credibilities.size)])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = _values(above, h) / _values(below, h)
    if not (ratio.min() > _TINY and ratio.max() < _HUGE):
        return None
    log_scale = sum(one.credibilities.size * np.log(one.noise) for one in some)
    return np.asarray(np.log(ratio) + np.asarray(log_scale)[:, None])


def _sums(one: Recurring) -> Array | None:
    """Coefficients in h of ``(B/a)^n Σ_j e_j m_j z^j``, where ``z = (E / Ē) h / (B/a)``."""
    logs = _log_coefficients(tuple(one.credibilities.tolist()), one.variance)
    if logs is None or logs.max() > _RANGE:
        return None
    first, *others = np.exp(logs)
    found = np.full((1, one.expected.size), first)
    ratio, power = one.expected / one.noise, np.ones(1)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for coefficient in others:
            power = power * ratio
            found = _lengthened(found, _slope(one))
            found[-1] += coefficient * power
    return found


def _multiplied(one: Array, other: Array) -> Array:
    """Multiply polynomials, shapes (degree + 1, rows)."""
    found = np.zeros((len(one) + len(other) - 1, one.shape[1]))
    for place, coefficient in enumerate(other):
        found[place : place + len(one)] += coefficient * one
    return found


def _weighed(one: Recurring, h: Array) -> Array:
    """Weigh one indicator's events by themselves."""
    found = _sum(one, h) if one.noise.min() > 0 else None
    return _integrated(one, h) if found is None else found


def _integrated(one: Recurring, h: Array) -> Array:
    """Do without the sum, on nodes for the volume: many more numbers, so some rows at a time."""
    pairs = zip(batched(one.expected, _ROWS), batched(one.noise, _ROWS), strict=True)
    some = (replace(one, expected=np.array(own), noise=np.array(all_)) for own, all_ in pairs)
    return np.concatenate([log_sum_exp(log_volumes(part, h)[1]) for part in some])


def _sum(one: Recurring, h: Array) -> Array | None:
    """``log Ē^n Σ_j e_j m_j z^j``, a sum at a time; None where doubles cannot hold it."""
    z = np.outer(one.expected / one.noise, h)
    z /= 1 + np.outer(_slope(one), h)
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
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(total) + top + degree * np.log(one.noise)[:, None])


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
