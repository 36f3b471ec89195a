"""The simulated worlds are what they say, the scores and the band are right."""

import math
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks import calibration, misspecified, reliability, scoring
from benchmarks.reliability import Point
from benchmarks.scoring import Array, Places
from benchmarks.trials import DEFAULTS, HORIZON, Settings, Trials, trials
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
from model import exact
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


def test_trials_hold_what_the_exact_engine_says_at_either_cutoff() -> None:
    nature, tried = (
        Nature(reports=3),
        [DEFAULTS, Settings(spread=1.0), Settings(burst_days=30, corroboration=0)],
    )
    found = trials(nature, tried, worlds=3, seed=4)
    for number, outcome in enumerate(found.outcomes):
        world = simulate(forecast(), nature, np.random.default_rng([4, number]))
        assert world.scenario == outcome
        for place, setting in enumerate(tried):
            asked = setting.applied(forecast())
            known = events(asked, world, setting.corroboration)
            for cutoff, day in enumerate((world.random_day, asked.horizon)):
                stated = exact.posterior(select(asked, known, as_of=day))
                assert found.stated[place, cutoff, number].tolist() == list(stated.values())


def test_the_worlds_follow_the_truth_and_not_the_settings_tried() -> None:
    truth = Settings(spread=2.0, coverage_sd=1.0)
    plain, other = (trials(Nature(), [DEFAULTS], worlds=3, seed=4, truth=one) for one in (DEFAULTS, truth))
    assert not np.allclose(plain.stated, other.stated)
    tried = trials(Nature(), [truth, DEFAULTS], worlds=3, seed=4)
    assert np.array_equal(tried.stated[1], plain.stated[0])


def test_the_default_settings_change_nothing_and_others_change_what_they_name() -> None:
    assert DEFAULTS.applied(forecast()) == forecast()
    changed = Settings(spread=3 * DEFAULTS.spread, burst_days=7, coverage_sd=0.0).applied(forecast())
    assert changed.coverage_sd == 0
    for one, before in zip(changed.indicators, forecast().indicators, strict=True):
        assert one.burst_days == 7
        assert one.spread == pytest.approx(3 * before.spread)


# ---- scores ----------------------------------------------------------------------------------------------

STATED = np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
OUTCOMES = np.array([0, 2])


def test_scores_are_those_computed_by_hand() -> None:
    assert scoring.log_scores(STATED, OUTCOMES) == pytest.approx([math.log(2), math.log(10)])
    assert scoring.brier_scores(STATED, OUTCOMES) == pytest.approx([0.25 + 0.09 + 0.04, 0.01 + 0.64 + 0.81])


def test_the_scores_of_the_prior_are_those_of_the_standard() -> None:
    prior = np.array([[0.60, 0.25, 0.15]] * 3)
    outcomes = np.array([0, 1, 2])
    assert scoring.log_scores(prior, outcomes) == pytest.approx([0.511, 1.386, 1.897], abs=5e-4)
    assert scoring.brier_scores(prior, outcomes) == pytest.approx([0.245, 0.945, 1.145])
    assert scoring.expected_brier_scores(prior)[0] == pytest.approx(0.555)


def test_expected_scores_average_over_what_may_happen() -> None:
    for score, expected in (
        (scoring.log_scores, scoring.expected_log_scores),
        (scoring.brier_scores, scoring.expected_brier_scores),
    ):
        by_outcome = np.array([score(STATED, np.full(2, place)) for place in range(3)])
        assert expected(STATED) == pytest.approx(np.sum(STATED.T * by_outcome, axis=0))


def test_the_calibration_error_is_the_one_computed_by_hand() -> None:
    stated = np.array([[0.7, 0.3]] * 10)
    outcomes = np.array([0] * 5 + [1] * 5)
    assert scoring.calibration_error(stated, outcomes).mean == pytest.approx(0.2)
    two = np.concatenate([stated, np.array([[0.2, 0.8]] * 10)])
    found = scoring.calibration_error(two, np.concatenate([outcomes, [1] * 10]))
    assert found.mean == pytest.approx((0.2 + 0.2) / 2)


def test_the_error_of_the_calibration_error_is_that_of_its_frequency() -> None:
    stated = np.array([[0.7, 0.3]] * 400)
    found = scoring.calibration_error(stated, np.array([0, 1] * 200))
    assert found.error == pytest.approx(math.sqrt(0.25 / 400), rel=0.3)


def test_bins_are_of_equal_number_and_keep_equal_probabilities_together() -> None:
    assert scoring.membership(np.linspace(0, 1, 200)).sum(axis=0) == pytest.approx([20] * 10, abs=1)
    assert scoring.membership(np.full(50, 0.6)).sum(axis=0).tolist() == [50]


def test_scenarios_drawn_come_true_as_often_as_stated_and_one_at_a_time() -> None:
    found = scoring.drawn(STATED, 4000, np.random.default_rng(1))
    assert np.all(found.sum(axis=2) == 1)
    assert found.mean(axis=0) == pytest.approx(STATED, abs=0.04)


# ---- the band --------------------------------------------------------------------------------------------


def right(forecasts: int, seed: int) -> tuple[Array, Places]:
    """Forecasts whose probabilities are right, and what happened."""
    rng = np.random.default_rng(seed)
    stated = rng.dirichlet([0.5, 1.0, 0.7], forecasts)
    return stated, scoring.drawn(stated, 1, rng)[0].argmax(axis=1)


