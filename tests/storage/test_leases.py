"""The lease: one process works, another takes over, and a late one is refused."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.database import Database, open_database
from storage.leases import LeaseLost, Tenure, fenced, give_back, renew, take, tenure
from storage.subscribers import subscribe, subscribers

NOW = datetime(2026, 11, 22, 2, 15, tzinfo=UTC)
LASTS = timedelta(seconds=40)


def taken(
    database: Database, holder: str = "a:1", *, at: datetime = NOW, dead: Tenure | None = None
) -> Tenure | None:
    with database.session() as session:
        return take(session, holder, at=at, lasts=LASTS, dead=dead)


def held(
    database: Database, holder: str = "a:1", *, at: datetime = NOW, dead: Tenure | None = None
) -> Tenure:
    found = taken(database, holder, at=at, dead=dead)
    assert found is not None
    return found


def renewed(database: Database, token: int, *, at: datetime) -> Tenure | None:
    with database.session() as session:
        return renew(session, token, at=at, lasts=LASTS)


def write(database: Database, address: str = "a@example.org") -> None:
    with database.session() as session:
        add(session, address)


def add(session: Session, address: str) -> None:
    subscribe(session, address, token=address, origin="test", at=NOW)


def written(database: Database) -> list[str]:
    with database.reading() as session:
        return [one.address for one in subscribers(session)]


def test_nobody_has_the_lease_of_a_new_database(database: Database) -> None:
    with database.reading() as session:
        assert tenure(session) is None


def test_the_first_to_ask_gets_it_and_the_next_does_not(database: Database) -> None:
    first = held(database)
    assert (first.token, first.holder, first.expires_at) == (1, "a:1", NOW + LASTS)
    assert taken(database, "b:2", at=NOW + LASTS - timedelta(seconds=1)) is None
    with database.reading() as session:
        assert tenure(session) == first


def test_a_lease_that_has_run_out_is_taken_over_with_a_higher_token(database: Database) -> None:
    first = held(database)
    second = held(database, "b:2", at=first.expires_at)
    assert (second.token, second.holder) == (first.token + 1, "b:2")
    assert renewed(database, first.token, at=first.expires_at) is None


def test_a_renewed_lease_lasts_on(database: Database) -> None:
    first = held(database)
    later = renewed(database, first.token, at=NOW + timedelta(seconds=30))
    assert later is not None
    assert (later.token, later.beat) == (first.token, first.beat + 1)
    assert taken(database, "b:2", at=first.expires_at) is None


def test_a_lease_given_back_is_free_at_once(database: Database) -> None:
    first = held(database)
    with database.session() as session:
        assert give_back(session, first.token)
    assert held(database, "b:2").token == first.token + 1


def test_a_holder_seen_silent_is_replaced_though_the_clock_was_set_back(database: Database) -> None:
    silent = held(database)
    an_hour_ago = NOW - timedelta(hours=1)
    assert taken(database, "b:2", at=an_hour_ago) is None
    assert held(database, "b:2", at=an_hour_ago, dead=silent).token == silent.token + 1


def test_a_holder_that_gave_a_sign_since_is_not_replaced(database: Database) -> None:
    silent = held(database)
    assert renewed(database, silent.token, at=NOW) is not None
    assert taken(database, "b:2", dead=silent) is None


def test_of_many_who_ask_at_once_one_gets_it(database_url: str) -> None:
    def ask(number: int) -> Tenure | None:
        with open_database(database_url) as alone:
            return taken(alone, f"p:{number}")

    with ThreadPoolExecutor(8) as pool:
        found = [one for one in pool.map(ask, range(8)) if one is not None]
    assert [one.token for one in found] == [1]


def test_the_holder_writes_and_one_who_was_replaced_is_refused(database: Database) -> None:
    first = held(database)
    write(fenced(database, first.token))
    second = held(database, "b:2", at=first.expires_at)
    with pytest.raises(LeaseLost, match="another process has taken over"):
        write(fenced(database, first.token), "late@example.org")
    write(fenced(database, second.token), "b@example.org")
    assert written(database) == ["a@example.org", "b@example.org"]


def test_one_who_was_replaced_may_still_read(database: Database) -> None:
    first = held(database)
    held(database, "b:2", at=first.expires_at)
    assert written(fenced(database, first.token)) == []


def test_whoever_takes_over_waits_for_a_transaction_of_the_holder(database_url: str) -> None:
    writing, taking = threading.Event(), threading.Event()
    order = []

    def hold(token: int) -> None:
        with open_database(database_url) as mine, fenced(mine, token).session() as session:
            writing.set()
            taking.wait(10)
            add(session, "a@example.org")
            order.append("written")

    def take_over(first: Tenure) -> None:
        writing.wait(10)
        taking.set()
        with open_database(database_url) as other:
            held(other, "b:2", at=first.expires_at)
            order.append("taken")

    with open_database(database_url) as database:
        first = held(database)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(hold, first.token), pool.submit(take_over, first)]:
            done.result()
    assert order == ["written", "taken"]


def impatience(session: Session) -> str:
    (limit,) = session.execute(text("SHOW idle_in_transaction_session_timeout")).one()
    return str(limit)


def test_a_server_ends_a_transaction_whose_holder_has_stopped(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("a file has no server that could")
    first = held(database)
    with fenced(database, first.token).session() as session:
        assert impatience(session) == "20s"


def test_nor_does_it_wait_for_one_that_stopped_while_it_took_renewed_or_gave_back_the_lease(
    database: Database,
) -> None:
    if database.is_sqlite:
        pytest.skip("a file has no server that could")
    found = []
    for change in (
        lambda session: take(session, "a:1", at=NOW, lasts=LASTS),
        lambda session: renew(session, 1, at=NOW, lasts=LASTS),
        lambda session: give_back(session, 1),
    ):
        with database.session() as session:
            assert change(session)
            found.append(impatience(session))
    assert found == ["20s", "20s", "20s"]
