import math
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from model.errors import InvalidValue, Unavailable, UsageError
from storage.database import FILING, RUNNING, Database, exclusive, open_database, prepare
from storage.reports import file_reports, list_reports
from tests.databases import POSTGRESQL
from tests.storage.samples import moment, report

INCOMPRESSIBLE = random.Random(1).randbytes(9000).hex()  # noqa: S311 - no secret


def one_line(caught: pytest.ExceptionInfo[Unavailable]) -> str:
    said = str(caught.value)
    assert "\n" not in said
    return said


def count(database: Database) -> int:
    with database.reading() as session:
        return len(list_reports(session))


def test_a_transaction_that_ends_well_is_kept(database: Database) -> None:
    with database.session() as session:
        file_reports(session, [report()], at=moment(1), origin="inbox")
    assert count(database) == 1


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    def file_and_fail() -> None:
        with database.session() as session:
            file_reports(session, [report()], at=moment(1), origin="inbox")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        file_and_fail()
    assert count(database) == 0


def test_a_reading_transaction_refuses_to_write(database: Database) -> None:
    with pytest.raises(Unavailable), database.reading() as session:
        file_reports(session, [report()], at=moment(1), origin="inbox")
    assert count(database) == 0


def test_transactions_that_write_and_that_read_take_turns(database: Database) -> None:
    for number in (1, 2, 3):
        with database.session() as session:
            file_reports(session, [report(id=f"r{number}")], at=moment(1), origin="inbox")
        with pytest.raises(Unavailable), database.reading() as session:
            file_reports(session, [report(id="never")], at=moment(1), origin="inbox")
        assert count(database) == number


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_database_in_memory_is_read_through_its_own_connections(url: str) -> None:
    with open_database(url) as database:
        prepare(database)
        for mapped in (False, True):
            with database.reading(mapped=mapped) as session:
                assert list_reports(session) == []


def test_a_reading_transaction_sees_one_state_while_others_write(database: Database) -> None:
    with database.reading() as reading:
        assert list_reports(reading) == []
        with database.session() as session:
            file_reports(session, [report()], at=moment(1), origin="inbox")
        assert list_reports(reading) == []
    assert count(database) == 1


def test_a_refused_constraint_is_no_matter_of_reach(database: Database) -> None:
    with pytest.raises(IntegrityError), database.session() as session:
        session.execute(text("INSERT INTO run_document (run_id, document) VALUES (1, '{}')"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"search": "a\udcffb"}, r"a text holds U\+DCFF, which is no character; write it in UTF-8"),
        ({"limit": 2**63}, r"cannot hold a value .*; write another"),
    ],
)
def test_a_value_that_no_database_holds_is_said_in_one_line(
    database: Database, asked: dict[str, Any], said: str
) -> None:
    for transaction in (database.session, database.reading):
        with pytest.raises(UsageError, match=said) as caught, transaction() as session:
            list_reports(session, **asked)
        assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("database_url", POSTGRESQL, indirect=True)
@pytest.mark.parametrize(
    ("value", "said"),
    [("a\0b", "NUL .* write another"), (INCOMPRESSIBLE, "index .* write another")],
    ids=["NUL", "long"],
)
def test_a_text_that_a_server_cannot_hold_is_said_in_one_line(
    database: Database, value: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said), database.session() as session:
        session.execute(text("INSERT INTO evidence VALUES (:value, '{}')"), {"value": value})
    assert count(database) == 0


def test_a_number_that_our_own_arithmetic_cannot_hold_passes_through(database: Database) -> None:
    with pytest.raises(OverflowError, match="math range error"), database.session():
        math.exp(1e9)


def test_a_moment_with_no_zone_is_refused(database: Database) -> None:
    with pytest.raises(InvalidValue, match="has no time zone"), database.session() as session:
        file_reports(session, [report()], at=datetime(2026, 1, 1), origin="inbox")  # noqa: DTZ001
    with pytest.raises(InvalidValue, match="has no time zone"), database.reading() as session:
        list_reports(session, known_at=datetime(2026, 1, 1))  # noqa: DTZ001


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://me:secret@host/name", "postgresql+psycopg2://me:secret@host/name", ""]
)
def test_a_url_of_another_form_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match=r"write sqlite:///") as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("query", ["", "?password=secret"])
def test_a_server_that_does_not_answer_is_unavailable_and_its_password_stays_hidden(query: str) -> None:
    url = f"postgresql://me:secret@127.0.0.1:1/name{query}"
    with open_database(url, patience=2) as database, pytest.raises(Unavailable) as caught:
        prepare(database)
    assert "does not answer" in one_line(caught)
    assert "127.0.0.1:1/name" in one_line(caught)
    assert "secret" not in one_line(caught)


def test_the_folder_of_a_file_is_made(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path}/a/b/posterity.db") as database:
        prepare(database)
    assert (tmp_path / "a" / "b" / "posterity.db").exists()


