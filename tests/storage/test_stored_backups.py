import hashlib
import json
import tracemalloc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Boolean, Column, Date, Integer, String, insert, text
from sqlalchemy.orm import Session

from model.errors import Unavailable
from storage.backups import (
    Content,
    Manifest,
    Unfit,
    contents,
    continue_numbers,
    copy_rows,
    is_backup,
    is_whole,
    keep_others_out,
    read_manifest,
    write_manifest,
)
from storage.columns import UtcDateTime
from storage.database import Database, migrate, open_database
from storage.files import open_draft
from storage.leases import take, tenure
from storage.reports import file_reports
from storage.revisions import HEAD, REVISIONS
from storage.runs import store_run
from storage.schema import holds_rows, rows_lost, tables_at
from tests.databases import KINDS, POSTGRESQL
from tests.storage.every_table import EVIDENCE, NOW, ROWS, everything, fill
from tests.storage.samples import moment, report, run

pytestmark = pytest.mark.slow

NOTHING = Manifest(made_at=NOW, program="0.1.0", revision=HEAD, tables={})


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Database]:
    """A new file with no tables."""
    (tmp_path / "draft").touch()
    with open_draft(tmp_path / "draft", where="the backup") as opened:
        yield opened


def filled(database: Database, revision: str = HEAD) -> None:
    migrate(database, revision)
    with database.session() as session:
        fill(session, revision)


def manifest_of(session: Session) -> Manifest:
    return replace(NOTHING, tables=contents(session, HEAD))


@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_every_row_is_copied_word_for_word_from_any_kind_to_any_kind(
    new_url: Callable[[str], str], source: str, target: str, revision: str
) -> None:
    with open_database(new_url(source)) as old, open_database(new_url(target)) as new:
        filled(old, revision)
        migrate(new, revision)
        with old.reading() as reading, new.session() as writing:
            told = copy_rows(reading, writing, revision)
            assert contents(writing, revision) == contents(reading, revision) == told
        with old.reading() as before, new.reading() as after:
            rows = everything(before, revision)
            there = everything(after, revision)
    lease = rows.pop("lease", []), there.pop("lease", [])
    assert there == rows
    assert {name: table.rows for name, table in told.items()} == {name: len(ROWS[name]) for name in told}
    assert [row[:3] for row in lease[0]] == [row[:3] for row in lease[1]]


def test_a_table_is_told_by_its_rows_in_the_order_of_code_points(database: Database) -> None:
    with database.session() as session:
        fill(session, HEAD)
        told = contents(session, HEAD)["evidence"]
    rows = [["digest", "snapshot"], *([key, '{"events":["é"]}'] for key in EVIDENCE)]
    written = "".join(json.dumps(row, separators=(",", ":")) + "," for row in rows)
    assert (told.rows, told.sha256) == (5, hashlib.sha256(written.encode()).hexdigest())


@pytest.mark.slow
def test_any_change_of_any_cell_is_told(file: Database) -> None:
    filled(file)
    with file.reading() as session:
        before = contents(session, HEAD)
    for table in tables_at(HEAD):
        for column in table.c:
            if (table.name, column.name) != ("lease", "holder"):
                after = with_another_cell(file, column)
                assert {name for name in after if after[name] != before[name]} == {table.name}, column


def with_another_cell(file: Database, column: Column[Any]) -> Mapping[str, Content]:
    change = f"UPDATE {column.table.name} SET {column.name} = {another(column)}"  # noqa: S608 - ours
    one = f"WHERE rowid = (SELECT min(rowid) FROM {column.table.name})"  # noqa: S608 - ours
    with file.session() as session:
        for pragma in ("ignore_check_constraints", "defer_foreign_keys"):
            session.execute(text(f"PRAGMA {pragma} = ON"))
        session.execute(text(f"{change} {one}"))
        after = contents(session, HEAD)
        session.rollback()
    return after


