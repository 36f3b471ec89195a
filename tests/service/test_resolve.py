"""Resolving: a fact with an author, a reason and a moment, which ends the nights and is never overwritten."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from model.errors import UsageError
from service.composition import opened
from service.metrics import Figures
from service.resolving import resolve as decide_alone
from service.worker import ANNOUNCED, update
from storage.resolutions import decisions
from tests.service.commands import Answer, Desk, quiet, report, said_in_one_line

RESOLVES = '[[forecasts.scenarios]]\nid = "up"\nresolves = "Two contracts were signed."\n'
STATED = quiet().replace('[[forecasts.scenarios]]\nid = "up"\n', RESOLVES)
CHANGED = STATED.replace("Two contracts were signed.", "A contract was mentioned.")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, STATED)


def resolve(desk: Desk, *more: str, scenario: str = "up", on: str = "2025-06-01") -> Answer:
    words = ("resolve", "quiet", scenario, "--on", on, "--because", "two were signed", "--by", "Ana")
    return desk.types(*words, *more)


def decide(desk: Desk, *words: str) -> Answer:
    return desk.types("resolve", "quiet", *words, "--because", "so it is", "--by", "Ana")


def kinds(desk: Desk) -> list[tuple[str, str | None, str | None]]:
    rows = desk.rows("SELECT decision, scenario, closed_on FROM forecast_resolution ORDER BY id")
    return [(kind, scenario, day) for kind, scenario, day in rows]


def refused(answer: Answer) -> str:
    return said_in_one_line(answer, 2)


def test_what_came_true_is_recorded_with_author_reason_and_moment(desk: Desk) -> None:
    told = resolve(desk, "--json").json
    assert (told["decision"], told["scenario"], told["on"]) == ("resolved", "up", "2025-06-01")
    assert (told["by"], told["because"], told["before"]) == ("Ana", "two were signed", None)
    with opened(desk.folder / "config.toml") as service, service.database.reading() as session:
        (only,) = decisions(session, "quiet")
    assert told["recorded_at"] == only.recorded_at.isoformat()
    assert (only.author, only.why) == ("Ana", "two were signed")


def test_it_says_what_resolves_the_scenario_what_ends_and_what_it_scores(desk: Desk) -> None:
    desk.types("run", "--as-of", "2025-03-01")
    answer = resolve(desk)
    assert (answer.code, answer.err) == (0, "")
    assert "It was resolved as up on 2025-06-01 (by Ana): two were signed" in answer.out
    assert ": Two contracts were signed." in answer.out
    assert "No night of it runs from 2025-06-01 on" in answer.out
    assert "over the 151 days on which it was open" in answer.out
    assert "Warning" not in answer.out


def test_what_resolves_a_scenario_is_held_against_what_was_stated_at_the_opening(desk: Desk) -> None:
    desk.types("run", "--as-of", "2025-03-01")
    desk.configure(CHANGED)
    answer = resolve(desk)
    assert "What resolves up: A contract was mentioned." in answer.out
    assert "which said: Two contracts were signed." in answer.out


def test_a_scenario_that_never_said_what_resolves_it_is_resolved_with_a_warning(desk: Desk) -> None:
    assert "Warning: the forecast never said what resolves down" in resolve(desk, scenario="down").out


def test_what_resolves_is_part_of_the_version_from_the_opening(desk: Desk) -> None:
    (before,) = desk.types("run", "--as-of", "2025-03-01", "--json").json
    desk.configure(CHANGED)
    (after,) = desk.types("run", "--as-of", "2025-03-01", "--json").json
    assert before["versions"]["forecast"] != after["versions"]["forecast"]
    ((difference,),) = desk.rows("SELECT difference FROM forecast_version WHERE version = 2")
    assert "scenarios.up.resolves" in difference


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ups", "--on", "2025-06-01"], "no scenario of quiet is called 'ups'; did you mean up?"),
        (["up", "--on", "2025-01-01"], "2025-01-01 is not after quiet opened on 2025-01-01"),
        (["up", "--on", "2024-12-31"], "write a later day"),
        (["up", "--on", "2999-01-01"], "2999-01-01 lies in the future; write"),
        (["up"], "--on DATE is missing"),
        (["--on", "2025-06-01"], "SCENARIO is missing"),
        (["up", "--on", "2025-06-01", "--correct"], "is open, so there is nothing to correct"),
        (["up", "--annul"], "--annul takes neither a SCENARIO nor --correct"),
        (["--annul", "--reopen"], "write one of them"),
        (["--annul", "--on", "2999-01-01"], "lies in the future"),
        (["--reopen"], "quiet is open; there is nothing to take back"),
        (["--reopen", "--on", "2025-06-01"], "leave --on out"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_is_refused_in_one_line_and_nothing_is_recorded(
    desk: Desk, words: list[str], said: str
) -> None:
    assert said in refused(decide(desk, *words))
    assert kinds(desk) == []


@pytest.mark.parametrize(("because", "by"), [("", "Ana"), ("   ", "Ana"), ("x" * 1001, "Ana"), ("x", "")])
def test_a_decision_needs_a_reason_and_an_author(desk: Desk, because: str, by: str) -> None:
    words = ("resolve", "quiet", "up", "--on", "2025-06-01", "--because", because, "--by", by)
    if by:
        assert "the reason" in refused(desk.types(*words))
        assert kinds(desk) == []
    else:
        assert desk.types(*words).code == 0  # the system knows who it is


def test_an_unknown_forecast_is_refused(desk: Desk) -> None:
    answer = desk.types("resolve", "quite", "up", "--on", "2025-06-01", "--because", "x")
    assert "no forecast is called 'quite'; did you mean quiet?" in refused(answer)


def test_a_second_resolution_is_refused_and_says_what_stands(desk: Desk) -> None:
    resolve(desk)
    assert "was resolved as up on 2025-06-01 (by Ana); write --correct" in refused(resolve(desk))
    assert "write --correct" in refused(resolve(desk, scenario="down"))
    assert len(kinds(desk)) == 1


def test_a_correction_is_a_further_fact_and_the_first_stays(desk: Desk) -> None:
    resolve(desk)
    answer = resolve(desk, "--correct", scenario="down", on="2025-05-01")
    assert "It was resolved as up on 2025-06-01 (by Ana)." in answer.out
    assert kinds(desk) == [("resolved", "up", "2025-06-01"), ("corrected", "down", "2025-05-01")]


def test_a_correction_that_changes_nothing_is_refused(desk: Desk) -> None:
    resolve(desk)
    assert "already; there is nothing to correct" in refused(resolve(desk, "--correct"))
    assert resolve(desk, "--correct", on="2025-06-02").code == 0


def test_a_question_that_has_no_answer_is_annulled_once(desk: Desk) -> None:
    answer = decide(desk, "--annul", "--on", "2025-06-01")
    assert "It was annulled on 2025-06-01 (by Ana): so it is" in answer.out
    assert "there is nothing to annul" in refused(decide(desk, "--annul"))
    assert (
        "quiet was annulled on 2025-06-01 (by Ana), and is not scored: so it is" in desk.types("scores").out
    )


def test_what_is_resolved_may_be_annulled_and_what_is_annulled_resolved_as_a_correction(desk: Desk) -> None:
    resolve(desk)
    assert decide(desk, "--annul").code == 0
    assert "write --correct" in refused(resolve(desk))
    assert resolve(desk, "--correct").code == 0
    assert [kind for kind, _, _ in kinds(desk)] == ["resolved", "annulled", "corrected"]


def test_what_was_decided_by_mistake_is_taken_back_and_nights_run_again(desk: Desk) -> None:
    resolve(desk)
    assert decide(desk, "--reopen").code == 0
    (document,) = desk.types("run", "--as-of", "2025-06-02", "--json").json
    assert document["status"] == "published"
    assert resolve(desk).code == 0


def test_a_forecast_that_is_configured_no_more_is_still_resolved_and_scored(desk: Desk) -> None:
    desk.types("run", "--as-of", "2025-03-01")
    desk.configure(quiet("other"))
    assert resolve(desk).code == 0
    assert [one["forecast"] for one in desk.types("scores", "--json").json["forecasts"]] == ["quiet"]
    assert desk.rows("SELECT forecast_id FROM forecast_version WHERE version > 1") == []


def test_nights_from_the_resolution_on_do_not_run_and_that_is_no_error(desk: Desk) -> None:
    resolve(desk)
    for words in (["--as-of", "2025-06-01"], [], ["--forecast", "quiet", "--as-of", "2025-07-01"]):
        answer = desk.types("run", *words, "--json")
        assert (answer.code, answer.json) == (0, [])
        assert "quiet was resolved as up on 2025-06-01 (by Ana); no night of it runs" in answer.err
    assert desk.rows("SELECT * FROM run") == []


def test_cutoffs_before_the_resolution_may_still_be_run(desk: Desk) -> None:
    resolve(desk)
    (document,) = desk.types("run", "--as-of", "2025-05-31", "--json").json
    assert document["status"] == "published"


def test_other_forecasts_of_the_night_run_as_ever(desk: Desk) -> None:
    desk.configure(STATED + quiet("other"))
    resolve(desk)
    answer = desk.types("run", "--as-of", "2025-07-01")
    assert answer.code == 0
    assert "other as of 2025-07-01: published" in answer.out
    assert "quiet as of" not in answer.out


def test_outlooks_go_on_to_resolve(desk: Desk) -> None:
    desk.types("ingest", desk.write("r.jsonl", report(), report("n", published="2025-04-04", country="BR")))
    desk.types("run", "--as-of", "2025-03-31")
    resolve(desk, on="2025-04-05")
    desk.types("run", "--as-of", "2025-05-07")
    ((days, events),) = desk.rows("SELECT days, events FROM outlook_resolution")
    assert (days, events) == (7, 1)


def test_the_schedule_says_that_no_night_of_it_runs(desk: Desk) -> None:
    desk.configure(STATED + quiet("other"))
    resolve(desk)
    night = next(
        one for one in desk.types("schedule", "--list", "--json").json["jobs"] if one["job"] == "night"
    )
    assert "update other (quiet was resolved as up on 2025-06-01 (by Ana))" in night["does"]


def test_a_step_of_the_scheduler_does_it_without_a_run(desk: Desk) -> None:
    desk.types("run", "--as-of", "2025-03-01")
    resolve(desk)
    with opened(desk.folder / "config.toml") as service:
        done = update(service, "quiet", "2025-07-01", ANNOUNCED)
    assert (done.outcome, done.detail) == ("done", "closed: only its outlooks are resolved")


def test_nobody_is_alarmed_that_its_last_result_grows_old(desk: Desk) -> None:
    desk.types("run", "--as-of", "2025-03-01")
    (before,) = finding(desk)
    resolve(desk)
    (after,) = finding(desk)
    assert (before["state"], after["state"]) == ("failed", "ok")
    assert after["text"] == "was resolved as up on 2025-06-01 (by Ana)"


def test_its_figures_are_measured_no_more(desk: Desk) -> None:
    desk.types("run", "--as-of", "2025-03-01")
    assert "posterity_probability" in measured(desk)
    resolve(desk)
    assert "posterity_probability" not in measured(desk)
    assert "posterity_cutoff_age_days" not in measured(desk)


def measured(desk: Desk) -> set[str]:
    with opened(desk.folder / "config.toml") as service:
        return {one.name for one in Figures(service).collect() if one.samples}


def finding(desk: Desk) -> Iterator[Any]:
    return (one for one in desk.types("doctor", "--json").json["findings"] if one["name"] == "forecast")


def test_two_who_resolve_at_once_leave_one_resolution(desk: Desk) -> None:
    def alone(scenario: str) -> bool:
        with opened(desk.folder / "config.toml") as service:
            try:
                decide_alone(service, "quiet", scenario, on=date(2025, 6, 1), author="Ana", why="x")
            except UsageError:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(alone, ["up", "down", "up", "down"])) == 1
    assert len(kinds(desk)) == 1
