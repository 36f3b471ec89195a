"""What is found about the condition of the service, each thing by itself and all of it in order."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from service.composition import Service
from service.condition import Finding, findings, ready
from service.configuration import load
from storage.database import Database, open_database
from storage.jobs import Outcome
from storage.leases import give_back
from tests.service.commands import at, quiet
from tests.service.stations import DAY, HOLDER, HOUR, NOON, Station

MINUTE = timedelta(minutes=1)
ORDER = [
    *("database", "migrations", "scheduler", "night", "tonight"),
    *("forecast", "outbox", "digest", "inbox", "disk"),
]

Make = Callable[..., Station]


@pytest.fixture
def make(tmp_path: Path, database: Database, database_url: str) -> Make:
    def made(more: str = "") -> Station:
        return Station(tmp_path, database, database_url, more)

    return made


@pytest.fixture
def station(make: Make) -> Station:
    return make()


def found(station: Station, name: str) -> Finding:
    (one,) = [one for one in findings(station.service) if one.name == name]
    return one


def test_everything_is_well_where_everything_is(station: Station) -> None:
    station.is_well()
    all_of_it = findings(station.service)
    assert [one.name for one in all_of_it] == ORDER
    assert {one.state for one in all_of_it} == {"ok"}, all_of_it
    assert {one.advice for one in all_of_it} == {""}


def test_a_service_on_its_first_day_warns_and_fails_nothing(station: Station) -> None:
    states = {one.name: one.state for one in findings(station.service)}
    assert "failed" not in states.values()
    assert {name for name, state in states.items() if state == "warning"} == {
        "scheduler",
        "tonight",
        "forecast",
    }


def test_what_the_service_cannot_work_without_is_part_of_the_whole(station: Station) -> None:
    station.is_well()
    assert ready(station.service) == findings(station.service)[:4]
    assert [one.name for one in ready(station.service)] == ORDER[:4]


def test_looking_writes_nothing(station: Station) -> None:
    station.is_well()
    seen: list[str] = []
    guarded = station.service.database
    object.__setattr__(guarded, "guard", lambda _: seen.append("wrote"))
    findings(station.service)
    assert seen == []


# The database


def at_url(folder: Path, url: str) -> Service:
    (folder / "config.toml").write_text(at(url, quiet()), encoding="utf-8")
    configuration = load(folder / "config.toml", {})
    return Service(
        configuration=configuration, database=open_database(configuration.storage.url), clock=lambda: NOON
    )


def gone(service: Service) -> Finding:
    """The one finding about a database that is out of reach; the disks are looked at all the same."""
    first, *rest = findings(service)
    service.database.close()
    assert {one.name for one in rest} == {"disk"}
    assert ready(service) == [first]
    service.database.close()
    assert (first.name, first.state) == ("database", "failed")
    assert first.advice
    return first


def test_a_database_file_that_is_not_there_is_one_finding_and_is_not_made(tmp_path: Path) -> None:
    first = gone(at_url(tmp_path, "sqlite:///var/gone.db"))
    assert first.text == f"there is no database {tmp_path}/var/gone.db"
    assert not (tmp_path / "var" / "gone.db").exists()


def test_a_database_that_is_damaged_is_one_finding(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("my shopping list\n" * 1000, encoding="utf-8")
    first = gone(at_url(tmp_path, "sqlite:///notes.db"))
    assert "is damaged, or is no SQLite database" in first.text
    assert "posterity restore" in first.advice


def test_a_server_that_does_not_answer_is_one_finding(tmp_path: Path) -> None:
    first = gone(at_url(tmp_path, f"postgresql+psycopg://nobody:secret@/none?host={tmp_path}"))
    assert "does not answer" in first.text
    assert "secret" not in f"{first}"


def test_tables_that_are_missing_are_said(tmp_path: Path, empty_url: str) -> None:
    service = at_url(tmp_path, empty_url)
    with service.database.session() as session:
        session.execute(text("SELECT 1"))
    first, second, *rest = findings(service)
    service.database.close()
    assert (first.name, first.state) == ("database", "ok")
    assert (second.name, second.state, second.text) == ("migrations", "failed", "there are no tables yet")
    assert second.advice == "run `posterity migrate`"
    assert {one.name for one in rest} == {"disk"}


@pytest.mark.parametrize(
    ("revision", "said", "advice"),
    [("0002", "tables are of revision 0002, not", "migrate"), ("9999", "newer than this program", "install")],
)
def test_tables_of_another_release_are_said(station: Station, revision: str, said: str, advice: str) -> None:
    with station.service.database.session() as session:
        session.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))  # noqa: S608 - ours
    second = findings(station.service)[1]
    assert (second.name, second.state) == ("migrations", "failed")
    assert said in second.text
    assert advice in second.advice


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_file_that_may_not_be_written_is_said(station: Station, tmp_path: Path) -> None:
    (tmp_path / "posterity.db").chmod(0o400)
    assert "may not be written" in findings(station.service)[0].text


# Who works, and the nights


def test_a_scheduler_that_gives_signs_of_life_is_alive(station: Station) -> None:
    station.works()
    station.now += timedelta(seconds=30)
    assert found(station, "scheduler").text == f"{HOLDER} is alive"
    assert found(station, "tonight") == Finding(
        name="tonight",
        state="ok",
        text=f"tonight runs at 02:15 UTC (in 14 h 14 min), scheduler {HOLDER} is alive",
    )


def test_tonight_is_said_in_the_schedules_zone_and_in_utc(make: Make) -> None:
    station = make('[schedule]\ntimezone = "America/Lima"\nnightly = "23:30"')
    station.works()
    assert "tonight runs at 23:30 America/Lima, 04:30 UTC (in 16 h 30 min)" in found(station, "tonight").text


def test_a_scheduler_that_is_silent_for_longer_than_a_takeover_takes_is_gone(station: Station) -> None:
    station.works()
    station.now += timedelta(seconds=99)
    assert found(station, "scheduler").state == "ok"
    station.now += timedelta(hours=2)
    dead = found(station, "scheduler")
    assert dead.state == "failed"
    assert dead.text == f"no scheduler is running: {HOLDER} has given no sign of life for 2 h"
    assert dead.advice == "start `posterity schedule`"
    tonight = found(station, "tonight")
    assert (tonight.state, tonight.advice) == ("failed", dead.advice)
    assert tonight.text == "tonight will NOT run: no scheduler is running"


def test_a_scheduler_that_was_stopped_is_said(station: Station) -> None:
    station.works()
    with station.service.database.session() as session:
        assert give_back(session, 1)
    assert found(station, "scheduler").text == "no scheduler is running: the last one was stopped"
    assert found(station, "tonight").state == "failed"


def test_a_clock_that_was_set_back_under_the_scheduler_is_said(station: Station) -> None:
    station.works()
    station.now -= HOUR
    ahead = found(station, "scheduler")
    assert (ahead.state, ahead.text) == (
        "warning",
        f"the last sign of life of {HOLDER} lies 1 h in the future",
    )
    assert found(station, "tonight").state == "ok"


def test_no_night_is_owed_before_a_scheduler_first_worked(station: Station) -> None:
    assert found(station, "night").text == "no night was due since a scheduler first ran here"
    station.began(station.now - HOUR)
    assert found(station, "night").text == "no night was due since a scheduler first ran here"


@pytest.mark.parametrize(("outcome", "state"), [("done", "ok"), ("held", "warning"), ("failed", "failed")])
def test_the_last_night_is_judged_by_how_it_ended(station: Station, outcome: Outcome, state: str) -> None:
    station.began(NOON - 10 * DAY)
    station.night(19, "failed", "of the night before")
    station.night(20, outcome, "quiet: rhat\n 1.2")
    night = found(station, "night")
    assert night.state == state
    assert night.text == f"the night of 2026-01-20 ended {outcome} at 2026-01-20 12:00 UTC: quiet: rhat 1.2"
    assert bool(night.advice) is (state != "ok")


def test_of_several_attempts_at_a_night_the_last_that_ended_counts(station: Station) -> None:
    station.began(NOON - 10 * DAY)
    station.night(20, "failed")
    station.night(20, "done")
    station.night(20, "interrupted")
    assert found(station, "night").state == "ok"


def test_a_night_that_nobody_ran_is_overdue_after_a_quarter_of_an_hour(station: Station) -> None:
    station.began(NOON - 10 * DAY)
    station.now = datetime(2026, 1, 20, 2, 29, tzinfo=UTC)
    assert found(station, "night").state == "ok"
    station.now += 2 * MINUTE
    overdue = found(station, "night")
    assert overdue.state == "failed"
    assert overdue.text == (
        "the night of 2026-01-20 was due at 2026-01-20 02:15 UTC and has not been run: overdue"
    )
    assert overdue.advice == "start `posterity schedule`, which catches up; or `posterity run`"


def test_a_night_that_was_cut_short_is_overdue_too(station: Station) -> None:
    station.began(NOON - 10 * DAY)
    station.night(20, "interrupted", moment=NOON - 9 * HOUR)
    assert found(station, "night").state == "failed"


def test_a_night_that_is_under_way_may_take_as_long_as_its_steps_may(make: Make) -> None:
    station = make(
        '[schedule]\nstep_limit = "30m"\nattempts = 2'
    )  # of two steps, with the pauses: 140 minutes
    station.began(NOON - 10 * DAY)
    station.night(20, None, moment=NOON - timedelta(minutes=139))
    assert found(station, "night").state == "ok"
    assert found(station, "night").text == "the night of 2026-01-20 is under way since 2026-01-20 09:41 UTC"
    station.now += 2 * MINUTE
    assert found(station, "night").state == "failed"