def another(column: Column[Any]) -> str:
    match column.type:
        case Boolean():
            return f"NOT coalesce({column.name}, 0)"
        case Integer():
            return "424242"
        case Date():
            return "'2001-01-01'"
        case UtcDateTime():
            return "'2001-01-01 00:00:00.000000'"
        case String():
            return "'changed'"
        case _:
            return "0.123"


@pytest.mark.slow
def test_zero_has_no_sign_and_what_is_no_number_is_missing(database: Database, file: Database) -> None:
    row = {"run_id": 1, "scenario": "down"}
    with database.session() as session:
        fill(session, HEAD)
        session.execute(text("DELETE FROM posterior"))
        table = next(one for one in tables_at(HEAD) if one.name == "posterior")
        session.execute(insert(table), [row | {"position": 0, "probability": -0.0}])
        session.execute(insert(table), [row | {"position": 1, "probability": float("nan")}])
    migrate(file)
    with database.reading() as source, file.session() as target:
        told = copy_rows(source, target, HEAD)
        assert contents(target, HEAD) == told
        found = target.execute(text("SELECT probability FROM posterior ORDER BY position")).scalars().all()
    assert list(map(str, found)) == ["0.0", "None"]


def test_a_copy_knows_no_holder_of_the_lease_and_its_tokens_go_on_rising(
    database: Database, file: Database
) -> None:
    with database.session() as session:
        for day in (1, 3):
            take(session, "ship", at=moment(day), lasts=timedelta(hours=1))
    migrate(file)
    with database.reading() as source, file.session() as target:
        copy_rows(source, target, HEAD)
    with file.session() as session:
        left = tenure(session)
        assert left is not None
        assert (left.token, left.holder) == (2, "")
        taken = take(session, "other", at=moment(3), lasts=timedelta(hours=1))
    assert taken is not None
    assert taken.token == 3


@pytest.mark.parametrize("target", KINDS)
def test_rows_that_come_after_copied_ones_are_numbered_on(
    database: Database, new_url: Callable[[str], str], target: str
) -> None:
    with database.session() as session:
        fill(session, HEAD)
        session.execute(text("DELETE FROM run_document WHERE run_id = 3"))
        session.execute(text("DELETE FROM run_line WHERE run_id = 3"))
        session.execute(text("DELETE FROM run WHERE id = 3"))
    with open_database(new_url(target)) as new:
        migrate(new)
        with database.reading() as source, new.session() as writing:
            copy_rows(source, writing, HEAD)
            continue_numbers(writing, HEAD)
        with new.session() as session:
            assert store_run(session, run(supersedes=2)) == 3
            filed = file_reports(session, [report()], at=moment(1), origin="inbox")
    assert [one.outcome for one in filed] == ["accepted"]


def test_empty_tables_are_numbered_from_one(database: Database) -> None:
    with database.session() as session:
        continue_numbers(session, HEAD)
    with database.session() as session:
        assert store_run(session, run()) == 1


def test_a_manifest_reads_as_it_was_written(file: Database) -> None:
    filled(file)
    with file.session() as session:
        assert not is_backup(session)
        assert read_manifest(session) is None
        manifest = manifest_of(session)
        write_manifest(session, manifest)
        assert is_backup(session)
        assert read_manifest(session) == manifest
        assert is_whole(session)
        assert manifest.rows == sum(map(len, ROWS.values()))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE backup_manifest SET document = replace(document, '0.1.0', '0.1.1')",
        "UPDATE backup_manifest SET sha256 = upper(sha256)",
        "UPDATE backup_manifest SET document = ''",
        "UPDATE backup_manifest SET document = x'6162'",
        "DELETE FROM backup_manifest",
        "INSERT INTO backup_manifest SELECT * FROM backup_manifest",
    ],
)
def test_a_manifest_that_was_altered_is_none(file: Database, change: str) -> None:
    filled(file)
    with file.session() as session:
        write_manifest(session, manifest_of(session))
        session.execute(text(change))
        assert read_manifest(session) is None


