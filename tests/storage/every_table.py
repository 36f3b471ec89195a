"""Rows for every table of every revision, with what databases may disagree about."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from storage.schema import tables_at

DAY, WEEK = date(2026, 1, 10), date(2026, 1, 17)
NOW = datetime(2026, 1, 10, 3, 0, 0, 123456, tzinfo=UTC)
HEADLINE = "Завод «боеприпасов»: first\tstage \U0001f600 'opened' \\ \"so\"\n"
LONG = "Перу " * 40_000

Row = dict[str, Any]


def _report(identity: str, **changes: Any) -> Row:
    row = {
        "report_id": identity,
        "version": 1,
        "digest": f"sha256:{identity}",
        "tag": "deal",
        "country": "PE",
        "also": " BR CO ",
        "published_first": DAY,
        "published_last": date(9999, 12, 31),
        "occurred_first": date(25, 1, 1),
        "occurred_last": DAY,
        "denies": False,
        "retracted": True,
        "recorded_at": NOW,
        "origin": "nov\ufffddades.jsonl",
        "line": 7,
        "author": None,
        "why": "",
        "searchable": HEADLINE.casefold(),
        "content": HEADLINE,
    }
    return row | changes


def _run(cutoff: int, **changes: Any) -> Row:
    row = {
        "forecast_id": "rla",
        "as_of": DAY.replace(day=cutoff),
        "status": "published",
        "settled": True,
        "supersedes": 0,
        "engine": "exact",
        "evidence_digest": "sha256:Z",
        "forecast_digest": "sha256:f",
        "code_digest": "sha256:c",
        "observed_until": None,
        "recorded_at": NOW,
        "seconds": 0.1 + 0.2,
        "draws": None,
    }
    return row | changes


def _message(number: int, **changes: Any) -> Row:
    row = {
        "kind": "digest",
        "key": f"2026-W0{number}",
        "recipient": "Ana <ana@example.org>",
        "message_id": f"<{number}@example.org>",
        "subject": "Your week",
        "document": "{}",
        "content": LONG,
        "state": "sent",
        "attempts": 2,
        "due_at": NOW,
        "claimed_by": None,
        "error": "",
        "recorded_at": NOW,
        "sent_at": NOW,
    }
    return row | changes


def _proposal(number: int, **changes: Any) -> Row:
    row = {
        "report_id": f"feed:{number}",
        "source": "feed",
        "line": 3,
        "kind": "new",
        "digest": f"sha256:{number}",
        "tag": "deal",
        "content": HEADLINE,
        "content_digest": "sha256:c",
        "confidence": 0.1 + 0.2,
        "why": HEADLINE,
        "event_key": "e1",
        "score": 1 / 3,
        "runner_up": "e2",
        "runner_up_score": 1e-300,
        "recorded_at": NOW,
        "waiting": False,
    }
    return row | changes


# Keys in an order in which no language would put them.
EVIDENCE = ["sha256:Z", "sha256:_", "sha256:a", "sha256:é", "sha256:\U0001f600"]
ROWS: Mapping[str, list[Row]] = {
    "report_version": [_report("b"), _report("B", line=None, author="é"), _report("a", content=LONG)],
    "event_membership": [
        {"report_id": "a", "event_key": "e1", "why": "alike", "score": 1 / 3, "recorded_at": NOW},
        {"report_id": "b", "event_key": "e1", "why": "", "score": 1e-300, "author": "é", "recorded_at": NOW},
    ],
    "forecast_version": [
        {
            "forecast_id": "rla",
            "version": number,
            "digest": "sha256:f",
            "evidence_seen": number > 1,
            "recorded_at": NOW,
            "difference": "[]",
            "definition": "{}",
        }
        for number in (1, 2)
    ],
    "evidence": [{"digest": digest, "snapshot": '{"events":["é"]}'} for digest in EVIDENCE],
    "run": [_run(1), _run(2, supersedes=1), _run(3, status="failed", settled=None, evidence_digest=None)],
    "run_document": [{"run_id": number, "document": f'{{"run":{number}}}'} for number in (1, 2, 3)],
    "run_line": [
        {"run_id": number, "line": f'{{"run":{number},"known_at":"{NOW.isoformat()}"}}'}
        for number in (1, 2, 3)
    ],
    "posterior": [
        {"run_id": 1, "position": 0, "scenario": "down", "probability": 0.1, "log_evidence": -1e308},
        {"run_id": 1, "position": 1, "scenario": "up", "probability": 0.9, "prior": 5e-324, "band_low": 1},
    ],
    "run_check": [
        {"run_id": 1, "position": 0, "name": "rhat", "figure": 1.002, "threshold": 1.01, "passed": True},
        {"run_id": 2, "position": 0, "name": "rhat", "figure": None, "threshold": 0, "passed": None},
    ],
    "run_warning": [{"run_id": 1, "position": 0, "text": HEADLINE}],
    "outlook": [
        {
            "run_id": run,
            "position": 0,
            "indicator": "deals",
            "days": 7,
            "starts_on": DAY,
            "until": WEEK,
            "probability": 0.25,
        }
        for run in (1, 2)
    ],
    "outlook_resolution": [
        {
            "run_id": 1,
            "position": 0,
            "forecast_id": "rla",
            "days": 7,
            "probability": 0.25,
            "outcome": 1.0,
            "events": 1,
            "resolved_as_of": WEEK,
            "recorded_at": NOW,
        }
    ],
    "outlook_mark": [{"forecast_id": "rla", "run_id": 1, "recorded_at": NOW}],
    "forecast_resolution": [
        {
            "forecast_id": "rla",
            "decision": decision,
            "scenario": scenario,
            "closed_on": closed_on,
            "why": HEADLINE,
            "author": "é",
            "forecast_digest": "sha256:f",
            "recorded_at": NOW,
        }
        for decision, scenario, closed_on in (
            ("resolved", "up", WEEK),
            ("corrected", "down", DAY),
            ("annulled", None, WEEK),
            ("reopened", None, None),
        )
    ],
    "lease": [{"name": "scheduler", "token": 7, "beat": 12, "holder": "ship, process 4", "expires_at": NOW}],
    "job": [
        {
            "job": "night",
            "due": "2026-01-10",
            "step": step,
            "attempt": 1,
            "token": 7,
            "started_at": NOW,
            "ended_at": ended,
            "outcome": "done" if ended else None,
            "detail": HEADLINE,
        }
        for step, ended in (("", None), ("update rla", NOW))
    ],
    "subscription": [
        {
            "address": "ana@example.org",
            "name": "Ana",
            "forecasts": "",
            "moved_points": 2.5,
            "alerts": True,
            "active": False,
            "token": "t",
            "origin": "command",
            "recorded_at": NOW,
        }
    ],
    "edition": [{"week": "2026-W02", "known_at": NOW, "recorded_at": NOW, "document": "{}"}],
    "message": [_message(1), _message(2, state="claimed", claimed_by="ship", sent_at=None)],
    "announcement": [
        {
            "forecast_id": "rla",
            "as_of": DAY,
            "run_id": 2,
            "since_run_id": 1,
            "points": 12.5,
            "bits": None,
            "alerted": True,
            "recorded_at": NOW,
        }
    ],
    "alert": [{"kind": "stale", "subject": "rla", "text": HEADLINE, "raised_at": NOW, "ended_at": None}],
    "api_key": [
        {"name": "desk", "scope": "read", "hash": "sha256:k", "recorded_at": NOW, "revoked_at": None}
    ],
    "source_poll": [
        {
            "source": "feed",
            "name": "",
            "started_at": NOW,
            "recorded_at": NOW,
            "outcome": outcome,
            "detail": HEADLINE,
            "counts": '{"accepted": 2}',
            "refused": LONG,
            "cursor": cursor,
        }
        for outcome, cursor in (("done", '{"etag": "é"}'), ("failed", None))
    ],
    "proposal": [
        _proposal(1),
        _proposal(2, kind="lapsed"),
        _proposal(3, line=None, event_key=None, score=None, runner_up=None, waiting=True),
    ],
    "verdict": [
        {"proposal_id": 1, "decision": "rejected", "author": "Ana", "why": HEADLINE, "recorded_at": NOW},
        {"proposal_id": 2, "decision": "superseded", "author": None, "why": "", "recorded_at": NOW},
    ],
    "web_session": [{"hash": "s", "key": "desk", "recorded_at": NOW, "expires_at": NOW}],
    "experiment": [
        {
            "name": name,
            "forecast_id": "rla",
            "engine": "pymc",
            "band": False,
            "forecast_digest": "sha256:f",
            "code_digest": "sha256:c",
            "definition": LONG,
            "grades": "{}",
            "recorded_at": NOW,
        }
        for name in ("late", "early")
    ],
    "experiment_run": [
        {
            "experiment_id": 2,
            "as_of": DAY,
            "supersedes": supersedes,
            "status": "published",
            "evidence_digest": "sha256:Z",
            "observed_until": DAY,
            "reports": 2,
            "counted": '{"é": 0.98}',
            "detail": HEADLINE,
            "recorded_at": NOW,
        }
        for supersedes in (0, 1)
    ],
    "experiment_posterior": [
        {"experiment_run_id": 1, "position": 0, "scenario": "down", "probability": 0.1, "prior": 5e-324},
        {"experiment_run_id": 1, "position": 1, "scenario": "up", "probability": 0.9, "log_evidence": -1e308},
    ],
    "snapshot_import": [
        {
            "forecast_id": "é",
            "sha256": "s",
            "first_report": first,
            "last_report": first and 2,
            "recorded_at": NOW,
        }
        for first in (1, None)
    ],
    "submission": [{"key": "k", "digest": "sha256:s", "response": LONG, "recorded_at": NOW}],
}


def fill(session: Session, revision: str) -> None:
    """Put rows into every table that there is at a revision."""
    for table in tables_at(revision):
        columns = {column.name for column in table.c}
        rows = [{name: row.get(name) for name in columns - {"id"}} for row in ROWS[table.name]]
        session.execute(insert(table), rows)


def everything(session: Session, revision: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that there is at a revision, word for word."""
    return {
        table.name: sorted(map(tuple, session.execute(select(table))), key=repr)
        for table in tables_at(revision)
    }
