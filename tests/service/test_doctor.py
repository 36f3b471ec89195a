"""The doctor finds what is wrong, names it, says what to do, and ends with whether tonight will run."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py  # type: ignore[import-untyped]  # it carries no annotations
import numpy as np
import pytest

from service.doctor import compilation_cache, damage, examine
from service.finding import Finding
from service.sections import Alerts
from service.watchdog import attend
from storage.database import Database
from storage.subscribers import subscribe
from storage.vitals import server_clock
from tests.databases import POSTGRESQL
from tests.service.commands import Desk, quiet, report, vivid
from tests.service.smtp_peer import Fault, Peer
from tests.service.stations import HOUR, Station

Make = Callable[..., Station]


@pytest.fixture
def make(tmp_path: Path, database: Database, database_url: str) -> Make:
    def made(more: str = "") -> Station:
        return Station(tmp_path, database, database_url, more)

    return made


@pytest.fixture
def station(make: Make) -> Station:
    return make()


def found(station: Station, name: str) -> Finding:
    (one,) = [one for one in examine(station.service) if one.name == name]
    return one


def has_a_reader(station: Station) -> None:
    with station.service.database.session() as session:
        subscribe(session, "ana@example.org", token="t" * 32, origin="test", at=station.now)


# Mail


def test_where_nobody_is_written_to_the_mail_server_is_left_alone(station: Station) -> None:
    assert found(station, "mail") == Finding(name="mail", state="ok", text="nobody is to be written to")


@pytest.mark.parametrize("listed", ['operators = ["desk@example.org"]', ""])
def test_a_mail_server_that_answers_is_said(make: Make, listed: str) -> None:
    with Peer() as peer:
        station = make(f"[alerts]\n{listed}\n[digest]\n{peer.settings()}")
        mail = found(station, "mail")
        assert (mail.state, mail.text) == ("ok", f"127.0.0.1:{peer.port} answers, unencrypted")
        assert peer.received == []


def test_a_mail_server_that_does_not_answer_fails_where_there_are_readers(make: Make) -> None:
    with Peer() as peer:
        peer.refuse()
        station = make(f"[digest]\n{peer.settings(host='localhost')}")
        assert found(station, "mail").state == "ok"
        has_a_reader(station)
        mail = found(station, "mail")
    assert mail.state == "failed"
    assert f"localhost:{peer.port}" in mail.text
    assert mail.advice


def test_a_mail_server_that_refuses_us_fails_and_its_password_is_not_said(make: Make) -> None:
    with Peer(login=("user", "right")) as peer:
        smtp = peer.settings(username="user", password="wrong-password")  # noqa: S106 - of this test alone
        mail = found(make(f"[digest]\n{smtp}"), "mail")
    assert mail.state == "failed"
    assert "535" in mail.text
    assert "wrong-password" not in f"{mail}"


def test_a_mail_server_that_only_greets_is_no_help(make: Make) -> None:
    with Peer(Fault(at="greeting", does="554 go away")) as peer:
        assert found(make(f"[digest]\n{peer.settings()}"), "mail").state == "failed"


def test_who_is_told_of_alerts_is_said(station: Station) -> None:
    nobody = found(station, "operators")
    assert nobody.state == "warning"
    assert "nobody is told" in nobody.text
    listed = replace(station.service.configuration, alerts=Alerts(operators=("desk@example.org",)))
    station.service = replace(station.service, configuration=listed)
    assert found(station, "operators").text == "desk@example.org will be told of alerts"


@pytest.mark.parametrize(
    ("public", "state"),
    [("", "warning"), ("http://news.example.org", "warning"), ("https://news.example.org", "ok")],
)
def test_readers_need_an_https_address_to_unsubscribe_in_one_click(
    make: Make, public: str, state: str
) -> None:
    with Peer() as peer:
        stated = f'[serve]\npublic_url = "{public}"\n' if public else ""
        station = make(f"{stated}[digest]\n{peer.settings()}")
        assert found(station, "address").text == "nobody has subscribed"
        has_a_reader(station)
        assert found(station, "address").state == state


# Clocks


def test_a_clock_that_was_set_back_is_found_by_what_was_recorded_later(station: Station) -> None:
    station.received(20)
    station.now = station.now.replace(hour=8)
    back = found(station, "clock")
    assert back.state == "failed"
    assert back.text == "the newest record lies 1 h in the future: the clock was set back"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_clock_is_well_where_no_record_is_newer(station: Station) -> None:
    station.received(20)
    assert found(station, "clock").text == "it is 2026-01-20 12:00:00 UTC; no record is newer"


@pytest.mark.slow
@pytest.mark.parametrize("database_url", POSTGRESQL, indirect=True)
def test_a_clock_is_compared_with_that_of_the_server(station: Station) -> None:
    far = found(station, "clock")  # the station's stands still in January
    assert far.state == "warning"
    assert "this machine's clock and the database server's are" in far.text
    with station.service.database.reading() as session:
        station.now = server_clock(session) or station.now
    assert found(station, "clock").text.endswith("UTC; the database server's agrees")


def test_the_time_in_the_schedules_zone_is_said(make: Make) -> None:
    station = make('[schedule]\ntimezone = "Asia/Kathmandu"')
    assert found(station, "timezone").text == "in Asia/Kathmandu it is 17:45, UTC+05:45"


# The compilation cache

TELL = "from pytensor.configdefaults import config; print(config.base_compiledir)"


@pytest.mark.slow
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"PYTENSOR_FLAGS": "base_compiledir={0}/flags"},
        {"PYTENSOR_FLAGS": "floatX=float64, base_compiledir={0}/flags"},
        {"PYTENSORRC": "{0}/rc"},
        {"PYTENSORRC": "{0}/rc:{0}/none", "PYTENSOR_FLAGS": "base_compiledir={0}/flags"},
        {"PYTENSORRC": "{0}/none"},
    ],
)
def test_the_compilation_cache_is_looked_for_where_pytensor_keeps_it(
    tmp_path: Path, given: dict[str, str]
) -> None:
    (tmp_path / "rc").write_text(f"[global]\nbase_compiledir = {tmp_path}/from_rc\n", encoding="utf-8")
    without = {name: value for name, value in os.environ.items() if not name.startswith("PYTENSOR")}
    own = {name: value.format(tmp_path) for name, value in given.items()}
    environment = {**without, "HOME": str(tmp_path), **own}
    command = [sys.executable, "-c", TELL]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert compilation_cache(environment) == Path(told.stdout.strip())


def test_a_file_in_the_way_of_the_compilation_cache_is_said(
    station: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PYTENSOR_FLAGS", f"base_compiledir={tmp_path}/file/cache")
    cache = found(station, "cache")
    assert cache.state == "failed"
    assert f"{tmp_path}/file/cache" in cache.text


def test_an_empty_compilation_cache_is_said(
    station: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTENSOR_FLAGS", f"base_compiledir={tmp_path}/cache")
    assert "is empty: the next night compiles first" in found(station, "cache").text
    (tmp_path / "cache" / "numba").mkdir(parents=True)
    (tmp_path / "cache" / "numba" / "add.py313.1.nbc").touch()
    assert found(station, "cache").text == f"1 compiled functions in {tmp_path}/cache"


# Draws

NAME = "quiet/2026-01-20-0123456789abcdef.nc"


def draw(station: Station, name: str = NAME) -> Path:
    """Write draws as a night does, of a small model."""
    path = station.service.configuration.storage.draws / name
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        for group in ("posterior", "sample_stats"):
            file.create_dataset(f"{group}/volume", data=rng.normal(size=(4, 5000)), compression="gzip")
    return path


def test_draws_that_can_be_read_are_well(station: Station) -> None:
    path = draw(station)
    station.ran(20, draws=NAME)
    draws = found(station, "draws")
    assert (draws.subject, draws.state, draws.text) == ("quiet", "ok", f"{path} can be read")


def test_draws_that_are_missing_are_named(station: Station) -> None:
    station.ran(20, draws=NAME)
    missing = found(station, "draws")
    assert missing.state == "warning"
    assert missing.text == f"{station.service.configuration.storage.draws}/{NAME} is missing"


@pytest.mark.parametrize("where", [0.0, 0.3, 0.5, 0.9])
def test_draws_that_are_damaged_are_named(station: Station, where: float) -> None:
    path = draw(station)
    station.ran(20, draws=NAME)
    content = bytearray(path.read_bytes())
    start = int(where * len(content))
    content[start : start + 4096] = bytes(4096)  # a block that the disk has lost
    path.write_bytes(content)
    damaged = found(station, "draws")
    assert damaged.state == "failed"
    assert str(path) in damaged.text
    assert "back from a backup" in damaged.advice


def test_draws_that_were_cut_short_anywhere_are_damaged(tmp_path: Path, station: Station) -> None:
    content = draw(station).read_bytes()
    cut = tmp_path / "cut.nc"
    for length in range(0, len(content), len(content) // 40):
        cut.write_bytes(content[:length])
        assert damage(cut) is not None, length
    cut.write_bytes(content)
    assert damage(cut) is None


def test_a_file_that_holds_something_else_is_damaged(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "other.nc", "w") as file:
        file["weather"] = 1
    assert damage(tmp_path / "other.nc") == "it holds no posterior"


@pytest.mark.parametrize("name", ["../../posterity.db", "/etc/hostname", "quiet/../../../x.nc"])
def test_draws_that_the_store_names_elsewhere_are_not_read(station: Station, name: str) -> None:
    station.ran(20, draws=name)
    elsewhere = found(station, "draws")
    assert elsewhere.state == "failed"
    assert elsewhere.text == f"the store names draws outside their folder: {name}"


def test_draws_of_the_newest_run_and_of_what_is_in_force_are_both_read(station: Station) -> None:
    other = "quiet/2026-01-19-0123456789abcdef.nc"
    draw(station, other)
    station.ran(19, draws=other)
    station.ran(20, "held", draws=NAME)
    draws = [one for one in examine(station.service) if one.name == "draws"]
    assert [one.state for one in draws] == ["ok", "warning"]


def test_draws_that_were_not_kept_any_longer_are_not_missed(make: Make) -> None:
    station = make("[storage]\nkeep_draws_days = 5")
    station.ran(10)
    station.ran(11, "held", draws=NAME)
    assert [one.subject for one in examine(station.service) if one.name == "draws"] == []


# Alerts, and all of it


def test_open_alerts_are_listed(station: Station) -> None:
    assert found(station, "alerts").text == "none is open"
    station.is_well()
    (station.folder / "inbox").rmdir()
    attend(station.service)
    station.now += 2 * HOUR
    alerts = found(station, "alerts")
    assert (alerts.state, alerts.text) == ("warning", "open: inbox for 2 h")


@pytest.mark.slow
@pytest.mark.sqlite(reason="its database is a server that is not there")
def test_a_database_out_of_reach_leaves_what_needs_none(tmp_path: Path) -> None:
    desk = Desk(tmp_path, quiet())
    desk.configure('[storage]\nurl = "postgresql+psycopg://nobody:s3cret@/none?host=/nowhere"\n' + quiet())
    answer = desk.process("doctor", "--json")
    assert answer.code == 3
    names = [one["name"] for one in answer.json["findings"]]
    assert names == ["database", "disk", "operators", "timezone", "cache"]
    assert "s3cret" not in answer.out + answer.err
    assert answer.json["tonight"].startswith("whether tonight will run cannot be said")


def test_a_new_desk_is_warned_and_nothing_has_failed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.types("migrate").code == 0
    answer = desk.types("doctor")
    assert (answer.code, answer.err) == (0, "")
    assert "✗" not in answer.out
    assert "! warning" in answer.out
    assert answer.out.endswith("\ntonight will NOT run: no scheduler is running\n")


def test_what_has_failed_is_the_exit_code(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.types("run", "--as-of", "2025-06-30")
    answer = desk.types("doctor")
    assert answer.code == 1
    (stale,) = [line for line in answer.out.splitlines() if "✗ failed" in line]
    assert "forecast quiet" in stale
    assert "more than 3 d" in stale


def test_json_holds_every_finding(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.types("migrate")
    answer = desk.types("doctor", "--json").json
    assert set(answer) == {"findings", "tonight"}
    assert {tuple(one) for one in answer["findings"]} == {("name", "subject", "state", "text", "advice")}
    assert answer["tonight"] == next(one["text"] for one in answer["findings"] if one["name"] == "tonight")


@pytest.mark.sqlite(reason="a server's tables are migrated by hand anyway")
def test_looking_migrates_nothing_and_makes_no_database(tmp_path: Path) -> None:
    desk = Desk(tmp_path, bare=True)
    assert desk.types("doctor").code == 3
    assert not desk.database.exists()


@pytest.mark.slow
@pytest.mark.sqlite(reason="it is about files, and samples")
def test_the_draws_of_a_real_night_are_read_and_their_damage_is_found(tmp_path: Path) -> None:
    desk = Desk(tmp_path, vivid())
    desk.write("inbox/r.jsonl", report())
    assert desk.types("run", "--as-of", "2025-06-30").code == 0
    (path,) = (tmp_path / "var" / "draws").rglob("*.nc")
    assert damage(path) is None
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    answer = desk.types("doctor", "--json")
    assert answer.code == 1
    (draws,) = [one for one in answer.json["findings"] if one["name"] == "draws"]
    assert draws["state"] == "failed"
    assert str(path) in draws["text"]
