from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from alembic import command
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
from storage.service_tables import Lease
from tests.storage.samples import expectation, moment, run


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


A_RUN_OF_0001 = """
INSERT INTO evidence (digest, snapshot) VALUES ('sha256:e', '{}');
INSERT INTO run (forecast_id, as_of, status, settled, supersedes, engine, evidence_digest, forecast_digest,
                 code_digest, recorded_at, seconds)
VALUES ('rla', '2026-01-10', 'published', true, 0, 'exact', 'sha256:e', 'sha256:f',
        'sha256:c', '2026-01-10 03:00:00', 9.1);
INSERT INTO run_document (run_id, document) VALUES (1, '{"run":1}');
INSERT INTO posterior (run_id, position, scenario, probability) VALUES (1, 0, 'base', 0.53)
"""


def with_a_run_of_0001(database: Database) -> None:
    """Migrate to the first tables, store a run in them, and migrate to the newest."""
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in A_RUN_OF_0001.split(";"):
            connection.exec_driver_sql(statement)
    assert not is_current(database)
    migrate(database)


def test_runs_of_the_first_tables_are_kept_and_have_no_outlook(empty_url: str) -> None:
    with open_database(empty_url) as database:
        with_a_run_of_0001(database)
        with database.reading() as session:
            kept = get_run(session, 1)
            assert run_outlook(session, 1) == []
            assert due_expectations(session, "rla", until=date(2027, 1, 1)) == []
    assert kept is not None
    assert (kept.as_of, kept.document) == (date(2026, 1, 10), '{"run":1}')
    assert [one.probability for one in kept.posteriors] == [0.53]


def test_runs_after_a_migration_follow_those_before_it(empty_url: str) -> None:
    with open_database(empty_url) as database:
        with_a_run_of_0001(database)
        with database.session() as session:
            number = store_run(session, run(supersedes=1, recorded_at=moment(11), outlook=[expectation()]))
            (due,) = due_expectations(session, "rla", until=date(2027, 1, 1))
    assert (due.run, due.expectation) == (number, expectation())


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


@pytest.mark.parametrize("open_it", [prepare, migrate])
def test_tables_newer_than_the_program_are_refused_with_advice(
    database: Database, open_it: Callable[[Database], None]
) -> None:
    with database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UsageError, match=r"9999.*newer than this program; install the release"):
        open_it(database)
    assert not is_current(database)
