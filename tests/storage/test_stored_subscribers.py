from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from storage.database import Database, open_database
from storage.service_tables import Subscription
from storage.subscribers import (
    Subscriber,
    addresses_ever,
    subscribe,
    subscriber,
    subscriber_of,
    subscribers,
    unsubscribe,
)
from tests.storage.samples import moment

ANA = "Ana@example.org"


def add(database: Database, address: str = ANA, day: int = 1, number: int = 1, **wishes: Any) -> Subscriber:
    with database.session() as session:
        return subscribe(session, address, token=f"t{number}", origin="command", at=moment(day), **wishes)


def end(database: Database, address: str = ANA, day: int = 2) -> bool:
    with database.session() as session:
        return unsubscribe(session, address, origin="link", at=moment(day))


def versions(database: Database) -> list[tuple[Any, ...]]:
    """Every version, oldest first: whether it was in force, who asked for it, and when."""
    columns = (Subscription.address, Subscription.active, Subscription.origin, Subscription.recorded_at)
    with database.reading() as session:
        rows = session.execute(select(*map(col, columns)).order_by(col(Subscription.id)))
        return [tuple(row) for row in rows]


def in_force(database: Database) -> list[Subscriber]:
    with database.reading() as session:
        return subscribers(session)


def test_a_reader_comes_back_as_subscribed(database: Database) -> None:
    made = add(database, name="Ana Ö", forecasts=("a", "b-c"), moved_points=2.5, alerts=False)
    expected = Subscriber(
        address=ANA,
        name="Ana Ö",
        forecasts=("a", "b-c"),
        moved_points=2.5,
        alerts=False,
        token=made.token,
        since=moment(1),
    )
    assert made == expected
    assert [made.token] == ["t1"]
    assert in_force(database) == [expected]


def test_a_new_reader_gets_all_forecasts_every_week_and_alerts(database: Database) -> None:
    plain = add(database)
    assert (plain.forecasts, plain.moved_points, plain.alerts, plain.name) == ((), None, True, "")


def test_readers_are_listed_by_address(database: Database) -> None:
    for address in ("zoe@b", "Ana@b", "bob@a"):
        add(database, address)
    assert [one.address for one in in_force(database)] == ["Ana@b", "bob@a", "zoe@b"]


def test_the_same_wishes_again_add_nothing(database: Database) -> None:
    add(database, moved_points=5.0)
    assert add(database, ANA.upper(), day=2, number=2, moved_points=5.0).since == moment(1)
    assert len(versions(database)) == 1


def test_other_wishes_are_a_version_more_and_the_reader_keeps_address_and_token(database: Database) -> None:
    add(database)
    changed = add(database, ANA.upper(), day=2, number=2, alerts=False)
    assert (changed.address, changed.token, changed.alerts) == (ANA, "t1", False)
    assert in_force(database) == [changed]


def test_the_history_of_a_subscription_stays(database: Database) -> None:
    add(database)
    end(database, day=2)
    add(database, day=3, number=3)
    assert versions(database) == [
        (ANA, True, "command", moment(1)),
        (ANA, False, "link", moment(2)),
        (ANA, True, "command", moment(3)),
    ]


def test_who_unsubscribed_is_in_force_no_more_but_known(database: Database) -> None:
    add(database, forecasts=("a",))
    assert end(database, ANA.lower())
    with database.reading() as session:
        assert subscriber(session, ANA) is None
        assert subscribers(session) == []
        assert addresses_ever(session) == {ANA.lower()}
        gone = subscriber_of(session, "t1")
    assert gone is not None
    assert (gone.active, gone.forecasts, gone.since) == (False, ("a",), moment(2))


def test_unsubscribing_is_harmless_to_repeat(database: Database) -> None:
    assert not end(database)
    add(database)
    assert [end(database), end(database, day=3)] == [True, False]
    assert len(versions(database)) == 2


def test_a_reader_who_comes_back_keeps_the_token_of_the_old_mails(database: Database) -> None:
    add(database)
    end(database)
    again = add(database, day=3, number=3)
    assert [again.token] == ["t1"]
    with database.reading() as session:
        assert subscriber_of(session, "t3") is None
        found = subscriber_of(session, "t1")
        assert found is not None
        assert found.active


def test_a_token_of_nobody_finds_nobody(database: Database) -> None:
    add(database)
    with database.reading() as session:
        assert [subscriber_of(session, token) for token in ("", "t", "T1")] == [None] * 3


def test_a_token_is_never_shown(database: Database) -> None:
    assert "t1" not in repr(add(database))


@pytest.mark.parametrize(
    ("name", "mailbox"),
    [
        ("", "a@b"),
        ("Ana Ö", "Ana Ö <a@b>"),
        ("Doe, Jane", '"Doe, Jane" <a@b>'),
        ('The "boss"', '"The \\"boss\\"" <a@b>'),
    ],
)
def test_a_mailbox_is_name_and_address(name: str, mailbox: str) -> None:
    assert Subscriber(address="a@b", name=name, token="", since=moment(1)).mailbox == mailbox


def test_one_who_is_subscribed_by_many_at_once_is_one_reader_with_one_token(database_url: str) -> None:
    def add_alone(number: int) -> str:
        with open_database(database_url) as own:
            return add(own, number=number).token

    with ThreadPoolExecutor(6) as pool:
        tokens = set(pool.map(add_alone, range(12)))
    assert len(tokens) == 1
    with open_database(database_url) as database, database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Subscription)) == 1
