"""Quadrature for the two kinds of integral of the exact engine.

The trapezoid rule on the whole line, which converges exponentially for functions analytic in a
strip about it (Trefethen and Weideman 2014, SIAM Review 56, 385).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainccinv, gammaincinv, gammaln

from model.errors import Unresolved

Array = NDArray[np.float64]

NEGLIGIBLE = 45.0  # what lies this far below the maximum, in nats, is left out
TOLERANCE = 1e-6  # steps are halved until the logarithm moves by less, which halving squares once more
_WIDEST = 0.9  # step to begin with: under a normal of variance 1 the rule is 5e-11 off, and half of it 1e-42
ERROR = 1e-11  # relative error of a gamma integral; a tenth of it is left out at either end
_MOST_HALVINGS = 20
_MARGIN = math.sqrt(2 * NEGLIGIBLE) + 1


def log_sum_exp(values: Array) -> Array:
    """``log Σ exp(values)`` over the last axis; −inf where all are."""
    top = np.max(values, axis=-1, keepdims=True)
    if not np.isfinite(top).all():
        top = np.where(np.isfinite(top), top, 0.0)
    above = np.subtract(values, top)
    total = np.sum(np.exp(above, out=above), axis=-1)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(total) + top[..., 0])


@lru_cache(maxsize=4096)
def gamma_nodes(shape: float, degree: int, error: float = ERROR) -> tuple[Array, Array]:
    """Nodes and log-weights for ``E[p(x)]``, x ~ Gamma(shape, 1), p with coefficients ≥ 0.

    The trapezoid rule in ``y = log x``. For every polynomial p of at most this degree whose
    coefficients are not negative, ``x^shape e^−x p(x)`` grows by at most ``(cos d)^−(shape+degree)``
    when y is moved by i·d, which bounds the rule's error; the law ∝ p(x) Gamma(x) lies between
    Gamma(shape) and Gamma(shape + degree) stochastically, which bounds the tails.

    Parameters
    ----------
    shape
        a > 0.
    degree
        The polynomial's degree, ≥ 0.
    error
        Relative error, in (0, 1).

    Returns
    -------
    nodes, log_weights : ndarray, shape (nodes,)
        ``E[p(x)] = Σ exp(log_weights) p(nodes)`` to that error.
    """
    tail, step = error / 10, _gamma_step(shape + degree, error)
    smallest = np.log(gammaincinv(shape, tail) or math.ulp(0.0))
    bound = (math.log(tail) + gammaln(shape + 1)) / shape  # from P(x) ≤ x^a / Γ(a+1)
    low = min(smallest, bound) if smallest < -700 else smallest
    high = np.log(gammainccinv(shape + degree, tail))
    y = np.arange(low, high + step, step) - math.log(shape)
    log_weights = shape * (y - np.expm1(y))  # without the constant, which rounding would spoil
    return shape * np.exp(y), log_weights - log_sum_exp(log_weights)


def _gamma_step(order: float, error: float) -> float:
    """Widest step whose error, ``2 (cos d)^−order / (exp(2πd/step) − 1)`` at the best d, is small."""
    strip = np.geomspace(1e-7, 1.57, 400)
    return float(np.max(2 * np.pi * strip / (math.log(2 / error) - order * np.log(np.cos(strip)))))


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """An integral over the line and the nodes at which it settled.

    Parameters
    ----------
    x : ndarray, shape (nodes,)
    values : ndarray, shape (rows, nodes)
        Log integrands. Nodes stand closer together than the last step nowhere, and farther apart only
        where nothing counts, so that they serve as weights.
    log_integral : ndarray, shape (rows,)
    """

    x: Array
    values: Array
    log_integral: Array


def settle(
    log_f: Callable[[Array], Array],
    slope_bounds: Callable[[Array], tuple[Array, Array]],
) -> Settled:
    """Integrate exp(log_f) over the line, for many rows at once, missing no mode.

    Parameters
    ----------
    log_f
        Maps x, shape (nodes,), to log integrands, shape (rows, nodes).
    slope_bounds
        Maps x to a lower and an upper bound of the derivative of `log_f` in x, each of shape
        (rows, nodes) and falling at least as fast as −x. They say where every mode must lie and
        how far `log_f` can rise between two nodes, so that no peak is stepped over.

    Raises
    ------
    Unresolved
        The steps were halved 20 times and a logarithm still moves by more.
    """
    low, high = _bracket(slope_bounds)
    step = _WIDEST
    x = np.arange(low, high + step, step)
    values, before = log_f(x), None
    for _ in range(_MOST_HALVINGS):
        if np.any(np.isnan(values)):
            break
        now = log_sum_exp(values) + math.log(step)
        if before is not None and np.max(np.abs(now - before)) < TOLERANCE:
            return Settled(x=x, values=values, log_integral=now)
        before = now
        left = _worth_halving(x, values, slope_bounds, step)
        between = x[:-1][left] + step / 2
        order = np.argsort(np.concatenate([x, between]), kind="stable")
        values = np.concatenate([values, log_f(between)], axis=1)[:, order]
        x, step = np.concatenate([x, between])[order], step / 2
    raise Unresolved("the integral over coverage did not settle: are rates or coverage_sd extreme?")


def _bracket(slope_bounds: Callable[[Array], tuple[Array, Array]]) -> tuple[float, float]:
    """Where every mode of every row lies, with a margin beyond which nothing counts."""
    low = _root(lambda x: float(np.min(slope_bounds(np.array([x]))[0])))
    high = _root(lambda x: float(np.max(slope_bounds(np.array([x]))[1])))
    return math.floor(low - _MARGIN), math.ceil(high + _MARGIN)


def _root(slope: Callable[[float], float]) -> float:
    """Root, to within 0.5, of a function that falls at least as fast as −x."""
    start = slope(0.0)
    low, high = min(0.0, start), max(0.0, start)
    while high - low > 0.5:
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return low if start < 0 else high


def _worth_halving(
    x: Array,
    values: Array,
    slope_bounds: Callable[[Array], tuple[Array, Array]],
    step: float,
) -> NDArray[np.bool_]:
    """Which of the gaps between neighbouring nodes may hold something that counts, in any row."""
    falls, rises = slope_bounds(x)
    from_left = values[:, :-1] + step * np.maximum(0.0, rises[:, :-1])
    from_right = values[:, 1:] + step * np.maximum(0.0, -falls[:, 1:])
    highest = np.max(values, axis=1, keepdims=True)
    possible = np.minimum(from_left, from_right) > highest - NEGLIGIBLE
    return np.asarray(np.any(possible, axis=0) & (np.diff(x) < 1.5 * step))