def test_a_folder_that_can_not_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable, match="can not be made") as caught:
        open_database(f"sqlite:///{tmp_path}/file/folder/posterity.db")
    assert str(tmp_path / "file" / "folder") in one_line(caught)


def test_a_file_that_can_not_be_opened_is_unavailable() -> None:
    with open_database("sqlite:////proc/posterity.db") as database, pytest.raises(Unavailable) as caught:
        prepare(database)
    assert "/proc/posterity.db cannot be opened" in one_line(caught)


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "posterity.db").write_text("This is a shopping list.\n" * 100)
    with (
        open_database(f"sqlite:///{tmp_path}/posterity.db") as database,
        pytest.raises(Unavailable) as caught,
    ):
        prepare(database)
    assert "posterity restore" in one_line(caught)
    assert "is damaged, or is no SQLite database" in one_line(caught)


def test_a_damaged_file_is_unavailable(migrated_sqlite: Path, tmp_path: Path) -> None:
    whole = migrated_sqlite.read_bytes()
    (tmp_path / "posterity.db").write_bytes(whole[:4096] + b"\x99" * (len(whole) - 4096))
    with (
        open_database(f"sqlite:///{tmp_path}/posterity.db") as database,
        pytest.raises(Unavailable) as caught,
    ):
        prepare(database)
    assert "is damaged" in one_line(caught)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_locked_file_is_unavailable_once_patience_ends(database_url: str) -> None:
    other = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with open_database(database_url, patience=0.1) as database:
        with (
            pytest.raises(Unavailable, match="is locked by another process") as caught,
            database.session() as s,
        ):
            file_reports(s, [report()], at=moment(1), origin="inbox")
        assert "wait until that has finished" in one_line(caught)
        assert count(database) == 0  # readers go on
    other.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_leaves_nothing_half_written(database_url: str) -> None:
    many = [report(f"r{number}", headline="x" * 500) for number in range(3000)]

    def file_until_full(database: Database) -> None:
        with database.session() as session:
            session.execute(text("PRAGMA max_page_count = 500"))
            assert len(file_reports(session, many[:1000], at=moment(1), origin="inbox")) == 1000
            file_reports(session, many, at=moment(1), origin="inbox")

    with open_database(database_url) as database:
        with pytest.raises(Unavailable, match="is on a disk that is full") as caught:
            file_until_full(database)
        assert "free some space" in one_line(caught)
        assert count(database) == 0


FILL_THE_DISK = """
import resource, signal, sys
from model.errors import Unavailable
from storage.database import open_database
from storage.reports import file_reports
from tests.storage.samples import moment, report

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
many = [report(f"r{number}", headline="x" * 500) for number in range(2000)]
with open_database(sys.argv[1]) as database:
    try:
        with database.session() as session:
            file_reports(session, many, at=moment(1), origin="inbox")
    except Unavailable as error:
        print(error)
"""


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_system_that_takes_no_more_bytes_leaves_nothing_half_written(database_url: str) -> None:
    command = [sys.executable, "-c", FILL_THE_DISK, database_url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said.count("\n") == 1
    assert "posterity.db is on a disk that" in said
    with open_database(database_url) as database:
        assert count(database) == 0


@pytest.mark.parametrize("database_url", POSTGRESQL, indirect=True)
def test_a_server_that_breaks_the_connection_is_unavailable_and_then_used_again(database: Database) -> None:
    with pytest.raises(Unavailable) as caught, database.session() as session:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    assert "try again when it is up" in one_line(caught)
    assert count(database) == 0


@pytest.mark.parametrize("empty_url", POSTGRESQL, indirect=True)
def test_a_database_that_a_server_does_not_have_is_unavailable(empty_url: str) -> None:
    absent = empty_url.replace("/test_", "/no_test_")
    with open_database(absent) as database, pytest.raises(Unavailable, match="does not exist") as caught:
        prepare(database)
    assert "check that the server runs" in one_line(caught)


@pytest.mark.parametrize("database_url", POSTGRESQL, indirect=True)
def test_a_server_lets_one_at_a_time_through_for_one_purpose(
    database: Database, database_url: str, new_url: Callable[[str], str]
) -> None:
    def wait_in(other: Database, purpose: int) -> None:
        with other.session() as session:
            session.execute(text("SET LOCAL lock_timeout = '100ms'"))
            exclusive(session, purpose)

    with (
        open_database(database_url) as other,
        open_database(new_url("postgresql")) as elsewhere,
        database.session() as session,
    ):
        exclusive(session, FILING)
        exclusive(session, FILING)
        wait_in(other, RUNNING)
        wait_in(elsewhere, FILING)
        with pytest.raises(Unavailable, match="is busy"):
            wait_in(other, FILING)
        session.rollback()
        wait_in(other, FILING)
