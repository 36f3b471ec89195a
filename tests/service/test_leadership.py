"""Of several schedulers one works: how it is found, replaced and refused."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from model.errors import Unavailable
from service.composition import Service
from service.configuration import load
from service.leadership import BEATS, Leadership
from storage.database import Database, migrate, open_database
from storage.jobs import NIGHT, Task, attempt, first_start, start
from storage.leases import LeaseLost
from tests.service.commands import Desk

LASTS = 40
BEAT = LASTS / BEATS


@dataclass
class Time:
    """A machine's two clocks: one that people set, and one that only goes on."""

    wall: datetime = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    passed: float = 1000.0

    def goes_on(self, seconds: float) -> None:
        self.passed += seconds
        self.wall += timedelta(seconds=seconds)

    def clock(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.passed


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def service(tmp_path: Path, database: Database, time: Time) -> Service:
    configuration = load(Desk(tmp_path / "desk").folder / "config.toml", {})
    return Service(configuration=configuration, database=database, clock=time.clock)


@pytest.fixture
def one(service: Service, time: Time) -> Leadership:
    return Leadership(service, monotonic=time.monotonic)


@pytest.fixture
def other(service: Service, time: Time) -> Leadership:
    return Leadership(service, monotonic=time.monotonic)


def leads(one: Leadership) -> bool:
    return one.service() is not None


def write(leader: Leadership) -> None:
    service = leader.service()
    assert service is not None
    with service.database.session() as session:
        start(session, Task(NIGHT, "2026-11-22"), token=1, at=service.clock())


def test_the_first_to_beat_leads_and_the_other_waits(one: Leadership, other: Leadership) -> None:
    assert one.beat()
    assert not other.beat()
    assert (one.token, other.token) == (1, None)
    assert other.service() is None


def test_a_leader_is_told_only_once_that_it_leads(one: Leadership) -> None:
    assert [one.beat() for _ in range(3)] == [True, False, False]


def test_a_leader_that_beats_stays_and_one_that_died_is_replaced_within_a_minute(
    one: Leadership, other: Leadership, time: Time
) -> None:
    one.beat()
    for _ in range(30):
        time.goes_on(BEAT)
        one.beat()
        assert not other.beat()
    waited = 0.0
    while not other.beat():
        time.goes_on(BEAT)
        waited += BEAT
    assert LASTS <= waited < 60
    assert other.token == 2


def test_a_dead_leader_is_replaced_within_a_minute_though_the_clock_was_set_back(
    one: Leadership, other: Leadership, time: Time
) -> None:
    one.beat()
    other.beat()
    time.wall -= timedelta(hours=1)
    waited = 0.0
    while not other.beat():
        time.goes_on(BEAT)
        waited += BEAT
    assert LASTS <= waited < 60


def test_a_leader_whose_clock_is_set_back_goes_on(one: Leadership, other: Leadership, time: Time) -> None:
    one.beat()
    time.wall -= timedelta(hours=1)
    for _ in range(30):
        time.goes_on(BEAT)
        one.beat()
        assert not other.beat()
    assert one.token == 1


def test_a_leader_that_was_paused_knows_that_it_leads_no_more_and_is_refused(
    one: Leadership, other: Leadership, time: Time
) -> None:
    one.beat()
    late = one.service()
    assert late is not None
    time.goes_on(LASTS + 1)
    assert one.token is None
    assert other.beat()
    with pytest.raises(LeaseLost), late.database.session():
        pass
    assert not one.beat()
    assert one.token is None
    write(other)


def test_a_paused_leader_whom_nobody_replaced_leads_on(one: Leadership, time: Time) -> None:
    one.beat()
    time.goes_on(LASTS + 1)
    one.beat()
    assert one.token == 1


def test_one_who_waited_for_a_stopped_leader_s_transaction_has_the_whole_time_of_a_lease(
    one: Leadership, other: Leadership, time: Time
) -> None:
    one.beat()
    stopped = one.service()
    assert stopped is not None
    time.goes_on(LASTS + 1)
    with ThreadPoolExecutor(1) as pool:
        with stopped.database.session():
            taking = pool.submit(other.beat)
            assert not wait([taking], 1).done  # it waits, having seen what time it is
            time.goes_on(LASTS - 1)
        assert taking.result()
    time.goes_on(LASTS - 1)
    assert leads(other)
    assert (one.beat(), leads(one)) == (False, False)


def test_one_who_resigns_is_replaced_at_once(one: Leadership, other: Leadership) -> None:
    one.beat()
    one.resign()
    assert one.token is None
    assert other.beat()
    assert other.token == 2


def test_whoever_takes_over_ends_what_the_other_left_under_way(
    one: Leadership, other: Leadership, time: Time, service: Service
) -> None:
    one.beat()
    write(one)
    time.goes_on(LASTS + 1)
    other.beat()
    with service.database.reading() as session:
        left = attempt(session, Task(NIGHT, "2026-11-22"))
        assert first_start(session) == datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
    assert left is not None
    assert left.outcome == "interrupted"


def test_a_database_out_of_reach_is_said_and_ends_the_lead_after_a_while(
    service: Service, time: Time, tmp_path: Path
) -> None:
    path = tmp_path / "locked.db"
    with open_database(f"sqlite:///{path}", patience=0.1) as database:
        migrate(database)
        one = Leadership(replace(service, database=database), monotonic=time.monotonic)
        one.beat()
        with closing(sqlite3.connect(path, isolation_level=None)) as elsewhere:
            elsewhere.execute("BEGIN EXCLUSIVE")
            time.goes_on(BEAT)
            with pytest.raises(Unavailable, match="locked by another process"):
                one.beat()
            assert leads(one)
            time.goes_on(LASTS)
            assert not leads(one)
        one.beat()
        assert leads(one)
