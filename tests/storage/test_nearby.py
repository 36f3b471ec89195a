from datetime import date, timedelta

from model.dates import CoarseDate
from model.domain import Report
from storage.database import Database
from storage.events import Membership, join_events
from storage.nearby import SPANS, Amended, Neighbour, Span, amended, candidates, of_version
from storage.reports import file_reports, retract_report
from tests.storage.samples import moment, report
from tests.storage.test_stored_events import store

TAG = "coproduction_agreement"
JULY = {"first": date(2025, 7, 8), "last": date(2025, 7, 15)}
AROUND = [Span(tag=TAG, country="VE", **JULY)]


def found(database: Database, spans: list[Span] = AROUND) -> list[tuple[str, str]]:
    with database.reading() as session:
        return [(one.key, one.id) for one in candidates(session, spans)]


def test_candidates_share_tag_country_and_time(database: Database) -> None:
    store(
        database,
        report("near", occurred="2025-07-10", event="e1"),
        report("month", occurred="2025-07", event="e2"),
        report("year", occurred="2025", event="e2"),
        report("also", occurred="2025-07-12", country="BR", also=("CO", "VE"), event="e3"),
        report("also-month", occurred="2025-07", country="BR", also=("VE",), event="e3"),
        report("first", occurred="2025-07-08", event="e4"),
        report("last", occurred="2025-07-15", event="e4"),
        report("early", occurred="2025-07-07", event="e5"),
        report("late", occurred="2025-07-16", event="e5"),
        report("month-before", occurred="2025-06", event="e5"),
        report("also-late", occurred="2025-08-01", country="BR", also=("VE",), event="e5"),
        report("abroad", occurred="2025-07-10", country="BR", also=("CO",), event="e6"),
        report("tagged", occurred="2025-07-10", tag="visit", event="e7"),
        report("of-no-event", occurred="2025-07-10"),
    )
    assert found(database) == [
        ("e3", "also"),
        ("e3", "also-month"),
        ("e4", "first"),
        ("e4", "last"),
        ("e2", "month"),
        ("e1", "near"),
        ("e2", "year"),
    ]
    assert found(database, []) == []


def test_each_candidate_comes_once_however_many_spans_it_is_in(database: Database) -> None:
    store(database, report("both", occurred="2025-07", also=("BR", "CO"), event="e1"))
    days = [JULY["first"] + timedelta(n) for n in range(SPANS)]
    spans = [Span(tag=TAG, country=country, first=day, last=day) for day in days for country in ("VE", "BR")]
    assert found(database, spans) == [("e1", "both")]


def test_only_what_is_in_force_is_a_candidate(database: Database) -> None:
    store(
        database,
        report("moved", occurred="2025-07-10", event="e1"),
        report("away", occurred="2025-07-10", event="e1"),
        report("retracted", occurred="2025-07-10", event="e1"),
    )
    with database.session() as session:
        file_reports(session, [report("away", occurred="2025-01-01")], at=moment(2), origin="inbox")
        retract_report(session, "retracted", at=moment(2), author="ana", why="a hoax")
        split = Membership(report_id="moved", event_key="e2", why="another town", author="ana")
        join_events(session, [split], at=moment(3))
    assert found(database) == [("e2", "moved")]


def test_a_candidate_tells_what_clustering_looks_at(database: Database) -> None:
    said = report(
        "a",
        "2025-07-09",
        occurred="2025-07",
        also=("BR",),
        headline='"Завод" — 70 million',
        url="https://a.example/1",
        denies=True,
        event="e1",
    )
    store(database, said)
    with database.session() as session:
        file_reports(
            session, [report("b", "2025-07-09"), report("c", "2025-07-09")], at=moment(1), origin="x"
        )
        put = Membership(report_id="b", event_key="e1", why="seen", author="ana")
        join_events(session, [put, Membership(report_id="c", event_key="e1", why="alike")], at=moment(1))
    with database.reading() as session:
        first, by_ana, alike = candidates(session, AROUND)
    assert first == Neighbour(
        key="e1",
        decided=True,
        id="a",
        tag=TAG,
        countries=("VE", "BR"),
        when=CoarseDate.parse("2025-07"),
        headline='"Завод" — 70 million',
        url="https://a.example/1",
        denies=True,
        event="e1",
    )
    assert (by_ana.decided, alike.decided, alike.when) == (True, False, CoarseDate.parse("2025-07-09"))


def test_versions_before_are_found_with_the_events_that_the_reports_are_in_now(database: Database) -> None:
    def version(number: int) -> Report:
        return report("a", "2025-07-09", headline=f"Version {number}")

    store(database, report("new", "2025-07-09"), report("hoax", "2025-07-09", event="e1"))
    with database.session() as session:
        for number in (1, 2, 3):
            file_reports(session, [version(number)], at=moment(number), origin="x")
        join_events(session, [Membership(report_id="a", event_key="e1", why="alike")], at=moment(1))
        join_events(session, [Membership(report_id="a", event_key="e2", why="alike")], at=moment(2))
        retract_report(session, "hoax", at=moment(3), author="ana", why="a hoax")
    with database.reading() as session:
        assert amended(session, ["a", "new", "hoax", "unknown"]) == {
            "a": Amended(version=3, retracted=False),
            "hoax": Amended(version=2, retracted=True),
        }
        assert amended(session, []) == {}
        before = of_version(session, {"a": 2, "hoax": 1, "new": 0})
        (gone,) = of_version(session, {"hoax": 2})
        assert (gone.id, gone.key, gone.retracted) == ("hoax", "e1", True)
    assert [(one.id, one.key, one.headline, one.retracted) for one in before] == [
        ("a", "e2", "Version 2", False),
        ("hoax", "e1", "Завод боеприпасов: first stage opened", False),
    ]
