"""The simulated worlds are what they say: events, marks, and what goes wrong in each of them."""

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache

import numpy as np
import pytest
from scipy.special import gammainc, ndtri

from benchmarks import scoring
from benchmarks.scoring import Array
from benchmarks.worlds import (
    GRADES,
    Happening,
    Nature,
    World,
    _Simulation,
    events,
    forecast,
    marks,
    noise,
    rises,
    seen,
    simulate,
)
from model.evidence import opens, select

WORLDS = 300
EVEN = [place for place, one in enumerate(forecast().indicators) if one.recurs and one.timing == 1]


@lru_cache
def worlds(nature: Nature = Nature()) -> tuple[World, ...]:  # noqa: B008 - frozen
    return tuple(simulate(forecast(), nature, np.random.default_rng([7, n])) for n in range(WORLDS))


def numbers(nature: Nature, counts: Callable[[Happening], bool]) -> Array:
    """How many such events each world has."""
    return np.array([sum(map(counts, world.happened)) for world in worlds(nature)], dtype=float)


def agrees(values: Array, expected: float) -> bool:
    """Whether the mean is as expected, within five standard errors."""
    found = scoring.estimate(values)
    return abs(found.mean - expected) <= 5 * found.error + 1e-9


def mean_stated(place: int) -> float:
    indicator = forecast().indicators[place]
    return math.fsum(one.prior * indicator.stated[one.id] for one in forecast().scenarios)


def filed(place: int, *, until: float = 1.0) -> Callable[[Happening], bool]:
    return lambda one: one.indicator == place and one.at <= until


def is_real(place: int, *, until: float = 1.0) -> Callable[[Happening], bool]:
    return lambda one: one.real and filed(place, until=until)(one)


# ---- worlds as modelled ----------------------------------------------------------------------------------


def test_silence_counts_up_to_every_cutoff() -> None:
    assert forecast().observed_until is None


def test_shares_of_grades_are_shares() -> None:
    assert math.fsum(GRADES.values()) == pytest.approx(1)
    assert math.fsum(one.share for one in marks(Nature(reports=3))) == pytest.approx(1)


def test_every_event_counts_for_the_indicator_that_it_is_filed_under_and_for_no_other() -> None:
    for world in worlds()[:20]:
        for one, event in zip(world.happened, events(forecast(), world, 0.5), strict=True):
            claims = [i.id for i in forecast().indicators if i.counts(event.tag, event.countries)]
            assert claims == [forecast().indicators[one.indicator].id]


@pytest.mark.slow
def test_simulated_worlds_obey_the_occasion_rule() -> None:
    folded = 0
    for world in worlds(Nature(burst_size=3))[:50]:
        known = events(forecast(), world, 0.5)
        evidence = select(forecast(), known, as_of=forecast().horizon)
        assert len(evidence.events) == len(known)
        for mine in (one for one in evidence.indicators if one.indicator.recurs):
            folded += len(mine.folded)
            for place, event in enumerate(mine.counted):
                end = event.occurred + timedelta(mine.indicator.burst_days)
                if opens(event):
                    assert all(later.occurred > end for later in mine.counted[place + 1 :])
    assert folded > 50


@pytest.mark.slow
@pytest.mark.parametrize("place", range(len(forecast().indicators)))
def test_real_and_false_events_come_as_often_as_stated(place: int) -> None:
    indicator, mean = forecast().indicators[place], mean_stated(place)
    false = mean if indicator.recurs else -math.log1p(-mean)
    assert agrees(numbers(Nature(), is_real(place)), mean)
    made_up = numbers(Nature(), lambda one: not one.real and one.indicator == place)
    assert agrees(made_up, false * noise(Nature()))


@pytest.mark.parametrize("scenario", range(len(forecast().scenarios)))
def test_real_events_come_as_often_as_the_scenario_that_came_true_says(scenario: int) -> None:
    mine = [world for world in worlds() if world.scenario == scenario]
    assert agrees(
        np.array([float(world.scenario == scenario) for world in worlds()]),
        forecast().scenarios[scenario].prior,
    )
    name = forecast().scenario_ids[scenario]
    stated = math.fsum(one.stated[name] for one in forecast().indicators)
    assert agrees(np.array([float(sum(one.real for one in world.happened)) for world in mine]), stated)


