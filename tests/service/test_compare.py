"""`posterity compare`: experiments, and what really was believed, side by side."""

import csv
import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from model.scores import scores
from tests.service.commands import SURE, Desk, quiet, report, said_in_one_line

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("it is about what is computed and printed"),
]

SPAN = ("--from", "2025-01-01", "--to", "2025-12-31")
REPORTS = [report(), report("b", published="2025-05-20"), report("c", published="2025-09-10", grade="C3")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.types("ingest", desk.write("r.jsonl", *REPORTS))
    (desk.folder / "bold.toml").write_text(quiet(up=9), encoding="utf-8")
    assert desk.types("replay", "quiet", *SPAN, "--as", "stated").code == 0
    bold = ("--as", "bold", "--elicitation", desk.folder / "bold.toml")
    assert desk.types("replay", "quiet", *SPAN, "--every", "7d", *bold).code == 0
    return desk


def compared(desk: Desk, *names: str) -> Any:
    answer = desk.types("compare", *names, "--json")
    assert (answer.code, answer.err) == (0, ""), answer
    return answer.json


def nights(desk: Desk, *more: str | Path) -> dict[str, Any]:
    found = desk.types("replay", "quiet", *SPAN, "--json", *more).json
    return {night["as_of"]: night["probabilities"] for night in found["nights"]}


def resolve(desk: Desk, scenario: str = "up", day: str = "2025-12-01") -> None:
    answer = desk.types("resolve", "quiet", scenario, "--on", day, "--because", "it did")
    assert answer.code == 0, answer


def test_each_day_has_what_stood_at_its_end(desk: Desk) -> None:
    found = compared(desk, "stated", "bold")
    assert (found["from"], found["to"], found["days"]) == ("2025-01-01", "2025-12-31", 365)
    stated, bold = (
        nights(desk, "--as", "stated"),
        nights(desk, "--as", "bold", "--every", "7d", "--elicitation", desk.folder / "bold.toml"),
    )
    by_day = {one["as_of"]: one["probabilities"] for one in found["nights"]}
    assert {day: one["stated"] for day, one in by_day.items()} == stated
    assert by_day["2025-01-14"]["bold"] == bold["2025-01-08"]  # which stands until the next
    assert by_day["2025-01-15"]["bold"] == bold["2025-01-15"]


def test_before_it_is_resolved_nothing_is_scored(desk: Desk) -> None:
    found = compared(desk, "stated", "bold")
    assert (found["resolved"], found["scores"]) == (None, {})
    assert found["pairs"][0]["differences"] == {}
    assert "skill" not in desk.types("compare", "stated", "bold").out


def test_resolved_they_are_scored_over_the_days_before_it(desk: Desk) -> None:
    resolve(desk)
    found = compared(desk, "stated", "bold")
    assert found["resolved"] == {"scenario": "up", "on": "2025-12-01"}
    assert (found["to"], found["days"]) == ("2025-11-30", 334)
    stated = nights(desk, "--as", "stated")
    daily = [scores(tuple(one.values()), 1) for day, one in stated.items() if day < "2025-12-01"]
    assert len(daily) == 334
    for rule in ("brier", "log", "rps"):
        mean = sum(getattr(one, rule) for one in daily) / len(daily)
        assert found["scores"]["stated"][rule] == pytest.approx(mean)
        against = getattr(scores((0.4, 0.6), 1), rule)
        assert found["scores"]["stated"]["skill"][rule]["prior"] == pytest.approx(1 - mean / against)


def test_differences_are_paired_and_have_an_interval(desk: Desk) -> None:
    resolve(desk)
    found = compared(desk, "bold", "stated")
    (pair,) = found["pairs"]
    assert pair["between"] == ["bold", "stated"]
    for rule in ("brier", "log", "rps"):
        one = pair["differences"][rule]
        means = [found["scores"][name][rule] for name in ("bold", "stated")]
        assert one["mean"] == pytest.approx(means[0] - means[1])
        assert one["interval"]["low"] < one["mean"] < one["interval"]["high"]
        assert (one["interval"]["level"], one["block_days"]) == (0.9, 30)
    (turned,) = compared(desk, "stated", "bold")["pairs"]
    assert turned["differences"]["brier"]["mean"] == pytest.approx(-pair["differences"]["brier"]["mean"])


def test_it_says_when_they_part_and_by_which_events(desk: Desk) -> None:
    (pair,) = compared(desk, "stated", "bold")["pairs"]
    parted = {one["as_of"]: one for one in pair["partings"]}
    assert len(parted) == 3
    for one in parted.values():
        assert one["after"] > one["before"]
        ups = [one["probabilities"][name]["up"] for name in ("stated", "bold")]
        assert one["after"] == pytest.approx(abs(ups[0] - ups[1]))
    told = [event for one in parted.values() for event in one["events"]]
    assert {event["headline"] for event in told} <= {
        "Peru signs, says a",
        "Peru signs, says b",
        "Peru signs, says c",
    }
    assert told
    assert all((event["before"], event["after"]) in {(0, 0.8), (0, 0.65)} for event in told)
    assert pair["apart"]["widest"] >= max(one["after"] for one in parted.values())


def test_it_is_shown_as_tables(desk: Desk) -> None:
    resolve(desk)
    shown = desk.types("compare", "stated", "bold").out
    lines = shown.splitlines()
    assert lines[0].split() == [
        "as",
        "of",
        "stated:",
        "down",
        "stated:",
        "up",
        "bold:",
        "down",
        "bold:",
        "up",
    ]
    assert "the last of each month is shown, 11 of 334; --json has them all" in shown
    assert "up came true on 2025-12-01. Mean over the 334 days from 2025-01-01 to 2025-11-30" in shown
    assert "Intervals: of these days (in blocks of 30); they say nothing of other forecasts." in shown
    assert "Peru signs, says a" in shown


def test_as_csv_it_is_long(desk: Desk) -> None:
    answer = desk.types("compare", "stated", "bold", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(answer.out)))
    assert list(rows[0]) == ["experiment", "as_of", "scenario", "probability"]
    assert len(rows) == 365 * 2 * 2
    last = nights(desk, "--as", "stated")["2025-12-31"]
    (row,) = [
        one
        for one in rows
        if (one["experiment"], one["as_of"], one["scenario"]) == ("stated", "2025-12-31", "up")
    ]
    assert float(row["probability"]) == last["up"]


