"""Backups and restoring while others write, on full disks, in place of damaged files, and killed half-way."""

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from service.backups import verified
from storage.database import open_database
from storage.files import open_copy
from storage.runs import store_run
from tests.service.commands import Desk, Disk, report, said_in_one_line
from tests.service.test_backup import answers, backed_up, told, untouched
from tests.storage.samples import moment, run

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
        assert said.startswith("--replace is for SQLite files; ")
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
    small = Desk(place)
    if more:
        small.types("ingest", small.write("r.jsonl", report("mine")))
    filling = fill_up(place, leaving=100_000)
    assert "is on a disk that is full" in said_in_one_line(small.types("restore", backup, *more), 3)
    assert not [path for path in place.rglob("*") if path.suffix == ".draft"]
    assert is_empty(small) if not more else small.counts()["report_version"] == 1
    filling.unlink()
    assert small.types("restore", backup, *more).code == 0
    assert small.counts()["report_version"] == 2


# Ends like a machine that loses its power, before a statement or a change of a file of a given number.
DIE = """
import os, signal, sys
from itertools import count
from sqlalchemy import Engine, event
from service.cli import main

last, numbers = int(sys.argv.pop(1)), count()

def step(*_):
    if next(numbers) == last:
        os.kill(os.getpid(), signal.SIGKILL)

def note(happening, _):
    if happening in ("os.link", "os.rename", "os.remove", "sqlite3.connect"):
        step()

for happening in ("before_cursor_execute", "commit"):
    event.listen(Engine, happening, step)
sys.addaudithook(note)
try:
    main()
finally:
    print(next(numbers), file=sys.stderr)
"""


def killed(desk: Desk, last: int, *arguments: str | Path) -> int:
    """Type a command and kill it before a step; how many steps there were, or 0 where it was killed."""
    config = f"{desk.folder}/config.toml"
    command = [sys.executable, "-c", DIE, str(last), "--config", config, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return int(done.stderr) if done.returncode == 0 else 0


def moments(steps: int) -> Sequence[int]:
    """Some of the steps, and all of the last ones, in which files take their places.

    There is one more where a draft of an earlier time is cleared up.
    """
    return [*range(1, steps - 4, steps // 4), *range(steps - 4, steps + 1)]


@pytest.mark.slow
def test_a_backup_that_is_killed_leaves_the_earlier_one_and_the_next_clears_up(
    desk: Desk, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    path = folder / "x.backup"
    steps, ends = killed(desk, -1, "backup", path), 0
    desk.types("ingest", desk.write("more.jsonl", report("c")))
    for last in moments(steps):
        ends += not killed(desk, last, "backup", path)
        assert verified(path).tables["report_version"].rows in {2, 3}
    assert ends > 7
    assert backed_up(desk, path)
    assert [one.name for one in folder.iterdir()] == ["x.backup"]
    assert verified(path).tables["report_version"].rows == 3


@pytest.mark.slow
def test_a_restoring_that_is_killed_leaves_an_empty_database_or_a_whole_one(
    desk: Desk, backup: Path, tmp_path: Path
) -> None:
    steps, counts = killed(Desk(tmp_path / "usual"), -1, "restore", backup), desk.counts()
    new = Desk(tmp_path / "new")
    for last in moments(steps)[:-1]:
        assert not killed(new, last, "restore", backup)
        if not is_empty(new):
            assert new.counts() == counts
            new = Desk(tmp_path / f"new-{last}")
    assert new.types("restore", backup).code == 0
    assert (new.counts(), answers(new)) == (counts, answers(desk))


@pytest.mark.slow
@only_a_file
def test_a_replacing_that_is_killed_leaves_the_old_database_or_the_new_one(
    desk: Desk, backup: Path, tmp_path: Path
) -> None:
    counts = desk.counts()
    steps = killed(told(Desk(tmp_path / "usual")), -1, "restore", backup, "--replace")
    desk.types("ingest", desk.write("more.jsonl", report("c")))
    seen = set()
    for last in moments(steps):
        killed(desk, last, "restore", backup, "--replace")
        found = desk.counts()
        seen.add(found["report_version"])
        if found["report_version"] == 2:
            assert found == counts
            desk.types("ingest", desk.folder / "more.jsonl")
    assert seen == {2, 3}
    assert desk.types("restore", backup, "--replace").code == 0
    assert desk.counts() == counts
    assert not [path for path in desk.database.parent.iterdir() if path.suffix == ".draft"]
    assert all(aside_one.stat().st_size for aside_one in aside(desk))