def test_late_events_come_late() -> None:
    for place, indicator in enumerate(forecast().indicators):
        early = numbers(Nature(), is_real(place, until=0.5))
        assert agrees(early, mean_stated(place) * 0.5**indicator.timing)


def test_false_reports_of_a_one_off_come_ever_more_often() -> None:
    (place,) = (place for place, one in enumerate(forecast().indicators) if not one.recurs)
    indicator = forecast().indicators[place]
    simulation = _Simulation(forecast(), Nature(), np.random.default_rng(2))
    early = [sum(at <= 0.5 for at in simulation.false(indicator)) for _ in range(3000)]
    elapsed = indicator.elapsed(0.5)
    assert agrees(np.array(early, dtype=float), -math.log1p(-mean_stated(place) * elapsed) * noise(Nature()))


def test_volumes_scatter_as_spread_and_coverage_say() -> None:
    (place,) = (place for place, one in enumerate(forecast().indicators) if one.id == "visits")
    base = forecast().scenario_ids.index("base")
    indicator = forecast().indicators[place]
    mean = indicator.stated["base"]
    shared = (1 + indicator.spread**2) * math.exp(forecast().coverage_sd ** 2) - 1
    counted = [float(sum(map(is_real(place), one.happened))) for one in worlds() if one.scenario == base]
    assert agrees((np.array(counted) - mean) ** 2, mean + mean**2 * shared)


@pytest.mark.slow
@pytest.mark.parametrize("nature", [Nature(), Nature(reports=3), Nature(reports=3, independence=1)])
def test_events_are_real_as_often_as_the_credibility_of_their_marks_says(nature: Nature) -> None:
    for least, most in ((0.0, 0.6), (0.6, 0.78), (0.78, 0.88), (0.88, 1.0)):
        surplus = [
            math.fsum(one.real - one.mark.true for one in world.happened if _within(one, least, most))
            for world in worlds(nature)
        ]
        assert any(surplus)
        assert agrees(np.array(surplus), 0)


def _within(one: Happening, least: float, most: float) -> bool:
    return least < one.mark.true <= most and one.indicator in EVEN


def test_random_days_are_spread_evenly_over_the_window() -> None:
    window = (forecast().horizon - forecast().opened).days
    shares = np.array([(world.random_day - forecast().opened).days / window for world in worlds()])
    assert 0 < shares.min() < 0.05
    assert 0.95 < shares.max() <= 1
    assert agrees(shares, 0.5)


# ---- worlds that differ from the model -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nature", "factor"), [(Nature(rates=2), 2), (Nature(rates=0.5), 0.5), (Nature(scatter=2), 1.25)]
)
def test_rates_are_off_by_two_and_false_reports_are_not(nature: Nature, factor: float) -> None:
    real = numbers(nature, lambda one: one.real and one.indicator in EVEN)
    false = numbers(nature, lambda one: not one.real and one.indicator in EVEN)
    expected = math.fsum(map(mean_stated, EVEN))
    assert agrees(real, factor * expected)
    assert agrees(false, expected * noise(nature))


def test_bursts_have_three_events_on_average_less_what_the_horizon_cuts_off() -> None:
    real = numbers(Nature(burst_size=3), lambda one: one.real and one.indicator in EVEN)
    window = (forecast().horizon - forecast().opened).days
    assert agrees(real, math.fsum(map(mean_stated, EVEN)) * (1 + 2 * (1 - 10.5 / window)))


def test_events_of_a_burst_lie_within_three_weeks() -> None:
    nature = Nature(burst_size=3)
    window = (forecast().horizon - forecast().opened).days
    close = []
    for world in worlds(nature):
        for place in EVEN:
            at = np.array([one.at * window for one in world.happened if one.real and one.indicator == place])
            close += list(np.diff(at) <= 21)
    assert np.mean(close) > 2 * 0.3


