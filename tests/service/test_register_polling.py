"""The trade register in the service: polled, filed, amended; the real one where it is there."""

from pathlib import Path

import pytest

from service.polling import Polled, chosen, polled
from storage.database import Database
from storage.polls import cursor_of
from storage.reports import list_reports
from tests.ingest.registers import EIGHT, LATIN, PREAMBLE, REAL, RUSSIAN, cells, export
from tests.service.stations import DAY, Station

TWICE = (cells(), cells(delivery_year="2012", numbers_delivered="3"))
CONFIGURED = """
[[sources]]
id = "sipri"
kind = "register"
path = "trade-register.csv"
orders = "arms_order"
deliveries = "delivery"
recipients = ["PE", "BO", "NI", "VE", "BR", "CL", "CO", "MX"]
"""


@pytest.fixture
def station(tmp_path: Path, database: Database, database_url: str) -> Station:
    return Station(tmp_path, database, database_url, CONFIGURED)


def write(station: Station, *rows: list[str], made: str = "3 Jan 2025") -> None:
    preamble = (PREAMBLE[0], f"Data generated: {made} 9:16:02 AM")
    (station.folder / "trade-register.csv").write_bytes(export(*rows, preamble=preamble))


def asked(station: Station) -> Polled:
    (found,) = polled(station.service, chosen(station.service, ()))
    return found


def test_rows_become_reports_with_events_of_their_own(station: Station) -> None:
    write(station, *TWICE)
    assert dict(+asked(station).counts) == {"accepted": 3}
    with station.service.database.reading() as session:
        stored = {one.report.id: one for one in list_reports(session)}
    report = stored["sipri:36452:2010"].report
    assert (report.grade, report.country, str(report.occurred), report.lang) == ("B2", "BR", "2010", "en")
    assert {one.event_key for one in stored.values()} == {
        *("sipri-36452-order", "sipri-36452-delivery-2010", "sipri-36452-delivery-2012")
    }


def test_a_changed_row_amends_its_report_and_the_others_are_nothing_new(station: Station) -> None:
    write(station, *TWICE)
    asked(station)
    write(station, TWICE[0], cells(delivery_year="2012", numbers_delivered="4"), made="10 Nov 2025")
    station.now += DAY
    assert dict(+asked(station).counts) == {"amended": 1, "duplicate": 2}
    with station.service.database.reading() as session:
        (changed,) = [one for one in list_reports(session) if one.report.id == "sipri:36452:2012"]
    assert changed.version == 2
    assert changed.report.headline.startswith("Russia delivers 4 ")
    assert str(changed.report.published) == "2025-11-10"


def test_an_unchanged_export_is_nothing_new_night_after_night(station: Station) -> None:
    write(station, *TWICE)
    asked(station)
    station.now += DAY
    assert (dict(+asked(station).counts), asked(station).trouble) == ({}, "")


def test_an_export_in_trouble_leaves_the_cursor_where_it_was(station: Station) -> None:
    write(station, *TWICE)
    asked(station)
    with station.service.database.reading() as session:
        before = cursor_of(session, "sipri")
    (station.folder / "trade-register.csv").write_bytes(export(*TWICE)[:-20])
    assert "was cut short" in asked(station).trouble
    with station.service.database.reading() as session:
        assert cursor_of(session, "sipri") == before


def test_a_delivery_of_a_year_to_come_is_refused_alone(station: Station) -> None:
    body = export(cells(), cells(delivery_year="2030"))
    (station.folder / "trade-register.csv").write_bytes(body)
    found = asked(station)
    assert dict(+found.counts) == {"accepted": 2, "refused": 1}
    assert [(one.line, one.reason) for one in found.refused] == [
        (3, "occurred_on: 2030 lies after the publication, 2026-01-20; correct it or leave it out")
    ]


@pytest.mark.slow
@pytest.mark.skipif(not REAL.is_dir(), reason="the real exports of the register are not here")
@pytest.mark.parametrize("name", [RUSSIAN, LATIN])
def test_the_real_export_gives_a_report_for_each_order_and_delivery(station: Station, name: str) -> None:
    (station.folder / "trade-register.csv").write_bytes((REAL / name).read_bytes())
    found = asked(station)
    assert (dict(+found.counts), found.refused, found.trouble) == ({"accepted": 60 + 99}, [], "")
    with station.service.database.reading() as session:
        stored = list_reports(session, limit=1_000)
    assert {one.report.country for one in stored} <= set(EIGHT)
    assert len({one.event_key for one in stored}) == 60 + 99
