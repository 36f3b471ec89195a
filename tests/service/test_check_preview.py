"""What `posterity check` says of the elicited numbers before any evidence is in."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.service.andes import ANDES, the_line
from tests.service.commands import CUTOFF, RESOLVES, SURE, Desk, decidable, quiet

pytestmark = pytest.mark.sqlite("what is computed and printed; its statements meet a server elsewhere")

ONE_OFF = """
[[forecasts]]
id = "one"
opened = 2025-01-01
horizon = 2025-12-31
coverage_sd = 0

[[forecasts.scenarios]]
id = "down"
prior = 0.4

[[forecasts.scenarios]]
id = "up"
prior = 0.6

[[forecasts.indicators]]
id = "treaty"
tag = "treaty"
recurs = false
probability = { down = 0.2, up = 0.7 }
"""
ALIKE = "no data can tell down from up: every indicator expects the same of both"
PRIOR = {"down": 0.4, "up": 0.6}


def checked(desk: Desk) -> Any:
    answer = desk.types("check", "--json")
    assert (answer.code, answer.err) == (0, "")
    return answer.json


def bits(before: dict[str, float], likelihood: Callable[[str], float]) -> Any:
    """Bits by which a likelihood moves each scenario, to be compared."""
    raw = {one: before[one] * likelihood(one) for one in before}
    return pytest.approx({one: math.log2(raw[one] / sum(raw.values()) / before[one]) for one in before})


def test_an_event_and_silence_move_the_scenarios_by_what_poisson_s_law_says(tmp_path: Path) -> None:
    """The window has gone by: what one event adds to the silence is its rate, real or noise, alone."""
    expected = {"down": 1.0, "up": 3.0}
    mean = sum(PRIOR[one] * expected[one] for one in PRIOR)
    silent = {one: PRIOR[one] * math.exp(-expected[one]) for one in PRIOR}
    silent = {one: share / sum(silent.values()) for one, share in silent.items()}
    (forecast,) = checked(Desk(tmp_path))["previews"]
    (found,) = forecast["indicators"]
    assert found["indicator"] == "deals"
    assert found["event"] == bits(silent, lambda one: 0.98 * expected[one] + 0.02 * mean)
    assert found["silence"] == bits(PRIOR, lambda one: math.exp(-expected[one]))


def test_a_one_off_moves_them_by_its_chances(tmp_path: Path) -> None:
    """At the horizon: seen at the end, it is real, or else it never came, and noise cannot tell when."""
    chance = {"down": 0.2, "up": 0.7}
    mean = sum(PRIOR[one] * chance[one] for one in PRIOR)
    silent = {one: PRIOR[one] * (1 - chance[one]) for one in PRIOR}
    silent = {one: share / sum(silent.values()) for one, share in silent.items()}
    (forecast,) = checked(Desk(tmp_path, ONE_OFF))["previews"]
    (found,) = forecast["indicators"]

    def seen(one: str) -> float:
        real = chance[one] / mean * 0.98 * (1 - mean)
        return (0.02 * (1 - chance[one]) + real) / (1 - chance[one])

    assert found["silence"] == bits(PRIOR, lambda one: 1 - chance[one])
    assert found["event"] == bits(silent, seen)


def test_the_preview_is_a_table_with_a_row_for_each_indicator(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ANDES)
    text, (forecast,) = desk.types("check").out, checked(desk)["previews"]
    assert text.startswith("andes: bits by which one event today, and silence from 2025-01-01 to 2025-12-31")
    heading = the_line(text, "indicator  ")
    for title in ("event: Retreat", "event: Base", "event: up", "silence: Retreat", "silence: up"):
        assert title in heading
    assert [one["indicator"] for one in forecast["indicators"]] == [
        *("contracts", "visits", "pushback", "treaty")
    ]
    for one in forecast["indicators"]:
        numbers = [*one["event"].values(), *one["silence"].values()]
        assert the_line(text, f"{one['indicator']}  ").split()[1:] == [f"{bits:+.2f}" for bits in numbers]


def test_every_forecast_is_previewed_and_its_evidence_is_left_out(tmp_path: Path) -> None:
    desk = Desk(tmp_path, quiet("one") + quiet("two", up=5))
    before = checked(desk)
    desk.types("run", "--as-of", CUTOFF)
    assert [one["forecast"] for one in before["previews"]] == ["one", "two"]
    assert before["previews"][0]["indicators"] != before["previews"][1]["indicators"]
    assert checked(desk)["previews"] == before["previews"]


def test_a_number_that_no_silence_survives_is_a_dash_and_no_crash(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SURE)
    (forecast,) = checked(desk)["previews"]
    (found,) = forecast["indicators"]
    assert found["silence"] == {"down": None, "up": None}
    assert the_line(desk.types("check").out, "treaty  ").split()[1:] == ["–"] * 4


def test_a_scenario_that_silence_would_rule_out_is_a_dash_and_the_other_gains(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SURE.replace("up = 1", "up = 0.5"))
    (found,) = checked(desk)["previews"][0]["indicators"]
    assert found["silence"] == {"down": None, "up": pytest.approx(math.log2(1 / 0.6))}


def test_scenarios_that_no_data_could_tell_apart_are_warned_of_by_check_and_by_run(tmp_path: Path) -> None:
    desk = Desk(tmp_path, quiet(up=1))
    assert f"quiet: {ALIKE}" in checked(desk)["warnings"]
    assert f"Warning: quiet: {ALIKE}\n" in desk.types("check").out
    (night,) = desk.types("run", "--as-of", CUTOFF, "--json").json
    assert ALIKE in night["warnings"]
    assert night["probabilities"] == pytest.approx(PRIOR)
    assert f"Warning: {ALIKE}\n" in desk.types("run", "--as-of", CUTOFF).out


def test_scenarios_that_one_indicator_tells_apart_are_not_warned_of(tmp_path: Path) -> None:
    desk = Desk(tmp_path, decidable(quiet(up=1.001)))
    assert checked(desk)["warnings"] == []
    assert desk.types("run", "--as-of", CUTOFF, "--json").json[0]["warnings"] == []


def test_scenarios_that_do_not_say_what_resolves_them_are_warned_of(tmp_path: Path) -> None:
    halfway = decidable(quiet()).replace(RESOLVES, "", 1)
    said = "quiet: state `resolves` of down: what will have been seen if it comes true"
    assert checked(Desk(tmp_path, halfway))["warnings"] == [said]


def test_an_elicitation_that_rules_everything_out_names_indicator_and_silence(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SURE)
    answer = desk.types("run", "--as-of", CUTOFF)
    assert answer.code == 1
    assert (
        "Warning: sure: the evidence rules out every scenario "
        "(down: treaty must have happened by 2025-06-30, but nothing shows it; "
        "up: treaty must have happened by 2025-06-30, but nothing shows it); "
        "a number of 0 or 1 in the elicitation is too sure\n"
    ) in answer.out
