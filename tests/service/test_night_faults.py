"""Nights under faults: what fails is told and made up for, and nothing is published twice or lost."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from model.update import Effort, update
from service import watchdog
from service.composition import opened
from service.digest import edition
from service.owed import Worker, work
from service.worker import do_step
from storage.alerts import open_alerts
from storage.jobs import NIGHT, START, Task, end, latest, start
from storage.leases import take
from tests.databases import Server, served
from tests.service.commands import Desk, report, vivid
from tests.service.test_scheduler import JUST, begun, configuration, nights, scheduler, until

ROOT = Path(__file__).parents[2]
TOO_FEW = (Effort(draws=20, tune=200), Effort(draws=30, tune=200))
NOON = datetime(2025, 6, 30, 12, 0, tzinfo=UTC)  # a Monday

pytestmark = pytest.mark.slow


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits that are given so few draws that no gate can let them pass."""
    assert update.__kwdefaults__ is not None
    monkeypatch.setitem(update.__kwdefaults__, "attempts", TOO_FEW)


@pytest.mark.usefixtures("hurried")
def test_a_night_in_which_pymc_does_not_converge_is_held_told_and_said_in_the_digest(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", '[alerts]\noperators = ["ops@example.org"]\n' + vivid())
    desk.types("ingest", desk.write("r.jsonl", report("a", "2025-06-01")))
    path = desk.folder / "config.toml"
    with opened(path, clock=lambda: NOON) as service:
        with service.database.session() as session:
            began = NOON - timedelta(hours=12)
            end(session, start(session, Task(START, "x"), token=0, at=began), "done", at=began)
            lead = take(session, "test:1", at=NOON, lasts=timedelta(hours=1))
        assert lead is not None

        def here(token: int, words: object) -> object:
            return do_step(path, token, words, clock=lambda: NOON)  # type: ignore[arg-type]  # words

        work(Worker(service=service, token=lead.token, run=here, stopping=Event()))  # type: ignore[arg-type]  # the same
        raised = watchdog.attend(service)
        with service.database.reading() as session:
            night = latest(session, NIGHT)
            alerts = {one.kind for one in open_alerts(session)}
        said = edition(service, "2025-W27", NOON)
    assert night is not None
    assert night.outcome == "held"
    assert "ess_bulk" in night.detail
    assert "night" in alerts
    assert raised
    assert "held" in str(said["forecasts"][0])
    assert [status for (status,) in desk.rows("SELECT status FROM run")] == ["held"]
    assert desk.rows("SELECT as_of FROM announcement") == []


@pytest.mark.sqlite("it has a server of its own")
def test_a_server_that_is_gone_for_a_while_delays_a_night_and_costs_nothing(
    tmp_path: Path, server_of_its_own: Server
) -> None:
    now = datetime.now(UTC)
    url = server_of_its_own.url(server_of_its_own.create())
    stated = f'[storage]\nurl = "{url}"\n' + configuration("one", nightly=now - JUST)
    desk = Desk(tmp_path / "desk", stated)
    desk.url = url
    assert desk.process("migrate").code == 0
    begun(desk, now - timedelta(hours=3))
    desk.write("inbox/r.jsonl", report("a", str(now.date())))
    server_of_its_own.stop("fast")
    with scheduler(desk) as process:
        until(lambda: "job failed" in (desk.folder / "log").read_text(encoding="utf-8"))
        assert process.poll() is None
        server_of_its_own.restart()
        until(lambda: bool(nights(desk)))
    assert list(nights(desk).values()) == ["done"]
    assert desk.rows("SELECT status FROM run") == [("published",)]
    assert desk.rows("SELECT report_id FROM report_version") == [("a",)]


@pytest.mark.sqlite("a server has a disk of its own")
def test_a_disk_that_is_full_delays_a_night_until_there_is_room(tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system lets us mount no disk")
    try:
        _full(Desk(place / "desk", configuration("one", nightly=datetime.now(UTC) - JUST)), place / "filling")
    finally:
        subprocess.run(["umount", place], capture_output=True, check=False)


def _full(desk: Desk, filling: Path) -> None:
    begun(desk, datetime.now(UTC) - timedelta(hours=3))
    desk.write("inbox/r.jsonl", report("a", str(datetime.now(UTC).date())))
    log = desk.folder / "log"
    log.symlink_to(desk.folder.parents[1] / "log")
    with suppress(OSError), filling.open("wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 1000)
    with scheduler(desk) as process:
        until(lambda: "posterity.db is on a disk that" in log.read_text(encoding="utf-8"))
        assert process.poll() is None
        filling.unlink()
        until(lambda: bool(nights(desk)))
    assert list(nights(desk).values()) == ["done"]
    assert desk.counts()["run"] == desk.counts()["report_version"] == 1


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.sqlite("it makes databases of its own")
def test_a_schedulers_work_may_be_killed_anywhere_and_done_again(database: str) -> None:
    """A bounded sample; `benchmarks.kills` tries hundreds."""
    command = [sys.executable, "-m", "benchmarks.kills", "--trials", "3", "--database", database]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 kills" in done.stdout
    assert "wrong: 0" in done.stdout


@pytest.fixture
def server_of_its_own() -> Iterator[Server]:
    with served() as server:
        if server is None:
            pytest.skip("no PostgreSQL server is installed here")
        yield server
