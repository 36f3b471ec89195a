"""`posterity schedule` as an operator meets it: real processes, real time, nothing in the way."""

import json
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psutil
import pytest

from service.composition import Service, opened
from storage.jobs import START, Task, end, start
from storage.leases import tenure
from tests.service import feeds
from tests.service.commands import PROGRAM, Desk, quiet, report

pytestmark = pytest.mark.slow
of_time = pytest.mark.sqlite("it is about what is done when; leases are tested on both")

PATIENCE = 240.0  # seconds; other programs may need the machine too
JUST = timedelta(minutes=2)


def forecasts(*ids: str) -> str:
    """Forecasts that run now."""
    now = datetime.now(UTC).date()
    opened_on, horizon = now - timedelta(days=100), now + timedelta(days=100)
    stated = "".join(map(quiet, ids))
    return stated.replace("2025-01-01", str(opened_on)).replace("2025-12-31", str(horizon))


def configuration(*ids: str, nightly: datetime, **schedule: object) -> str:
    keys = {"nightly": f"{nightly:%H:%M}", "lease_seconds": 5, **schedule}
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in keys.items())
    return f"[schedule]\n{lines}\n{forecasts(*ids)}"


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def tonight(now: datetime) -> date:
    """The day whose night has just become due."""
    return (now - JUST).date()


@pytest.fixture
def desk(tmp_path: Path, now: datetime) -> Desk:
    """A desk at which a scheduler worked until some days ago: last night, and those before it, are owed."""
    return Desk(tmp_path / "desk", configuration("one", nightly=now - JUST))


def begun(desk: Desk, at: datetime) -> None:
    with looked(desk) as service, service.database.session() as session:
        end(session, start(session, Task(START, "x"), token=0, at=at), "done", at=at)


@contextmanager
def looked(desk: Desk) -> Iterator[Service]:
    with opened(desk.folder / "config.toml") as service:
        yield service


