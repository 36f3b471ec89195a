"""Backups and restoring while others write, on full disks, in place of damaged files, without a server."""

import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, text

from service.backups import verified
from storage.database import open_database
from storage.files import open_copy
from storage.runs import store_run
from tests.service.commands import Desk, Disk, report, said_in_one_line
from tests.service.test_backup import answers, backed_up, told, untouched
from tests.storage.samples import moment, run

pytestmark = pytest.mark.slow

only_a_file = pytest.mark.sqlite(reason="a server's database is never replaced")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return told(Desk(tmp_path / "desk"))


@pytest.fixture
def backup(desk: Desk, tmp_path: Path) -> Path:
    """A backup of the desk as it is."""
    return backed_up(desk, tmp_path / "posterity.backup")


def aside(desk: Desk) -> list[Path]:
    return sorted(path for path in desk.database.parent.iterdir() if ".replaced-" in path.name)


def is_empty(desk: Desk) -> bool:
    return not any(number for name, number in desk.counts().items() if name != "alembic_version")


@only_a_file
def test_what_is_replaced_is_kept_aside_whole(desk: Desk, backup: Path) -> None:
    before = answers(desk)
    desk.types("ingest", desk.write("more.jsonl", report("c")))
    desk.database.chmod(0o640)
    answer = desk.types("restore", backup, "--replace")
    (kept,) = aside(desk)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.endswith(f"what was there before is kept as {kept}\n")
    assert answers(desk) == before
    assert stat.S_IMODE(desk.database.stat().st_mode) == 0o640
    old = Desk(desk.folder / "old", url=f"sqlite:///{kept}")
    assert {one["id"] for one in old.types("reports", "--json").json} == {"a", "b", "c"}


@only_a_file
def test_whoever_replaces_twice_in_a_second_keeps_both(desk: Desk, backup: Path) -> None:
    for _ in range(5):
        assert desk.types("restore", backup, "--replace").code == 0
    assert len(aside(desk)) == 5


@only_a_file
@pytest.mark.parametrize("content", [b"", b"my shopping list\n" * 500], ids=["empty", "damaged"])
def test_a_damaged_database_is_replaced_and_its_log_does_not_meet_the_new_one(
    desk: Desk, backup: Path, content: bytes
) -> None:
    before, log = answers(desk), Path(f"{desk.database}-wal")
    desk.database.write_bytes(content)
    log.write_bytes(b"of the old one")
    if content:
        assert "posterity restore FILE --replace" in said_in_one_line(desk.types("events"), 3)
        assert "is damaged" in said_in_one_line(desk.types("restore", backup), 3)
        log.write_bytes(b"of the old one")
    assert desk.types("restore", backup, "--replace").code == 0
    assert not log.exists()
    assert aside(desk)[0].read_bytes() == content
    assert answers(desk) == before


@only_a_file
def test_a_database_that_is_gone_needs_no_replacing_but_may_have_it(desk: Desk, backup: Path) -> None:
    before = answers(desk)
    for more in ([], ["--replace"]):
        desk.database.unlink()
        Path(f"{desk.database}-wal").write_bytes(b"left behind" if more else b"")
        answer = desk.types("restore", backup, *more, "--json")
        assert answer.code == 0
        assert (answer.json["restored_into"], answer.json["aside"]) == (str(desk.database), None)
        assert answers(desk) == before


@only_a_file
def test_a_database_that_another_process_has_open_is_not_replaced(desk: Desk, backup: Path) -> None:
    with open_database(desk.url) as other:
        with other.reading() as session:
            session.execute(text("SELECT count(*) FROM run"))
        before = untouched(desk)
        said = said_in_one_line(desk.types("restore", backup, "--replace"), 3)
        assert said.startswith(f"the database {desk.database} is open in another process; stop ")
        assert untouched(desk) == before
    assert desk.types("restore", backup, "--replace").code == 0


