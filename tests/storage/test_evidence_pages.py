from collections.abc import Sequence
from datetime import date, datetime

import pytest

from storage.database import Database
from storage.events import Membership, found_events, join_events
from storage.evidence_pages import (
    PlacedEvent,
    WantedEvents,
    countries_told,
    event_page,
    moved_to,
)
from storage.places import FIRST, Place
from storage.reports import retract_report
from tests.storage.samples import moment, report
from tests.storage.test_query_plans import SCANNED, plans
from tests.storage.test_stored_events import store


def walked(database: Database, wanted: WantedEvents, limit: int) -> list[list[str]]:
    """The keys of every page."""
    pages: list[list[str]] = []
    after: Place | None = FIRST
    while after is not None:
        with database.reading() as session:
            page = event_page(session, wanted, after=after, limit=limit)
        pages.append([one.key for one in page.events])
        after = page.end
    return pages


def first(
    database: Database, wanted: WantedEvents, *, known_at: datetime | None = None
) -> Sequence[PlacedEvent]:
    with database.reading() as session:
        return event_page(session, wanted, limit=50, known_at=known_at).events


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_every_event_stands_on_one_page(database: Database, limit: int) -> None:
    told = [report(f"r{n}", f"2025-07-{n % 9 + 1:02}", event=f"e{n % 13}") for n in range(40)]
    store(database, *told)
    pages = walked(database, WantedEvents(), limit)
    keys = [key for page in pages for key in page]
    assert len(keys) == len(set(keys)) == 13
    assert all(len(page) == limit for page in pages[:-1])
    with database.reading() as session:
        assert keys == found_events(session)


def test_an_event_that_is_reported_again_does_not_come_twice(database: Database) -> None:
    store(database, *(report(f"r{n}", f"2025-07-{n:02}", event="again") for n in range(1, 20)))
    store(database, report("other", "2025-07-10", event="other"))
    assert walked(database, WantedEvents(), 1) == [["again"], ["other"]]


def test_filters_apply_to_one_report_together(database: Database) -> None:
    store(
        database,
        report("a", tag="visit", country="PE", headline="The minister travels", event="one"),
        report("b", tag="loan", country="BR", headline="A loan", also=("PE",), event="two"),
        report("c", tag="visit", country="BR", headline="A visit", event="three", occurred="2025-06-01"),
    )
    found = {
        "tag": WantedEvents(tag="visit"),
        "country": WantedEvents(country="PE"),
        "words": WantedEvents(search="MINISTER"),
        "days": WantedEvents(until=date(2025, 6, 2)),
        "keys": WantedEvents(keys={"two", "three", "none"}),
        "all": WantedEvents(tag="visit", country="BR", keys={"two"}),
        "nothing": WantedEvents(keys=set()),
    }
    keys = {name: {one.key for one in first(database, wanted)} for name, wanted in found.items()}
    assert keys == {
        "tag": {"one", "three"},
        "country": {"one", "two"},
        "words": {"one"},
        "days": {"three"},
        "keys": {"two", "three"},
        "all": set(),
        "nothing": set(),
    }


def test_an_event_comes_with_all_of_its_reports_in_force(database: Database) -> None:
    store(database, report("a", event="one"), report("b", tag="other", event="one"), report("c", event="one"))
    with database.session() as session:
        retract_report(session, "c", at=moment(5), author="ana", why="a hoax")
    (found,) = first(database, WantedEvents(tag="other"))
    assert {one.id for one in found.reports} == {"a", "b"}
    (before,) = first(database, WantedEvents(), known_at=moment(4))
    assert {one.id for one in before.reports} == {"a", "b", "c"}


def test_a_page_that_finds_little_ends_early_and_the_next_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.places.MOST_READ", 10)
    store(database, *(report(f"r{n}", f"2025-07-{n + 1:02}", event=f"e{n}") for n in range(25)))
    store(database, report("rare", "2025-07-03", headline="What hardly anybody says", event="rare"))
    assert walked(database, WantedEvents(search="hardly"), 5) == [[], [], ["rare"]]
    assert [len(page) for page in walked(database, WantedEvents(), 20)] == [10, 10, 6]


def test_reports_that_moved_on_tell_where_they_are(database: Database) -> None:
    store(database, report("a", event="old"), report("b", event="old"), report("c", event="other"))
    moves = [Membership(report_id=one, event_key="new", why="one signing", author="ana") for one in "ab"]
    with database.session() as session:
        join_events(session, moves, at=moment(5))
    with database.reading() as session:
        assert moved_to(session, "old") == {"new": 2}
        assert moved_to(session, "old", known_at=moment(4)) == {"old": 2}
        assert moved_to(session, "none") == {}


def test_countries_are_told_of_by_any_report_in_force(database: Database) -> None:
    store(
        database,
        report("a", tag="visit", country="PE", also=("BR",), event="one"),
        report("b", tag="loan", country="CO", event="two"),
        report("c", tag="loan", country="CL"),
    )
    with database.session() as session:
        retract_report(session, "b", at=moment(5), author="ana", why="a hoax")
    with database.reading() as session:
        assert countries_told(session, ["PE", "BR", "CO", "CL", "VE"]) == {"PE", "BR"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_countries_are_looked_up_tag_by_tag(database: Database) -> None:
    store(database, *(report(f"r{n}", event=f"e{n}") for n in range(100)))
    plan = plans(database, lambda session: countries_told(session, ["PE", "VE"]))
    assert not SCANNED.search(plan), plan


def test_nothing_is_known_before_it_was_recorded(database: Database) -> None:
    store(database, report("a", event="one"))
    assert first(database, WantedEvents(), known_at=moment(1, 1)) == []


WANTED = {
    "all": WantedEvents(),
    "words": WantedEvents(search="visit"),
    "tag": WantedEvents(tag="visit"),
    "country": WantedEvents(country="PE"),
    "days": WantedEvents(since=date(2025, 1, 1), until=date(2025, 12, 31)),
    "keys": WantedEvents(keys={"e1", "e2"}),
}


@pytest.mark.parametrize("name", WANTED)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_page_scans_no_table(database: Database, name: str) -> None:
    store(database, *(report(f"r{n}", f"2025-0{n % 9 + 1}-01", event=f"e{n // 3}") for n in range(300)))
    plan = plans(database, lambda session: event_page(session, WANTED[name], limit=10))
    assert not SCANNED.search(plan), plan
    assert "TEMP B-TREE" not in plan or name == "keys", plan


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_became_of_an_event_is_looked_up(database: Database) -> None:
    store(database, *(report(f"r{n}", event=f"e{n // 3}") for n in range(300)))
    plan = plans(database, lambda session: moved_to(session, "e1"))
    assert not SCANNED.search(plan), plan


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_later_pages_begin_where_the_one_before_ended(database: Database) -> None:
    store(database, *(report(f"r{n}", f"2025-0{n % 9 + 1}-01", event=f"e{n}") for n in range(100)))
    with database.reading() as session:
        page = event_page(session, WantedEvents(), limit=10)
    assert page.end is not None
    after = page.end
    plan = plans(database, lambda session: event_page(session, WantedEvents(), after=after, limit=10))
    assert "SEARCH report_version USING INDEX ix_report_version_published (published_first<?)" in plan
