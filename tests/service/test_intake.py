"""Taking reports in: named files stay, inbox files are put away, and nothing is ever doubled."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.service.commands import CUTOFF, EXAMPLES, Desk, report
from tests.service.killing import killed, spread

SHIPPED = 273


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def done(desk: Desk) -> list[str]:
    return sorted(path.name for path in (desk.inbox / "done").iterdir())


def waiting(desk: Desk) -> list[str]:
    return sorted(path.name for path in desk.inbox.iterdir() if path.is_file())


def memberships(desk: Desk) -> Counter[str]:
    return Counter(one for (one,) in desk.rows("SELECT report_id FROM event_membership"))


def test_a_named_file_stays_where_it_is(desk: Desk) -> None:
    file = desk.write("r.jsonl", report(), "{broken")
    before = file.read_bytes()
    desk.types("ingest", file)
    assert file.read_bytes() == before
    folder = {path.name for path in desk.folder.iterdir()}
    assert folder - {"var"} == {"config.toml", "inbox", "r.jsonl"}


def test_a_named_file_in_the_inbox_stays_too(desk: Desk) -> None:
    file = desk.write("inbox/r.jsonl", report())
    desk.types("ingest", file)
    assert waiting(desk) == ["r.jsonl"]


def test_an_inbox_file_is_put_away_with_its_refused_lines_beside_it(desk: Desk) -> None:
    desk.write("inbox/r.jsonl", report(), "{broken", report("b", country="Peru"))
    (one,) = desk.types("ingest", "--json").json
    assert one["moved_to"] == f"{desk.inbox}/done/r.jsonl"
    assert waiting(desk) == []
    assert done(desk) == ["r.jsonl", "r.jsonl.refused.jsonl"]
    text = (desk.inbox / "done" / "r.jsonl.refused.jsonl").read_text(encoding="utf-8")
    refused = [json.loads(line) for line in text.splitlines()]
    assert [(each["line"], each["reason"]) for each in refused] == [
        (each["line"], each["reason"]) for each in one["refused"]
    ]
    assert [each["line"] for each in refused] == [2, 3]
    assert refused[0]["text"] == "{broken"


def test_refused_lines_are_no_reports_of_their_own(desk: Desk) -> None:
    desk.write("inbox/r.jsonl", "{broken")
    desk.types("ingest")
    assert desk.types("ingest").out == "the inbox is empty\n"


def test_the_same_file_again_doubles_nothing(desk: Desk) -> None:
    for _ in range(2):
        desk.write("inbox/r.jsonl", report("a"), report("b"))
        assert desk.types("ingest").code == 0
    assert done(desk) == ["r.jsonl"]
    counts = desk.counts()
    assert (counts["report_version"], counts["event_membership"]) == (2, 2)


def test_another_file_of_the_same_name_replaces_nothing(desk: Desk) -> None:
    for identity in "ab":
        desk.write("inbox/r.jsonl", report(identity))
        desk.types("ingest")
    assert done(desk) == ["r-2.jsonl", "r.jsonl"]


def test_every_format_may_wait_in_the_inbox(desk: Desk) -> None:
    desk.write("inbox/lines.jsonl", report("a"))
    (desk.inbox / "array.json").write_text(json.dumps([report("b"), report("c")]), encoding="utf-8")
    sheet = "id;published_on;tag;country;headline\nd;2025-03-01;deal;PE;Perú señala\n"
    (desk.inbox / "sheet.csv").write_bytes(sheet.encode("latin-1"))
    (desk.inbox / "notes.txt").write_text("not for us", encoding="utf-8")
    answer = desk.types("ingest")
    assert answer.code == 0
    assert "note: not UTF-8: read as Windows-1252" in answer.out
    assert waiting(desk) == ["notes.txt"]
    assert {one["id"] for one in desk.types("reports", "--json").json} == set("abcd")


def test_many_refusals_are_listed_in_part_and_as_json_in_full(desk: Desk) -> None:
    file = desk.write("r.jsonl", *["{broken"] * 50)
    shown = desk.types("ingest", file).out
    assert shown.count("not JSON") == 20
    assert "and 30 more; --json lists them all" in shown
    assert len(desk.types("ingest", file, "--json").json[0]["refused"]) == 50


def test_a_report_told_twice_in_one_file_is_amended_and_belongs_to_one_event_once(desk: Desk) -> None:
    file = desk.write("r.jsonl", report(headline="Peru signs"), report(headline="Peru signs at last"))
    answer = desk.types("ingest", file)
    assert "1 accepted, 1 amended" in answer.out
    assert memberships(desk) == {"a": 1}


def test_an_amended_report_moves_to_the_event_that_it_names_now(desk: Desk) -> None:
    desk.types("ingest", desk.write("r.jsonl", report()))
    desk.types("ingest", desk.write("r.jsonl", report(event="the-deal")))
    assert memberships(desk) == {"a": 2}
    assert [one["event"] for one in desk.types("events", "--json").json] == ["the-deal"]


@pytest.mark.slow
def test_reports_of_one_event_are_found_across_files_and_batches(desk: Desk) -> None:
    many = [report(f"r{n}", headline="Peru signs for helicopters") for n in range(1001)]
    desk.types("ingest", desk.write("r.jsonl", *many))
    desk.types("ingest", desk.write("more.jsonl", report("late", headline="Peru signs for helicopters")))
    (event,) = desk.types("events", "--json").json
    assert event["asserting"] == 1002


@pytest.mark.slow
def test_two_who_take_in_the_same_file_at_once_take_it_once(desk: Desk) -> None:
    desk.types("migrate")
    both = [desk.start("ingest", str(EXAMPLES)) for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    counts = desk.counts()
    assert (counts["report_version"], counts["event_membership"]) == (SHIPPED, SHIPPED)


@pytest.mark.slow
def test_two_who_empty_the_inbox_at_once_do_not_get_in_each_other_s_way(desk: Desk) -> None:
    desk.types("migrate")
    lines = EXAMPLES.read_text(encoding="utf-8").splitlines()
    for n in range(7):
        desk.write(f"inbox/part-{n}.jsonl", *lines[n * 40 : (n + 1) * 40])
    both = [desk.start("ingest") for _ in range(2)]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert waiting(desk) == []
    counts = desk.counts()
    assert (counts["report_version"], counts["event_membership"]) == (SHIPPED, SHIPPED)


STOPPING = """
import os, signal, sys

