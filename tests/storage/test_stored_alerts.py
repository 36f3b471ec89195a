import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, timedelta
from itertools import count as count_up
from pathlib import Path
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from storage.alerts import SAME_WITHIN, StoredAlert, count, end_alert, ended_alerts, open_alerts, raise_alert
from storage.arrivals import MOST_DAYS, arrival_days
from storage.database import Database, migrate, open_database
from storage.mailed import mailed, states
from storage.outbox import claim, queue, sent
from storage.reports import file_reports
from storage.runs import store_run
from storage.snapshots import last_version, record_import
from storage.vitals import is_standby, newest_record, server_clock
from tests.databases import QUICK, Server
from tests.storage.samples import moment, report, run
from tests.storage.test_query_plans import plans

MINUTE = timedelta(minutes=1)
NUMBERS = count_up()


def raised(
    database: Database, kind: str = "disk", subject: str = "inbox", *, day: int = 1
) -> StoredAlert | None:
    with database.session() as session:
        return raise_alert(session, kind, subject, f"seen on {day}", at=moment(day))


def ended(database: Database, number: int, *, day: int) -> bool:
    with database.session() as session:
        return end_alert(session, number, at=moment(day))


def still_open(database: Database) -> list[StoredAlert]:
    with database.reading() as session:
        assert count(session) == len(open_alerts(session))
        return open_alerts(session)


def test_an_alert_is_open_from_when_it_was_raised_until_it_ended(database: Database) -> None:
    alert = raised(database)
    assert alert is not None
    assert (alert.kind, alert.subject, alert.text) == ("disk", "inbox", "seen on 1")
    assert (alert.raised_at, alert.ended_at) == (moment(1), None)
    assert still_open(database) == [alert]
    assert ended(database, alert.id, day=2)
    assert still_open(database) == []


def test_an_alert_that_is_open_is_not_raised_again(database: Database) -> None:
    first = raised(database)
    assert raised(database, day=9) is None
    assert still_open(database) == [first]


def test_alerts_of_other_kinds_and_subjects_are_others(database: Database) -> None:
    several = [raised(database), raised(database, subject="draws"), raised(database, "night", day=2)]
    assert still_open(database) == several


def test_an_alert_ends_once(database: Database) -> None:
    alert = raised(database)
    assert alert is not None
    assert ended(database, alert.id, day=2)
    assert not ended(database, alert.id, day=3)
    with database.reading() as session:
        (found,) = ended_alerts(session, after=moment(1), until=moment(9))
    assert found.ended_at == moment(2)


def test_an_alert_that_is_raised_within_a_day_of_its_end_is_the_same_one(database: Database) -> None:
    first = raised(database)
    assert first is not None
    ended(database, first.id, day=5)
    with database.session() as session:
        again = raise_alert(session, "disk", "inbox", "back", at=moment(5) + SAME_WITHIN - MINUTE)
    assert again is not None
    assert (again.id, again.raised_at, again.ended_at, again.text) == (first.id, moment(1), None, "back")
    assert still_open(database) == [again]


def test_an_alert_that_is_raised_later_than_that_is_another_one(database: Database) -> None:
    first = raised(database)
    assert first is not None
    ended(database, first.id, day=5)
    with database.session() as session:
        later = raise_alert(session, "disk", "inbox", "new", at=moment(5) + SAME_WITHIN)
    assert later is not None
    assert later.id != first.id


def test_ended_alerts_are_found_by_when_they_ended(database: Database) -> None:
    for day in (2, 3, 4):
        alert = raised(database, subject=str(day))
        assert alert is not None
        ended(database, alert.id, day=day)
    with database.reading() as session:
        found = ended_alerts(session, after=moment(2), until=moment(3))
    assert [one.subject for one in found] == ["3"]


@pytest.mark.slow
def test_of_processes_that_raise_the_same_at_once_one_does(database: Database, database_url: str) -> None:
    barrier = Barrier(6)

    def try_it(_: int) -> StoredAlert | None:
        with open_database(database_url) as own:
            barrier.wait()
            return raised(own)

    with ThreadPoolExecutor(6) as pool:
        found = [one for one in pool.map(try_it, range(6)) if one is not None]
    assert found == still_open(database)
    assert len(found) == 1


def filed(database: Database, *arrivals: tuple[int, int]) -> None:
    """File so many reports on days of January 2026, at three in the morning in UTC."""
    for day, number in arrivals:
        with database.session() as session:
            reports = [report(f"{day}-{next(NUMBERS)}") for _ in range(number)]
            file_reports(session, reports, at=moment(day), origin="x")


def arrived(database: Database, zone: str = "UTC", most: int = MOST_DAYS) -> list[int]:
    with database.reading() as session:
        return [day.day for day in arrival_days(session, ZoneInfo(zone), most=most)]


def test_no_reports_arrived_on_no_days(database: Database) -> None:
    assert arrived(database) == []


def test_days_on_which_reports_arrived_are_listed_the_latest_first(database: Database) -> None:
    filed(database, (1, 1), (2, 40), (5, 1), (6, 100), (20, 3))
    assert arrived(database) == [20, 6, 5, 2, 1]


def test_no_more_days_of_arrivals_are_read_than_were_asked_for(database: Database) -> None:
    filed(database, *((day, day) for day in range(1, 13)))
    assert arrived(database, most=3) == [12, 11, 10]


def test_days_of_arrivals_are_those_of_the_zone(database: Database) -> None:
    filed(database, (2, 1), (3, 1))
    assert arrived(database, "America/Lima") == [2, 1]


