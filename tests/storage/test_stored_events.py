from datetime import date, datetime

import pytest

from model.domain import Report
from storage.database import Database
from storage.events import (
    Membership,
    event_keys,
    event_reports,
    evidence_reports,
    found_events,
    join_events,
    summaries,
)
from storage.reports import file_reports, retract_report
from tests.storage.samples import moment, report

OPENED, AS_OF = date(2025, 1, 1), date(2025, 12, 31)
TAGS = ["coproduction_agreement"]


def store(database: Database, *reports: Report, day: int = 1) -> None:
    """File reports, and join each to the event that it names."""
    with database.session() as session:
        file_reports(session, reports, at=moment(day), origin="inbox")
        joined = [
            Membership(report_id=one.id, event_key=one.event, why="stated") for one in reports if one.event
        ]
        join_events(session, joined, at=moment(day))


def evidence(
    database: Database,
    *,
    opened: date = OPENED,
    as_of: date = AS_OF,
    known_at: datetime | None = None,
) -> dict[str, list[str]]:
    with database.reading() as session:
        found = evidence_reports(session, TAGS, opened=opened, as_of=as_of, known_at=known_at)
    return {key: [one.id for one in reports] for key, reports in found.items()}


def test_an_event_brings_all_its_reports_and_no_other(database: Database) -> None:
    store(
        database,
        report("b", event="plant"),
        report("a", event="plant", tag="analysis"),
        report("c", event="plant", tag="visit", denies=True),
        report("d", event="other", tag="visit"),
        report("e"),
    )
    assert evidence(database) == {"plant": ["a", "b", "c"]}


def test_an_event_that_is_only_denied_is_no_evidence(database: Database) -> None:
    store(database, report("a", event="plant", denies=True), report("b", event="plant", tag="visit"))
    assert evidence(database) == {}


def test_what_is_published_after_the_cutoff_is_not_seen(database: Database) -> None:
    store(
        database,
        report("early", "2025-03-01", event="plant"),
        report("late", "2025-09-01", event="plant"),
        report("coarse", "2025-08", event="plant"),
        report("unheard", "2025-10-01", event="new"),
    )
    assert evidence(database, as_of=date(2025, 8, 1)) == {"plant": ["coarse", "early"]}


def test_events_of_before_the_opening_are_left_out_unless_they_may_reach_into_it(database: Database) -> None:
    store(
        database,
        report("old", "2025-02-01", occurred="2024-12-31", event="old"),
        report("coarse", "2025-02-01", occurred="2025", event="coarse"),
        report("new", "2025-02-01", occurred="2025-01-01", event="new"),
        report("history", "2020-02-01", occurred="2020-01-01", event="new"),
    )
    assert evidence(database) == {"coarse": ["coarse"], "new": ["history", "new"]}


def test_an_amended_tag_counts_and_the_old_one_no_longer_does(database: Database) -> None:
    store(database, report("a", event="plant"), report("b", event="visit", tag="visit"))
    store(database, report("a", event="plant", tag="visit"), day=2)
    store(database, report("b", event="visit"), day=3)
    assert evidence(database) == {"visit": ["b"]}
    assert evidence(database, known_at=moment(1)) == {"plant": ["a"]}
    assert evidence(database, known_at=moment(2)) == {}


def test_a_retracted_report_counts_no_longer_but_did_then(database: Database) -> None:
    store(database, report("a", event="plant"), report("b", event="plant"))
    with database.session() as session:
        retract_report(session, "a", at=moment(3), author="ana", why="a hoax")
    assert evidence(database) == {"plant": ["b"]}
    assert evidence(database, known_at=moment(2)) == {"plant": ["a", "b"]}