step = sys.argv[1]

def stop(event, arguments):
    if event == step and "inbox" in str(arguments[0]):
        os.kill(os.getpid(), signal.SIGSTOP)

sys.addaudithook(stop)
from service.cli import main

sys.argv[1:] = ["ingest"]
main()
"""


def stopping(desk: Desk, event: str) -> subprocess.Popen[bytes]:
    """Start to empty the inbox in a process that stops where it does this to a file of the inbox."""
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    return subprocess.Popen([sys.executable, "-c", STOPPING, event], cwd=desk.folder, env=environment)


def has_stopped(process: subprocess.Popen[bytes], patience: float) -> bool:
    until = time.monotonic() + patience
    while not (seen := os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOHANG)):
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return bool(seen)


@pytest.mark.slow
def test_a_file_is_put_away_by_one_of_two_and_the_other_waits_for_it(desk: Desk) -> None:
    desk.types("migrate")
    desk.write("inbox/a.jsonl", report())
    first = stopping(desk, "os.remove")
    assert has_stopped(first, 60)
    second = stopping(desk, "os.rename")
    went_on = has_stopped(second, 3)  # less than a lock of SQLite's is waited for
    codes = []
    for process in (first, second):
        process.send_signal(signal.SIGCONT)
        codes.append(process.wait(timeout=60))
    assert (went_on, codes) == (False, [0, 0])
    assert (waiting(desk), done(desk)) == ([], ["a.jsonl"])


@pytest.mark.slow
def test_a_source_that_says_the_same_for_ever_adds_nothing(desk: Desk) -> None:
    for _ in range(3):
        desk.types("ingest", EXAMPLES)
    counts = desk.counts()
    assert (counts["report_version"], counts["event_membership"]) == (SHIPPED, SHIPPED)


def dropped(desk: Desk, files: Mapping[str, Sequence[str]]) -> Desk:
    for name, content in files.items():
        desk.write(f"inbox/{name}", *content)
    return desk


@pytest.mark.slow
def test_an_intake_killed_at_any_moment_loses_and_doubles_nothing(tmp_path: Path) -> None:
    desk, usual = Desk(tmp_path / "killed"), Desk(tmp_path / "usual")
    lines = EXAMPLES.read_text(encoding="utf-8").splitlines()
    files = {f"part-{n}.jsonl": lines[n * 40 : (n + 1) * 40] for n in range(7)}
    steps = min(killed(dropped(usual, files), -1, "ingest") for _ in range(2))
    for last in spread(steps, 5):  # every file again each time, as from a source that repeats itself
        assert not killed(dropped(desk, files), last, "ingest")
        desk.counts()
    assert dropped(desk, files).types("ingest").code == 0
    assert (waiting(desk), done(desk)) == ([], sorted(files))
    counts = desk.counts()
    assert (counts["report_version"], counts["event_membership"]) == (SHIPPED, SHIPPED)
    assert set(memberships(desk).values()) == {1}


@pytest.mark.slow
def test_a_night_killed_at_any_moment_is_published_once_in_the_end(tmp_path: Path) -> None:
    desk, usual = Desk(tmp_path / "killed"), Desk(tmp_path / "usual")
    for each in (usual, desk):
        each.types("ingest", each.write("r.jsonl", report()))
    nights = [f"2025-06-{day:02}" for day in range(1, 6)]
    steps = killed(usual, -1, "run", "--as-of", CUTOFF) - 3  # it has two more than a night after killed ones
    for day, last in zip(nights, spread(steps, len(nights)), strict=True):
        assert not killed(desk, last, "run", "--as-of", day)
        desk.counts()
    for day in nights:
        (undisturbed,) = usual.types("run", "--as-of", day, "--json").json
        (document,) = desk.types("run", "--as-of", day, "--json").json
        for name in ("probabilities", "log_evidence", "events", "versions", "checks"):
            assert document[name] == undisturbed[name], name
    assert desk.rows("SELECT as_of, status FROM run ORDER BY as_of") == [(day, "published") for day in nights]
    counts = desk.counts()
    assert (counts["run_document"], counts["posterior"]) == (len(nights), 2 * len(nights))
