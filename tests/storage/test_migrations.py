from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, inspect, text

from model.errors import UsageError
from storage.database import Database, is_current, migrate, open_database, prepare
from storage.revisions import HEAD, REVISIONS
from storage.tables import Table


def test_the_known_revisions_are_those_of_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    scripts = ScriptDirectory.from_config(config)
    assert [script.revision for script in scripts.walk_revisions()][::-1] == list(REVISIONS)
    assert scripts.get_heads() == [HEAD]


def test_migrations_make_exactly_the_tables_that_the_code_knows(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Table.metadata) == []


def test_migrations_name_what_they_make_as_the_tables_do(database: Database) -> None:
    found = inspect(database.engine)
    for table in Table.metadata.sorted_tables:
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