@pytest.mark.parametrize(
    "document", ["[]", "{}", "null", '{"format": 2}', '{"format": 1, "tables": {"run": {}}}']
)
def test_a_manifest_of_another_form_is_none(file: Database, document: str) -> None:
    with file.session() as session:
        write_manifest(session, NOTHING)
        session.execute(
            text("UPDATE backup_manifest SET document = :document, sha256 = :sha256"),
            {"document": document, "sha256": hashlib.sha256(document.encode()).hexdigest()},
        )
        assert read_manifest(session) is None


def test_a_row_that_cannot_be_read_is_told_with_its_table(file: Database) -> None:
    filled(file)
    for change in ("as_of = '2025-13-99'", "draws = x'ff'", "draws = CAST(x'ff' AS TEXT)"):
        with file.session() as session:
            session.execute(text(f"UPDATE run SET {change} WHERE id = 1"))  # noqa: S608 - ours
            with pytest.raises(Unfit, match="a row of table run cannot be read"):
                contents(session, HEAD)


@pytest.mark.parametrize("database_url", POSTGRESQL, indirect=True)
@pytest.mark.parametrize(("column", "value"), [("line", 2**33), ("content", "a\0b")])
def test_a_row_that_a_server_cannot_keep_is_told_with_its_table(
    database: Database, file: Database, column: str, value: object
) -> None:
    filled(file)
    with file.session() as session:
        session.execute(text(f"UPDATE report_version SET {column} = :value WHERE id = 1"), {"value": value})  # noqa: S608 - ours
    with (
        file.reading() as source,
        pytest.raises(Unfit, match="a row of table report_version cannot be kept"),
        database.session() as target,
    ):
        copy_rows(source, target, HEAD)
    with database.reading() as session:
        assert not holds_rows(session)


def test_a_database_holds_rows_or_none_whatever_its_revision(empty_url: str) -> None:
    with open_database(empty_url) as database:
        for revision in REVISIONS:
            with database.reading() as session:
                assert not holds_rows(session)
            migrate(database, revision)
        filled(database)
        with database.reading() as session:
            assert holds_rows(session)


def test_what_a_way_back_would_lose_is_counted(database: Database) -> None:
    with database.session() as session:
        fill(session, HEAD)
        assert rows_lost(session, HEAD) == {}
        lost = rows_lost(session, "0001")
    expected = {table.name for table in tables_at(HEAD)} - {table.name for table in tables_at("0001")}
    assert lost == {name: len(ROWS[name]) for name in expected}


@pytest.mark.parametrize("database_url", POSTGRESQL, indirect=True)
def test_nobody_writes_a_server_whose_emptiness_is_relied_on(database: Database, database_url: str) -> None:
    with database.session() as session:
        keep_others_out(session, HEAD)
        with open_database(database_url) as other:
            with other.reading() as reading:
                assert not holds_rows(reading)
            with pytest.raises(Unavailable, match="is busy"):
                fill_without_patience(other)


def fill_without_patience(database: Database) -> None:
    with database.session() as session:
        session.execute(text("SET LOCAL lock_timeout = '100ms'"))
        fill(session, HEAD)


@pytest.mark.slow
@pytest.mark.parametrize("target", KINDS)
def test_memory_does_not_grow_with_what_is_copied(
    database: Database, new_url: Callable[[str], str], target: str
) -> None:
    with open_database(new_url(target)) as new:
        migrate(new)
        for number in range(20):
            rows = [{"digest": f"{number}-{one}", "snapshot": "x" * 50_000} for one in range(100)]
            with database.session() as session:
                session.execute(insert(next(t for t in tables_at(HEAD) if t.name == "evidence")), rows)
        tracemalloc.start()
        with database.reading() as source, new.session() as writing:
            assert copy_rows(source, writing, HEAD)["evidence"].rows == 2000
            contents(writing, HEAD)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 60e6  # of 100 MB
