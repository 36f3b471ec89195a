"""Bridge sampling against integrals that are known."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import gammaln

from model import bridge

Array = NDArray[np.float64]


def normal_draws(seed: int, mean: float, root: Array, draws: int = 1000) -> Array:
    rng = np.random.default_rng(seed)
    return np.asarray(mean + rng.standard_normal((4, draws, len(root))) @ root.T)


def test_a_normal_integral_is_found() -> None:
    root = np.array([[1.0, 0.0, 0.0], [0.5, 2.0, 0.0], [-0.3, 0.1, 0.4]])
    inverse = np.linalg.inv(root @ root.T)

    def log_density(z: Array) -> Array:
        away = z - 3.0
        return np.asarray(7.0 - 0.5 * np.einsum("ni,ij,nj->n", away, inverse, away))

    expected = 7.0 + 1.5 * math.log(2 * math.pi) + math.log(np.linalg.det(root))
    found = bridge.log_evidence(normal_draws(1, 3.0, root), log_density, np.random.default_rng(2))
    assert found.log_z == pytest.approx(expected, abs=4 * found.error)
    assert found.error < 0.01


def test_a_skewed_integral_is_found_within_its_stated_error() -> None:
    """``∫ exp(a y − e^y) dy = Γ(a)``, of draws of the logarithm of a Gamma variable."""
    shape, gaps = 4.0, []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        draws = np.log(rng.gamma(shape, size=(4, 500, 1)))
        found = bridge.log_evidence(draws, lambda y: shape * y[:, 0] - np.exp(y[:, 0]), rng)
        gaps.append((found.log_z - gammaln(shape)) / found.error)
    assert 0.5 < math.sqrt(np.mean(np.square(gaps))) < 1.3


def test_correlated_draws_are_worth_less() -> None:
    rng = np.random.default_rng(3)
    steps = rng.standard_normal((4, 2000, 1))
    chain = np.empty_like(steps)
    chain[:, 0] = steps[:, 0]
    for place in range(1, 2000):
        chain[:, place] = 0.95 * chain[:, place - 1] + math.sqrt(1 - 0.95**2) * steps[:, place]

    def heavy(z: Array) -> Array:
        return np.asarray(-0.5 * z[:, 0] ** 2 + np.log1p(0.2 * z[:, 0] ** 4))

    independent = bridge.log_evidence(steps, heavy, np.random.default_rng(4))
    correlated = bridge.log_evidence(chain, heavy, np.random.default_rng(4))
    assert correlated.error > 1.5 * independent.error


def test_draws_that_never_moved_give_no_number() -> None:
    stuck = np.ones((4, 100, 2))
    found = bridge.log_evidence(stuck, lambda z: -0.5 * np.sum(z**2, axis=1), np.random.default_rng(1))
    assert math.isnan(found.log_z)
    assert math.isinf(found.error)
