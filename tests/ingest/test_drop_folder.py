"""The drop folder: what waits, where it goes, and that a kill at any step loses and doubles nothing."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from ingest.inbox import pending, settle, stamp
from ingest.records import Refused
from model.errors import Unavailable

BAD = [Refused(line=2, reason="country: is missing", text='{"headline": "Perú\\u0000"}')]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def drop(inbox: Path, name: str, content: str = "one") -> Path:
    path = inbox / name
    path.write_text(content)
    return path


def tree(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_files_wait_in_the_order_of_their_names(inbox: Path) -> None:
    for name in ("c.csv", "a.jsonl", "b.JSON", "d.ndjson"):
        drop(inbox, name)
    assert [path.name for path in pending(inbox)] == ["a.jsonl", "b.JSON", "c.csv", "d.ndjson"]


@pytest.mark.parametrize(
    "name", [".a.jsonl", "a.jsonl.part", "a.csv.tmp", "~$a.csv", "a.csv.refused.jsonl", "readme.txt", "jsonl"]
)
def test_hidden_unfinished_and_foreign_files_do_not_wait(inbox: Path, name: str) -> None:
    drop(inbox, name)
    assert pending(inbox) == []


def test_folders_do_not_wait(inbox: Path) -> None:
    (inbox / "done").mkdir()
    (inbox / "a.csv").mkdir()
    assert pending(inbox) == []


def test_a_missing_inbox_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"absent: .*; create it, or correct \[ingest\] drop_folder"):
        pending(tmp_path / "absent")


def test_a_file_in_the_place_of_the_inbox_says_so(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="create it"):
        pending(drop(tmp_path, "inbox"))


def test_a_taken_file_moves_and_leaves_nothing_beside_it(inbox: Path) -> None:
    assert settle(drop(inbox, "a.csv"), [], inbox / "done") == inbox / "done" / "a.csv"
    assert tree(inbox) == {"done/a.csv": "one"}


def test_refused_lines_stand_beside_it(inbox: Path) -> None:
    settle(drop(inbox, "a.csv"), BAD, inbox / "done")
    written = tree(inbox)["done/a.csv.refused.jsonl"]
    assert [json.loads(line) for line in written.splitlines()] == [
        {"line": 2, "reason": "country: is missing", "text": '{"headline": "Perú\\u0000"}'}
    ]
    assert set(tree(inbox)) == {"done/a.csv", "done/a.csv.refused.jsonl"}


def test_another_file_of_the_same_name_is_never_overwritten(inbox: Path) -> None:
    for content in ("one", "two", "three"):
        settle(drop(inbox, "a.csv", content), BAD if content == "two" else [], inbox / "done")
    found = tree(inbox)
    assert (found["done/a.csv"], found["done/a-2.csv"], found["done/a-3.csv"]) == ("one", "two", "three")
    assert set(found) - {"done/a.csv", "done/a-2.csv", "done/a-3.csv"} == {"done/a-2.csv.refused.jsonl"}


def test_the_same_file_again_takes_its_own_place(inbox: Path) -> None:
    for _ in range(2):
        settle(drop(inbox, "a.csv"), BAD, inbox / "done")
    assert set(tree(inbox)) == {"done/a.csv", "done/a.csv.refused.jsonl"}


def test_the_refused_lines_of_another_file_are_never_overwritten(inbox: Path) -> None:
    (inbox / "done").mkdir()
    drop(inbox / "done", "a.csv.refused.jsonl", "older")
    assert settle(drop(inbox, "a.csv"), BAD, inbox / "done") == inbox / "done" / "a-2.csv"
    assert settle(drop(inbox, "a.csv", "two"), [], inbox / "done") == inbox / "done" / "a-3.csv"
    assert tree(inbox)["done/a.csv.refused.jsonl"] == "older"


def test_a_folder_of_the_same_name_is_gone_around(inbox: Path) -> None:
    (inbox / "done" / "a.csv").mkdir(parents=True)
    assert settle(drop(inbox, "a.csv"), [], inbox / "done") == inbox / "done" / "a-2.csv"


def test_a_file_that_grew_while_it_was_read_stays_for_the_next_run(inbox: Path) -> None:
    path = drop(inbox, "a.jsonl")
    seen = stamp(path)
    with path.open("a") as stream:
        stream.write(" and more")
    assert settle(path, BAD, inbox / "done", seen=seen) is None
    assert tree(inbox) == {"a.jsonl": "one and more"}
    assert settle(path, [], inbox / "done", seen=stamp(path)) is not None


def test_a_file_in_the_place_of_the_done_folder_leaves_the_inbox_as_it_was(inbox: Path) -> None:
    path = drop(inbox, "a.csv")
    drop(inbox, "done", "in the way")
    with pytest.raises(Unavailable, match=r"done: .*; make the inbox and its done folder writable"):
        settle(path, BAD, inbox / "done")
    assert tree(inbox) == {"a.csv": "one", "done": "in the way"}


def test_refused_lines_that_cannot_be_written_keep_the_file_waiting(inbox: Path) -> None:
    in_the_way = inbox / "done" / ".a.csv.refused.jsonl.tmp"
    in_the_way.mkdir(parents=True)
    path = drop(inbox, "a.csv")
    with pytest.raises(Unavailable, match="writable, then run again"):
        settle(path, BAD, inbox / "done")
    assert pending(inbox) == [path]
    in_the_way.rmdir()
    settle(path, BAD, inbox / "done")
    assert set(tree(inbox)) == {"done/a.csv", "done/a.csv.refused.jsonl"}


def test_a_file_that_vanished_is_out_of_reach(inbox: Path) -> None:
    with pytest.raises(Unavailable, match=r"a\.csv"):
        settle(inbox / "a.csv", BAD, inbox / "done")


KILLED = textwrap.dedent("""
    import os, sys
    from pathlib import Path
    from ingest.inbox import settle
    from ingest.records import Refused

    inbox, left = Path(sys.argv[1]), [int(sys.argv[2])]

    def count(event, arguments):
        if event in ("open", "os.mkdir", "os.rename", "os.remove") and str(inbox) in str(arguments[0]):
            left[0] -= 1
            if left[0] < 0:
                os._exit(9)

    sys.addaudithook(count)
    settle(inbox / "a.csv", [Refused(line=2, reason="r", text="t")], inbox / "done")
""")


@pytest.mark.slow
def test_a_kill_before_any_step_and_a_run_again_lose_and_double_nothing(tmp_path: Path) -> None:
    codes = []
    for steps in range(20):
        inbox = tmp_path / str(steps)
        inbox.mkdir()
        path = drop(inbox, "a.csv")
        command = [sys.executable, "-c", KILLED, str(inbox), str(steps)]
        codes.append(subprocess.run(command, cwd=ROOT, check=False).returncode)
        survivors = [name for name in tree(inbox) if name in {"a.csv", "done/a.csv"}]
        assert len(survivors) == 1
        if pending(inbox):
            settle(path, [Refused(line=2, reason="r", text="t")], inbox / "done")
        assert set(tree(inbox)) == {"done/a.csv", "done/a.csv.refused.jsonl"}
        if codes[-1] == 0:
            break
    assert codes == [9] * (len(codes) - 1) + [0]
    assert len(codes) >= 5
