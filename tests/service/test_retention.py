"""Old draws are deleted, and nothing else is, whoever tempts."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from model.errors import Unavailable
from service.composition import opened, utc_now
from service.retention import Cleared, clear
from storage.database import Database
from storage.draws_kept import draws_in_force, draws_of
from storage.runs import Status, store_run
from tests.service.commands import Desk, report, vivid
from tests.service.stations import DAY, HOUR, NOON, Station
from tests.storage.samples import moment, run
from tests.storage.test_query_plans import SCANNED, plans

KEEP = 90

Make = Callable[..., Station]


@pytest.fixture
def make(tmp_path: Path, database: Database, database_url: str) -> Make:
    def made(keep: int = KEEP) -> Station:
        return Station(tmp_path, database, database_url, f"[storage]\nkeep_draws_days = {keep}")

    return made


@pytest.fixture
def station(make: Make) -> Station:
    return make()


def name(as_of: date) -> str:
    return f"quiet/{as_of}-{0:016x}.nc"


def put(station: Station, relative: str, *, age: timedelta = timedelta(0), size: int = 10) -> Path:
    """Put a file into the folder of the draws."""
    path = station.service.configuration.storage.draws / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"d" * size)
    changed = (station.now - age).timestamp()
    os.utime(path, (changed, changed))
    return path


def ran(station: Station, as_of: date, status: Status = "published") -> Path:
    """Store a run with draws, of that day's night."""
    station.ran_on(as_of, status, draws=name(as_of))
    return put(station, name(as_of))


def days_ago(days: int) -> date:
    return (NOON - timedelta(days=days)).date()


def test_draws_are_kept_for_so_many_days(station: Station) -> None:
    old, young, newest = (ran(station, days_ago(days)) for days in (91, 89, 0))
    assert clear(station.service) == Cleared(files=1, bytes=10)
    assert not old.exists()
    assert young.exists()
    assert newest.exists()
    assert clear(station.service) == Cleared()


def test_the_draws_of_what_is_in_force_are_kept_however_old(make: Make) -> None:
    station = make(keep=0)
    old, in_force = ran(station, days_ago(300)), ran(station, days_ago(200))
    held = ran(station, days_ago(199), status="held")
    assert clear(station.service).files == 2
    assert (old.exists(), in_force.exists(), held.exists()) == (False, True, False)


def test_draws_that_a_younger_run_shares_are_kept(station: Station) -> None:
    shared = ran(station, days_ago(200))
    with station.service.database.session() as session:
        again = run(forecast_id="quiet", as_of=days_ago(200), draws=name(days_ago(200)), supersedes=1)
        store_run(session, again)  # with other inputs between them, recorded ten days ago
    ran(station, days_ago(0))
    assert clear(station.service) == Cleared()
    assert shared.exists()


def test_drafts_that_killed_runs_left_are_deleted_after_a_day(station: Station) -> None:
    old = put(station, f"{name(days_ago(1))[:-3]}.4711.tmp", age=DAY + HOUR, size=7)
    young = put(station, f"{name(days_ago(0))[:-3]}.4711.tmp", age=DAY - HOUR)
    assert clear(station.service) == Cleared(files=1, bytes=7)
    assert (old.exists(), young.exists()) == (False, True)


@pytest.mark.parametrize(
    "foreign",
    [
        "quiet/notes.nc",
        "quiet/2025-01-01-0000000000000000.nc.bak",
        "quiet/2025-01-01-000000000000000g.nc",
        "quiet/2025-13-41-0000000000000000.nc",
        "quiet/report.tmp",
        "quiet/.2025-01-01-0000000000000000.4711.tmp",
        "quiet/2025-01-01-0000000000000000.nc",  # of no run
        "quiet/deeper/2025-01-01-0000000000000000.nc",
        "2025-01-01-0000000000000000.nc",
        "Quiet/2025-01-01-0000000000000000.4711.tmp",
    ],
)
def test_files_that_are_not_ours_are_left_alone(station: Station, foreign: str) -> None:
    path = put(station, foreign, age=400 * DAY)
    ran(station, days_ago(0))
    assert clear(station.service) == Cleared()
    assert path.exists()


