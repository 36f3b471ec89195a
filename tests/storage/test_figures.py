from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from storage.database import Database
from storage.events import Membership, join_events
from storage.figures import (
    QUEUED,
    Arrivals,
    Newest,
    alerts_open,
    events_after,
    in_force,
    newest,
    queued,
    reports_after,
)
from storage.jobs import NIGHT, Task, end, latest, start
from storage.reports import file_reports
from storage.runs import ScenarioPosterior, store_run
from storage.service_tables import Alert, Message
from tests.storage.samples import moment, report, run
from tests.storage.test_query_plans import SCANNED, plans
from tests.storage.test_stored_events import store

ALL = 1_000_000

QUERIES: dict[str, Callable[[Session], object]] = {
    "in force": lambda session: in_force(session, "rla"),
    "newest": lambda session: newest(session, "rla"),
    "queued": queued,
    "alerts": alerts_open,
    "reports": lambda session: reports_after(session, 890, most=ALL),
    "events": lambda session: events_after(session, 890, most=ALL),
    "last night": lambda session: latest(session, NIGHT),
    "last success": lambda session: latest(session, NIGHT, outcome="done"),
}


def mail(number: int, state: str) -> dict[str, object]:
    return {
        "kind": "digest",
        "key": "2026-W03",
        "recipient": f"r{number}@example.org",
        "message_id": f"<{number}@example.org>",
        "subject": "Digest",
        "document": "{}",
        "content": "",
        "state": state,
        "due_at": moment(1),
        "claimed_by": "us" if state == "claimed" else None,
        "recorded_at": moment(1),
    }


def alert(kind: str, *, ended: bool = False, subject: str = "") -> dict[str, object]:
    ended_at = moment(2) if ended else None
    return {"kind": kind, "subject": subject, "text": "", "raised_at": moment(1), "ended_at": ended_at}


def test_what_is_believed_is_the_newest_published_run_of_the_latest_cutoff(database: Database) -> None:
    with database.session() as session:
        store_run(session, run(as_of=date(2026, 1, 10), recorded_at=moment(10)))
        store_run(session, run(as_of=date(2026, 1, 9), recorded_at=moment(11), code_digest="sha256:d"))
        store_run(session, run(as_of=date(2026, 1, 11), recorded_at=moment(11), status="held"))
        found = in_force(session, "rla")
        assert found is not None
        assert (found.as_of, found.recorded_at) == (date(2026, 1, 10), moment(10))
        assert found.probabilities == {"downside": 0.43, "base": 0.53}
        assert newest(session, "rla") == Newest(status="held", seconds=9.1)


def test_a_forecast_that_never_ran_has_no_figures(database: Database) -> None:
    with database.reading() as session:
        assert in_force(session, "rla") is None
        assert newest(session, "rla") is None


def test_a_probability_that_is_missing_is_left_out(database: Database) -> None:
    posteriors = (ScenarioPosterior(scenario="down"), ScenarioPosterior(scenario="up", probability=0.0))
    with database.session() as session:
        store_run(session, run(posteriors=posteriors))
        found = in_force(session, "rla")
        assert found is not None
        assert found.probabilities == {"up": 0.0}


def test_mails_that_have_left_are_not_counted(database: Database) -> None:
    states = ["waiting", "sent", "dead", "sent", "claimed", "waiting"]
    with database.session() as session:
        assert queued(session) == dict.fromkeys(QUEUED, 0)
        session.execute(insert(Message), [mail(number, state) for number, state in enumerate(states)])
        assert queued(session) == {"waiting": 2, "claimed": 1, "dead": 1}


def test_alerts_that_have_ended_are_not_counted(database: Database) -> None:
    raised = [
        alert("disk", subject="a"),
        alert("disk", subject="b"),
        alert("disk", ended=True),
        alert("night"),
    ]
    with database.session() as session:
        assert alerts_open(session) == {}
        session.execute(insert(Alert), [*raised, alert("outbox", ended=True)])
        assert alerts_open(session) == {"disk": 2, "night": 1}


def test_reports_count_once_whatever_is_said_of_them_later(database: Database) -> None:
    with database.session() as session:
        file_reports(session, [report("a"), report("b")], at=moment(1), origin="x.csv")
        file_reports(session, [report("a", headline="otherwise"), report("c")], at=moment(2), origin="y.csv")
        found = reports_after(session, 0, most=ALL)
    assert found == Arrivals(until=found.until, complete=True, by_origin={"x.csv": 2, "y.csv": 1})


def test_events_count_for_the_origin_that_told_of_them_first(database: Database) -> None:
    with database.session() as session:
        for origin, ids in (("x", "ab"), ("y", "cd")):
            file_reports(session, [report(one) for one in ids], at=moment(1), origin=origin)
        for one, event in zip("cabdc", ("e1", "e1", "e2", "e3", "e2"), strict=True):
            join_events(session, [Membership(report_id=one, event_key=event, why="")], at=moment(1))
        assert events_after(session, 0, most=ALL).by_origin == {"x": 1, "y": 2}


@pytest.mark.parametrize("count", [reports_after, events_after])
@pytest.mark.parametrize("most", [1, 2, 7, 100])
def test_counting_in_parts_counts_each_once(
    database: Database, count: Callable[..., Arrivals], most: int
) -> None:
    store(database, *(report(f"r{n}", event=f"e{n // 2}") for n in range(9)))
    with database.reading() as session:
        parts = [count(session, 0, most=most)]
        while not parts[-1].complete:
            parts.append(count(session, parts[-1].until, most=most))
        whole = count(session, 0, most=ALL)
    assert sum(part.by_origin.get("inbox", 0) for part in parts) == whole.by_origin["inbox"]
    assert (parts[-1].until, len(parts)) == (whole.until, -(-9 // most))


def test_nothing_new_is_counted_as_nothing(database: Database) -> None:
    with database.session() as session:
        assert reports_after(session, 0, most=ALL) == Arrivals(until=0, complete=True, by_origin={})
        file_reports(session, [report()], at=moment(1), origin="x")
        last = reports_after(session, 0, most=ALL).until
        assert reports_after(session, last, most=ALL) == Arrivals(until=last, complete=True, by_origin={})


@pytest.mark.slow
@pytest.mark.parametrize("analysed", [False, True])
@pytest.mark.parametrize("name", QUERIES)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_figures_look_things_up_and_scan_no_table(database: Database, name: str, analysed: bool) -> None:
    store(database, *(report(f"r{n}", event=f"e{n // 3}") for n in range(900)))
    with database.session() as session:
        for cutoff in range(1, 29):
            store_run(session, run(as_of=date(2026, 1, cutoff)))
            number = start(session, Task(NIGHT, f"2026-01-{cutoff:02}"), token=1, at=moment(cutoff))
            end(session, number, "done", at=moment(cutoff))
        session.execute(insert(Message), [mail(number, "sent") for number in range(900)])
        session.execute(
            insert(Alert), [alert("disk", ended=True, subject=str(number)) for number in range(90)]
        )
        if analysed:
            session.execute(text("ANALYZE"))
    plan = plans(database, QUERIES[name])
    assert not SCANNED.search(plan), plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan, plan
