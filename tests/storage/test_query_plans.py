import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from storage.database import Database, open_database
from storage.events import event_keys, event_reports, evidence_reports
from storage.forecasts import current_version
from storage.history import (
    Part,
    Place,
    definitions_of,
    history,
    history_documents,
    last_place,
    lines,
    newest_run,
    place_of,
    rows,
)
from storage.latest_runs import standings as latest_runs
from storage.lines import documents_of, newest_lines
from storage.memberships import members, memberships, placements
from storage.nearby import Span, amended, candidates, of_version
from storage.newest import newest_evidence, newest_review
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
from storage.runs import evidence_in_force, forecast_ids_with_runs, latest_published, standing_run, store_run
from storage.snapshots import ever_in, outlook_facts, placements_of, reports_behind, runs_of, versions_of
from storage.submissions import answered
from storage.tables import Table
from tests.databases import POSTGRESQL
from tests.storage.proposing import proposal
from tests.storage.samples import moment, report, run
from tests.storage.test_stored_events import store

TABLES = "|".join(table.name for table in Table.metadata.sorted_tables)
SCANNED = re.compile(rf"^SCAN ({TABLES})(_[0-9]+)?\b", re.MULTILINE)  # with the number of its alias
DAY = date(2025, 7, 2)
PLACE = Place(as_of=DAY, recorded_at=moment(9), run=3)

QUERIES: dict[str, Callable[[Session], object]] = {
    "evidence": lambda session: evidence_reports(session, ["loan"], opened=DAY, as_of=DAY),
    "evidence then": lambda session: evidence_reports(
        session, ["loan", "visit"], opened=DAY, as_of=DAY, known_at=moment(9)
    ),
    "candidates": lambda session: candidates(session, [Span(tag="loan", country="VE", first=DAY, last=DAY)]),
    "newest evidence": newest_evidence,
    "newest review": newest_review,
    "amended": lambda session: amended(session, ["r1", "r2"]),
    "versions before": lambda session: of_version(session, {"r1": 1, "r2": 1}),
    "membership": lambda session: event_keys(session, ["r1", "r2"]),
    "what is behind an event": lambda session: event_reports(session, "e1"),
    "versions": lambda session: report_versions(session, "r1"),
    "reports by tag": lambda session: list_reports(session, tag="loan", since=DAY, until=DAY),
    "reports by day": lambda session: list_reports(session, since=DAY, until=DAY),
    "latest": lambda session: latest_published(session, "rla", before=DAY, known_at=moment(9)),
    "evidence in force": lambda session: evidence_in_force(session, "rla", at_most=DAY, known_at=moment(9)),
    "same inputs": lambda session: standing_run(session, "rla", DAY),
    "history": lambda session: list(history(session, "rla", first=DAY, last=DAY, known_at=moment(9))),
    "all history": lambda session: list(history(session, "rla", all_runs=True)),
    "documents": lambda session: list(history_documents(session, "rla", first=DAY)),
    "history in brief": lambda session: lines(session, Part(forecast_id="rla", first=DAY), limit=365),
    "history then": lambda session: lines(
        session, Part(forecast_id="rla", last=DAY, known_at=moment(9), upto=9), limit=365
    ),
    "published history": lambda session: rows(session, Part(forecast_id="rla", published=True), limit=365),
    "next page": lambda session: lines(session, Part(forecast_id="rla", after=PLACE, upto=9), limit=10),
    "end of a page": lambda session: last_place(session, Part(forecast_id="rla", after=PLACE), limit=10),
    "runs": lambda session: lines(
        session, Part(forecast_id="rla", all_runs=True, latest_first=True, after=PLACE), limit=10
    ),
    "place": lambda session: place_of(session, "rla", 3),
    "newest run": lambda session: newest_run(session, "rla"),
    "newest run of all": newest_run,
    "definitions of runs": lambda session: definitions_of(session, [1, 2]),
    "latest of all": lambda session: latest_runs(session, days=(1, 7, 30)),
    "latest of all then": lambda session: latest_runs(session, days=(7,), as_of=DAY, known_at=moment(9)),
    "latest of one": lambda session: latest_runs(session, days=(1,), only="rla"),
    "forecasts with runs": forecast_ids_with_runs,
    "newest lines": lambda session: newest_lines(session, "rla", limit=100),
    "documents of runs": lambda session: documents_of(session, [1, 2]),
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
    "waiting on the next page": lambda session: waiting(session, limit=50, after=20),
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
    "what a snapshot holds": lambda session: reports_behind(session, ["loan"], opened=DAY),
    "versions of a snapshot": lambda session: list(versions_of(session, ["r1", "r2"])),
    "decisions of a snapshot": lambda session: list(placements_of(session, ["r1", "r2"])),
    "others of an event": lambda session: ever_in(session, ["e1", "e2"]),
    "runs of a snapshot": lambda session: runs_of(session, "rla"),
    "outcomes of a snapshot": lambda session: outlook_facts(session, "rla"),
    "filing": lambda session: file_reports(session, [report(tag="loan")], at=moment(1), origin="x"),
}


