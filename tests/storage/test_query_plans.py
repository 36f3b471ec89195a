import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from storage.database import Database
from storage.events import event_keys, event_reports, evidence_reports
from storage.forecasts import current_version
from storage.history import history, history_documents
from storage.memberships import members, memberships, placements
from storage.nearby import Span, amended, candidates, of_version
from storage.polls import (
    Outcome,
    Poll,
    busy_days,
    cursor_of,
    last_success,
    polls,
    record_poll,
    standings,
)
from storage.proposals import (
    count_waiting,
    decide,
    proposals_of,
    propose,
    proposed,
    supersede,
    waiting,
)
from storage.reports import file_reports, last_said, list_reports, report_versions, reports_in_force
from storage.runs import latest_published, standing_run, store_run
from storage.submissions import answered
from storage.tables import Table
from tests.databases import POSTGRESQL
from tests.storage.proposing import proposal
from tests.storage.samples import moment, report, run
from tests.storage.test_stored_events import store

TABLES = "|".join(table.name for table in Table.metadata.sorted_tables)
SCANNED = re.compile(rf"^SCAN ({TABLES})(_[0-9]+)?\b", re.MULTILINE)  # with the number of its alias
DAY = date(2025, 7, 2)

QUERIES: dict[str, Callable[[Session], object]] = {
    "evidence": lambda session: evidence_reports(session, ["loan"], opened=DAY, as_of=DAY),
    "evidence then": lambda session: evidence_reports(
        session, ["loan", "visit"], opened=DAY, as_of=DAY, known_at=moment(9)
    ),
    "candidates": lambda session: candidates(session, [Span(tag="loan", country="VE", first=DAY, last=DAY)]),
    "amended": lambda session: amended(session, ["r1", "r2"]),
    "versions before": lambda session: of_version(session, {"r1": 1, "r2": 1}),
    "membership": lambda session: event_keys(session, ["r1", "r2"]),
    "what is behind an event": lambda session: event_reports(session, "e1"),
    "versions": lambda session: report_versions(session, "r1"),
    "reports by tag": lambda session: list_reports(session, tag="loan", since=DAY, until=DAY),
    "reports by day": lambda session: list_reports(session, since=DAY, until=DAY),
    "latest": lambda session: latest_published(session, "rla", before=DAY, known_at=moment(9)),
    "same inputs": lambda session: standing_run(session, "rla", DAY),
    "history": lambda session: list(history(session, "rla", first=DAY, last=DAY, known_at=moment(9))),
    "all history": lambda session: list(history(session, "rla", all_runs=True)),
    "documents": lambda session: list(history_documents(session, "rla", first=DAY)),
    "definition": lambda session: current_version(session, "rla"),
    "decisions": lambda session: memberships(session, ["r1", "r2"]),
    "decisions then": lambda session: placements(session, "r1", known_at=moment(9)),
    "members": lambda session: members(session, "e1"),
    "in force": lambda session: reports_in_force(session, ["r1", "r2"]),
    "said": lambda session: last_said(session, ["r1", "r2"]),
    "cursor": lambda session: cursor_of(session, "feed"),
    "success": lambda session: last_success(session, "feed"),
    "success then": lambda session: last_success(session, "feed", until=moment(9)),
    "standings": lambda session: standings(session, ["feed", "wire"]),
    "polls": lambda session: polls(session, "feed", limit=20),
    "busy days": lambda session: busy_days(session, "feed", UTC),
    "waiting": lambda session: waiting(session, limit=50),
    "waiting of a source": lambda session: waiting(session, source="feed", limit=50),
    "waiting with a tag": lambda session: waiting(session, tag="loan", limit=50),
    "waiting of both": lambda session: waiting(session, source="feed", tag="loan", limit=50),
    "waiting then": lambda session: waiting(session, limit=50, known_at=moment(27)),
    "how much waits": count_waiting,
    "proposals of a report": lambda session: proposals_of(session, "r1"),
    "proposed": lambda session: proposed(session, ["r1", "r2"]),
    "proposing": lambda session: propose(session, [proposal(report("r9"))], at=moment(28)),
    "superseding": lambda session: supersede(session, ["r1", "r2"], at=moment(28)),
    "deciding": lambda session: decide(
        session, [900], "rejected", author="ana", why="seen on film", at=moment(28)
    ),
    "submission": lambda session: answered(session, "k", "sha256:a"),
    "filing": lambda session: file_reports(session, [report(tag="loan")], at=moment(1), origin="x"),
}


