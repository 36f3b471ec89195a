from datetime import date

import pytest

from storage.database import Database
from storage.events import list_events
from storage.evidence_pages import FIRST, PlacedEvent, Wanted, event_page
from storage.reports import retract_report
from tests.storage.samples import moment, report
from tests.storage.test_query_plans import SCANNED, plans
from tests.storage.test_stored_events import store


def walked(database: Database, wanted: Wanted, limit: int) -> list[list[str]]:
    """The keys of every page."""
    pages: list[list[str]] = []
    after = FIRST
    while True:
        with database.reading() as session:
            page = event_page(session, wanted, after=after, limit=limit)
        if not page:
            return pages
        pages.append([one.key for one in page])
        after = page[-1].place


def first(database: Database, wanted: Wanted, **more: object) -> list[PlacedEvent]:
    with database.reading() as session:
        return event_page(session, wanted, limit=50, **more)  # type: ignore[arg-type]  # a date, or a moment


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_every_event_stands_on_one_page(database: Database, limit: int) -> None:
    told = [report(f"r{n}", f"2025-07-{n % 9 + 1:02}", event=f"e{n % 13}") for n in range(40)]
    store(database, *told)
    pages = walked(database, Wanted(), limit)
    keys = [key for page in pages for key in page]
    assert len(keys) == len(set(keys)) == 13
    assert all(len(page) == limit for page in pages[:-1])
    with database.reading() as session:
        assert keys == [one.key for one in list_events(session)]


def test_an_event_that_is_reported_again_does_not_come_twice(database: Database) -> None:
    store(database, *(report(f"r{n}", f"2025-07-{n:02}", event="again") for n in range(1, 20)))
    store(database, report("other", "2025-07-10", event="other"))
    assert walked(database, Wanted(), 1) == [["again"], ["other"]]


def test_filters_apply_to_one_report_together(database: Database) -> None:
    store(
        database,
        report("a", tag="visit", country="PE", headline="The minister travels", event="one"),
        report("b", tag="loan", country="BR", headline="A loan", also=("PE",), event="two"),
        report("c", tag="visit", country="BR", headline="A visit", event="three", occurred="2025-06-01"),
    )
    found = {
        "tag": Wanted(tag="visit"),
        "country": Wanted(country="PE"),
        "words": Wanted(search="MINISTER"),
        "days": Wanted(until=date(2025, 6, 2)),
        "keys": Wanted(keys={"two", "three", "none"}),
        "all": Wanted(tag="visit", country="BR", keys={"two"}),
        "nothing": Wanted(keys=set()),
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
    (found,) = first(database, Wanted(tag="other"))
    assert {one.id for one in found.reports} == {"a", "b"}
    (before,) = first(database, Wanted(), known_at=moment(4))
    assert {one.id for one in before.reports} == {"a", "b", "c"}


def test_nothing_is_known_before_it_was_recorded(database: Database) -> None:
    store(database, report("a", event="one"))
    assert first(database, Wanted(), known_at=moment(1, 1)) == []


WANTED = {
    "all": Wanted(),
    "words": Wanted(search="visit"),
    "tag": Wanted(tag="visit"),
    "country": Wanted(country="PE"),
    "days": Wanted(since=date(2025, 1, 1), until=date(2025, 12, 31)),
    "keys": Wanted(keys={"e1", "e2"}),
}


@pytest.mark.parametrize("name", WANTED)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_page_scans_no_table(database: Database, name: str) -> None:
    store(database, *(report(f"r{n}", f"2025-0{n % 9 + 1}-01", event=f"e{n // 3}") for n in range(300)))
    plan = plans(database, lambda session: event_page(session, WANTED[name], limit=10))
    assert not SCANNED.search(plan), plan
    assert "TEMP B-TREE" not in plan or name == "keys", plan


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_later_pages_begin_where_the_one_before_ended(database: Database) -> None:
    store(database, *(report(f"r{n}", f"2025-0{n % 9 + 1}-01", event=f"e{n}") for n in range(100)))
    with database.reading() as session:
        page = event_page(session, Wanted(), limit=10)
    plan = plans(database, lambda session: event_page(session, Wanted(), after=page[-1].place, limit=10))
    assert "SEARCH report_version USING INDEX ix_report_version_published (published_first<?)" in plan