def test_what_a_snapshot_brought_did_not_arrive_when_it_was_recorded_elsewhere(database: Database) -> None:
    filed(database, (10, 3), (12, 40))
    with database.session() as session:
        before = last_version(session)
    filed(database, (1, 30), (5, 30))
    with database.session() as session:
        record_import(session, "quiet", "s", after=before, at=moment(13))
    assert arrived(database) == [12, 10]
    filed(database, (14, 2))
    assert arrived(database) == [14, 12, 10]


def test_a_gap_in_the_numbers_of_reports_hides_no_day(database: Database) -> None:
    filed(database, (1, 5), (2, 50), (3, 5), (4, 1))
    with database.session() as session:
        session.execute(text("DELETE FROM report_version WHERE id BETWEEN 8 AND 53"))
        session.execute(text("DELETE FROM report_version WHERE id = 1"))
    assert arrived(database) == [4, 3, 2, 1]


def test_a_clock_that_was_set_back_ends_the_search_all_the_same(database: Database) -> None:
    filed(database, (1, 3), (9, 3), (2, 3), (10, 1))
    found = arrived(database)
    assert found == sorted(found, reverse=True)
    assert found[0] == 10


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_days_of_arrivals_are_looked_up_by_number_and_few_are_read(database: Database) -> None:
    filed(database, *((day, 500) for day in range(1, 11)))
    plan = plans(database, lambda session: arrival_days(session, UTC)).splitlines()
    assert plan[0].startswith("SCAN snapshot_import")  # of which there are few
    assert plan[1].startswith("SCAN report_version")  # for the newest, from the end and no further
    assert {line.partition("(")[0] for line in plan[2:]} == {
        "SEARCH report_version USING INTEGER PRIMARY KEY "
    }
    assert statements(database) < 50  # of 5,000 reports


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@given(st.lists(st.tuples(st.integers(1, 31), st.integers(1, 60)), max_size=12), st.data())
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_however_many_came_on_however_few_days_no_day_is_left_out(
    database: Database, arrivals: list[tuple[int, int]], data: st.DataObject
) -> None:
    with database.session() as session:
        session.execute(text("DELETE FROM report_version"))
    filed(database, *sorted(arrivals))
    with database.session() as session:
        numbers = list(session.scalars(text("SELECT id FROM report_version")))
        gone = data.draw(st.sets(st.sampled_from(numbers))) if numbers else set()
        for number in gone:
            session.execute(text(f"DELETE FROM report_version WHERE id = {number}"))  # noqa: S608 - ours
        left = {
            int(str(one)[8:10]) for one in session.scalars(text("SELECT recorded_at FROM report_version"))
        }
    assert arrived(database) == sorted(left, reverse=True)


def statements(database: Database) -> int:
    """How many statements the search for the days of arrivals takes."""
    seen: list[object] = []

    def note(*given: object) -> None:
        seen.append(given[2])

    event.listen(database.engine, "before_cursor_execute", note)
    with database.session() as session:
        arrival_days(session, UTC)
    event.remove(database.engine, "before_cursor_execute", note)
    return len(seen)


def mail(database: Database, key: str, recipient: str, kind: str = "alert") -> None:
    with database.session() as session:
        queue(
            session,
            kind=kind,
            key=key,
            recipient=recipient,
            message_id=f"<{kind}.{key}.{recipient}>",
            subject="s",
            document={},
            content="c",
            at=moment(1),
        )


def test_what_was_mailed_is_known_by_its_key(database: Database) -> None:
    mail(database, "7", "a@x")
    mail(database, "7", "b@x")
    mail(database, "8-ended", "a@x")
    mail(database, "9", "a@x", kind="movement")
    with database.reading() as session:
        assert mailed(session, "alert", ["7", "8", "8-ended", "9"]) == {"7", "8-ended"}
        assert mailed(session, "alert", []) == set()


def test_mails_of_one_occasion_are_counted_by_their_state(database: Database) -> None:
    for reader in "abc":
        mail(database, "2026-W03", f"{reader}@x", kind="digest")
    mail(database, "2026-W04", "a@x", kind="digest")
    with database.session() as session:
        (first,) = claim(session, worker="w", at=moment(1), until=moment(2))
        sent(session, first.id, at=moment(1))
    with database.reading() as session:
        assert states(session, "digest", "2026-W03") == {"sent": 1, "waiting": 2}
        assert states(session, "digest", "2026-W05") == {}


def test_the_newest_record_is_of_reports_runs_and_jobs(database: Database) -> None:
    with database.reading() as session:
        assert newest_record(session) is None
    filed(database, (5, 1))
    with database.session() as session:
        store_run(session, run(recorded_at=moment(8), as_of=date(2026, 1, 8)))
    with database.reading() as session:
        assert newest_record(session) == moment(8)


def test_a_database_says_that_it_may_be_written(database: Database) -> None:
    with database.reading() as session:
        assert not is_standby(session)
        assert (server_clock(session) is None) is database.is_sqlite


@pytest.fixture
def standby(postgresql_server: Server) -> Iterator[str]:
    """A server with our tables that waits for what another one does."""
    with tempfile.TemporaryDirectory(prefix="posterity-pg-") as name:
        if os.geteuid() == 0:
            shutil.chown(name, "postgres", "postgres")
        server = Server(postgresql_server.programs, Path(name))
        server.start()
        url = server.url(server.create())
        with open_database(url) as database:
            migrate(database)
        server._control("-m", "fast", "stop")
        (server.folder / "data" / "standby.signal").touch()
        options = f"{QUICK} -c unix_socket_directories={name}"
        server._control("-l", f"{name}/log", "-o", options, "start")
        yield url
        server.stop()


@pytest.mark.slow
def test_a_server_that_accepts_no_writing_is_told_from_one_that_does(standby: str) -> None:
    with open_database(standby) as database, database.reading() as session:
        assert is_standby(session)