@pytest.mark.slow
def test_a_fifth_of_the_events_is_filed_under_another_indicator_whichever() -> None:
    number = len(forecast().indicators)
    pairs = zip(worlds(), worlds(Nature(mistagged=0.2)), strict=True)
    moved = np.array(
        [
            (new.indicator - old.indicator) % number
            for plain, wrong in pairs
            for old, new in zip(plain.happened, wrong.happened, strict=True)
            if replace(old, indicator=0) == replace(new, indicator=0)
        ]
    )
    assert moved.size == sum(len(world.happened) for world in worlds())
    assert agrees((moved > 0).astype(float), 0.2)
    assert all(agrees((moved == by).astype(float), 0.2 / (number - 1)) for by in range(1, number))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("coverage_sd", "shock_sd"), [(0.7, 0.0), (0.0, 0.7)], ids=["as modelled", "correlated"]
)
def test_indicators_that_rise_together_share_coverage_and_a_shock(
    coverage_sd: float, shock_sd: float
) -> None:
    asked, nature = replace(forecast(), coverage_sd=coverage_sd), Nature(shock_sd=shock_sd)
    seeds = (np.random.default_rng([8, number]) for number in range(WORLDS))
    drawn = [simulate(asked, nature, rng) for rng in seeds]
    base = asked.scenario_ids.index("base")
    products = [_surplus(world, 0) * _surplus(world, 1) for world in drawn if world.scenario == base]
    shared = math.exp(coverage_sd**2 + shock_sd**2) - 1
    assert agrees(np.array(products), _expected(0) * _expected(1) * shared)
    apart = [
        _surplus(world, 0) * _surplus(world, 0, rising=False) for world in drawn if world.scenario == base
    ]
    assert agrees(np.array(apart), _expected(0) * _expected(0, rising=False) * math.expm1(coverage_sd**2))


def _half(which: int, rising: bool) -> list[int]:
    return [k for k in EVEN if rises(forecast(), forecast().indicators[k]) is rising][which::2]


def _expected(which: int, *, rising: bool = True) -> float:
    return math.fsum(forecast().indicators[k].stated["base"] for k in _half(which, rising))


def _surplus(world: World, which: int, *, rising: bool = True) -> float:
    """How many more real events than expected half of the rising, or falling, indicators have."""
    half = _half(which, rising)
    return sum(one.real and one.indicator in half for one in world.happened) - _expected(which, rising=rising)


def test_factors_have_a_mean_of_one() -> None:
    simulation = _Simulation(forecast(), Nature(), np.random.default_rng(6))
    drawn = np.array([simulation.log_normal(0.7) for _ in range(4000)])
    assert agrees(drawn, 1)
    assert agrees((drawn - 1) ** 2, math.expm1(0.49))
    assert simulation.log_normal(0) == 1


def test_copies_are_worth_nothing_and_the_service_takes_them_for_something() -> None:
    for mark in marks(Nature(reports=3)):
        assert mark.true == seen(mark.grade, mark.reports, 0.0) == seen(mark.grade, 1, 0.5)
    assert seen("C3", 3, 0.5) > seen("C3", 1, 0.5)


def test_independent_sources_are_worth_more_than_the_service_takes_them_for() -> None:
    for mark in marks(Nature(reports=3, independence=1)):
        assert mark.true == seen(mark.grade, mark.reports, 1.0)
        odds = mark.reports * math.log(seen(mark.grade, 1, 0) / (1 - seen(mark.grade, 1, 0)))
        if odds > 0:
            assert mark.true == pytest.approx(min(0.98, 1 / (1 + math.exp(-odds))), abs=0.005)


def test_events_have_three_reports_on_average() -> None:
    mean = math.fsum(one.share * one.reports for one in marks(Nature(reports=3)))
    assert mean == pytest.approx(3, abs=0.4)  # the geometric law is cut off at eight


# ---- trials ----------------------------------------------------------------------------------------------


def test_correlated_volumes_have_the_law_that_is_stated_and_share_a_normal_score() -> None:
    indicator = forecast().indicators[EVEN[0]]
    simulation = _Simulation(forecast(), Nature(correlation=0.7), np.random.default_rng(3))
    common = np.random.default_rng(4).standard_normal(20_000)
    volumes = np.array([simulation.volume(indicator, one) for one in common])
    variance = indicator.spread**2
    assert agrees(volumes, 1)
    assert agrees((volumes - 1) ** 2, variance)
    scores = ndtri(gammainc(1 / variance, volumes / variance))
    assert agrees(scores * common, math.sqrt(0.7))
