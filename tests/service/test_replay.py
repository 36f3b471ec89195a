"""`posterity replay`: the past as it would have looked, in an experiment apart from the history."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.composition import opened
from service.replaying import Question, replay
from tests.service.commands import SURE, Desk, quiet, report, said_in_one_line, vivid

SPAN = ("--from", "2025-02-01", "--to", "2025-04-30")
REPORTS = [
    report(),
    report("b", published="2025-03-20", occurred_on="2025-02-20"),
    report("c", published="2025-04-10", grade="C3"),
    report("d", published="2025-09-01", occurred_on="2025-03-01"),
]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.types("ingest", desk.write("r.jsonl", *REPORTS))
    return desk


def replayed(desk: Desk, *more: str | Path, forecast: str = "quiet") -> Any:
    answer = desk.types("replay", forecast, *SPAN, "--json", *more)
    assert answer.code == 0, answer
    assert answer.err == ""
    return answer.json


def test_a_replayed_night_says_what_a_run_of_that_cutoff_says(desk: Desk) -> None:
    found = replayed(desk, "--every", "1mo")
    assert [night["as_of"] for night in found["nights"]] == ["2025-02-01", "2025-03-01", "2025-04-01"]
    for night in found["nights"]:
        (run,) = desk.types("run", "--no-ingest", "--as-of", night["as_of"], "--json").json
        assert night["probabilities"] == pytest.approx(run["probabilities"], abs=1e-9)
        assert night["log_evidence"] == pytest.approx(run["log_evidence"], abs=1e-9)
        assert (night["observed_until"], night["evidence"]) == (
            run["observed_until"],
            run["versions"]["evidence"],
        )
        assert (len(night["events"]), night["reports"]) == (run["events"], run["reports"])
        assert found["versions"] == {name: run["versions"][name] for name in ("forecast", "code")}


@pytest.mark.slow
def test_so_it_does_where_volumes_and_coverage_are_unknown(tmp_path: Path) -> None:
    desk = Desk(tmp_path, vivid())
    desk.types("ingest", desk.write("r.jsonl", *REPORTS))
    (run,) = desk.types("run", "--no-ingest", "--as-of", "2025-04-30", "--json").json
    night = replayed(desk, "--band", forecast="vivid")["nights"][-1]
    assert night["probabilities"] == pytest.approx(run["probabilities"], abs=1e-9)
    assert night["band"] == run["band"]
    assert night["pymc"] is None


def test_the_same_again_computes_and_stores_nothing(desk: Desk) -> None:
    first = replayed(desk)
    rows = desk.counts()
    again = replayed(desk)
    assert (first["stored"], again["stored"]) == (89, 0)
    assert again["nights"] == first["nights"]
    assert again["experiment"] == first["experiment"]
    assert desk.counts() == rows


def test_it_says_what_it_is_doing_to_whoever_watches(desk: Desk) -> None:
    said: list[str] = []
    question = Question(forecast="quiet", first=date(2025, 2, 1), last=date(2025, 2, 3))
    with opened(desk.folder / "config.toml") as service:
        replay(service, question, said.append)
    assert said == ["selecting what was known on 3 nights", "replaying 3 nights"]


def test_a_longer_span_computes_only_what_is_missing(desk: Desk) -> None:
    weekly = replayed(desk, "--every", "7d")
    daily = replayed(desk)
    assert (weekly["stored"], daily["stored"]) == (13, 89 - 13)
    assert daily["experiment"] == weekly["experiment"]


def test_nothing_of_it_enters_the_history(desk: Desk) -> None:
    desk.types("run", "--as-of", "2025-04-30")
    before = desk.types("history", "quiet", "--all-runs", "--json").json
    replayed(desk)
    assert desk.types("history", "quiet", "--all-runs", "--json").json == before


def test_it_is_shown_as_a_table_of_at_most_a_month_of_nights(desk: Desk) -> None:
    answer = desk.types("replay", "quiet", *SPAN, "--as", "late")
    assert re.findall(r"^\d{4}-\d\d-\d\d", answer.out, re.MULTILINE) == [
        "2025-02-28",
        "2025-03-31",
        "2025-04-30",
    ]
    assert "the last of each month is shown, 3 of 89; --json has them all" in answer.out
    assert re.search(r"^experiment late: 89 nights, 89 new, \d+\.\d s$", answer.out, re.MULTILINE)
    again = desk.types("replay", "quiet", "--from", "2025-03-01", "--to", "2025-03-03", "--as", "late")
    assert "experiment late: 3 nights, nothing new, " in again.out
    assert again.out.splitlines()[0].split() == ["as", "of", "down", "up", "events"]


def test_evidence_that_changed_since_is_replayed_anew_and_what_stood_is_kept(desk: Desk) -> None:
    before = replayed(desk, "--as", "late")
    desk.types("ingest", desk.write("e.jsonl", report("e", published="2025-04-26", grade="A1")))
    answer = desk.types("replay", "quiet", "--from", "2025-04-29", "--to", "2025-04-30", "--as", "late")
    assert "2 nights, 2 new" in answer.out
    assert "3 nights outside of this span rest on evidence that has changed since" in answer.out
    after = replayed(desk, "--as", "late")
    assert (after["stored"], after["stale"]) == (3, 0)
    assert after["nights"][:84] == before["nights"][:84]
    assert after["nights"][-1]["probabilities"]["up"] > before["nights"][-1]["probabilities"]["up"]
    assert desk.counts()["experiment_run"] == 89 + 5


def test_a_retraction_takes_an_event_out_of_the_replayed_past(desk: Desk) -> None:
    replayed(desk, "--as", "late")
    assert desk.types("retract", "a", "--because", "a hoax").code == 0
    night = replayed(desk, "--as", "late")["nights"][40]
    assert night["as_of"] == "2025-03-13"
    assert night["events"] == {}


# ---- settings ---------------------------------------------------------------------------------------------


def elicitation(desk: Desk, text: str | None = None) -> Path:
    path = desk.folder / "bold.toml"
    path.write_text(quiet(up=9) if text is None else text, encoding="utf-8")
    return path


def test_another_elicitation_is_an_experiment_of_its_own(desk: Desk) -> None:
    stated, bold = replayed(desk), replayed(desk, "--elicitation", elicitation(desk))
    assert stated["experiment"] != bold["experiment"]
    assert stated["nights"][-1]["events"] == bold["nights"][-1]["events"]
    assert stated["nights"][-1]["probabilities"] != bold["nights"][-1]["probabilities"]
    desk.configure(quiet(up=9))
    (run,) = desk.types("run", "--no-ingest", "--as-of", "2025-04-30", "--json").json
    assert bold["nights"][-1]["probabilities"] == pytest.approx(run["probabilities"], abs=1e-9)


def test_an_elicitation_says_nothing_of_who_was_looking(desk: Desk) -> None:
    desk.configure(quiet().replace("coverage_sd = 0\n", "coverage_sd = 0\nobserved_until = 2025-03-15\n"))
    night = replayed(desk, "--elicitation", elicitation(desk))["nights"][-1]
    assert night["observed_until"] == "2025-03-15"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            lambda desk: ("--elicitation", elicitation(desk)),
            "forecast: indicators.deals.stated.up 3.0, now 9.0",
        ),
        (lambda _: ("--pymc",), "engine exact, now pymc"),
        (lambda _: ("--band",), "without the band, now with it"),
    ],
    ids=["elicitation", "engine", "band"],
)
def test_other_settings_are_refused_and_the_difference_is_said(desk: Desk, changed: Any, said: str) -> None:
    replayed(desk, "--as", "late")
    rows = desk.counts()
    answer = desk.types("replay", "quiet", *SPAN, "--as", "late", *changed(desk))
    complaint = said_in_one_line(answer, 2)
    assert complaint == (
        f"the experiment late was made with other settings ({said}); "
        "write another name after --as, or leave it out"
    )
    assert desk.counts() == rows


def test_other_grades_code_and_forecast_are_other_settings_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    replayed(desk, "--as", "late")
    desk.configure("[grades]\ncorroboration = 0.25\n" + quiet())
    answer = desk.types("replay", "quiet", *SPAN, "--as", "late")
    assert "grades: corroboration 0.5, now 0.25" in said_in_one_line(answer, 2)
    desk.configure(quiet() + quiet("other"))
    answer = desk.types("replay", "other", *SPAN, "--as", "late")
    assert "(forecast quiet, now other)" in said_in_one_line(answer, 2)
    monkeypatch.setattr("service.replay_settings.code_digest", lambda: "sha256:newer")
    answer = desk.types("replay", "quiet", *SPAN, "--as", "late")
    assert "code or numerical packages of another version" in said_in_one_line(answer, 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (quiet("other"), "holds no forecast 'quiet', but other"),
        (quiet().replace("2025-12-31", "2026-12-31"), "its horizon differ"),
        (quiet().replace('"up"', '"rise"').replace("up =", "rise ="), "its scenarios differ"),
        ("[grades]\ncorroboration = 0\n" + quiet(), "grades may not stand in an elicitation"),
        (quiet(up=-1), "bold.toml"),
        ("forecasts = [", "bold.toml"),
    ],
    ids=["forecast", "horizon", "scenarios", "section", "number", "syntax"],
)
def test_what_is_no_elicitation_of_the_forecast_is_refused(desk: Desk, text: str, said: str) -> None:
    path = elicitation(desk, text)
    answer = desk.types("replay", "quiet", *SPAN, "--elicitation", path)
    assert said in said_in_one_line(answer, 2)
    assert desk.counts()["experiment"] == 0


# ---- bad input --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nobody", *SPAN), "no forecast is called 'nobody'"),
        (
            ("quiet", "--from", "2025-03-01", "--to", "2025-02-01"),
            "the span from 2025-03-01 to 2025-02-01 holds no day",
        ),
        (
            ("quiet", "--from", "2024-12-31", "--to", "2025-02-01"),
            "before quiet opened; write --from 2025-01-01",
        ),
        (("quiet", "--from", "2025-03-01", "--to", "9999-12-31"), "which lies in the future"),
        (("quiet", *SPAN, "--every", "1y"), "'1y' is no step from night to night"),
        (("quiet", *SPAN, "--as", "history"), "history is the name of what really was believed"),
        (("quiet", *SPAN, "--as", "Señor"), "'Señor' is no name for an experiment"),
        (("quiet", *SPAN, "--as", "x\n"), "is no name for an experiment"),
        (("quiet", *SPAN, "--elicitation", "none.toml"), "none.toml is not there"),
        (("quiet", *SPAN, "--workers", "0"), "--workers"),
        (("quiet", *SPAN, "--workers", "2", "--scheduler", "tcp://x:1"), "write one of the two"),
        (("quiet", "--to", "2025-02-01"), "--from"),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_in_one_line(
    desk: Desk, arguments: tuple[str, ...], said: str
) -> None:
    assert said in said_in_one_line(desk.types("replay", *arguments), 2)
    assert desk.counts()["experiment"] == 0


def test_nights_that_cannot_be_computed_are_kept_as_failed(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SURE)
    span = ("replay", "sure", "--from", "2025-06-28", "--to", "2025-07-02")
    answer = desk.types(*span, "--json")
    assert (answer.code, answer.err) == (1, "")
    assert [one["status"] for one in answer.json["nights"]] == ["published"] * 2 + ["failed"] * 3
    assert "rules out every scenario" in answer.json["nights"][-1]["detail"]
    assert answer.json["nights"][-1]["probabilities"] == {"down": None, "up": None}
    shown = desk.types(*span)
    assert shown.code == 1
    assert "failed: sure: the evidence rules out every scenario" in shown.out
    assert "5 nights, nothing new, 3 failed, " in shown.out