def plans(database: Database, query: Callable[[Session], object]) -> str:
    """What SQLite says it does for every SELECT of a query."""
    seen: list[tuple[str, Any]] = []

    def note(_c: object, _k: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    with database.session() as session:
        query(session)
    event.remove(database.engine, "before_cursor_execute", note)
    assert seen
    with database.reading() as session:
        connection = session.connection()
        explained = [connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {s}", p).all() for s, p in seen]
    return "\n".join(str(step.detail) for steps in explained for step in steps)


def reviewed(session: Session) -> None:
    """Fill the tables of sources and of review: a long history, of which little waits."""
    for number in range(900):
        outcome: Outcome = "failed" if number % 10 == 0 else "unchanged" if number % 3 else "part"
        at = moment(1) + timedelta(hours=number)
        one = Poll(source="feed", started_at=at, at=at, outcome=outcome)
        record_poll(session, replace(one, cursor={}) if outcome == "part" else one)
    propose(session, [proposal(report(f"r{n}", tag="loan")) for n in range(900)], at=moment(1))
    decide(session, range(1, 900), "rejected", author="ana", why="seen on film", at=moment(2))


@pytest.mark.slow
@pytest.mark.parametrize("analysed", [False, True])
@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_queries_look_things_up_and_scan_no_table(database: Database, name: str, analysed: bool) -> None:
    many = [report(f"r{n}", f"2025-0{n % 9 + 1}-01", tag="visit", event=f"e{n // 3}") for n in range(900)]
    store(database, *many, report("loan", tag="loan", event="e900"))
    with database.session() as session:
        for cutoff in range(1, 29):
            store_run(session, run(as_of=date(2026, 1, cutoff)))
        reviewed(session)
        if analysed:
            session.execute(text("ANALYZE"))
    plan = plans(database, QUERIES[name])
    assert not SCANNED.search(plan), plan


@pytest.mark.parametrize("name", ["evidence", "evidence then"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_evidence_is_found_by_an_index_that_covers_it(database: Database, name: str) -> None:
    plan = plans(database, QUERIES[name])
    assert (
        "report_version USING COVERING INDEX ix_report_version_evidence (tag=? AND occurred_last>?)" in plan
    )
    assert "event_membership USING COVERING INDEX ix_event_membership_report (report_id=?)" in plan


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("cursor", "source_poll USING INDEX ix_source_poll_cursor (source=?)"),
        ("success then", "ix_source_poll_started (source=? AND outcome=? AND started_at<?)"),
        ("waiting", "proposal USING INDEX ix_proposal_waiting (waiting=?)"),
        ("waiting of a source", "proposal USING INDEX ix_proposal_waiting_source (waiting=? AND source=?)"),
        ("waiting with a tag", "proposal USING INDEX ix_proposal_waiting_tag (waiting=? AND tag=?)"),
        ("how much waits", "proposal USING COVERING INDEX ix_proposal_waiting"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_in_force_is_found_without_what_was_before(database: Database, name: str, index: str) -> None:
    assert index in plans(database, QUERIES[name])


@pytest.mark.slow
@pytest.mark.parametrize("database_url", POSTGRESQL, indirect=True)
def test_a_server_is_kept_from_joining_whole_tables(database: Database) -> None:
    for transaction in (database.session, database.reading):
        with transaction() as session:
            set_to = [session.scalar(text(f"SHOW enable_{way}")) for way in ("hashjoin", "mergejoin")]
        assert set_to == ["off", "off"]
