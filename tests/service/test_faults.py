"""Files, folders and disks out of reach: exit code 3, one line, and nothing half-written."""

import os
import resource
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.service.commands import CUTOFF, EXAMPLES, PROGRAM, Desk, Disk, report, said_in_one_line

of_a_file = pytest.mark.sqlite(reason="about the database's file and its disk")
of_a_lock = pytest.mark.sqlite(reason="a server lets several write at once")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk", bare=True)


@pytest.fixture
def filled(desk: Desk) -> Desk:
    assert desk.types("ingest", desk.write("r.jsonl", report())).code == 0
    return desk


def locked(desk: Desk) -> sqlite3.Connection:
    connection = sqlite3.connect(desk.database, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


@pytest.mark.slow
@of_a_lock
def test_a_database_that_another_process_holds_is_waited_for_and_then_said(filled: Desk) -> None:
    more = filled.write("more.jsonl", report("b"))
    with closing(locked(filled)):
        started = time.monotonic()
        answer = filled.process("ingest", more.name)
        waited = time.monotonic() - started
    said = said_in_one_line(answer, 3)
    assert f"{filled.database} is locked by another process" in said
    assert said.endswith("wait until that has finished, then try again")
    assert 5 <= waited < 30
    assert filled.counts()["report_version"] == 1


@of_a_lock
def test_one_who_only_reads_is_not_kept_waiting_by_one_who_writes(filled: Desk) -> None:
    with closing(locked(filled)):
        assert filled.types("reports", "--json").json[0]["id"] == "a"


@pytest.mark.slow
@of_a_lock
def test_a_night_during_which_the_database_is_held_stores_nothing(filled: Desk) -> None:
    before = filled.counts()
    with closing(locked(filled)):
        said_in_one_line(filled.types("run", "--as-of", CUTOFF), 3)
    assert filled.counts() == before


@of_a_file
def test_a_file_that_is_no_database_is_left_as_it_is(desk: Desk) -> None:
    desk.database.parent.mkdir()
    desk.database.write_text("my shopping list, which is longer than it was\n" * 100, encoding="utf-8")
    before = desk.database.read_bytes()
    said = said_in_one_line(desk.types("history", "quiet"), 3)
    assert f"{desk.database} is damaged, or is no SQLite database" in said
    assert "posterity restore" in said
    assert desk.database.read_bytes() == before


@of_a_file
def test_a_folder_of_the_database_that_cannot_be_made_is_said(desk: Desk) -> None:
    (desk.folder / "var").write_text("in the way", encoding="utf-8")
    said = said_in_one_line(desk.types("history", "quiet"), 3)
    assert f"the folder {desk.folder}/var of the database can not be made" in said


@of_a_file
def test_a_database_that_is_a_folder_is_said(desk: Desk) -> None:
    desk.database.mkdir(parents=True)
    assert f"{desk.database} cannot be opened" in said_in_one_line(desk.types("events"), 3)


@pytest.mark.parametrize("command", [["ingest"], ["run", "--as-of", CUTOFF], ["check"]])
def test_an_inbox_that_is_missing_is_said(desk: Desk, command: list[str]) -> None:
    desk.inbox.rmdir()
    answer = desk.types(*command)
    assert str(desk.inbox) in answer.err
    assert "create it, or correct [ingest] drop_folder" in said_in_one_line(answer, 3)


def test_a_named_file_that_is_missing_is_said_and_those_before_it_are_taken(desk: Desk) -> None:
    answer = desk.types("ingest", desk.write("r.jsonl", report()), "missing.jsonl")
    assert "missing.jsonl: cannot be read (No such file or directory)" in said_in_one_line(answer, 3)
    assert "r.jsonl: 1 accepted" in answer.out
    assert desk.counts()["report_version"] == 1


def test_a_folder_that_is_named_like_a_file_of_reports_is_said(desk: Desk) -> None:
    (desk.folder / "folder.jsonl").mkdir()
    said = said_in_one_line(desk.types("ingest", desk.folder / "folder.jsonl"), 3)
    assert "cannot be read (Is a directory)" in said


@pytest.mark.parametrize(
    "output",
    ["missing/history.csv", "config.toml/history.csv", "inbox", ".", "x" * 300],
    ids=lambda name: name[:20],
)
def test_a_history_that_cannot_be_written_is_said(filled: Desk, output: str) -> None:
    filled.types("run", "--as-of", CUTOFF)
    before = sorted(filled.folder.rglob("*"))
    answer = filled.types("history", "quiet", "--format", "csv", "-o", filled.folder / output)
    assert "cannot be written" in said_in_one_line(answer, 3)
    assert sorted(filled.folder.rglob("*")) == before


def test_a_device_is_written_to_and_not_replaced(filled: Desk) -> None:
    filled.types("run", "--as-of", CUTOFF)
    link = filled.folder / "device"
    link.symlink_to("/dev/null")
    assert filled.types("history", "quiet", "--format", "csv", "-o", link).code == 0
    assert link.is_symlink()
    assert Path("/dev/null").is_char_device()
    assert "No space left" in said_in_one_line(filled.types("history", "quiet", "-o", "/dev/full"), 3)


@of_a_file
def test_a_full_disk_stores_a_file_of_reports_whole_or_not_at_all(disk: Disk) -> None:
    small = Desk(disk("560k"), bare=True)
    assert small.types("ingest", small.write("r.jsonl", report())).code == 0
    before = small.counts()
    assert "is on a disk that is full" in said_in_one_line(small.types("ingest", EXAMPLES), 3)
    assert small.counts() == before
    assert small.types("ingest", small.folder / "r.jsonl").code == 0


@of_a_file
def test_a_full_disk_leaves_the_inbox_waiting_for_another_day(disk: Disk) -> None:
    small = Desk(disk("900k"), bare=True)
    small.types("migrate")
    waiting = small.inbox / "r.jsonl"
    waiting.write_bytes(EXAMPLES.read_bytes())
    filling = small.folder / "filling"
    with suppress(OSError), filling.open("wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 1000)
    assert "full" in said_in_one_line(small.types("run", "--as-of", CUTOFF), 3)
    assert waiting.exists()
    filling.unlink()
    assert small.counts()["report_version"] == 0


@pytest.mark.slow
@of_a_file
def test_a_disk_that_refuses_longer_files_stores_nothing_half(filled: Desk) -> None:
    before = filled.counts()
    allowed = 150_000

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (allowed, allowed))

    done = subprocess.run(
        [PROGRAM, "ingest", EXAMPLES],
        cwd=filled.folder,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit,
    )
    assert done.returncode == 3
    assert done.stderr.startswith(f"posterity: the database {filled.database} is on a disk that ")
    assert done.stderr.count("\n") == 1
    assert filled.counts() == before


@of_a_file
@pytest.mark.parametrize("command", [["history", "quiet"], ["ingest"], ["run", "--as-of", CUTOFF], ["check"]])
def test_a_read_only_disk_is_said(disk: Disk, command: list[str]) -> None:
    place = disk("4m")
    desk = Desk(place, bare=True)
    desk.types("ingest", desk.write("inbox/r.jsonl", report()))
    desk.write("inbox/more.jsonl", report("b"))
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    said = said_in_one_line(desk.types(*command), 3)
    assert str(desk.database) in said
    assert "permissions" in said or "may be written" in said


def test_what_could_not_be_put_away_is_taken_again_and_doubles_nothing(desk: Desk, disk: Disk) -> None:
    place = disk("1m")
    (place / "r.jsonl").write_text(EXAMPLES.read_text(encoding="utf-8").splitlines()[0], encoding="utf-8")
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    desk.configure(f'[ingest]\ndrop_folder = "{place}"\n' + (desk.folder / "config.toml").read_text())
    assert "make the inbox and its done folder writable" in said_in_one_line(desk.types("ingest"), 3)
    said_in_one_line(desk.types("check"), 3)
    subprocess.run(["mount", "-o", "remount,rw", place], check=True)
    answer = desk.types("ingest")
    assert answer.code == 0
    assert "1 duplicate" in answer.out
    assert desk.counts()["report_version"] == 1


def test_check_says_that_the_draws_could_not_be_kept(desk: Desk) -> None:
    (desk.folder / "file").touch()
    desk.configure('[storage]\ndraws = "file/draws"\n' + (desk.folder / "config.toml").read_text())
    said = said_in_one_line(desk.types("check"), 3)
    assert f"{desk.folder}/file/draws" in said
    assert "correct [storage] draws" in said


@pytest.mark.slow
@of_a_lock
def test_check_says_that_the_database_is_held_by_another(filled: Desk) -> None:
    with closing(locked(filled)):
        assert "is locked by another process" in said_in_one_line(filled.types("check"), 3)


@of_a_file
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_database_without_permission_to_write_is_said(filled: Desk) -> None:
    filled.database.chmod(0o400)
    assert "may not be written" in said_in_one_line(filled.types("ingest", filled.folder / "r.jsonl"), 3)
