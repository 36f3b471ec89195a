"""Steps in processes of their own: what they answer, how they are stopped, and who may write."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from service.composition import Service, opened
from service.steps import Processes, Stopped
from storage.leases import Tenure, take
from tests.service.commands import CUTOFF, Desk, report

pytestmark = pytest.mark.slow

LONG = timedelta(minutes=2)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


@pytest.fixture
def service(desk: Desk) -> Iterator[Service]:
    with opened(desk.folder / "config.toml") as service:
        yield service


@pytest.fixture
def token(service: Service) -> int:
    return lead(service).token


def lead(service: Service, lasts: timedelta = LONG) -> Tenure:
    with service.database.session() as session:
        taken = take(session, "test:1", at=service.clock() + timedelta(days=1), lasts=lasts)
    assert taken is not None
    return taken


def processes(desk: Desk, limit: timedelta = LONG) -> Processes:
    return Processes(desk.folder / "config.toml", limit)


def children() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if "service.worker" in child.cmdline():
                found.append(child)
    return found


def test_intake_takes_in_the_inbox(desk: Desk, token: int) -> None:
    desk.write("inbox/r.jsonl", report("a"), report("b"), '{"id": "bad"}')
    result = processes(desk).run(token, ["intake"])
    assert result.outcome == "done"
    assert "2 accepted" in result.detail
    assert "1 refused" in result.detail
    assert desk.counts()["report_version"] == 2


def test_an_inbox_that_is_missing_may_be_there_later(desk: Desk, token: int) -> None:
    desk.inbox.rmdir()
    result = processes(desk).run(token, ["intake"])
    assert (result.outcome, result.again) == ("failed", True)
    assert "create it, or correct [ingest] drop_folder" in result.detail


def test_an_update_publishes_and_announces(desk: Desk, token: int) -> None:
    result = processes(desk).run(token, ["update", "quiet", CUTOFF, "announced"])
    assert (result.outcome, result.detail) == ("done", "published, run 1")
    assert (desk.counts()["run"], desk.counts()["announcement"]) == (1, 1)
    again = processes(desk).run(token, ["update", "quiet", CUTOFF, "announced"])
    assert (again.outcome, again.detail) == ("done", "unchanged, run 1")


def test_an_update_that_can_never_succeed_is_not_worth_another_try(desk: Desk, token: int) -> None:
    result = processes(desk).run(token, ["update", "unknown", CUTOFF, "announced"])
    assert (result.outcome, result.again) == ("failed", False)
    assert "no forecast is called 'unknown'" in result.detail


def test_whoever_has_lost_the_lease_writes_nothing(desk: Desk, service: Service, token: int) -> None:
    with service.database.session() as session:
        assert take(session, "other:2", at=service.clock() + timedelta(days=9), lasts=LONG) is not None
    result = processes(desk).run(token, ["update", "quiet", CUTOFF, "announced"])
    assert result.outcome == "failed"
    assert "another process has taken over" in result.detail
    assert desk.counts()["run"] == 0


def test_a_step_that_takes_too_long_is_stopped(desk: Desk, token: int) -> None:
    result = processes(desk, timedelta(milliseconds=50)).run(token, ["update", "quiet", CUTOFF, "announced"])
    assert (result.outcome, result.again) == ("failed", True)
    assert "stopped after its time limit" in result.detail
    assert children() == []
    assert desk.counts()["run"] == 0


def test_a_step_that_was_killed_says_so_and_may_be_done_again(desk: Desk, token: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(processes(desk).run, token, ["update", "quiet", CUTOFF, "announced"])
        wait_for_a_child().kill()
        result = running.result()
    assert (result.outcome, result.again) == ("failed", True)
    assert "was ended by signal 9" in result.detail
    assert processes(desk).run(token, ["update", "quiet", CUTOFF, "announced"]).outcome == "done"


def test_stopping_ends_what_runs(desk: Desk, token: int) -> None:
    ours = processes(desk)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ours.run, token, ["update", "quiet", CUTOFF, "announced"])
        wait_for_a_child()
        ours.stop()
        with pytest.raises(Stopped):
            running.result()
    assert children() == []
    with pytest.raises(Stopped):
        ours.run(token, ["intake"])


def test_a_worker_ends_when_its_scheduler_does(desk: Desk, token: int) -> None:
    command = [sys.executable, "-m", "service.worker", f"{desk.folder}/config.toml", str(token)]
    with subprocess.Popen(
        [*command, "update", "quiet", CUTOFF, "announced"], stdin=subprocess.PIPE
    ) as worker:
        assert worker.stdin is not None
        worker.stdin.close()  # as the system does when a process is killed
        assert worker.wait(60) == 1
    assert desk.counts()["run"] == 0


def wait_for_a_child() -> psutil.Process:
    for _ in range(1000):
        if found := children():
            return found[0]
        time.sleep(0.01)
    raise AssertionError("no step was started")
