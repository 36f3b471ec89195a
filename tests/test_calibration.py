"""The scores and the band are right, and trials infer what the exact engine does."""

import math
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from benchmarks import calibration, misspecified, reliability, scoring
from benchmarks.reliability import Point
from benchmarks.scoring import Array, Places
from benchmarks.trials import DEFAULTS, HORIZON, Settings, Trials, trials
from benchmarks.worlds import (
    Nature,
    events,
    forecast,
    simulate,
)
from model import exact
from model.evidence import select


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


@pytest.mark.slow
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


@pytest.mark.slow
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