@pytest.mark.slow
def test_a_database_on_a_server_is_never_replaced(empty_url: str, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", url=empty_url)
    assert desk.types("migrate").code == 0
    backup = backed_up(told(desk), tmp_path / "x.backup")
    if not desk.is_sqlite:
        said = said_in_one_line(desk.types("restore", backup, "--replace"), 2)
        assert said.startswith(f"--replace is for SQLite files, and {desk.where} is none; create ")
        assert "createdb NAME" in said
        assert desk.counts()["run"] == 2


@contextmanager
def somebody_writes(desk: Desk) -> Iterator[None]:
    """Store one run after the other until the block ends."""
    ended = threading.Event()

    def write() -> None:
        with open_database(desk.url) as database:
            for number in range(100_000):
                day = date(2000, 1, 1) + timedelta(number)
                with database.session() as session:
                    store_run(
                        session,
                        replace(run(), as_of=day, recorded_at=moment(1), evidence_digest=f"e{number}"),
                    )
                if ended.is_set():
                    return

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_a_backup_is_one_moment_of_a_database_that_is_being_written(desk: Desk, tmp_path: Path) -> None:
    with somebody_writes(desk):
        paths = [backed_up(desk, tmp_path / f"{number}.backup") for number in range(4)]
    runs = []
    for path in paths:
        rows = {name: table.rows for name, table in verified(path).tables.items()}
        assert rows["run"] == rows["run_document"] == rows["posterior"] / 2 == rows["evidence"]
        with open_copy(path) as copy, copy.reading() as session:
            assert session.execute(text("PRAGMA foreign_key_check")).all() == []
        runs.append(rows["run"])
    assert runs == sorted(runs)
    assert runs[0] < runs[-1]


@pytest.mark.slow
def test_two_who_restore_into_one_database_at_once_do_it_once(
    desk: Desk, backup: Path, tmp_path: Path
) -> None:
    new = Desk(tmp_path / "new", bare=True)
    both = [new.start("restore", str(backup)) for _ in range(2)]
    assert sorted(process.wait(timeout=120) for process in both) == [0, 2]
    assert (new.counts(), answers(new)) == (desk.counts(), answers(desk))


@pytest.mark.sqlite(reason="about a file's pages")
def test_a_database_with_damaged_pages_is_named_and_there_is_no_half_a_backup(
    desk: Desk, tmp_path: Path
) -> None:
    whole = desk.database.read_bytes()
    desk.database.write_bytes(whole[: 4 * 4096] + b"\x99" * (len(whole) - 4 * 4096))
    said = said_in_one_line(desk.types("backup", tmp_path / "x.backup"), 3)
    assert said.startswith(f"the database {desk.database} is damaged")
    assert not list(tmp_path.glob("*.backup*"))


@contextmanager
def gone_at(desk: Desk, number: int) -> Iterator[None]:
    """The server breaks every connection before a statement of a given number is sent."""
    numbers = count()

    def end_them(connection: Connection, *_: object) -> None:
        if connection.dialect.name == "postgresql" and next(numbers) == number:
            desk.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    event.listen(Engine, "before_cursor_execute", end_them)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", end_them)


# SQLAlchemy leaves the cursor of a connection that broke to the garbage collector, which psycopg tells of.
@pytest.mark.filterwarnings("ignore:.*ServerCursor:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.slow
@pytest.mark.parametrize("number", [8, 15, 22])
def test_a_server_that_goes_away_is_named_and_nothing_is_half_done(
    new_url: Callable[[str], str], tmp_path: Path, number: int
) -> None:
    old, new = (Desk(tmp_path / name, url=new_url("postgresql")) for name in ("old", "new"))
    assert old.types("migrate").code == 0
    told(old)
    with gone_at(old, number):
        said = said_in_one_line(old.types("backup", tmp_path / "x.backup"), 3)
    assert said.startswith(f"the database {old.where} ")
    assert not list(tmp_path.glob("*.backup*"))
    backup = backed_up(old, tmp_path / "x.backup")
    with gone_at(new, number):
        said = said_in_one_line(new.types("restore", backup), 3)
    assert said.startswith(f"the database {new.where} ")
    assert is_empty(new)
    assert new.types("restore", backup).code == 0
    assert answers(new) == answers(old)


def fill_up(place: Path, *, leaving: int) -> Path:
    """Leave so many bytes of a disk, and answer with the file that takes up the others."""
    found = os.statvfs(place)
    filling = place / "filling"
    filling.write_bytes(b"x" * (found.f_bavail * found.f_bsize - leaving))
    return filling


@pytest.mark.sqlite(reason="a full disk is the same, whatever is backed up")
def test_a_full_disk_keeps_the_earlier_backup_and_no_half_of_a_new_one(desk: Desk, disk: Disk) -> None:
    place = disk("4m")
    backed_up(desk, place / "x.backup")
    fill_up(place, leaving=100_000)
    before = (place / "x.backup").read_bytes()
    for name in ("x.backup", "y.backup"):
        said = said_in_one_line(desk.types("backup", place / name), 3)
        assert f"{place / name} is on a disk that is full" in said
        assert {path.name for path in place.iterdir()} == {"x.backup", "filling"}
        assert (place / "x.backup").read_bytes() == before


@only_a_file
@pytest.mark.parametrize("more", [[], ["--replace"]], ids=str)
def test_a_full_disk_leaves_the_database_as_it_was(backup: Path, disk: Disk, more: list[str]) -> None:
    place = disk("4m")
    small = Desk(place, bare=True)
    if more:
        small.types("ingest", small.write("r.jsonl", report("mine")))
    filling = fill_up(place, leaving=100_000)
    assert "is on a disk that is full" in said_in_one_line(small.types("restore", backup, *more), 3)
    assert not [path for path in place.rglob("*") if path.suffix == ".draft"]
    assert is_empty(small) if not more else small.counts()["report_version"] == 1
    filling.unlink()
    assert small.types("restore", backup, *more).code == 0
    assert small.counts()["report_version"] == 2