@contextmanager
def scheduler(desk: Desk, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    log = (desk.folder / "log").open("ab")
    command = [PROGRAM, "schedule", "--log", "json"]
    with log, subprocess.Popen(command, cwd=desk.folder, stdout=log, stderr=log) as process:
        del more
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def until(happened: Callable[[], bool], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def nights(desk: Desk) -> dict[str, str]:
    """The outcome of each night that ended."""
    found = desk.rows("SELECT due, outcome FROM job WHERE job = 'night' AND step = '' ORDER BY id")
    return {due: outcome for due, outcome in found if outcome}


def log(desk: Desk) -> list[dict[str, object]]:
    lines = (desk.folder / "log").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def holder(desk: Desk) -> str:
    with looked(desk) as service, service.database.reading() as session:
        found = tenure(session)
    return found.holder if found else ""


def test_a_night_that_is_due_is_done_and_the_process_ends_when_it_is_told(
    desk: Desk, now: datetime, tonight: date
) -> None:
    begun(desk, now - timedelta(hours=3))
    desk.write("inbox/r.jsonl", report("a", str(tonight)))
    with scheduler(desk) as process:
        until(lambda: bool(nights(desk)))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert nights(desk) == {str(tonight): "done"}
    assert holder(desk) == ""
    assert desk.rows("SELECT forecast_id, as_of, status FROM run") == [("one", str(tonight), "published")]
    assert desk.rows("SELECT report_id FROM report_version") == [("a",)]
    happened = [line["event"] for line in log(desk)]
    assert (happened[0], happened[-1]) == ("scheduler started", "scheduler stopped")


@of_time
def test_missed_nights_are_made_up_for_the_newest_first_each_for_its_own_cutoff(
    desk: Desk, now: datetime, tonight: date
) -> None:
    begun(desk, now - timedelta(days=2, hours=12))
    with scheduler(desk):
        until(lambda: len(nights(desk)) == 3)
    days = [str(tonight - timedelta(days=back)) for back in (0, 2, 1)]
    assert list(nights(desk)) == days
    assert [as_of for (as_of,) in desk.rows("SELECT as_of FROM run ORDER BY id")] == days
    assert desk.rows("SELECT as_of FROM announcement") == [(days[0],)]


def test_of_two_schedulers_one_works_and_the_other_takes_over_when_it_is_killed(
    desk: Desk, now: datetime, tonight: date
) -> None:
    begun(desk, now - timedelta(hours=3))
    with scheduler(desk) as one, scheduler(desk) as other:
        until(lambda: bool(nights(desk)))
        leader = int(holder(desk).rsplit(":", 1)[1])
        assert leader in {one.pid, other.pid}
        (one if one.pid == leader else other).kill()
        rest = other.pid if one.pid == leader else one.pid
        until(lambda: holder(desk).endswith(f":{rest}"), 60)
    assert nights(desk) == {str(tonight): "done"}
    assert desk.counts()["run"] == 1


def pause(process: subprocess.Popen[bytes], desk: Desk) -> bool:
    """Stop a process; not while it writes, for then nobody writes to its SQLite file until it goes on."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)
    if not desk.is_sqlite or is_writable(desk.database):
        return True
    process.send_signal(signal.SIGCONT)
    return False


def is_writable(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
    return True


def test_a_leader_that_is_paused_is_replaced_and_knows_it_afterwards(desk: Desk, now: datetime) -> None:
    begun(desk, now)
    with scheduler(desk) as one:
        until(lambda: holder(desk).endswith(f":{one.pid}"))
        until(lambda: pause(one, desk))
        with scheduler(desk) as other:
            until(lambda: holder(desk).endswith(f":{other.pid}"), 60)
            one.send_signal(signal.SIGCONT)
            time.sleep(3)
            assert holder(desk).endswith(f":{other.pid}")
            assert one.poll() is None


@of_time
def test_reports_put_into_the_inbox_are_taken_in_before_the_next_night(
    desk: Desk, now: datetime, tonight: date
) -> None:
    begun(desk, now)
    desk.configure(configuration("one", nightly=now + timedelta(hours=6), inbox="1m"))
    desk.write("inbox/r.jsonl", report("a", str(tonight)))
    with scheduler(desk):
        until(lambda: desk.counts()["report_version"] == 1)
    assert nights(desk) == {}


@of_time
def test_each_source_is_polled_when_its_time_has_come(desk: Desk, now: datetime, tonight: date) -> None:
    begun(desk, now)
    desk.configure(watched(nightly=now + timedelta(hours=6)))
    feeds.write(desk.folder, dated(tonight))
    with scheduler(desk):
        until(lambda: desk.counts()["report_version"] == 1)
    assert set(desk.rows("SELECT source FROM source_poll")) == {("wire",), ("gone",)}
    assert nights(desk) == {}


@of_time
def test_a_source_in_trouble_stops_no_night_and_ends_observation(
    desk: Desk, now: datetime, tonight: date
) -> None:
    desk.configure(watched(nightly=now - JUST))
    begun(desk, now - timedelta(hours=3))
    feeds.write(desk.folder, dated(tonight))
    with scheduler(desk):
        until(lambda: bool(nights(desk)))
    assert nights(desk) == {str(tonight): "done"}
    assert desk.rows("SELECT report_id FROM report_version") == [("wire:a",)]
    (detail,) = desk.rows("SELECT detail FROM job WHERE step = 'poll' ORDER BY id DESC LIMIT 1")
    assert "gone: 0 accepted" in str(detail)
    assert "gone.xml: cannot be read" in str(detail)
    (run,) = desk.types("history", "one", "--json").json
    assert run["observed_until"] == str(now.date() - timedelta(days=100))  # one source never answered
    assert run["unobserved_days"] >= 99


def watched(nightly: datetime) -> str:
    """A configuration with a feed and one that is gone."""
    tables = "".join(
        f'[[sources]]\nid = "{one}"\nkind = "rss"\npath = "{file}.xml"\n'
        for one, file in (("wire", "news"), ("gone", "gone"))
    )
    rule = '[[rules]]\ntag = "deal"\ncountries = ["PE"]\nall_of = ["sign*"]\n'
    return tables + rule + configuration("one", nightly=nightly)


def dated(day: date) -> feeds.Entry:
    return feeds.entry(pubDate=f"{day:%d %b %Y} 00:00:00 GMT")


@of_time
def test_a_night_whose_inbox_is_gone_fails_and_publishes_nothing(
    desk: Desk, now: datetime, tonight: date
) -> None:
    desk.configure(configuration("one", nightly=now - JUST, attempts=1))
    begun(desk, now - timedelta(hours=3))
    desk.inbox.rmdir()
    with scheduler(desk):
        until(lambda: bool(nights(desk)))
    assert nights(desk) == {str(tonight): "failed"}
    assert desk.counts()["run"] == 0
    (detail,) = desk.rows("SELECT detail FROM job WHERE job = 'night' AND step = ''")
    assert "create it, or correct [ingest] drop_folder" in str(detail)


@of_time
def test_list_shows_what_runs_when_and_that_tonight_will_not_run_without_a_scheduler(desk: Desk) -> None:
    answer = desk.types("schedule", "--list")
    assert answer.code == 0
    words = [line.split()[0] for line in answer.out.splitlines() if line.strip()]
    assert [one for one in words if one in {"night", "digest", "inbox", "outbox", "watch"}] == [
        "night",
        "digest",
        "inbox",
        "outbox",
        "watch",
    ]
    assert "tonight will NOT run: no scheduler is running" in answer.out


@of_time
def test_list_says_when_tonight_runs_while_a_scheduler_is_alive(desk: Desk, now: datetime) -> None:
    begun(desk, now)
    with scheduler(desk) as process:
        until(lambda: holder(desk).endswith(f":{process.pid}"))
        answer = desk.types("schedule", "--list", "--json")
    assert answer.code == 0
    assert answer.json["tonight"].startswith("tonight runs at ")
    assert [one["job"] for one in answer.json["jobs"]] == ["night", "digest", "inbox", "outbox", "watch"]


def test_a_scheduler_that_is_killed_takes_its_worker_with_it(desk: Desk, now: datetime) -> None:
    begun(desk, now - timedelta(hours=3))
    with scheduler(desk) as process:
        until(lambda: bool(workers(process)))
        (worker, *_) = workers(process)
        process.kill()
        until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE, 30)


def workers(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return [one for one in psutil.Process(process.pid).children() if "service.worker" in one.cmdline()]