def test_links_are_neither_followed_nor_deleted(station: Station, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    station.ran_on(days_ago(200), draws=name(days_ago(200)))
    station.ran_on(days_ago(201), draws=name(days_ago(201)))
    ran(station, days_ago(0))
    target = elsewhere / Path(name(days_ago(200))).name
    target.write_bytes(b"mine")
    draws = station.service.configuration.storage.draws
    (draws / name(days_ago(201))).symlink_to(target)
    (draws / "linked").symlink_to(elsewhere)
    assert clear(station.service) == Cleared()
    assert target.read_bytes() == b"mine"
    assert (draws / name(days_ago(201))).is_symlink()


@pytest.mark.parametrize("named", ["../../posterity.db", "/etc/passwd", "quiet/../../config.toml", "quiet"])
def test_a_name_in_the_store_leads_nowhere_else(station: Station, named: str) -> None:
    ran(station, days_ago(0))
    station.ran_on(days_ago(200), draws=named)
    before = sorted(station.folder.rglob("*"))
    assert clear(station.service) == Cleared()
    assert sorted(station.folder.rglob("*")) == before


def test_a_folder_that_is_not_there_yet_holds_nothing(station: Station) -> None:
    assert clear(station.service) == Cleared()


def test_draws_of_a_forecast_that_is_no_longer_configured_grow_old_too(station: Station) -> None:
    gone = "gone/2025-01-01-0000000000000000.nc"
    records = [
        run(forecast_id="gone", as_of=date(2025, 1, day), recorded_at=NOON - 300 * DAY, draws=draws)
        for day, draws in ((1, gone), (2, "gone/2025-01-02-0000000000000000.nc"))
    ]
    with station.service.database.session() as session:
        for record in records:
            store_run(session, record)
    old, in_force = put(station, gone), put(station, "gone/2025-01-02-0000000000000000.nc")
    assert clear(station.service).files == 1
    assert (old.exists(), in_force.exists()) == (False, True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may delete everywhere")
def test_what_may_not_be_deleted_is_said(station: Station) -> None:
    old = ran(station, days_ago(200))
    ran(station, days_ago(0)).parent.chmod(0o500)
    with pytest.raises(Unavailable, match="old draws cannot be deleted"):
        clear(station.service)
    assert old.exists()


def test_a_folder_that_is_a_file_is_said(station: Station) -> None:
    draws = station.service.configuration.storage.draws
    draws.parent.mkdir(parents=True, exist_ok=True)
    draws.write_text("in the way", encoding="utf-8")
    with pytest.raises(Unavailable, match="cannot be read"):
        clear(station.service)


KILLED = """
import os, sys
from datetime import datetime, UTC
from pathlib import Path
from service.composition import opened
from service.composition import opened, utc_now
from service.retention import clear

left = int(sys.argv[2])
unlink = Path.unlink

def count_down(self, missing_ok=False):
    global left
    if left == 0:
        os.kill(os.getpid(), 9)
    left -= 1
    unlink(self, missing_ok)

Path.unlink = count_down
with opened(Path(sys.argv[1]), clock=lambda: datetime(2026, 1, 20, 12, tzinfo=UTC)) as service:
    clear(service)
"""


@pytest.mark.slow
def test_it_may_be_killed_anywhere_and_done_again(station: Station) -> None:
    old = [ran(station, days_ago(days)) for days in range(91, 99)]
    newest = ran(station, days_ago(0))
    for left in (0, 3):
        command = [sys.executable, "-c", KILLED, str(station.folder / "config.toml"), str(left)]
        assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
        assert newest.exists()
    assert sum(path.exists() for path in old) == 5
    assert clear(station.service).files == 5
    assert not any(path.exists() for path in old)
    assert newest.exists()


@pytest.mark.slow
@pytest.mark.sqlite("it is about files")
def test_what_a_night_wrote_is_found_again_by_its_name(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "desk", vivid())
    desk.write("inbox/r.jsonl", report())
    for day in ("2025-04-30", "2025-06-30"):
        assert desk.types("run", "--as-of", day).code == 0
    draws = sorted((desk.folder / "var" / "draws").rglob("*.nc"))
    assert len(draws) == 2
    with opened(desk.folder / "config.toml", clock=lambda: utc_now() + timedelta(days=91)) as service:
        assert clear(service).files == 1
    assert [path.exists() for path in draws] == [False, True]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_draws_are_looked_up_and_no_run_is_scanned(database: Database) -> None:
    with database.session() as session:
        for day in range(1, 29):
            store_run(session, run(as_of=date(2026, 1, day), recorded_at=moment(day), draws=f"rla/{day}"))
    for query in (
        lambda session: draws_of(session, "rla", [date(2026, 1, 3), date(2026, 1, 4)]),
        lambda session: draws_in_force(session, "rla"),
    ):
        assert not SCANNED.search(plans(database, query))


def test_of_runs_that_share_draws_the_newest_counts(database: Database) -> None:
    with database.session() as session:
        store_run(session, run(recorded_at=moment(10)))
        store_run(session, run(recorded_at=moment(12), supersedes=1))
        store_run(session, run(as_of=date(2026, 1, 11), draws=None))
        found = draws_of(session, "rla", [date(2026, 1, 10), date(2026, 1, 11)])
    assert found == {"draws/1.nc": moment(12)}
    assert isinstance(found["draws/1.nc"], datetime)
