"""What is wrong or due stands at the very top of a digest, and in its subject."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.digest_page import page, subject
from storage.database import Database
from tests.service.andes import FIRST
from tests.service.commands import SURE, quiet, report
from tests.service.digests import MONDAY, WEEK, Newsroom

pytestmark = pytest.mark.sqlite("who is written what; its statements meet a server elsewhere")


@pytest.fixture
def room(database: Database, tmp_path: Path) -> Newsroom:
    return Newsroom(tmp_path, database)


def notices(room: Newsroom, at: datetime = MONDAY) -> list[tuple[str, str]]:
    return [(one["kind"], one["text"]) for one in room.said(at)["notices"]]


def test_of_a_forecast_that_is_well_there_is_nothing_to_say(room: Newsroom) -> None:
    room.night("2025-06-30", *FIRST)
    assert notices(room) == []
    assert ";" not in subject(WEEK, room.edition()["forecasts"])


def test_a_held_run_is_said_with_the_checks_that_it_failed_and_what_stands_instead(room: Newsroom) -> None:
    room.night("2025-06-28", *FIRST)
    number = room.held("2025-06-30")
    ((kind, text),) = notices(room)
    assert kind == "held"
    assert text == (
        f"The newest run, as of 2025-06-30 (run {number}), was held, for it failed 2 checks: "
        "rhat 1.03 (limit 1.01), divergences came to no number (limit 0). "
        "What follows is as of 2025-06-28 (run 1)."
    )
    assert room.said()["now"]["run"] == 1
    assert subject(WEEK, room.edition()["forecasts"]).endswith("; last run held")


def test_a_held_run_of_an_older_night_is_no_news(room: Newsroom) -> None:
    room.night("2025-06-27", *FIRST)
    room.held("2025-06-28")
    room.night("2025-06-30")
    assert notices(room) == []


def test_a_failed_run_is_said_with_its_reason(room: Newsroom) -> None:
    room.configure(SURE)
    room.night("2025-06-29", report("t", "2025-03-01", tag="deal"))
    room.night("2025-06-30")
    ((kind, text),) = notices(room)
    assert kind == "failed"
    assert text.startswith(
        "The newest run, as of 2025-06-30 (run 2), failed: sure: the evidence rules out every scenario"
    )
    assert text.endswith("What follows is as of 2025-06-29 (run 1).")


@pytest.mark.slow
def test_where_everything_failed_there_are_no_numbers_and_that_is_said(room: Newsroom) -> None:
    room.configure(SURE)
    room.night("2025-06-30")
    ((kind, text),) = notices(room)
    assert kind == "failed"
    assert text.startswith(
        "Nothing has been published yet. The newest run, as of 2025-06-30 (run 1), failed:"
    )
    assert room.said()["scenarios"] is None


@pytest.mark.parametrize(("day", "stale"), [("2025-06-27", False), ("2025-06-26", True)])
def test_a_forecast_is_stale_once_it_is_older_than_its_own_limit(
    room: Newsroom, day: str, stale: bool
) -> None:
    room.night(day, *FIRST)
    expected = [
        ("stale", f"Stale: nothing was published in 4 days, since the cutoff of {day} (limit 3 days).")
    ]
    assert notices(room) == (expected if stale else [])
    room.adjust("coverage_sd = 0", "coverage_sd = 0\nalerts = { stale_days = 4 }")
    assert notices(room) == []


def test_since_when_nobody_has_been_watching_is_said(room: Newsroom) -> None:
    room.adjust("coverage_sd = 0", "observed_until = 2025-06-20\ncoverage_sd = 0")
    room.night("2025-06-30", *FIRST)
    ((kind, text),) = notices(room)
    assert kind == "unobserved"
    assert text == (
        "Nobody has been watching since 2025-06-20: the 10 days up to the cutoff count neither as "
        "silence nor for events."
    )


def test_a_forecast_past_its_horizon_is_due_for_resolution_and_that_is_said_once(room: Newsroom) -> None:
    at = datetime(2026, 1, 5, 7, tzinfo=UTC)
    room.night("2026-01-05", *FIRST)
    assert notices(room, at) == [("due", "Its horizon of 2025-12-31 has passed: it is due for resolution.")]
    edition = room.edition(at)
    laid_out = page(edition, edition["forecasts"], public_url="")
    assert laid_out["forecasts"][0]["warnings"] == []


def test_a_forecast_that_was_never_run_says_so(room: Newsroom) -> None:
    assert notices(room) == [("never run", "It has not been run yet: there is nothing to say.")]


def test_a_forecast_that_has_not_opened_says_when_it_will(room: Newsroom) -> None:
    room.configure(quiet().replace("2025-01-01", "2025-08-01"))
    assert notices(room) == [("early", "It opens on 2025-08-01: there is nothing to say yet.")]


def test_several_things_are_said_the_worst_first_and_each_of_which_forecast(room: Newsroom) -> None:
    room.configure(
        quiet("one").replace("coverage_sd", "observed_until = 2025-06-01\ncoverage_sd") + quiet("two")
    )
    room.night("2025-06-20")
    room.held("2025-06-30")
    edition = room.edition()
    laid_out = page(edition, edition["forecasts"], public_url="")
    assert [(one["about"], one["text"].split(",")[0].split(":")[0]) for one in laid_out["notices"]] == [
        ("one", "The newest run"),
        ("one", "Stale"),
        ("one", "Nobody has been watching since 2025-06-01"),
        ("two", "Stale"),
    ]
    assert subject(WEEK, edition["forecasts"]).endswith("; last run held, stale, nobody watching")
