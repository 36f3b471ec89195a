"""Finite sums of recurring indicators, against quadrature."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from model import finite_sums, recurring
from model.rates import Rate
from model.recurring import Recurring

ROWS = np.array([0.3, 1.5, 4.0])
LOG_H = np.linspace(-3, 3, 13)


def seen(credibilities: Sequence[float], *, spread: float = 0.5, exposure: float = 0.7) -> Recurring:
    return Recurring(
        expected=ROWS,
        noise=np.array([1.0, 1.2, 0.9]),
        credibilities=np.array(credibilities),
        exposure=exposure,
        spread=spread,
    )


def assert_agree(indicators: Sequence[Recurring]) -> None:
    found = finite_sums.log_product(indicators, LOG_H)
    assert found == pytest.approx(recurring.log_product(indicators, LOG_H), abs=1e-9)


credible = st.lists(st.sampled_from([0.02, 0.3, 0.5, 0.87, 0.98, 1.0]), max_size=30)
volumes = st.builds(seen, credible, spread=st.sampled_from([0.0, 0.05, 0.5, 2.0]), exposure=st.floats(0, 1))


@given(st.lists(volumes, min_size=1, max_size=5))
def test_the_sum_is_the_integral(indicators: list[Recurring]) -> None:
    assert_agree(indicators)


def test_what_no_sum_can_hold_is_integrated() -> None:
    assert finite_sums._log_coefficients((0.02,) * 400, 0.25) is None
    assert_agree([seen([0.02] * 400), seen([0.9] * 3)])


def test_rows_that_expect_nothing_leave_the_noise() -> None:
    one = Recurring(
        expected=np.array([0.0, 2.0]),
        noise=np.array([1.0, 1.0]),
        credibilities=np.array([0.5, 0.25]),
        exposure=0.5,
        spread=0.5,
    )
    nothing = finite_sums.log_product([one], LOG_H)[0]
    assert nothing == pytest.approx(np.full(LOG_H.size, math.log(0.5 * 0.75)))


def test_counts_of_occasions_are_poisson_however_many_are_expected() -> None:
    for mean in (0.0, 3.7, 650.0, 5000.0):
        rate = Rate(np.array([[mean]]), np.ones((1, 1)))
        expected = poisson.pmf(np.arange(7001), mean)
        assert rate.counts(1.0, 7000)[0] == pytest.approx(expected, rel=1e-9, abs=1e-250)