def test_the_history_counts_from_the_day_on_which_it_was_recorded(desk: Desk) -> None:
    desk.types("run", "--no-ingest", "--as-of", "2025-03-31")
    complaint = said_in_one_line(desk.types("compare", "stated", "history"), 2)
    today = date.today()  # noqa: DTZ011 - the schedule's zone is UTC, and a day's difference would fail
    assert "stated, history have no day in common while the forecast was open" in complaint
    assert f"the latest begins on {today}" in complaint


def test_a_history_of_its_time_is_compared(tmp_path: Path) -> None:
    today = date.today()  # noqa: DTZ011 - as above
    opened, horizon = today - timedelta(days=365), today + timedelta(days=365)
    text = quiet().replace("2025-01-01", opened.isoformat()).replace("2025-12-31", horizon.isoformat())
    desk = Desk(tmp_path, text)
    desk.types("ingest", desk.write("r.jsonl", report(published=opened.isoformat())))
    (run,) = desk.types("run", "--no-ingest", "--json").json
    desk.types("replay", "quiet", "--from", opened.isoformat(), "--to", today.isoformat(), "--as", "late")
    found = compared(desk, "history", "late")
    assert (found["from"], found["days"]) == (today.isoformat(), 1)
    (night,) = found["nights"]
    assert night["probabilities"]["history"] == run["probabilities"]
    assert night["probabilities"]["late"] == pytest.approx(run["probabilities"], abs=1e-9)
    assert found["pairs"][0]["apart"]["widest"] == pytest.approx(0, abs=1e-9)


def test_without_names_it_lists_what_there_is(desk: Desk) -> None:
    listed = desk.types("compare", "--json").json
    assert [one["experiment"] for one in listed] == ["bold", "stated"]
    assert listed[1] == listed[1] | {
        "forecast": "quiet",
        "engine": "exact",
        "nights": 365,
        "first": "2025-01-01",
        "last": "2025-12-31",
    }
    assert "stated       quiet      exact       365   2025-01-01   2025-12-31" in desk.types("compare").out
    assert desk.types("compare", "--format", "csv").out.startswith("experiment,forecast,engine,nights,")


def test_with_none_yet_it_says_how_one_is_made(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.types("compare").out == "There is no experiment yet; `posterity replay` makes one.\n"
    assert desk.types("compare", "--json").json == []


def test_nights_that_came_to_nothing_are_counted_and_left_out(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SURE)
    span = ("--from", "2025-06-28", "--to", "2025-07-02", "--as", "sure")
    assert desk.types("replay", "sure", *span).code == 1
    found = compared(desk, "sure")
    assert found["experiments"][0] == found["experiments"][0] | {"nights": 2, "unpublished": 3}
    assert found["to"] == "2025-06-29"
    only_failed = ("--from", "2025-07-01", "--to", "2025-07-02", "--as", "failed")
    desk.types("replay", "sure", *only_failed)
    assert "holds no published night yet" in said_in_one_line(desk.types("compare", "failed"), 2)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("state",), "no experiment is called 'state'; did you mean stated?"),
        (("stated", "stated"), "stated is named twice"),
        (("history",), "history alone has nothing to be compared with"),
        (("stated", "history"), "quiet has no history yet; `posterity run` makes one"),
        (("stated", "--format", "xml"), "format 'xml' is not known"),
    ],
)
def test_a_comparison_that_makes_no_sense_is_refused(desk: Desk, names: tuple[str, ...], said: str) -> None:
    assert said in said_in_one_line(desk.types("compare", *names), 2)


def test_experiments_of_two_forecasts_are_not_compared(desk: Desk) -> None:
    desk.configure(quiet() + quiet("other"))
    desk.types("replay", "other", *SPAN, "--every", "1mo", "--as", "other")
    complaint = said_in_one_line(desk.types("compare", "stated", "other"), 2)
    assert complaint == "these are experiments of other and quiet; compare those of one forecast"


def test_experiments_with_no_day_in_common_are_not_compared(desk: Desk) -> None:
    for name, first, last in (("early", "2025-01-01", "2025-01-31"), ("late", "2025-03-01", "2025-03-31")):
        desk.types("replay", "quiet", "--from", first, "--to", last, "--as", name)
    complaint = said_in_one_line(desk.types("compare", "early", "late"), 2)
    assert "(the latest begins on 2025-03-01, the earliest ends on 2025-01-31)" in complaint
