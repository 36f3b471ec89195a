"""CORP reliability: a published example, brute force, and what calibrated forecasts do."""

import csv
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import InvalidValue
from model.reliability import Reliability, reliability
from model.resolution import expected_score

NIAMEY = Path(__file__).parents[3] / "shared" / "data" / "forecasting" / "precip_Niamey_2016.csv"

cases = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.5, 0.7, 1.0]) | st.floats(0, 1), st.floats(0, 1)),
    min_size=1,
    max_size=12,
)


def judged(told: Sequence[tuple[float, float]]) -> Reliability:
    return reliability([one for one, _ in told], [one for _, one in told], draws=2)


def recalibrated(found: Reliability, stated: float) -> float:
    return next(one.happened for one in found.bins if one.low <= stated <= one.high)


@pytest.mark.parametrize(
    ("forecast", "published"),
    [
        ("EMOS", (0.232, 0.0183, 0.0305, 0.244)),
        ("Logistic", (0.206, 0.0171, 0.0555, 0.244)),
        ("ENS", (0.266, 0.0661, 0.0441, 0.244)),
        ("EPC", (0.234, 0.0223, 0.0323, 0.244)),
    ],
)
def test_the_published_decomposition_of_rain_at_niamey_comes_out(
    forecast: str, published: tuple[float, ...]
) -> None:
    if not NIAMEY.exists():
        pytest.skip(f"{NIAMEY.name} is not here; it comes with the R package reliabilitydiag")
    with NIAMEY.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    found = reliability([float(one[forecast]) for one in rows], [float(one["obs"]) for one in rows])
    parts = found.decomposition
    shown = (parts.score, parts.miscalibration, parts.discrimination, parts.uncertainty)
    assert tuple(float(f"{one:.3g}") for one in shown) == published


def isotonic_by_force(told: Sequence[tuple[float, float]]) -> dict[float, float]:
    """The greatest of the least means: the classical formula, tried over every pair of ends."""
    values = sorted({one for one, _ in told})

    def mean(low: float, high: float) -> float:
        chosen = [came for stated, came in told if low <= stated <= high]
        return math.fsum(chosen) / len(chosen)

    return {
        at: max(min(mean(low, high) for high in values if high >= at) for low in values if low <= at)
        for at in values
    }


@settings(deadline=None)
@given(cases)
def test_the_frequencies_are_those_of_every_pooling_tried_out(told: list[tuple[float, float]]) -> None:
    found = judged(told)
    for stated, expected in isotonic_by_force(told).items():
        assert math.isclose(recalibrated(found, stated), expected, abs_tol=1e-9)


@settings(deadline=None)
@given(cases)
def test_the_parts_make_the_expected_score_and_none_is_negative(told: list[tuple[float, float]]) -> None:
    parts = judged(told).decomposition
    mean = math.fsum(expected_score(came, stated).brier for stated, came in told) / len(told)
    assert math.isclose(parts.score, mean, abs_tol=1e-12)
    whole = parts.miscalibration - parts.discrimination + parts.uncertainty
    assert math.isclose(parts.score, whole, abs_tol=1e-9)
    assert min(parts.miscalibration, parts.discrimination, parts.uncertainty) >= 0


@settings(deadline=None)
@given(cases)
def test_recalibrating_what_is_recalibrated_changes_nothing(told: list[tuple[float, float]]) -> None:
    first = judged(told)
    again = judged([(recalibrated(first, stated), came) for stated, came in told])
    assert again.decomposition.miscalibration < 1e-9
    assert math.isclose(again.decomposition.discrimination, first.decomposition.discrimination, abs_tol=1e-9)


@settings(deadline=None)
@given(cases)
def test_bins_hold_every_case_once_and_rise(told: list[tuple[float, float]]) -> None:
    found = judged(told)
    assert sum(one.number for one in found.bins) == found.number == len(told)
    assert all(one.high < other.low and one.happened < other.happened for one, other in pairwise(found.bins))
    assert all(one.low - 1e-12 <= one.stated <= one.high + 1e-12 for one in found.bins)


def test_a_soft_case_counts_as_so_many_that_happened_and_so_many_that_did_not() -> None:
    soft = [(0.2, 0.25), (0.6, 0.75), (0.9, 1.0)]
    hard = [(stated, float(number < 4 * came)) for stated, came in soft for number in range(4)]
    ours, theirs = judged(soft), judged(hard)
    assert ours.decomposition == pytest.approx(theirs.decomposition)
    assert [one.happened for one in ours.bins] == [one.happened for one in theirs.bins]


def calibrated(random: np.random.Generator, number: int) -> tuple[list[float], list[float]]:
    stated = random.choice([0.1, 0.3, 0.5, 0.7, 0.9], number)
    return stated.tolist(), (random.random(number) < stated).astype(float).tolist()


def share_within(found: Sequence[Reliability]) -> float:
    inside = [
        min(one.band, key=lambda point: abs(point.stated - bin_.stated)).low - 1e-9
        <= bin_.happened
        <= min(one.band, key=lambda point: abs(point.stated - bin_.stated)).high + 1e-9
        for one in found
        for bin_ in one.bins
    ]
    return sum(inside) / len(inside)


def test_calibrated_forecasts_lie_within_the_band_nine_times_in_ten() -> None:
    random = np.random.default_rng(8)
    found = [reliability(*calibrated(random, 300), draws=200) for _ in range(60)]
    assert 0.85 <= share_within(found) <= 0.99


def test_forecasts_that_overstate_lie_outside_of_the_band() -> None:
    random = np.random.default_rng(9)
    stated = random.choice([0.6, 0.7, 0.8, 0.9], 800)
    found = reliability(stated.tolist(), (random.random(800) < stated / 2).astype(float).tolist())
    assert all(one.happened < one.band_low for one in found.bins)


def test_windows_that_overlap_widen_the_band_as_far_as_they_are_fewer() -> None:
    stated = [0.5] * 300
    alone = reliability(stated, [0.0] * 300).band[0]
    together = reliability(stated, [0.0] * 300, groups=[place // 30 for place in range(300)]).band[0]
    few = reliability([0.5] * 10, [0.0] * 10).band[0]
    assert (together.low, together.high) == pytest.approx((few.low, few.high), abs=0.101)
    assert together.high - together.low > 4 * (alone.high - alone.low)


def test_the_band_is_the_same_every_time_and_says_its_level() -> None:
    random = np.random.default_rng(10)
    told = calibrated(random, 100)
    assert reliability(*told) == reliability(*told)
    wide, narrow = reliability(*told, level=0.99), reliability(*told, level=0.5)
    assert (wide.level, narrow.level) == (0.99, 0.5)
    assert all(
        one.low <= other.low and one.high >= other.high
        for one, other in zip(wide.band, narrow.band, strict=True)
    )


def test_a_band_of_very_many_probabilities_is_kept_at_some_of_them_with_both_ends() -> None:
    stated = np.random.default_rng(11).random(5000)
    band = reliability(stated.tolist(), [0.0] * 5000, draws=2).band
    assert len(band) == 200
    assert (band[0].stated, band[-1].stated) == (stated.min(), stated.max())


@pytest.mark.parametrize(
    ("stated", "came", "said"),
    [
        ([], [], "0 probabilities and 0 outcomes"),
        ([0.5], [0.5, 0.1], "1 probabilities and 2 outcomes"),
        ([1.5], [1.0], r"must lie in \[0, 1\]"),
        ([0.5], [math.nan], r"must lie in \[0, 1\]"),
    ],
)
def test_nonsense_is_refused(stated: list[float], came: list[float], said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        reliability(stated, came)
