"""What sources were asked: cursors, standings and days on which something came."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.polls import (
    MOST_REFUSED,
    MOST_TEXT,
    Outcome,
    Poll,
    SourceStanding,
    busy_days,
    cursor_of,
    last_success,
    polls,
    record_poll,
    standings,
)
from tests.storage.samples import moment


def record(database: Database, *told: Poll) -> list[int]:
    with database.session() as session:
        return [record_poll(session, one) for one in told]


def poll(
    outcome: Outcome = "done",
    day: int = 1,
    *,
    source: str = "feed",
    cursor: Mapping[str, object] | None = None,
) -> Poll:
    return Poll(
        source=source,
        started_at=moment(day),
        at=moment(day) + timedelta(seconds=5),
        outcome=outcome,
        detail=f"{outcome} on {day}",
        cursor=cursor,
    )


def standing(database: Database, source: str = "feed") -> SourceStanding:
    with database.reading() as session:
        return standings(session, [source])[source]


def test_a_poll_comes_back_as_it_was_recorded(database: Database) -> None:
    full = Poll(
        source="feed",
        name="20260101.export.csv",
        started_at=moment(1),
        at=moment(2),
        outcome="part",
        detail="the encoding lied: read as Windows-1251 «кириллица»",
        counts={"accepted": 2, "refused": 1},
        refused=((7, "published_on: is missing", "<item>\x00\ud800</item>"),),
        cursor={"etag": '"é"', "seen": [1, None]},
    )
    record(database, poll(), full)
    with database.reading() as session:
        newest, before = polls(session, "feed", limit=5)
        assert polls(session, "feed", limit=1) == [newest]
        assert polls(session, "other", limit=5) == []
    assert newest == full
    assert before == poll()


def test_of_many_refusals_the_first_are_kept_and_of_each_the_beginning(database: Database) -> None:
    refused = [(line, "not JSON", "x" * 2000) for line in range(1, 500)]
    record(database, Poll(source="feed", started_at=moment(1), at=moment(1), outcome="done", refused=refused))
    with database.reading() as session:
        (kept,) = polls(session, "feed", limit=1)
    assert [line for line, _, _ in kept.refused] == list(range(1, MOST_REFUSED + 1))
    assert {len(text) for _, _, text in kept.refused} == {MOST_TEXT}


@pytest.mark.parametrize("odd", ["\x00", "\ud800"], ids=ascii)
def test_a_name_that_no_database_keeps_does_not_lose_the_record(database: Database, odd: str) -> None:
    told = Poll(
        source="feed", name=f"a{odd}b", started_at=moment(1), at=moment(1), outcome="failed", detail=odd
    )
    record(database, told)
    with database.reading() as session:
        (kept,) = polls(session, "feed", limit=1)
    assert kept.name in {"a\ufffdb", "a?b"}


def test_no_outcome_but_those_that_there_are_is_recorded(database: Database) -> None:
    lost: Any = "lost"
    with pytest.raises(IntegrityError):
        record(database, replace(poll(), outcome=lost))


@pytest.mark.slow
def test_the_cursor_in_force_is_the_newest_that_was_recorded(database: Database) -> None:
    with database.reading() as session:
        assert cursor_of(session, "feed") == {}
    record(database, poll("part", cursor={"etag": 1}), poll("part", 2, cursor={"etag": 2}))
    record(database, poll("failed", 3), poll("unchanged", 4), poll("part", 5, source="b", cursor={"x": 1}))
    with database.reading() as session:
        assert cursor_of(session, "feed") == {"etag": 2}
        assert cursor_of(session, "b") == {"x": 1}
    record(database, poll("part", 6, cursor={}))
    with database.reading() as session:
        assert cursor_of(session, "feed") == {}


def test_a_source_that_was_never_asked_has_no_standing(database: Database) -> None:
    assert standing(database) == SourceStanding()
    with database.reading() as session:
        assert last_success(session, "feed") is None
        assert standings(session, []) == {}


def test_a_source_that_answers_is_well(database: Database) -> None:
    record(database, poll("failed", 1), poll("part", 2), poll("done", 2), poll("unchanged", 3))
    assert standing(database) == SourceStanding(
        last_success=moment(3), polled_at=moment(3) + timedelta(seconds=5), detail="unchanged on 3"
    )


def test_failures_are_counted_since_the_last_success(database: Database) -> None:
    record(database, poll("failed", 1), poll("done", 2), poll("failed", 3), poll("failed", 4))
    record(database, poll("done", 9, source="other"))
    assert standing(database) == SourceStanding(
        last_success=moment(2),
        polled_at=moment(4) + timedelta(seconds=5),
        failures=2,
        failing_since=moment(3),
        detail="failed on 4",
    )


def test_a_source_that_never_answered_fails_since_it_was_first_asked(database: Database) -> None:
    record(database, poll("failed", 1), poll("failed", 2))
    found = standing(database)
    assert (found.failures, found.failing_since, found.last_success) == (2, moment(1), None)


def test_a_batch_is_neither_a_success_nor_a_failure(database: Database) -> None:
    record(database, poll("failed", 1), poll("part", 2, cursor={"at": 2}))
    found = standing(database)
    assert (found.failures, found.last_success, found.detail) == (1, None, "failed on 1")
    assert found.polled_at == moment(1) + timedelta(seconds=5)


def test_failures_within_one_moment_are_told_from_the_success_before_them(database: Database) -> None:
    record(database, poll("done"), poll("failed"), poll("failed"))
    assert standing(database).failures == 2


def test_the_last_success_can_be_asked_up_to_a_moment(database: Database) -> None:
    record(database, poll("done", 2), poll("unchanged", 4), poll("failed", 5), poll("part", 6))
    with database.reading() as session:
        asked = [last_success(session, "feed", until=moment(day)) for day in range(1, 7)]
        assert last_success(session, "feed") == moment(4)
    assert asked == [None, moment(2), moment(2), moment(4), moment(4), moment(4)]


def test_busy_days_are_those_on_which_a_batch_came_the_latest_first(database: Database) -> None:
    record(database, *(poll("part", day) for day in (1, 1, 3, 3, 3, 7)))
    record(database, poll("done", 8), poll("unchanged", 9), poll("part", 10, source="other"))
    with database.reading() as session:
        found = busy_days(session, "feed", UTC)
        assert busy_days(session, "feed", UTC, most=2) == found[:2]
        assert busy_days(session, "none", UTC) == []
    assert found == [date(2026, 1, 7), date(2026, 1, 3), date(2026, 1, 1)]


def test_busy_days_are_days_of_the_zone(database: Database) -> None:
    lima = ZoneInfo("America/Lima")
    late = datetime(2026, 1, 5, 4, 59, tzinfo=UTC)  # a minute before midnight there
    told = [poll("part"), poll("part")]
    for one, at in zip(told, (late, late + timedelta(minutes=1)), strict=True):
        record(database, Poll(source=one.source, started_at=at, at=at, outcome="part"))
    with database.reading() as session:
        assert busy_days(session, "feed", UTC) == [date(2026, 1, 5)]
        assert busy_days(session, "feed", lima) == [date(2026, 1, 5), date(2026, 1, 4)]
