"""The ledger of jobs."""

from datetime import UTC, datetime, timedelta

import pytest

from storage.database import Database
from storage.jobs import (
    DIGEST,
    NIGHT,
    START,
    Outcome,
    Task,
    attempt,
    attempts,
    end,
    end_abandoned,
    ended,
    first_start,
    latest,
    start,
)

NOW = datetime(2026, 11, 22, 2, 15, tzinfo=UTC)
NIGHT_22 = Task(NIGHT, "2026-11-22")
INTAKE = Task(NIGHT, "2026-11-22", "intake")


def started(database: Database, task: Task, *, token: int = 1, at: datetime = NOW) -> int:
    with database.session() as session:
        return start(session, task, token=token, at=at)


def over(database: Database, task: Task, outcome: Outcome, *, at: datetime = NOW) -> None:
    number = started(database, task, at=at)
    with database.session() as session:
        end(session, number, outcome, f"was {outcome}", at=at + timedelta(seconds=9))


def test_an_attempt_is_under_way_until_it_ends(database: Database) -> None:
    number = started(database, INTAKE)
    with database.reading() as session:
        open_one = attempt(session, INTAKE)
    assert open_one is not None
    assert (open_one.outcome, open_one.ended_at, open_one.attempt) == (None, None, 1)
    with database.session() as session:
        end(session, number, "done", "3 accepted", at=NOW)
        closed = attempt(session, INTAKE)
    assert closed is not None
    assert (closed.outcome, closed.detail, closed.ended_at) == ("done", "3 accepted", NOW)


def test_attempts_of_a_step_are_counted(database: Database) -> None:
    for outcome in ("failed", "failed", "done"):
        over(database, INTAKE, outcome)
    with database.reading() as session:
        found = attempts(session, NIGHT, "2026-11-22")
    assert [(one.attempt, one.outcome) for one in found] == [(1, "failed"), (2, "failed"), (3, "done")]


def test_an_attempt_that_has_ended_stays_as_it_is(database: Database) -> None:
    number = started(database, INTAKE)
    with database.session() as session:
        end(session, number, "failed", "first", at=NOW)
        end(session, number, "done", "second", at=NOW)
        found = attempt(session, INTAKE)
    assert found is not None
    assert (found.outcome, found.detail) == ("failed", "first")


def test_what_an_earlier_holder_left_is_ended_as_interrupted_and_is_still_owed(database: Database) -> None:
    started(database, NIGHT_22, token=1)
    started(database, INTAKE, token=1)
    mine = started(database, Task(NIGHT, "2026-11-23"), token=2)
    with database.session() as session:
        assert end_abandoned(session, 2, at=NOW) == 2
        assert ended(session, NIGHT, since="2026-11-01") == set()
        left = attempts(session, NIGHT, "2026-11-22")
        (under_way,) = attempts(session, NIGHT, "2026-11-23")
    assert [one.outcome for one in left] == ["interrupted", "interrupted"]
    assert (under_way.id, under_way.outcome) == (mine, None)


@pytest.mark.parametrize("outcome", ["done", "held", "failed"])
def test_a_night_that_came_to_an_end_is_no_longer_owed(database: Database, outcome: Outcome) -> None:
    over(database, NIGHT_22, outcome)
    over(database, Task(NIGHT, "2026-11-21", "intake"), "done")  # a step alone is not the night
    over(database, Task(DIGEST, "2026-W47"), "done")
    with database.reading() as session:
        assert ended(session, NIGHT, since="2026-11-22") == {"2026-11-22"}
        assert ended(session, NIGHT, since="2026-11-23") == set()


def test_the_latest_night_is_the_one_due_last_not_the_one_done_last(database: Database) -> None:
    over(database, NIGHT_22, "held")
    over(database, Task(NIGHT, "2026-11-20"), "done", at=NOW + timedelta(hours=1))
    with database.reading() as session:
        newest, well = latest(session, NIGHT), latest(session, NIGHT, outcome="done")
        assert latest(session, DIGEST) is None
    assert newest is not None
    assert well is not None
    assert (newest.due, well.due) == ("2026-11-22", "2026-11-20")


def test_the_first_start_is_remembered(database: Database) -> None:
    with database.reading() as session:
        assert first_start(session) is None
    over(database, Task(START, NOW.isoformat()), "done")
    over(database, Task(START, "later"), "done", at=NOW + timedelta(days=9))
    with database.reading() as session:
        assert first_start(session) == NOW
