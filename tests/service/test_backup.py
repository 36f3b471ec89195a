"""`posterity backup` and `posterity restore`: everything in one file and back, whole or not at all."""

import hashlib
import random
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from model.errors import InputRefused, UsageError
from service.backups import verified
from service.composition import opened
from storage.database import migrate, open_database
from storage.revisions import HEAD, REVISIONS
from storage.schema import tables_at
from tests.databases import KINDS
from tests.service.commands import CUTOFF, Desk, quiet, report, said_in_one_line
from tests.storage.every_table import ROWS, fill

SEED = 20261122
SECRET = "tr0ub4dor-and-3"  # noqa: S105 - to be looked for
NewUrl = Callable[[str], str]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    """Two nights, only to be asked: what changes it makes its own."""
    return told(Desk(tmp_path_factory.mktemp(f"backup-{database_kind}")))


@pytest.fixture
def fresh(tmp_path: Path) -> Desk:
    return told(Desk(tmp_path / "desk"))


@pytest.fixture(scope="module")
def kept(desk: Desk) -> Path:
    return backed_up(desk, desk.folder / "kept.backup")


@pytest.fixture
def backup(kept: Path, tmp_path: Path) -> Path:
    """A backup of the desk that may be changed."""
    return Path(shutil.copy(kept, tmp_path / "posterity.backup"))


def told(desk: Desk) -> Desk:
    for name, day in (("a", "2025-04-30"), ("b", CUTOFF)):
        desk.types("ingest", desk.write(f"{name}.jsonl", report(name, event="é" + name)))
        assert desk.types("run", "--as-of", day).code == 0
    return desk


def backed_up(desk: Desk, path: Path) -> Path:
    assert desk.types("backup", path).code == 0
    return path


def answers(desk: Desk) -> list[str]:
    """What people ask a database, byte for byte."""
    questions = (
        ("history", "quiet", "--json", "--all-runs"),
        ("history", "quiet", "--format", "csv"),
        ("explain", "quiet", "--since", "2025-04-30", "--json"),
        ("events", "--json"),
        ("reports", "--json"),
    )
    found = [desk.types(*question) for question in questions]
    assert {one.code for one in found} == {0}
    return [one.out for one in found]


def tables(path: Path) -> Any:
    return verified(path).tables


@pytest.mark.slow
@pytest.mark.parametrize("target", KINDS)
@pytest.mark.parametrize("source", KINDS)
def test_a_backup_is_the_way_from_any_kind_of_database_to_any_kind(
    new_url: NewUrl, tmp_path: Path, source: str, target: str
) -> None:
    old, new = (Desk(tmp_path / n, url=new_url(kind)) for n, kind in (("old", source), ("new", target)))
    assert old.types("migrate").code == 0
    told(old)
    first = backed_up(old, tmp_path / "first.backup")
    restored = new.types("restore", first)
    assert (restored.code, restored.err) == (0, "")
    assert restored.out.startswith(f"restored {first} into {new.where}: ")
    assert answers(new) == answers(old)
    assert tables(backed_up(new, tmp_path / "second.backup")) == tables(first)
    assert new.counts() == old.counts()


@pytest.mark.slow
@pytest.mark.parametrize("target", ["sqlite"])
@pytest.mark.parametrize("revision", REVISIONS)
def test_a_backup_of_any_revision_with_rows_in_every_table_comes_back_whole(
    empty_url: str, new_url: NewUrl, tmp_path: Path, revision: str, target: str
) -> None:
    with open_database(empty_url) as database:
        migrate(database, revision)
        with database.session() as session:
            fill(session, revision)
    old, new = Desk(tmp_path / "old", url=empty_url), Desk(tmp_path / "new", url=new_url(target))
    path = backed_up(old, tmp_path / "old.backup")
    assert {name: one.rows for name, one in tables(path).items()} == {
        table.name: len(ROWS[table.name]) for table in tables_at(revision)
    }
    assert new.types("migrate").code == 0
    assert new.types("restore", path).code == 0
    again = backed_up(new, tmp_path / "new.backup")
    assert verified(again).revision == HEAD
    assert tables(again).items() >= tables(path).items()


@pytest.mark.slow
def test_work_goes_on_in_what_was_restored(desk: Desk, backup: Path, tmp_path: Path) -> None:
    new = Desk(tmp_path / "new", bare=True)
    assert new.types("restore", backup).code == 0
    assert [one["status"] for one in new.types("run", "--as-of", CUTOFF, "--json").json] == ["unchanged"]
    assert new.types("ingest", new.write("more.jsonl", report("c", "2025-05-05"))).code == 0
    (night,) = new.types("run", "--as-of", CUTOFF, "--json").json
    assert (night["run"], night["status"]) == (3, "published")
    assert new.counts()["report_version"] == desk.counts()["report_version"] + 1


