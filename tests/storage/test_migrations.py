import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect, text

from model.errors import UsageError
from storage.database import Database, is_current, migrate, open_database, prepare
from storage.outlooks import due_expectations, run_outlook
from storage.revisions import HEAD, REVISIONS
from storage.runs import get_run, store_run
from storage.schema import tables_at
from storage.service_tables import Lease
from tests.storage.every_table import ROWS, everything, fill
from tests.storage.samples import expectation, moment, run

LINES = sorted((row["run_id"], row["line"]) for row in ROWS["run_line"])

type Tables = dict[str, list[tuple[Any, ...]]]


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(REVISIONS)
    assert scripts.get_heads() == [HEAD]


def test_migrations_make_exactly_the_tables_that_the_code_knows(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Lease.metadata) == []


def test_migrations_name_what_they_make_as_the_tables_do(database: Database) -> None:
    found = inspect(database.engine)
    for table in Lease.metadata.sorted_tables:
        checks = (check for check in table.constraints if isinstance(check, CheckConstraint))
        expected = {str(check.name) for check in checks}
        assert {str(check["name"]) for check in found.get_check_constraints(table.name)} == expected
        assert found.get_pk_constraint(table.name)["name"] == table.primary_key.name


def test_a_new_database_is_not_current_until_it_is_migrated(empty_url: str) -> None:
    with open_database(empty_url) as database:
        assert not is_current(database)
        migrate(database)
        assert is_current(database)


def test_migrating_twice_changes_nothing(database: Database) -> None:
    migrate(database)
    assert is_current(database)


def test_two_migrations_at_once_leave_one_set_of_tables(empty_url: str) -> None:
    def migrate_alone(_: int) -> bool:
        with open_database(empty_url) as database:
            migrate(database)
            return is_current(database)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(migrate_alone, range(4)))


def filled(database: Database, revision: str) -> Tables:
    """Bring an empty database to a revision, and put rows into every table that it has."""
    migrate(database, revision)
    with database.session() as session:
        fill(session, revision)
        return everything(session, revision)


def held(database: Database, revision: str) -> Tables:
    with database.reading() as session:
        return everything(session, revision)


def names(database: Database) -> set[str]:
    with database.reading() as session:
        return set(inspect(session.connection()).get_table_names())


def test_every_table_has_rows_to_try_it_with() -> None:
    assert set(ROWS) == {table.name for table in Lease.metadata.sorted_tables}
    assert all(ROWS.values())


@pytest.mark.slow
@pytest.mark.parametrize("earlier", REVISIONS[:-1])
def test_rows_of_every_earlier_revision_are_kept_word_for_word(empty_url: str, earlier: str) -> None:
    with open_database(empty_url) as database:
        before = filled(database, earlier)
        assert not is_current(database)
        migrate(database)
        assert held(database, earlier) == before
        new = {name: rows for name, rows in held(database, HEAD).items() if name not in before}
        assert new == {name: LINES if name == "run_line" else [] for name in new}


@pytest.mark.parametrize("earlier", REVISIONS[:-1])
def test_the_way_back_keeps_what_the_earlier_tables_hold(empty_url: str, earlier: str) -> None:
    with open_database(empty_url) as database:
        before = filled(database, HEAD)
        kept = {table.name for table in tables_at(earlier)}
        migrate(database, earlier)
        migrate(database, earlier)
        assert names(database) == kept | {"alembic_version"}
        assert held(database, earlier) == {name: before[name] for name in kept}
        migrate(database)
        assert is_current(database)
        kept.add("run_line")  # made again from the documents
        assert held(database, HEAD) == {name: before[name] if name in kept else [] for name in before}
        with database.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), Lease.metadata) == []


@pytest.mark.parametrize("to", ["9999", "base", "head", "+1", ""])
def test_a_revision_that_nobody_knows_is_refused_with_those_that_there_are(
    database: Database, to: str
) -> None:
    with pytest.raises(
        UsageError, match=f"'{re.escape(to)}' is no revision .* one of {', '.join(REVISIONS)}"
    ):
        migrate(database, to)
    assert is_current(database)


@pytest.mark.parametrize("name", ["job", "alert", "api_key", "proposal", "submission"])
def test_a_migration_that_meets_another_s_table_leaves_all_as_it_was(empty_url: str, name: str) -> None:
    with open_database(empty_url) as database:
        before = filled(database, "0002")
        with database.session() as session:
            session.execute(text(f"CREATE TABLE {name} (mine INTEGER)"))
        there = names(database)
        said = f"cannot be brought to revision {HEAD} .*{name}.* already exists"
        with pytest.raises(UsageError, match=said):
            migrate(database)
        assert (names(database), held(database, "0002")) == (there, before)
        with database.session() as session:
            session.execute(text(f"DROP TABLE {name}"))
        migrate(database)
        assert held(database, "0002") == before


