from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from storage.database import Database
from storage.places import FIRST, Place
from storage.report_pages import ReportPage, WantedReports, report_page
from storage.reports import list_reports, retract_report
from tests.databases import POSTGRESQL
from tests.storage.samples import moment, report
from tests.storage.test_query_plans import SCANNED, plans
from tests.storage.test_stored_events import store

WANTED = {
    "all": WantedReports(),
    "words": WantedReports(search="visit"),
    "tag": WantedReports(tag="visit"),
    "country": WantedReports(country="PE"),
    "days": WantedReports(since=date(2025, 1, 1), until=date(2025, 12, 31)),
    "cutoff": WantedReports(published_by=date(2025, 5, 31)),
    "event": WantedReports(event="e1"),
}


def page(database: Database, wanted: WantedReports, **more: Any) -> ReportPage:
    with database.reading() as session:
        return report_page(session, wanted, **{"limit": 50, **more})


def walked(database: Database, wanted: WantedReports, limit: int) -> list[list[str]]:
    """The ids of every page."""
    pages: list[list[str]] = []
    after: Place | None = FIRST
    while after is not None:
        found = page(database, wanted, after=after, limit=limit)
        pages.append([one.report.id for one in found.reports])
        after = found.end
    return pages


@pytest.mark.parametrize("limit", [1, 2, 7, 40, 100])
def test_every_report_stands_on_one_page(database: Database, limit: int) -> None:
    store(database, *(report(f"r{n}", f"2025-07-{n % 9 + 1:02}") for n in range(40)))
    pages = walked(database, WantedReports(), limit)
    with database.reading() as session:
        assert [one for some in pages for one in some] == [one.report.id for one in list_reports(session)]
    assert all(len(some) == limit for some in pages[:-1])


def test_only_the_newest_version_that_was_known_is_listed(database: Database) -> None:
    store(database, report("a"))
    with database.session() as session:
        retract_report(session, "a", at=moment(5), author="ana", why="a hoax")
    (now,), (then,) = (
        page(database, WantedReports()).reports,
        page(database, WantedReports(), known_at=moment(4)).reports,
    )
    assert (now.version, now.retracted) == (2, True)
    assert (then.version, then.retracted) == (1, False)
    assert page(database, WantedReports(), known_at=moment(1, 1)).reports == []


def test_a_page_of_what_hardly_anybody_says_ends_early_and_nothing_is_lost(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.places.MOST_READ", 10)
    rare = {5: "rare", 37: "rare"}
    store(
        database,
        *(report(f"r{n:02}", f"2025-07-{n % 9 + 1:02}", headline=rare.get(n, "usual")) for n in range(40)),
    )
    pages = walked(database, WantedReports(search="rare"), 5)
    assert len(pages) == 5  # four that read ten reports each, and one to which nothing is left
    assert sorted(one for some in pages for one in some) == ["r05", "r37"]


def server_plans(database: Database, query: Callable[[Session], object]) -> str:
    """What a server says it does for every SELECT of reports."""
    seen: list[tuple[str, Any]] = []

    def note(_c: object, _k: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith("SELECT report_version"):
            seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    with database.reading() as session:
        query(session)
    event.remove(database.engine, "before_cursor_execute", note)
    with database.reading() as session:
        explained = [session.connection().exec_driver_sql(f"EXPLAIN {s}", p).scalars() for s, p in seen]
        return "\n".join(line for lines in explained for line in lines)


def places(session: Session, wanted: WantedReports) -> Callable[[Session], object]:
    after = report_page(session, wanted, limit=5).end or FIRST
    return lambda asking: report_page(asking, wanted, after=after, limit=10)


@pytest.mark.parametrize("name", WANTED)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_page_scans_no_table_and_sorts_none(database: Database, name: str) -> None:
    store(database, *(report(f"r{n}", f"2025-0{n % 9 + 1}-01", event=f"e{n // 3}") for n in range(300)))
    with database.reading() as session:
        asked = places(session, WANTED[name])
    plan = plans(database, asked)
    assert not SCANNED.search(plan), plan
    assert "TEMP B-TREE" not in plan or name == "event", plan


@pytest.mark.parametrize("database_url", POSTGRESQL, indirect=True)
@pytest.mark.parametrize("name", ["all", "tag", "days", "cutoff"])
def test_a_server_finds_a_page_by_an_index_too(database: Database, name: str) -> None:
    store(
        database,
        *(report(f"r{n}", f"2025-0{n % 9 + 1}-{n % 28 + 1:02}", event=f"e{n // 3}") for n in range(3000)),
    )
    with database.session() as session:
        session.connection().exec_driver_sql("ANALYZE")
        asked = places(session, WANTED[name])
    plan = server_plans(database, asked)
    assert "Index Scan" in plan
    assert "Seq Scan" not in plan, plan