@pytest.mark.slow
def test_a_backup_says_what_it_holds(desk: Desk, tmp_path: Path) -> None:
    path, counts = tmp_path / "x.backup", desk.counts()
    answer = desk.types("backup", path, "--json")
    assert (answer.code, answer.err) == (0, "")
    assert list(answer.json) == ["format", "made_at", "program", "revision", "tables"]
    assert answer.json["revision"] == HEAD
    assert {name: one["rows"] for name, one in answer.json["tables"].items()} == {
        name: number for name, number in counts.items() if name != "alembic_version"
    }
    assert desk.types("restore", path, "--dry-run", "--json").json == answer.json | {
        "restored_into": None,
        "aside": None,
    }
    restored = Desk(tmp_path / "new", bare=True).types("restore", path, "--json").json
    assert restored == answer.json | {"restored_into": restored["restored_into"], "aside": None}
    rows, tables = sum(counts.values()) - 1, len(counts) - 1
    assert f"{path} is whole: {rows} rows of {tables} tables" in desk.types("restore", path, "--dry-run").out


@pytest.mark.slow
def test_a_backup_is_for_its_owner_alone_and_leaves_nothing_beside_it(desk: Desk, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    path = backed_up(desk, folder / "x.backup")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in folder.iterdir()] == ["x.backup"]


@pytest.mark.slow
def test_an_earlier_backup_is_replaced(fresh: Desk, tmp_path: Path) -> None:
    path = backed_up(fresh, tmp_path / "x.backup")
    fresh.types("ingest", fresh.write("more.jsonl", report("c")))
    assert tables(backed_up(fresh, path))["report_version"].rows == 3


def test_a_file_that_is_no_backup_is_not_replaced(desk: Desk) -> None:
    config = (desk.folder / "config.toml").read_bytes()
    for name in ("config.toml", "inbox", "c.sqlite"):
        with closing(sqlite3.connect(desk.folder / "c.sqlite")) as other:
            other.execute("CREATE TABLE IF NOT EXISTS mine (mine INTEGER)")
        said = said_in_one_line(desk.types("backup", desk.folder / name), 2)
        assert "is there already and is no backup; name another file" in said
    assert (desk.folder / "config.toml").read_bytes() == config