def test_a_way_back_that_another_s_table_bars_leaves_all_as_it_was(empty_url: str) -> None:
    with open_database(empty_url) as database:
        before = filled(database, HEAD)
        with database.session() as session:
            session.execute(text("CREATE TABLE mine (message_id INTEGER REFERENCES message (id))"))
            session.execute(text("INSERT INTO mine VALUES (1)"))
        there = names(database)
        with pytest.raises(UsageError, match="cannot be brought to revision 0001"):
            migrate(database, "0001")
        assert (names(database), held(database, HEAD)) == (there, before)


# For each number that it reads it migrates in a child that ends like a machine which loses its power, before
# the statement of that number is sent, and says how it ended. A child has loaded already what it needs.
MIGRATE_AND_DIE = """
import os, signal, sys
from itertools import count
import alembic.command
from sqlalchemy import Engine, event
from storage.database import migrate, open_database

url, to = sys.argv[1:]
open_database(url).close()

def work(last):
    numbers = count()

    @event.listens_for(Engine, "before_cursor_execute")
    def die(*_):
        if next(numbers) == last:
            os.kill(os.getpid(), signal.SIGKILL)

    with open_database(url) as database:
        migrate(database, to)

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        work(int(line))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@contextmanager
def dying(url: str, to: str) -> Iterator[Callable[[int], int]]:
    """Migrate in a process that dies before a statement; answers with how it ended."""
    command = [sys.executable, "-c", MIGRATE_AND_DIE, url, to]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def migrate_until(last: int) -> int:
            stdin.write(f"{last}\n")
            stdin.flush()
            return int(stdout.readline())

        yield migrate_until


@pytest.mark.slow
@pytest.mark.parametrize(("before", "to"), [("0002", HEAD), (HEAD, "0001")], ids=["up", "down"])
def test_a_migration_that_is_killed_leaves_all_as_it_was(empty_url: str, before: str, to: str) -> None:
    killed = 0
    with open_database(empty_url) as database, dying(empty_url, to) as migrated_until:
        rows, there = filled(database, before), names(database)
        for last in range(4, 100, 5):
            if (code := migrated_until(last)) == 0:
                break
            assert code == -signal.SIGKILL
            killed += 1
            assert (names(database), held(database, before)) == (there, rows)
        assert killed >= 3
        kept = min(before, to)
        assert held(database, kept) == {table.name: rows[table.name] for table in tables_at(kept)}


@pytest.mark.slow
def test_the_lines_of_runs_are_those_that_this_release_would_write(empty_url: str) -> None:
    with open_database(empty_url) as database:
        migrate(database)
        long: dict[str, object] = {
            "moved": [],
            "reasons": [{"text": "é"}],
            "outlook": [],
            "watch": None,
            "diagnostics": {},
        }
        with database.session() as session:
            for number in range(1, 450):
                document = {"forecast": "rla", "run": None, "figure": 0.1 + 0.2, "word": "é\U0001f600"} | long
                changes = {"recorded_at": moment(1) + timedelta(seconds=number), "document": document}
                store_run(session, run(code_digest=f"sha256:{number}", **changes))
        written = held(database, HEAD)["run_line"]
        migrate(database, "0004")
        migrate(database)
        assert held(database, HEAD)["run_line"] == written
        assert len(written) == 449
        assert not any("reasons" in line for _, line in written)


def test_runs_of_the_first_tables_are_kept_and_have_no_outlook(empty_url: str) -> None:
    with open_database(empty_url) as database:
        filled(database, "0001")
        migrate(database)
        with database.reading() as session:
            kept = get_run(session, 1)
            assert run_outlook(session, 1) == []
            assert due_expectations(session, "rla", until=date(2027, 1, 1)) == []
    assert kept is not None
    assert (kept.as_of, kept.document) == (date(2026, 1, 1), '{"run":1}')
    assert [one.probability for one in kept.posteriors] == [0.1, 0.9]


def test_runs_after_a_migration_follow_those_before_it(empty_url: str) -> None:
    with open_database(empty_url) as database:
        filled(database, "0001")
        migrate(database)
        with database.session() as session:
            number = store_run(session, run(supersedes=2, recorded_at=moment(11), outlook=[expectation()]))
            (due,) = due_expectations(session, "rla", until=date(2027, 1, 1))
    assert (due.run, due.expectation) == (number, expectation()) == (4, due.expectation)


def test_preparing_migrates_a_file_but_asks_before_it_touches_a_server(empty_url: str) -> None:
    with open_database(empty_url) as database:
        if database.is_sqlite:
            prepare(database)
            assert is_current(database)
        else:
            with pytest.raises(UsageError, match="run `posterity migrate`"):
                prepare(database)
            assert not is_current(database)


def test_a_prepared_database_is_prepared_again_with_no_harm(database: Database) -> None:
    prepare(database)
    assert is_current(database)


@pytest.mark.slow
@pytest.mark.parametrize("open_it", [prepare, migrate])
def test_tables_newer_than_the_program_are_refused_with_advice(
    database: Database, open_it: Callable[[Database], None]
) -> None:
    with database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UsageError, match=r"9999.*newer than this program; install the release"):
        open_it(database)
    assert not is_current(database)
