"""The nightly story: the same night changes nothing, new knowledge supersedes, and no night looks ahead."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from model.errors import UsageError
from service import documents
from service.composition import opened
from service.knowledge import known_evidence
from service.nightly import night
from tests.service.commands import CUTOFF, SURE, Desk, quiet, report


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.types("ingest", desk.write("r.jsonl", report()))
    return desk


def tonight(desk: Desk, *more: str, as_of: str = CUTOFF) -> Any:
    (document,) = desk.types("run", "--as-of", as_of, "--json", *more).json
    return document


def history(desk: Desk, *more: str) -> Any:
    return desk.types("history", "quiet", "--json", *more).json


def test_the_same_night_again_is_unchanged_and_stores_nothing(desk: Desk) -> None:
    first = tonight(desk)
    before = desk.counts()
    again = desk.types("run", "--as-of", CUTOFF, "--json")
    assert again.code == 0
    assert again.json == [first | {"status": "unchanged"}]
    assert desk.counts() == before
    assert "unchanged, nothing was stored (run 1)" in desk.types("run", "--as-of", CUTOFF).out


def test_a_report_that_repeats_itself_leaves_the_night_unchanged(desk: Desk) -> None:
    tonight(desk)
    desk.types("ingest", desk.folder / "r.jsonl")
    assert tonight(desk)["status"] == "unchanged"


def test_new_evidence_supersedes_and_both_runs_remain(desk: Desk) -> None:
    first = tonight(desk)
    desk.types("ingest", desk.write("more.jsonl", report("b", published="2025-05-01")))
    second = tonight(desk)
    assert second["status"] == "published"
    assert second["probabilities"]["up"] > first["probabilities"]["up"]
    assert second["previous"] == first["probabilities"]
    assert [one["run"] for one in history(desk)] == [second["run"]]
    assert [one["run"] for one in history(desk, "--all-runs")] == [first["run"], second["run"]]


def test_an_amended_report_supersedes_too(desk: Desk) -> None:
    first = tonight(desk)
    desk.types("ingest", desk.write("better.jsonl", report(grade="A1")))
    assert tonight(desk)["probabilities"]["up"] > first["probabilities"]["up"]


@pytest.mark.slow
def test_a_report_published_later_changes_nothing_in_an_earlier_cutoff(desk: Desk, tmp_path: Path) -> None:
    ignorant = Desk(tmp_path / "ignorant")
    ignorant.types("ingest", desk.folder / "r.jsonl")
    later = [
        report("b", published="2025-07-01", occurred_on="2025-05-01"),
        report("c", published="2025-07-01", occurred_on="2025-03-01", event="pe-deal-2025-03-01-ca9781"),
        report("d", published="2025-07-02", denies=True, event="pe-deal-2025-03-01-ca9781", grade="A1"),
    ]
    desk.types("ingest", desk.write("later.jsonl", *later))
    knowing, unknowing = tonight(desk), tonight(ignorant)
    for name in ("probabilities", "log_evidence", "events", "reports", "versions"):
        assert knowing[name] == unknowing[name], name
    assert (
        tonight(desk, as_of="2025-07-02")["probabilities"]
        != tonight(ignorant, as_of="2025-07-02")["probabilities"]
    )


def test_a_report_of_the_cutoff_itself_counts(desk: Desk) -> None:
    desk.types("ingest", desk.write("more.jsonl", report("b", published=CUTOFF)))
    assert tonight(desk)["events"] == 2


def test_an_earlier_cutoff_does_not_name_a_later_one_as_its_last_run(desk: Desk) -> None:
    tonight(desk)
    assert tonight(desk, as_of="2025-04-30")["previous"] is None


def test_a_changed_elicitation_is_a_new_version_and_a_warning(desk: Desk) -> None:
    first = tonight(desk)
    desk.configure(quiet(up=4))
    assert "quiet differs from its version 1; the next run records a new one" in desk.types("check").out
    second = tonight(desk)
    assert second["status"] == "published"
    assert second["warnings"] == [
        "the forecast was changed after evidence had been seen (version 2: indicators.deals.stated.up)"
    ]
    assert second["versions"]["forecast"] != first["versions"]["forecast"]
    assert desk.rows("SELECT version, evidence_seen FROM forecast_version") == [(1, 0), (2, 1)]
    assert desk.rows("SELECT text FROM run_warning") == [(second["warnings"][0],)]


@pytest.mark.slow
def test_an_elicitation_that_is_taken_back_stands_again(desk: Desk) -> None:
    before = (desk.folder / "config.toml").read_text(encoding="utf-8")
    first = tonight(desk)
    desk.configure(quiet(up=4))
    other = tonight(desk)
    desk.configure(before)
    again = tonight(desk)
    assert again["status"] == "published"
    assert again["probabilities"] == first["probabilities"] != other["probabilities"]
    assert [one["run"] for one in history(desk)] == [again["run"]]
    assert tonight(desk)["status"] == "unchanged"


def test_an_elicitation_changed_before_any_run_is_no_cause_for_a_warning(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.configure(quiet(up=4))
    assert tonight(desk)["warnings"] == []


def test_a_forecast_that_fails_is_stored_as_failed_and_tried_again(desk: Desk) -> None:
    desk.configure(SURE)
    for number in (1, 2):
        answer = desk.types("run", "--as-of", CUTOFF, "--json")
        assert answer.code == 1
        assert answer.json[0]["status"] == "failed"
        assert "rules out every scenario" in answer.json[0]["warnings"][0]
        assert "treaty" in answer.json[0]["warnings"][0]
        assert desk.rows("SELECT status FROM run") == [("failed",)] * number
    shown = desk.types("run", "--as-of", CUTOFF)
    assert "sure as of 2025-06-30: failed" in shown.out
    assert "Warning: sure: the evidence rules out every scenario" in shown.out
    desk.types("ingest", desk.write("t.jsonl", report("t", published="2025-05-01", tag="treaty")))
    assert tonight(desk)["status"] == "published"


def test_one_forecast_may_be_run_alone(desk: Desk) -> None:
    desk.configure(quiet("one") + quiet("two"))
    assert tonight(desk, "--forecast", "two")["forecast"] == "two"
    both = desk.types("run", "--forecast", "two", "--forecast", "one", "--as-of", CUTOFF, "--json").json
    assert [(each["forecast"], each["status"]) for each in both] == [
        ("two", "unchanged"),
        ("one", "published"),
    ]


@pytest.mark.slow
def test_a_night_takes_the_inbox_in_first_unless_told_not_to(desk: Desk) -> None:
    waiting = desk.write("inbox/more.jsonl", report("b"))
    assert tonight(desk, "--no-ingest")["reports"] == 1
    assert waiting.exists()
    assert tonight(desk)["reports"] == 2
    assert not waiting.exists()


def test_a_night_says_since_when_nobody_has_been_watching(desk: Desk) -> None:
    desk.configure(quiet().replace("coverage_sd", "observed_until = 2025-05-31\ncoverage_sd"))
    desk.types("ingest", desk.write("late.jsonl", report("b", published="2025-06-15")))
    answer = desk.types("run", "--as-of", CUTOFF)
    assert "Nobody has been watching since 2025-05-31: the 30 days up to the cutoff" in answer.out
    document = tonight(desk)
    assert (document["observed_until"], document["unobserved_days"]) == ("2025-05-31", 30)
    assert document["warnings"] == [
        "1 event after observed_until does not count (observation ended on 2025-05-31)"
    ]


def test_a_night_past_the_horizon_says_that_the_forecast_is_due(desk: Desk) -> None:
    document = tonight(desk, as_of="2026-03-01")
    assert document["observed_until"] == "2025-12-31"
    assert document["warnings"] == ["past its horizon of 2025-12-31: due for resolution"]


def test_a_night_shows_what_was_believed_before_and_how_far_it_moved(desk: Desk) -> None:
    tonight(desk, as_of="2025-03-31")
    shown = desk.types("run", "--as-of", CUTOFF).out
    row = next(line for line in shown.splitlines() if line.startswith("up"))
    assert " pp " in row
    assert "PyMC and the exact engine agree" in shown


def test_a_night_stores_what_it_counted(desk: Desk) -> None:
    document = tonight(desk)
    ((digest, snapshot),) = desk.rows("SELECT digest, snapshot FROM evidence")
    assert digest == document["versions"]["evidence"]
    assert "pe-deal-2025-03-01-ca9781" in snapshot


def test_a_night_that_samples_nothing_keeps_no_draws(desk: Desk) -> None:
    tonight(desk)
    assert desk.rows("SELECT draws FROM run") == [(None,)]
    assert not (desk.folder / "var" / "draws").exists()


def test_a_forecast_that_has_not_opened_yet_keeps_no_other_waiting(desk: Desk) -> None:
    desk.configure(quiet("early") + quiet("late").replace("opened = 2025-01-01", "opened = 2025-05-01"))
    answer = desk.types("run", "--as-of", "2025-03-31", "--json")
    assert answer.code == 0
    assert [one["forecast"] for one in answer.json] == ["early"]
    assert answer.err == "late opens on 2025-05-01 and is left out\n"
    assert desk.types("run", "--as-of", "2025-03-31", "--forecast", "late").code == 2


def test_nothing_is_run_where_one_of_the_cutoffs_makes_no_sense(desk: Desk) -> None:
    desk.configure(quiet("early") + quiet("late").replace("2025-01-01", "2025-05-01"))
    with (
        opened(desk.folder / "config.toml") as service,
        pytest.raises(UsageError, match="before late opened"),
    ):
        list(night(service, service.configuration.forecasts, as_of=date(2025, 3, 1), say=lambda _: None))
    assert desk.counts()["run"] == 0


def test_a_fit_that_went_astray_is_told_in_numbers_that_json_can_hold(desk: Desk) -> None:
    from model.domain import Verdict  # noqa: PLC0415
    from model.update import update  # noqa: PLC0415

    with opened(desk.folder / "config.toml") as service:
        evidence = known_evidence(service, service.forecast("quiet"), as_of=date(2025, 6, 30))
    sound = update(evidence, fingerprint="x")
    assert sound.sampled is not None
    nothing = dict.fromkeys(sound.probabilities, float("nan"))
    astray = replace(
        sound,
        status="held",
        sampled=replace(sound.sampled, probabilities=nothing, monte_carlo_error=nothing),
        checks=(Verdict(name="rhat", figure=float("inf"), threshold=1.01, passed=False),),
    )
    document = documents.published(evidence, astray, None, moved=None, made_from={})
    assert document["pymc"]["probabilities"] == {"down": None, "up": None}
    assert document["pymc"]["monte_carlo_error"] == {"down": None, "up": None}
    assert document["checks"][0]["figure"] is None


def test_a_night_says_what_to_expect_next(desk: Desk) -> None:
    expected = tonight(desk)["outlook"]
    assert [(one["indicator"], one["days"], one["until"]) for one in expected] == [
        ("deals", 7, "2025-07-07"),
        ("deals", 30, "2025-07-30"),
        ("deals", 90, "2025-09-28"),
    ]
    chances = [one["probability"] for one in expected]
    assert 0 <= chances[0] <= chances[1] <= chances[2] < 1


def test_a_night_says_how_far_off_it_would_be_if_its_elicitation_were(desk: Desk) -> None:
    document = tonight(desk)
    for scenario, (low, high) in document["band"].items():
        assert 0 < low < document["probabilities"][scenario] < high < 1


def test_a_forecast_without_indicators_fails_with_a_reason_and_without_a_traceback(tmp_path: Path) -> None:
    stated, _, _ = quiet().partition("[[forecasts.indicators]]")
    answer = Desk(tmp_path / "bare", stated).types("run", "--as-of", CUTOFF, "--json")
    assert (answer.code, answer.json[0]["status"]) == (1, "failed")
    assert "quiet has no indicators" in answer.json[0]["warnings"][0]