def plans(database: Database, query: Callable[[Session], object]) -> str:
    """What SQLite says it does for every SELECT of a query."""
    seen: list[tuple[str, Any]] = []

    def note(_c: object, _k: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    with Session(database.engine) as session:  # what it writes is undone, for the next one
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


@pytest.fixture(scope="module", params=[False, True], ids=["as it is", "analysed"])
def filled(
    request: pytest.FixtureRequest, migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A database with a history of everything; the planner knows how long it is, or does not."""
    path = shutil.copy(migrated_sqlite, tmp_path_factory.mktemp("filled"))
    many = [report(f"r{n}", f"2025-0{n % 9 + 1}-01", tag="visit", event=f"e{n // 3}") for n in range(900)]
    with open_database(f"sqlite:///{path}") as database:
        store(database, *many, report("loan", tag="loan", event="e900"))
        with database.session() as session:
            for cutoff in range(1, 29):
                store_run(session, run(as_of=date(2026, 1, cutoff)))
            reviewed(session)
            if request.param:
                session.execute(text("ANALYZE"))
        yield database


@pytest.mark.parametrize("name", QUERIES)
def test_queries_look_things_up_and_scan_no_table(filled: Database, name: str) -> None:
    plan = plans(filled, QUERIES[name])
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
        ("waiting", "proposal USING INDEX ix_proposal_waiting (waiting=? AND id>?)"),
        (
            "waiting of a source",
            "proposal USING INDEX ix_proposal_waiting_source (waiting=? AND source=? AND id>?)",
        ),
        ("waiting with a tag", "proposal USING INDEX ix_proposal_waiting_tag (waiting=? AND tag=? AND id>?)"),
        ("how much waits", "proposal USING COVERING INDEX ix_proposal_waiting"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_in_force_is_found_without_what_was_before(database: Database, name: str, index: str) -> None:
    assert index in plans(database, QUERIES[name])


@pytest.mark.parametrize(
    ("name", "plan"),
    [
        ("history in brief", "SEARCH run USING COVERING INDEX ix_run_history (forecast_id=? AND as_of>?)"),
        ("next page", "SEARCH run USING COVERING INDEX ix_run_history (forecast_id=? AND as_of>?)"),
        ("runs", "SEARCH run USING COVERING INDEX ix_run_history (forecast_id=? AND as_of<?)"),
        ("latest of all", "SEARCH run_1 USING COVERING INDEX ix_run_latest (forecast_id=? AND status=?"),
        ("newest lines", "SEARCH run USING COVERING INDEX ix_run_number (forecast_id=? AND status=?)"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_histories_are_read_in_the_order_of_an_index(database: Database, name: str, plan: str) -> None:
    found = plans(database, QUERIES[name])
    assert re.sub(r"run_\d", "run_1", plan) in re.sub(r"run_\d", "run_1", found), found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize("name", ["history in brief", "history then", "published history", "next page"])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whether_a_run_is_superseded_is_looked_up_at_its_cutoff(database: Database, name: str) -> None:
    plan = plans(database, QUERIES[name])
    assert (
        "SEARCH newer USING COVERING INDEX ix_run_history (forecast_id=? AND as_of=? AND recorded_at>?"
        in plan
    )


LONG = (
    "history in brief",
    "history then",
    "next page",
    "runs",
    "newest run",
    "latest of all",
    "newest lines",
)


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
@pytest.mark.parametrize("database_url", POSTGRESQL, indirect=True)
def test_a_server_scans_no_table_of_runs(database: Database, name: str) -> None:
    with database.session() as session:
        session.execute(text("INSERT INTO evidence VALUES ('sha256:e', '{}')"))
        session.execute(text(_RUNS))
        session.execute(text("INSERT INTO run_line SELECT id, '{}' FROM run"))
        session.execute(
            text("INSERT INTO posterior (run_id, position, scenario) SELECT id, 0, 'up' FROM run")
        )
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    seen: list[tuple[str, Any]] = []

    def note(_c: object, _k: object, statement: str, parameters: Any, *_: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    with database.session() as session:
        QUERIES[name](session)
    event.remove(database.engine, "before_cursor_execute", note)
    assert seen
    with database.session() as session:
        explained = [session.connection().exec_driver_sql(f"EXPLAIN {s}", p).scalars().all() for s, p in seen]
    plan = "\n".join(line for lines_ in explained for line in lines_)
    assert not re.search(r"Seq Scan on (run|run_line|posterior)\b", plan), plan


_RUNS = """
INSERT INTO run (forecast_id, as_of, status, settled, supersedes, engine, evidence_digest, forecast_digest,
                 code_digest, recorded_at, seconds)
SELECT 'f' || number % 50, date '2020-01-01' + number / 50, 'published', true, 0, 'exact', 'sha256:e',
       'sha256:f', 'sha256:c', timestamptz '2020-01-01 00:00Z' + number * interval '1 hour', 1
FROM generate_series(0, 19999) AS number
"""


@pytest.mark.slow
@pytest.mark.parametrize("database_url", POSTGRESQL, indirect=True)
def test_a_server_is_kept_from_joining_whole_tables(database: Database) -> None:
    for transaction in (database.session, database.reading):
        with transaction() as session:
            set_to = [session.scalar(text(f"SHOW enable_{way}")) for way in ("hashjoin", "mergejoin")]
        assert set_to == ["off", "off"]
