"""Health: it lives whatever happens, and is ready only where nights will run."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from service.composition import Service
from service.web import create_app
from storage.database import Database, open_database
from tests.databases import POSTGRESQL
from tests.service.browsing import Browser, afar, bearer, near
from tests.service.stations import DAY, Station


@pytest.fixture
def station(tmp_path: Path, database: Database, database_url: str) -> Station:
    return Station(tmp_path, database, database_url)


def states(browser: Browser, status: int, **options: object) -> dict[str, str]:
    """What is found, by name, where an answer has this status."""
    answer = browser.gets("/health/ready", **options)
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == ("ready" if status == 200 else "not ready")
    return {one["name"]: one["state"] for one in answer.json()["findings"]}


def test_it_is_ready_where_everything_is_as_it_should(station: Station) -> None:
    station.is_well()
    found = states(near(station.service), 200)
    assert found == {"database": "ok", "migrations": "ok", "scheduler": "ok", "night": "ok"}


def test_a_warning_leaves_it_ready(station: Station) -> None:
    assert states(near(station.service), 200)["scheduler"] == "warning"


def test_a_scheduler_that_died_makes_it_unready(station: Station) -> None:
    station.is_well()
    station.now += DAY / 24
    assert states(near(station.service), 503)["scheduler"] == "failed"


def test_a_night_that_failed_makes_it_unready_and_says_what_to_do(station: Station) -> None:
    station.is_well()
    station.night(20, "failed", "PyMC did not converge")
    answer = near(station.service).gets("/health/ready")
    assert answer.status_code == 503
    (night,) = (one for one in answer.json()["findings"] if one["name"] == "night")
    assert "PyMC did not converge" in night["text"]
    assert night["advice"]


def test_a_stranger_is_told_names_and_states_and_no_more(station: Station) -> None:
    station.is_well()
    station.now += DAY
    for browser, headers in (
        (afar(station.service), {}),
        (afar(station.service), {"Authorization": "Bearer x"}),
    ):
        answer = browser.gets("/health/ready", headers=headers)
        assert answer.status_code == 503
        assert {name for one in answer.json()["findings"] for name in one} == {"name", "state"}
        assert str(station.folder) not in answer.text


def test_who_has_a_key_to_read_is_told_all_from_afar(station: Station) -> None:
    station.is_well()
    station.now += DAY
    answer = afar(station.service).gets("/health/ready", headers=bearer(station.service, "read"))
    assert answer.status_code == 503
    assert all(one["text"] for one in answer.json()["findings"])


def test_a_feeders_key_tells_no_more_than_none(station: Station) -> None:
    answer = afar(station.service).gets("/health/ready", headers=bearer(station.service, "ingest"))
    assert answer.status_code == 200
    assert "text" not in answer.text


def test_tables_of_another_release_make_it_unready(station: Station) -> None:
    station.is_well()
    with station.service.database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert states(near(station.service), 503) == {"database": "ok", "migrations": "failed"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_file_that_is_gone_makes_it_unready_and_leaves_it_alive(station: Station) -> None:
    browser = near(station.service)
    assert states(browser, 200)
    station.service.database.close()
    for file in station.folder.glob("posterity.db*"):
        file.unlink()
    assert states(browser, 503) == {"database": "failed"}
    assert states(afar(station.service), 503) == {"database": "failed"}
    assert browser.gets("/health/live").json() == {"status": "ok"}
    assert list(station.folder.glob("posterity.db*")) == [], "looking at it made no empty database"


@pytest.fixture
def gone(tmp_path: Path, database: Database, database_url: str) -> Iterator[Service]:
    """A service whose database's server can not be reached."""
    with open_database(f"postgresql+psycopg://u:hunter2@/x?host={tmp_path}/nowhere") as nowhere:
        station = Station(tmp_path, database, database_url)
        yield Service(
            configuration=station.service.configuration, database=nowhere, clock=station.service.clock
        )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_server_that_is_gone_is_unavailable_and_never_a_fault(gone: Service, tmp_path: Path) -> None:
    for browser in (near(gone), afar(gone)):
        assert states(browser, 503) == {"database": "failed"}
        assert browser.gets("/health/live").status_code == 200
        for path in ("/metrics", "/api/v1/subscribers", "/unsubscribe/token"):
            answer = browser.gets(path, headers={"Authorization": "Bearer pk_x"})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
            assert "hunter2" not in answer.text
    assert str(tmp_path) in near(gone).gets("/metrics").text
    assert str(tmp_path) not in afar(gone).gets("/metrics", headers={"Authorization": "Bearer x"}).text


@pytest.mark.slow
@pytest.mark.parametrize("database_url", POSTGRESQL, indirect=True)
def test_a_database_that_hangs_is_not_waited_for_and_hinders_nobody_else(station: Station) -> None:
    browser = near(station.service)
    hanging = station.service.database.engine.connect()
    hanging.execute(text("LOCK TABLE job, run, lease IN ACCESS EXCLUSIVE MODE"))
    asking = [threading.Thread(target=browser.gets, args=("/health/ready",)) for _ in range(5)]
    for one in asking:
        one.start()
    answer = browser.gets("/health/ready")
    assert answer.status_code == 503
    assert "no answer within 5 s" in answer.text
    assert browser.gets("/metrics").status_code == 503
    assert browser.gets("/health/live").status_code == 200
    for one in asking:
        one.join()
    hanging.rollback()
    hanging.close()
    station.is_well()
    assert states(browser, 200)["scheduler"] == "ok", "once it answers again, so do we"


def test_a_database_that_answers_again_is_ready_again(station: Station) -> None:
    app = create_app(station.service, local=True)
    station.night(20, "failed")
    station.began(station.now - 10 * DAY)
    assert Browser(app).gets("/health/ready").status_code == 503
    station.night(20, "done")
    station.works()
    assert Browser(app).gets("/health/ready").status_code == 200
