from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from benchmarks import polls
from service.composition import opened
from service.knowledge import observed_until
from service.polling import Polled, chosen, polled
from storage.database import Database
from storage.polls import cursor_of, standings
from storage.proposals import waiting
from storage.reports import list_reports, retract_report
from tests.service import feeds
from tests.service.commands import Desk, quiet, said_in_one_line
from tests.service.feeds import entry
from tests.service.stations import DAY, NOON, Station

SOURCES = """
[[sources]]
id = "wire"
kind = "rss"
path = "news.xml"
grade = "B2"

[[rules]]
tag = "deal"
countries = ["PE", "BO"]
all_of = ["sign*"]

[[rules]]
tag = "deal"
countries = ["PE", "BO"]
all_of = ["talk*"]
confidence = 0.5
"""


@pytest.fixture
def station(tmp_path: Path, database: Database, database_url: str) -> Station:
    return Station(tmp_path, database, database_url, SOURCES)


@pytest.fixture
def bring(station: Station) -> Callable[..., Polled]:
    def write_and_poll(*entries: feeds.Entry) -> Polled:
        feeds.write(station.folder, *entries)
        (one,) = polled(station.service, chosen(station.service, ()))
        return one

    return write_and_poll


def test_what_a_rule_is_sure_of_becomes_a_report(station: Station, bring: Callable[..., Polled]) -> None:
    brought = bring(entry(), entry("b", "Lima talks of helicopters"), entry("c", "Weather in Oslo"))
    assert (brought.counts["accepted"], brought.counts["waiting"], brought.counts["irrelevant"]) == (1, 1, 1)
    with station.service.database.reading() as session:
        (stored,) = list_reports(session)
        (proposal,) = waiting(session)
    assert stored.report.id == "wire:a"
    assert (stored.report.tag, stored.report.country, stored.report.grade) == ("deal", "PE", "B2")
    assert (stored.origin, str(stored.report.published)) == ("wire", "2026-01-10")
    assert stored.event_key is not None
    assert proposal.report.id == "wire:b"
    assert proposal.confidence == 0.5
    assert "talk" in proposal.why


def test_the_same_again_is_nothing_new(bring: Callable[..., Polled]) -> None:
    items = entry(), entry("b", "Lima talks of helicopters")
    bring(*items)
    again = bring(*items, entry("c", "Weather in Oslo"))
    assert again.counts["duplicate"] == 2
    assert not {"accepted", "amended", "waiting"} & set(+again.counts)


def test_an_item_that_changes_at_its_source_amends_the_report(
    station: Station, bring: Callable[..., Polled]
) -> None:
    bring(entry())
    changed = bring(entry(title="Peru signs for eight helicopters"))
    assert changed.counts["amended"] == 1
    with station.service.database.reading() as session:
        (stored,) = list_reports(session)
    assert (stored.version, stored.report.headline) == (2, "Peru signs for eight helicopters")


def test_a_report_that_changes_so_that_no_rule_applies_waits_for_an_editor(
    station: Station, bring: Callable[..., Polled]
) -> None:
    bring(entry())
    assert bring(entry(title="Correction: nothing was agreed")).counts["waiting"] == 1
    with station.service.database.reading() as session:
        (proposal,) = waiting(session)
        (stored,) = list_reports(session)
    assert (proposal.kind, proposal.report.headline) == ("lapsed", "Correction: nothing was agreed")
    assert stored.report.headline == "Peru signs for helicopters"


@pytest.mark.slow
def test_an_item_without_a_date_waits_once_however_often_it_comes(
    station: Station, bring: Callable[..., Polled]
) -> None:
    undated = entry(pubDate="")
    assert bring(undated).counts["waiting"] == 1
    station.now += DAY
    assert bring(undated, entry("c", "Weather in Oslo")).counts["duplicate"] == 1
    with station.service.database.reading() as session:
        (proposal,) = waiting(session)
    assert str(proposal.report.published) == "2026-01-21"  # the latest day on Earth when it was first seen
    assert "no date" in proposal.why


def test_two_items_of_one_event_are_merged_and_counted_so(bring: Callable[..., Polled]) -> None:
    copy = entry("b", "Peru signs for helicopters (agency)")
    assert bring(entry(), copy).counts["merged"] == 1