def test_a_backup_reaches_the_file_that_a_link_leads_to(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere.backup")
    backed_up(desk, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert tables(tmp_path / "elsewhere.backup")["run"].rows == 2


@pytest.mark.sqlite(reason="a server's database is no file")
@pytest.mark.parametrize("command", [["backup"], ["restore", "--replace"]])
def test_the_database_is_no_backup_of_itself(desk: Desk, tmp_path: Path, command: list[str]) -> None:
    before = desk.database.read_bytes()
    (tmp_path / "link").symlink_to(desk.database)
    for path in (desk.database, tmp_path / "link"):
        said = said_in_one_line(desk.types(*command, path), 2)
        assert said == f"{desk.database} is the database itself; name another file"
    assert desk.database.read_bytes() == before


@pytest.mark.parametrize("path", ["missing/x.backup", "config.toml/x.backup", "x" * 300])
def test_a_backup_that_cannot_be_written_is_said(desk: Desk, path: str) -> None:
    before = sorted(desk.folder.rglob("*"))
    said = said_in_one_line(desk.types("backup", desk.folder / path), 3)
    assert f"{desk.folder / path}: cannot be written" in said
    assert sorted(desk.folder.rglob("*")) == before


@pytest.mark.parametrize("path", ["missing", ".", "config.toml/x"])
def test_a_backup_that_cannot_be_read_is_said(desk: Desk, path: str) -> None:
    for more in ([], ["--dry-run"]):
        assert "cannot be read" in said_in_one_line(desk.types("restore", desk.folder / path, *more), 3)


@pytest.mark.slow
def test_a_database_with_no_tables_has_nothing_to_back_up(new_url: NewUrl, tmp_path: Path) -> None:
    for kind in ("sqlite", "postgresql"):
        desk = Desk(tmp_path / kind, url=new_url(kind))
        said = said_in_one_line(desk.types("backup", tmp_path / "x.backup"), 2)
        assert said == f"the database {desk.where} has no tables yet: nothing to back up"
        assert not (tmp_path / "x.backup").exists()


@pytest.mark.slow
def test_passwords_are_in_no_backup(new_url: NewUrl, tmp_path: Path) -> None:
    url = new_url("postgresql").replace("postgres@", f"postgres:{SECRET}@")
    desk = Desk(tmp_path / "desk", url=url)
    desk.configure(f'[digest.smtp]\npassword = "{SECRET}"\n' + quiet())
    assert desk.types("migrate").code == 0
    told(desk)
    answer = desk.types("backup", tmp_path / "x.backup", "--json")
    assert answer.code == 0
    assert SECRET not in answer.out
    assert SECRET.encode() not in (tmp_path / "x.backup").read_bytes()


def untouched(desk: Desk) -> Any:
    """What must be the same before and after a restoring that was refused."""
    if not desk.is_sqlite:
        return desk.counts()
    return {path.name: path.read_bytes() for path in desk.database.parent.iterdir() if path.is_file()}


@pytest.mark.parametrize("more", [[], ["--dry-run"]], ids=str)
def test_what_is_no_whole_backup_is_refused_and_nothing_is_touched(
    desk: Desk, backup: Path, more: list[str]
) -> None:
    refuses_what_is_not_whole(desk, backup, *more)


@pytest.mark.sqlite(reason="a server's database is never replaced")
def test_what_is_no_whole_backup_replaces_nothing(desk: Desk, backup: Path) -> None:
    refuses_what_is_not_whole(desk, backup, "--replace")


def refuses_what_is_not_whole(desk: Desk, backup: Path, *more: str) -> None:
    whole, before = backup.read_bytes(), untouched(desk)
    foreign = [b"", b"my shopping list\n" * 500, b"SQLite format 3\0", (desk.folder / "a.jsonl").read_bytes()]
    cut = [whole[:size] for size in (1, 100, 4096, len(whole) // 2, len(whole) - 4096, len(whole) - 1)]
    for content in (*foreign, *cut):
        backup.write_bytes(content)
        said = said_in_one_line(desk.types("restore", backup, *more), 1)
        assert said.startswith(f"{backup} is ")
        assert said.endswith("; use another one")
        assert untouched(desk) == before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE run_document SET document = replace(document, 'published', 'Published') WHERE run_id = 1",
        "UPDATE posterior SET probability = probability + 1e-15 WHERE run_id = 2",
        "UPDATE report_version SET recorded_at = '2025-13-99'",
        "DELETE FROM event_membership WHERE id = 2",
        "INSERT INTO evidence VALUES ('sha256:x', '{}')",
        "UPDATE backup_manifest SET document = replace(document, '\"rows\":2', '\"rows\":3')",
        "DROP TABLE backup_manifest",
        "DROP TABLE run_warning",
    ],
)
@pytest.mark.sqlite(reason="a backup is the same file, whatever it was made from")
def test_a_backup_that_was_altered_is_refused(backup: Path, tmp_path: Path, change: str) -> None:
    with closing(sqlite3.connect(backup)) as connection:
        connection.execute(change)
        connection.commit()
    new = Desk(tmp_path / "new", bare=True)
    assert "use another one" in said_in_one_line(new.types("restore", backup), 1)
    assert not new.database.exists()


@pytest.mark.slow
@pytest.mark.sqlite(reason="a backup is the same file, whatever it was made from")
def test_a_byte_that_changes_anywhere_is_found_or_changes_nothing(backup: Path) -> None:
    whole, said, chance, found = backup.read_bytes(), verified(backup), random.Random(SEED), 0  # noqa: S311 - no secret
    used = [place for place, byte in enumerate(whole) if byte]
    for _ in range(150):
        place, other = chance.choice(used), chance.randrange(1, 256)
        backup.write_bytes(whole[:place] + bytes([whole[place] ^ other]) + whole[place + 1 :])
        try:
            assert verified(backup) == said
        except (InputRefused, UsageError):
            found += 1
    assert found > 75


def test_a_backup_of_a_newer_release_is_refused(desk: Desk, backup: Path) -> None:
    with closing(sqlite3.connect(backup)) as connection:
        (document,) = connection.execute("SELECT document FROM backup_manifest").fetchone()
        newer = document.replace(f'"revision":"{HEAD}"', '"revision":"9999"')
        digest = hashlib.sha256(newer.encode()).hexdigest()
        connection.execute("UPDATE backup_manifest SET document = ?, sha256 = ?", (newer, digest))
        connection.commit()
    before = untouched(desk)
    said = said_in_one_line(desk.types("restore", backup), 2)
    assert "revision 9999, which is newer than this program; install the release that made it" in said
    assert untouched(desk) == before


def test_a_database_that_holds_rows_is_not_restored_into(desk: Desk, backup: Path) -> None:
    before = untouched(desk)
    said = said_in_one_line(desk.types("restore", backup), 2)
    assert said.startswith(f"the database {desk.where} holds rows already; ")
    assert ("add --replace" if desk.is_sqlite else "create an empty database (`createdb NAME`)") in said
    assert untouched(desk) == before


def test_a_newer_database_is_not_restored_into(backup: Path, tmp_path: Path) -> None:
    new = Desk(tmp_path / "new", bare=True)
    assert new.types("migrate").code == 0
    with opened(new.folder / "config.toml") as service, service.database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "which is newer than this program" in said_in_one_line(new.types("restore", backup), 2)
