"""Resolutions: what became of forecasts is added to, never changed, and the newest is in force."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.resolutions import Decision, closure, closures, decisions, record_decision
from tests.storage.samples import moment
from tests.storage.test_query_plans import SCANNED, plans

DAY = date(2026, 1, 10)
UP = Decision(
    forecast_id="rla",
    kind="resolved",
    scenario="up",
    closed_on=DAY,
    why="the centre opened",
    author="Ana",
    forecast_digest="sha256:f",
    recorded_at=moment(10),
)
DOWN = replace(UP, kind="corrected", scenario="down", recorded_at=moment(12))
VOID = replace(UP, kind="annulled", scenario=None, recorded_at=moment(14))
OPEN = replace(UP, kind="reopened", scenario=None, closed_on=None, recorded_at=moment(16))


def record(database: Database, *told: Decision) -> None:
    with database.session() as session:
        for one in told:
            record_decision(session, one)


def test_decisions_come_back_as_they_were_taken_the_first_first(database: Database) -> None:
    record(database, UP, replace(UP, forecast_id="other"), DOWN, VOID, OPEN)
    with database.reading() as session:
        assert decisions(session, "rla") == [UP, DOWN, VOID, OPEN]
        assert decisions(session, "rla", known_at=moment(13)) == [UP, DOWN]
        assert decisions(session, "nothing") == []


@pytest.mark.parametrize(
    ("told", "in_force"),
    [
        ([], None),
        ([UP], UP),
        ([UP, DOWN], DOWN),
        ([UP, VOID], VOID),
        ([UP, OPEN], None),
        ([UP, OPEN, UP], UP),
    ],
)
def test_the_newest_decision_is_in_force(
    database: Database, told: list[Decision], in_force: Decision | None
) -> None:
    record(database, *told)
    with database.reading() as session:
        assert closure(session, "rla") == in_force


def test_what_was_in_force_at_a_moment_can_be_asked(database: Database) -> None:
    record(database, UP, DOWN, OPEN)
    with database.reading() as session:
        found = [closure(session, "rla", known_at=moment(day)) for day in (9, 10, 12, 16)]
    assert found == [None, UP, DOWN, None]


def test_all_that_are_closed_are_listed_or_some_of_them(database: Database) -> None:
    other = replace(VOID, forecast_id="other")
    record(database, UP, other, replace(UP, forecast_id="open"), replace(OPEN, forecast_id="open"))
    with database.reading() as session:
        assert closures(session) == {"other": other, "rla": UP}
        assert closures(session, ["rla", "open"]) == {"rla": UP}
        assert closures(session, []) == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "guessed"},
        {"scenario": None},
        {"kind": "annulled"},
        {"closed_on": None},
        {"kind": "reopened", "scenario": None},
    ],
    ids=str,
)
def test_a_decision_that_makes_no_sense_is_refused(database: Database, changes: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        record(database, replace(UP, **changes))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_decisions_of_a_forecast_are_looked_up_and_no_table_is_scanned(database: Database) -> None:
    record(database, UP, DOWN)
    for query in (
        lambda session: decisions(session, "rla"),
        lambda session: closure(session, "rla"),
    ):
        plan = plans(database, query)
        assert not SCANNED.search(plan), plan