def test_the_envelope_holds_nineteen_in_twenty_of_all_bins_at_once() -> None:
    counts = np.random.default_rng(3).poisson(np.linspace(0.05, 60, 30), size=(8000, 30)).astype(float)
    low, high = reliability.envelope(counts[:4000])
    whole = np.all((low <= counts[4000:]) & (counts[4000:] <= high), axis=1)
    assert 0.935 < whole.mean() < 0.975


def test_the_band_holds_forecasters_who_are_right_as_often_as_it_says() -> None:
    inside = [
        all(one.inside for one in reliability.points(*right(200, seed), seed=seed, replicates=500))
        for seed in range(40)
    ]
    assert 0.95 - 5 * math.sqrt(0.95 * 0.05 / 40) < np.mean(inside) < 1


@pytest.mark.parametrize("power", [0.6, 1.6], ids=["underconfident", "overconfident"])
def test_the_band_catches_forecasters_who_are_wrong(power: float) -> None:
    stated, outcomes = right(2000, seed=5)
    wrong = stated**power / np.sum(stated**power, axis=1, keepdims=True)
    assert all(one.inside for one in reliability.points(stated, outcomes, replicates=2000))
    found = reliability.points(wrong, outcomes, replicates=2000)
    assert "OUTSIDE" in calibration.verdict(found)
    assert "all 30 points" in calibration.verdict(reliability.points(stated, outcomes, replicates=2000))


def test_points_say_what_was_stated_and_what_happened() -> None:
    stated, outcomes = np.array([[0.7, 0.3]] * 10), np.array([0] * 6 + [1] * 4)
    first, second = reliability.points(stated, outcomes, replicates=500)
    assert first.stated == pytest.approx(0.7)
    assert (first.forecasts, first.frequency) == (10, 0.6)
    assert (second.scenario, second.frequency) == (1, 0.4)


def test_the_same_points_make_the_same_diagram(tmp_path: Path) -> None:
    found = [Point(scenario=s, forecasts=9, stated=0.1, frequency=0.2, low=0.0, high=0.3) for s in range(3)]
    for name in ("one.svg", "two.svg"):
        reliability.draw(found, forecast().scenario_ids, tmp_path / name)
    written = (tmp_path / "one.svg").read_bytes()
    assert written == (tmp_path / "two.svg").read_bytes()
    assert b">downside</text>" in written
    assert b"<dc:date>" not in written


@pytest.mark.slow
def test_the_service_is_calibrated_where_its_model_is_right_and_sharpened_it_is_not() -> None:
    found = trials(Nature(), [DEFAULTS], worlds=150, seed=11)
    stated = calibration.at_one_cutoff(found)
    assert stated[4].tolist() == found.stated[0, HORIZON, 4].tolist()
    assert all(one.inside for one in reliability.points(stated, found.outcomes))
    sharp = stated**3 / np.sum(stated**3, axis=1, keepdims=True)
    assert not all(one.inside for one in reliability.points(sharp, found.outcomes))
    assert all(len(row) == len(calibration.HEADERS) for row in calibration.rows(found))


# ---- the study of worlds that differ ---------------------------------------------------------------------


def certain(right: bool) -> Trials:
    """Trials under two settings: the prior itself, and one that is nearly sure, rightly or wrongly."""
    outcomes = np.arange(60) % 3
    prior = Trials(stated=np.empty(0), outcomes=outcomes).prior()
    sure = np.where(np.arange(3) == (outcomes if right else (outcomes + 1) % 3)[:, None], 0.98, 0.01)
    return Trials(stated=np.array([[prior, prior], [sure, sure]]), outcomes=outcomes)


def test_only_settings_that_beat_the_prior_are_said_to() -> None:
    tried = [DEFAULTS, Settings(spread=0)]
    assert _said(tried, certain(right=True)) == {
        "defaults": "not in bursts, a random day; bursts, the horizon",
        "spread 0": "in every case",
    }
    assert _said(tried, certain(right=False))["spread 0"].startswith("not in")


def _said(tried: Sequence[Settings], found: Trials) -> dict[str, str]:
    rows = misspecified.verdicts(list(misspecified.judged("bursts", tried, found)))
    return {row[0]: row[1] for row in rows}


def test_differences_are_paired_with_the_prior() -> None:
    found = certain(right=True)
    one = list(misspecified.judged("bursts", [DEFAULTS, Settings(spread=0)], found))[2]
    assert one.log.mean - one.log_prior.mean == pytest.approx(one.log_difference.mean)
    assert one.log.mean == pytest.approx(-math.log(0.98))
    assert one.calibration_prior.mean == pytest.approx(np.mean(np.abs(found.prior()[0] - 1 / 3)))
    assert len(one.row()) == len(misspecified.HEADERS)


def test_every_setting_is_tried_beside_the_defaults() -> None:
    names = [misspecified.named(one) for one in misspecified.settings()]
    assert names[0] == "defaults"
    assert len(set(names)) == len(names) == 12
    assert set(misspecified.TRIED) == {one.name for one in fields(Settings)}


def test_a_grid_has_a_row_for_each_setting_and_a_column_for_each_case() -> None:
    tried = [DEFAULTS, Settings(spread=0)]
    found = [
        one for case in misspecified.CASES for one in misspecified.judged(case, tried, certain(right=True))
    ]
    lines = misspecified.grid(found, "the horizon", lambda one: one.case).splitlines()
    assert len(lines) == 2 + len(tried)
    assert [cell.strip() for cell in lines[2].split("|")[2:-1]] == list(misspecified.CASES)
