import math

import numpy as np
import pytest

from model.comparison import block_days, block_interval, distance, partings


def test_distance_is_the_most_by_which_an_events_probability_differs() -> None:
    assert distance((0.2, 0.3, 0.5), (0.2, 0.3, 0.5)) == 0
    assert distance((1, 0, 0), (0, 0, 1)) == 1
    assert distance((0.5, 0.3, 0.2), (0.3, 0.3, 0.4)) == pytest.approx(0.2)


def test_histories_part_where_their_distance_grows_most_the_widest_step_first() -> None:
    found = partings([0.0, 0.1, 0.05, 0.3, 0.31, 0.0])
    assert [(one.place, one.before, one.after) for one in found] == [
        (3, 0.05, 0.3),
        (1, 0.0, 0.1),
        (4, 0.3, 0.31),
    ]
    assert partings([0.2, 0.2], most=1)[0].place == 0  # they begin apart
    assert partings([0.0, 0.0, 0.0]) == []


def test_equal_steps_are_told_by_date() -> None:
    assert [one.place for one in partings([0.0, 0.25, 0.0, 0.25, 0.0, 0.25])] == [1, 3, 5]


def test_blocks_are_a_month_or_the_root_of_the_days() -> None:
    assert [block_days(days) for days in (10, 730, 900, 2140)] == [30, 30, 30, 46]


def test_an_interval_of_what_never_varies_is_that_number() -> None:
    found = block_interval([0.25] * 365)
    assert found is not None
    assert [found.low, found.high] == pytest.approx([0.25, 0.25])
    assert found.level == 0.9


def test_an_interval_holds_the_mean_and_is_the_same_every_time() -> None:
    days = np.sin(np.arange(400) / 9) + 0.1
    found = block_interval(days.tolist())
    assert found is not None
    assert found.low < days.mean() < found.high
    assert block_interval(days.tolist()) == found


def test_days_that_follow_each_other_make_it_wider_than_independent_days_would() -> None:
    rng = np.random.default_rng(5)
    noise = rng.standard_normal(1000)
    slow = np.convolve(noise, np.ones(25) / 5, mode="same")  # of the same spread, each like its neighbours
    widths = [one.high - one.low for one in map(block_interval, (noise.tolist(), slow.tolist())) if one]
    independent = 2 * 1.645 / math.sqrt(1000)
    assert widths[0] == pytest.approx(independent, rel=0.25)
    assert widths[1] > 3 * independent


def test_its_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(150):
        days = np.convolve(rng.standard_normal(919), np.ones(20) / math.sqrt(20), mode="valid")
        found = block_interval(days.tolist(), draws=400)
        held += found is not None and found.low <= 0 <= found.high
    assert 0.75 <= held / 150 <= 0.95


@pytest.mark.parametrize("days", [[], [0.1] * 89, [0.1] * 200 + [math.inf], [0.1] * 200 + [math.nan]])
def test_too_few_days_and_differences_without_end_have_no_interval(days: list[float]) -> None:
    assert block_interval(days) is None
