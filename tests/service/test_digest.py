"""What an edition says of a forecast: how it stands beside a week ago, why, and what comes next."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from service.accounts import evidence_of, movement_lines
from service.announcing import announce
from service.digest_entry import largest
from storage.database import Database, open_database
from storage.outlook_scores import outlook_score
from storage.runs import get_run
from tests.service.andes import FIRST, contract, treaty
from tests.service.commands import quiet
from tests.service.digests import MONDAY, THIS_WEEK, WEEK, Newsroom

pytestmark = pytest.mark.sqlite("who is written what; its statements meet a server elsewhere")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Newsroom]:
    """Only to be asked: what changes it makes its own."""
    folder = tmp_path_factory.mktemp("digest")
    shutil.copy(migrated_sqlite, folder / "posterity.db")
    with open_database(f"sqlite:///{folder}/posterity.db") as database:
        room = Newsroom(folder, database)
        room.weeks()
        yield room


@pytest.fixture
def fresh(database: Database, tmp_path: Path) -> Newsroom:
    return Newsroom(tmp_path, database)


@pytest.mark.slow
def test_an_edition_says_what_week_it_is_of_and_up_to_when_it_knows(room: Newsroom) -> None:
    said = room.edition()
    del said["forecasts"]
    assert {one["days"] for one in said.pop("record")["outlooks"]} <= {7, 30, 90}
    assert said == {
        "week": WEEK,
        "day": "2025-06-30",
        "week_before": "2025-06-23",
        "known_at": "2025-06-30T07:00:00+00:00",
        "timezone": "UTC",
    }


@pytest.mark.slow
def test_scenarios_stand_in_the_forecasts_order_beside_a_week_ago(room: Newsroom) -> None:
    said = room.said()
    now, before = probabilities(room, 4), probabilities(room, 3)
    assert [one["scenario"] for one in said["scenarios"]] == ["down", "base", "up"]
    assert [one["title"] for one in said["scenarios"]] == ["Retreat", "Base", "up"]
    for one in said["scenarios"]:
        name = one["scenario"]
        assert (one["now"], one["before"]) == (now[name], before[name])
        assert one["points"] == pytest.approx(100 * (now[name] - before[name]), abs=1e-12)
        assert one["band_low"] < one["now"] < one["band_high"]
    assert [one["prior"] for one in said["scenarios"]] == [0.3, 0.5, 0.2]
    assert [one["word"] for one in said["scenarios"]] == ["less than 1 %", "unlikely", "likely"]
    assert (said["now"]["run"], said["now"]["as_of"]) == (4, "2025-06-30")
    assert (said["before"]["run"], said["before"]["as_of"]) == (3, "2025-06-23")
    assert said["notices"] == []


def probabilities(room: Newsroom, run: int) -> dict[str, float]:
    with room.database.reading() as session:
        found = get_run(session, run)
    assert found is not None
    return {one.scenario: one.probability for one in found.posteriors if one.probability is not None}


def test_the_run_of_a_week_ago_is_the_one_that_stood_then_not_one_made_since(fresh: Newsroom) -> None:
    fresh.night("2025-06-16", *FIRST)
    fresh.night("2025-06-21", contract("c7", "2025-06-20"), recorded=datetime(2025, 6, 28, tzinfo=UTC))
    fresh.night("2025-06-23", recorded=datetime(2025, 6, 23, 7, 30, tzinfo=UTC))  # half an hour too late
    fresh.night("2025-06-30")
    assert fresh.said()["before"]["as_of"] == "2025-06-16"
    assert fresh.said(MONDAY + timedelta(hours=1))["before"]["as_of"] == "2025-06-23"


@pytest.mark.slow
def test_a_run_recorded_later_than_the_edition_knows_is_not_seen(fresh: Newsroom) -> None:
    fresh.night("2025-06-23", *FIRST)
    before = fresh.edition()
    fresh.night("2025-06-30", *THIS_WEEK, recorded=MONDAY + timedelta(seconds=1))
    assert fresh.edition() == before


def test_where_no_run_stood_a_week_ago_the_change_is_from_the_prior_and_nothing_is_made_up(
    fresh: Newsroom,
) -> None:
    fresh.night("2025-06-30", *FIRST)
    said = fresh.said()
    assert said["before"] is None
    for one in said["scenarios"]:
        assert one["before"] is None
        assert one["points"] == pytest.approx(100 * (one["now"] - one["prior"]), abs=1e-12)
    assert any(cause["text"].startswith("Peru buys helicopters") for cause in said["movement"]["causes"])
    assert said["changed"] == {"definition": [], "code": None}


def test_a_scenario_that_there_was_not_a_week_ago_has_no_change(fresh: Newsroom) -> None:
    fresh.night("2025-06-23", *FIRST)
    text = (fresh.folder / "config.toml").read_text(encoding="utf-8")
    fresh.configure(text.replace('id = "up"', 'id = "top"').replace(", up = ", ", top = "))
    fresh.night("2025-06-30")
    top = fresh.said()["scenarios"][2]
    assert (top["scenario"], top["before"], top["points"]) == ("top", None, None)


def test_the_largest_causes_of_the_week_are_named_with_their_words_and_the_rest_is_counted(
    room: Newsroom,
) -> None:
    found = room.said()["movement"]
    with room.database.reading() as session:
        before, now = (get_run(session, run) for run in (3, 4))
        assert before is not None
        assert now is not None
        lines = movement_lines(evidence_of(session, before), evidence_of(session, now))
    assert [one["text"] for one in found["causes"]] == [one["text"] for one in lines[:5]]
    assert found["more"] == len(lines) - 5
    assert found["unsaid"] is None
    first = found["causes"][0]
    assert first["effect"] == "2.3 bits against Retreat"
    assert first["points"] == lines[0]["points"]["down"] < 0


def test_an_event_is_named_with_the_sources_that_told_of_it(room: Newsroom) -> None:
    causes = {one["event"]: one for one in room.said()["movement"]["causes"]}
    assert causes["c9"]["sources"] == [
        {"name": "paper.example", "url": "https://paper.example/tanks?a=1&b=2"},
        {"name": "desk.example (denies it)", "url": None},
    ]
    assert causes["v9"]["sources"] == [{"name": "v9", "url": None}]


def test_only_addresses_of_the_web_become_links_and_four_sources_are_named(fresh: Newsroom) -> None:
    fresh.night("2025-06-23", *FIRST)
    told = [
        ("a", "https://a.example/x?q=1"),
        ("b", "ftp://b.example/x"),
        ("c", "https://user:secret@c.example/"),
        ("d", "https://d.example/\u202e<script>"),
        ("e", "http://e.example/"),
        ("f", "mailto:f@example.org"),
    ]
    reports = [
        contract(name, "2025-06-25", event="e1", publisher=f"{name}.example", url=url) for name, url in told
    ]
    retracted = contract("g", "2025-06-24", event="e1", publisher="a.example", url="https://a.example/x?q=1")
    fresh.night("2025-06-30", *reports, retracted)
    (cause,) = [one for one in fresh.said()["movement"]["causes"] if one["event"] == "e1"]
    assert cause["sources"] == [
        {"name": "a.example", "url": "https://a.example/x?q=1"},
        {"name": "b.example", "url": None},
        {"name": "c.example", "url": None},
        {"name": "d.example", "url": "https://d.example/%E2%80%AE%3Cscript%3E"},
    ]
    assert cause["more_sources"] == 2


def test_a_one_off_names_the_sources_of_its_best_candidate(fresh: Newsroom) -> None:
    source = {"publisher": "t.example", "url": "https://t.example/"}
    fresh.night("2025-06-23", *FIRST)
    fresh.night("2025-06-30", treaty("t1", "2025-06-25", **source), treaty("t2", "2025-06-26", grade="E4"))
    (cause,) = [one for one in fresh.said()["movement"]["causes"] if one["text"].startswith("treaty")]
    assert (cause["event"], cause["sources"]) == ("t1", [{"name": "t.example", "url": "https://t.example/"}])


def test_the_same_run_a_week_on_has_moved_nothing(fresh: Newsroom) -> None:
    fresh.night("2025-06-23", *FIRST)
    said = fresh.said()
    assert said["now"]["run"] == said["before"]["run"]
    assert [one["points"] for one in said["scenarios"]] == [0, 0, 0]
    assert said["movement"] == {"causes": [], "more": 0, "unsaid": None}


def test_an_outlook_of_few_indicators_keeps_the_forecasts_order(room: Newsroom) -> None:
    found = room.said()["outlook"]
    assert [one["what"] for one in found["lines"]] == [
        "contract signed in Peru or Bolivia",
        "state visit",
        "US pushback in Venezuela",
        "treaty",
    ]
    assert (found["until"], found["more"]) == ("2025-07-30", 0)


def test_an_outlook_of_many_indicators_has_the_five_most_probable_first(fresh: Newsroom) -> None:
    more = "".join(
        f'\n[[forecasts.indicators]]\nid = "x{place}"\ntag = "x{place}"\nspread = 0\n'
        f"expected = {{ down = {place}, base = {place}, up = {place} }}\n"
        for place in range(1, 4)
    )
    fresh.configure((fresh.folder / "config.toml").read_text(encoding="utf-8") + more)
    fresh.night("2025-06-30", *FIRST)
    found = fresh.said()["outlook"]
    chances = [one["probability"] for one in found["lines"]]
    assert chances == sorted(chances, reverse=True)
    assert (len(chances), found["more"]) == (5, 2)


def test_nothing_is_expected_after_the_horizon(fresh: Newsroom) -> None:
    fresh.night("2026-01-05", *FIRST)
    said = fresh.said(datetime(2026, 1, 5, 7, tzinfo=UTC))
    assert said["outlook"] is None
    assert said["watch"] == []


def test_the_outlooks_that_were_decided_in_the_last_month_are_scored(room: Newsroom, fresh: Newsroom) -> None:
    with room.database.reading() as session:
        known = outlook_score(session, "andes", days=30, since=date(2025, 5, 30), zone=UTC, known_at=MONDAY)
    assert known is not None
    assert room.said()["score"] == {
        "number": 4,
        "happened": pytest.approx(known.number * known.mean_outcome),
        "mean_probability": known.mean_probability,
        "mean_outcome": known.mean_outcome,
        "brier": known.brier,
        "climatology": known.climatology,
    }
    fresh.night("2025-06-30", *FIRST)
    assert fresh.said()["score"] is None


def test_what_would_tell_the_most_is_to_be_watched(room: Newsroom) -> None:
    bits = [one["bits"] for one in room.said()["watch"]]
    assert len(bits) == 3
    assert bits == sorted(bits, reverse=True)


def test_what_the_analysts_changed_within_the_week_is_said(fresh: Newsroom) -> None:
    fresh.night("2025-06-23", *FIRST)
    fresh.adjust("expected = { down = 4, base = 2, up = 1 }", "expected = { down = 5, base = 2, up = 1 }")
    fresh.night("2025-06-30")
    said = fresh.said()
    assert said["changed"] == {
        "definition": [{"path": "indicators.pushback.stated.down", "old": 4.0, "new": 5.0}],
        "code": None,
    }
    assert "the analysts' numbers for pushback changed" in {one["text"] for one in said["movement"]["causes"]}


@pytest.mark.slow
def test_moves_that_readers_were_told_of_within_the_week_are_listed(fresh: Newsroom) -> None:
    fresh.configure(
        "[alerts]\nmove_points = 1\n" + (fresh.folder / "config.toml").read_text(encoding="utf-8")
    )
    (forecast,) = fresh.service.configuration.forecasts
    for day, reports in (
        ("2025-06-16", FIRST),
        ("2025-06-23", [contract("c7", "2025-06-20")]),
        ("2025-06-24", ()),
        ("2025-06-30", ()),
    ):
        fresh.night(day, *reports)
        announce(fresh.service, forecast, as_of=date.fromisoformat(day))
    assert fresh.said()["alerts"] == []  # that of the 23rd was told a week ago
    (told,) = fresh.said(MONDAY - timedelta(days=4))["alerts"]
    assert (told["as_of"], told["run"], told["since_run"]) == ("2025-06-23", 2, 1)
    assert told["points"] > 1


def test_the_chart_has_every_night_of_what_was_published(room: Newsroom) -> None:
    points: list[dict[str, Any]] = room.said()["history"]
    assert list(dict.fromkeys(one["as_of"] for one in points)) == [
        "2025-04-15",
        "2025-06-16",
        "2025-06-23",
        "2025-06-30",
    ]
    last = {one["scenario"]: one["probability"] for one in points[-3:]}
    assert last == {name: pytest.approx(p, abs=5e-5) for name, p in probabilities(room, 4).items()}


def test_every_configured_forecast_is_in_the_edition_in_its_order(fresh: Newsroom) -> None:
    fresh.configure(quiet("one") + quiet("two"))
    fresh.night("2025-06-30")
    assert [one["forecast"] for one in fresh.edition()["forecasts"]] == ["one", "two"]


def test_an_edition_put_together_again_is_the_same(room: Newsroom) -> None:
    assert room.edition() == room.edition()


def test_the_largest_move_may_go_either_way() -> None:
    moves = [
        {"scenario": name, "title": name, "now": 0.5, "points": points}
        for name, points in (("a", 2.0), ("b", -3.0), ("c", None))
    ]
    assert largest(moves) == moves[1]
    assert largest(moves[2:]) is None
