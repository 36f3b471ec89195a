"""Intervals across forecasts."""

import math

import numpy as np
import pytest
from scipy.stats import bootstrap

from model.bootstrap import LEAST, mean_interval, skill_interval

VALUES = np.random.default_rng(3).gamma(2.0, 0.3, size=30)
REFERENCES = VALUES + np.random.default_rng(4).normal(0.2, 0.3, size=30) ** 2 + 0.1


def test_of_few_forecasts_there_is_none() -> None:
    assert mean_interval([0.2] * (LEAST - 1)) is None
    assert skill_interval([0.2] * (LEAST - 1), [0.4] * (LEAST - 1)) is None
    assert mean_interval([0.2, 0.3, 0.2, 0.5, 0.1]) is not None


def test_forecasts_that_scored_alike_leave_no_doubt() -> None:
    found = mean_interval([0.25] * 8)
    assert found is not None
    assert (found.low, found.high, found.level) == (0.25, 0.25, 0.9)


def test_it_is_the_same_every_time() -> None:
    assert mean_interval(VALUES.tolist()) == mean_interval(VALUES.tolist())
    assert mean_interval(VALUES.tolist()) != mean_interval(VALUES.tolist(), seed=1)


def test_a_mean_agrees_with_scipy() -> None:
    theirs = bootstrap(
        (VALUES,), np.mean, method="percentile", confidence_level=0.9, rng=np.random.default_rng(1)
    ).confidence_interval
    found = mean_interval(VALUES.tolist())
    assert found is not None
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_skill_agrees_with_scipy_where_forecasts_are_drawn_with_their_references() -> None:
    theirs = bootstrap(
        (VALUES, REFERENCES),
        lambda ours, others, axis: 1 - ours.mean(axis=axis) / others.mean(axis=axis),
        paired=True,
        vectorized=True,
        method="percentile",
        confidence_level=0.9,
        rng=np.random.default_rng(1),
    ).confidence_interval
    found = skill_interval(VALUES.tolist(), REFERENCES.tolist())
    assert found is not None
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.01)


def test_one_infinite_score_among_many_makes_the_upper_end_infinite_and_nothing_else() -> None:
    found = mean_interval([0.2, 0.3, 0.4, 0.5, 0.6, math.inf])
    assert found is not None
    assert found.low < 1
    assert found.high == math.inf


def test_skill_that_has_no_meaning_has_no_interval() -> None:
    assert skill_interval([0.1] * 6, [0.0] * 6) is None
    assert skill_interval([math.inf] * 6, [math.inf] * 6) is None


def test_many_forecasts_are_resampled_in_parts_that_fit_in_memory() -> None:
    many = np.random.default_rng(5).random(4000)
    found = mean_interval(many.tolist(), draws=2000)
    error = many.std() / math.sqrt(len(many))
    assert found is not None
    assert found.low == pytest.approx(many.mean() - 1.645 * error, abs=0.2 * error)
    assert found.high == pytest.approx(many.mean() + 1.645 * error, abs=0.2 * error)


@pytest.mark.slow
def test_nine_in_ten_intervals_hold_the_truth() -> None:
    random = np.random.default_rng(6)
    held = 0
    for _ in range(300):
        found = mean_interval(random.gamma(2.0, 0.3, size=40).tolist(), draws=1000)
        assert found is not None
        held += found.low <= 0.6 <= found.high
    assert 0.84 <= held / 300 <= 0.94