def test_a_source_in_trouble_is_on_record_and_hinders_no_other(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    broken = '[[sources]]\nid = "broken"\nkind = "rss"\npath = "nothing.xml"\n'
    station = Station(tmp_path, database, database_url, broken + SOURCES)
    feeds.write(tmp_path, entry())
    brought = {one.source: one for one in polled(station.service, chosen(station.service, ()))}
    assert brought["wire"].counts["accepted"] == 1
    assert "nothing.xml" in brought["broken"].trouble
    with database.reading() as session:
        standing = standings(session, ["broken", "wire"])
    assert (standing["broken"].failures, standing["broken"].last_success) == (1, None)
    assert (standing["wire"].failures, standing["wire"].last_success) == (0, NOON)


def test_a_forecast_is_observed_until_the_oldest_last_success_of_its_sources(
    station: Station, bring: Callable[..., Polled]
) -> None:
    (forecast,) = station.service.configuration.forecasts

    def until() -> date | None:
        with station.service.database.reading() as session:
            return observed_until(station.service, session, forecast)

    assert until() == forecast.opened  # nobody has looked yet
    bring(entry())
    assert until() == date(2026, 1, 20)
    station.now += 3 * DAY
    (station.folder / "news.xml").unlink()
    (failed,) = polled(station.service, chosen(station.service, ()))
    assert failed.trouble
    assert until() == date(2026, 1, 20)
    bring(entry())
    assert until() == date(2026, 1, 23)


@pytest.mark.slow
def test_a_source_that_moved_begins_anew_and_repeats_nothing(
    station: Station, bring: Callable[..., Polled]
) -> None:
    bring(entry())
    with station.service.database.reading() as session:
        assert cursor_of(session, "wire")
    (station.folder / "news.xml").rename(station.folder / "moved.xml")
    (wire,) = chosen(station.service, ())
    moved = wire.model_copy(update={"path": station.folder / "moved.xml"})
    (found,) = polled(station.service, [moved])
    assert (found.trouble, found.counts["duplicate"]) == ("", 1)
    (again,) = polled(station.service, [moved])
    assert again.batches == 0


def test_what_an_editor_retracted_is_not_revived_by_its_source(
    station: Station, bring: Callable[..., Polled]
) -> None:
    bring(entry())
    with station.service.database.session() as session:
        retract_report(session, "wire:a", at=station.now, author="eva", why="untrue")
    bring(entry(), entry("c", "Weather in Oslo"))
    bring(entry(title="Peru signs for nine helicopters"))
    with station.service.database.reading() as session:
        (stored,) = list_reports(session)
    assert stored.retracted


def test_ingest_without_paths_takes_inbox_and_sources(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SOURCES + quiet())
    feeds.write(tmp_path, entry())
    answer = desk.types("ingest")
    assert answer.code == 0, answer
    assert "wire: 1 accepted, 0 amended, 0 duplicate, 0 waiting for review, 0 irrelevant" in answer.out
    (document,) = desk.types("ingest", "--json", "--source", "wire").json
    assert (document["source"], document["duplicate"] + document["accepted"]) == ("wire", 0)


def test_a_source_in_trouble_is_told_by_ingest_and_stops_no_night(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SOURCES + quiet())
    assert "news.xml" in said_in_one_line(desk.types("ingest", "--source", "wire"), 3)
    answer = desk.types("run", "--as-of", "2025-06-30", "--json")
    assert answer.code == 0, answer
    assert answer.json[0]["status"] == "published"
    assert "news.xml" in answer.err


def test_an_unknown_source_is_said_with_the_nearest(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SOURCES + quiet())
    assert "did you mean wire?" in said_in_one_line(desk.types("ingest", "--source", "wir"), 2)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('kind = "rss2"', "did you mean rss?"),
        ('kind = "rss"\nallow_privat = true', "did you mean allow_private?"),
        ('kind = "gdelt"\ncodes = 3', "codes"),
    ],
)
def test_a_kind_and_its_keys_are_checked_with_the_rest(tmp_path: Path, written: str, said: str) -> None:
    desk = Desk(tmp_path, f'[[sources]]\nid = "a"\npath = "x"\n{written}\n' + quiet())
    assert said in desk.types("check").err


@pytest.mark.slow
def test_a_feed_that_hangs_and_one_that_never_ends_leave_the_others(tmp_path: Path) -> None:
    with polls.site(6, 20) as site:
        path = tmp_path / "config.toml"
        path.write_text(polls.configuration(site, 6, 2), encoding="utf-8")
        with opened(path) as service:
            found, _ = polls.asked(service)
    troubles = {one.source: one.trouble for one in found if one.trouble}
    assert "gives no whole answer within 2 s" in troubles.pop("feed-0")
    assert "sends more than 5,000,000 bytes" in troubles.pop("feed-5")
    assert not troubles
    assert sum(one.counts["accepted"] for one in found) == 4 * 2