def test_the_newest_decision_says_where_a_report_belongs(database: Database) -> None:
    store(database, report("a", event="plant"), report("b", event="plant"))
    with database.session() as session:
        split = Membership(report_id="b", event_key="second-plant", why="another town", author="ana")
        join_events(session, [split], at=moment(5))
    assert evidence(database) == {"plant": ["a"], "second-plant": ["b"]}
    assert evidence(database, known_at=moment(4)) == {"plant": ["a", "b"]}
    with database.reading() as session:
        assert event_keys(session, ["a", "b", "z"]) == {"a": "plant", "b": "second-plant"}
        assert event_keys(session, ["b"], known_at=moment(4)) == {"b": "plant"}


def test_a_report_was_received_when_its_first_version_came(database: Database) -> None:
    store(database, report("a", event="plant"), day=1)
    store(database, report("a", event="plant", headline="Reworded"), day=9)
    with database.reading() as session:
        (found,) = evidence_reports(session, TAGS, opened=OPENED, as_of=AS_OF)["plant"]
    assert (found.headline, found.received) == ("Reworded", moment(1))


def test_nothing_is_evidence_where_no_tag_is_claimed(database: Database) -> None:
    store(database, report("a", event="plant"))
    with database.reading() as session:
        assert evidence_reports(session, [], opened=OPENED, as_of=AS_OF) == {}


@pytest.mark.slow
def test_thousands_of_events_come_whole(database: Database) -> None:
    store(database, *(report(f"r{number}", event=f"e{number // 2}") for number in range(4200)))
    found = evidence(database)
    assert len(found) == 2100
    assert {len(reports) for reports in found.values()} == {2}


def test_an_event_shows_its_reports_and_why_they_belong_to_it(database: Database) -> None:
    store(database, report("a", "2025-07-02", event="plant"))
    close = Membership(
        report_id="b",
        event_key="plant",
        why="headline 91 of 100, 2 days apart",
        score=0.91,
        runner_up="old-plant",
        runner_up_score=0.72,
    )
    with database.session() as session:
        file_reports(session, [report("b", "2025-07-01")], at=moment(2), origin="feed", lines=[7])
        join_events(session, [close], at=moment(2))
        retract_report(session, "a", at=moment(3), author="ana", why="a hoax")
    with database.reading() as session:
        first, second = event_reports(session, "plant")
        assert [one.stored.report.id for one in event_reports(session, "plant", known_at=moment(1))] == ["a"]
    assert first.membership == close
    assert (first.decided_at, first.stored.line) == (moment(2), 7)
    assert (second.stored.retracted, second.stored.event_key) == (True, "plant")


def test_events_are_listed_with_what_is_behind_them(database: Database) -> None:
    store(
        database,
        report("a", "2025-03-01", occurred="2025-02", also=("CO",), event="plant"),
        report("b", "2025-04-01", occurred="2025-03-02", tag="visit", event="plant"),
        report("c", "2025-05-01", denies=True, headline="No such plant", event="plant"),
        report("d", "2025-06-01", tag="analysis", country="BR", event="loan"),
        report("e", "2025-02-01", tag="loan", country="BR", headline="Loan signed", event="loan"),
    )
    with database.reading() as session:
        loan, plant = summaries(session, found_events(session))
        asked = {
            "limit": found_events(session, limit=1),
            "tag": found_events(session, tag="visit"),
            "country": found_events(session, country="CO"),
            "since": found_events(session, since=date(2025, 5, 15)),
            "until": found_events(session, until=date(2025, 2, 15)),
            "search": found_events(session, search="no SUCH"),
            "then": found_events(session, known_at=moment(1, hour=0)),
        }
    assert (plant.tag, plant.countries) == ("coproduction_agreement", ("CO", "VE"))
    assert (plant.first, plant.last) == (date(2025, 2, 1), date(2025, 3, 2))
    assert (plant.asserting, plant.denying) == (2, 1)
    assert (plant.headline, plant.published) == ("No such plant", date(2025, 5, 1))
    assert (loan.tag, loan.countries, loan.asserting) == ("loan", ("BR",), 2)
    assert asked == {
        "limit": ["loan"],
        "tag": ["plant"],
        "country": ["plant"],
        "since": ["loan"],
        "until": ["plant", "loan"],
        "search": ["plant"],
        "then": [],
    }
