import json
from dataclasses import fields, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from model.domain import Verdict
from service import runs_shown
from storage import outbox
from storage.database import Database
from storage.jobs import NIGHT, Task, end, start
from storage.polls import Poll, record_poll
from storage.run_pages import run_page
from storage.runs import RunRecord, Status, StoredRun, latest_published, store_run
from tests.service.andes import ANDES
from tests.service.browsing import afar
from tests.service.commands import SURE
from tests.service.digests import MONDAY, Newsroom, Shown
from tests.service.visiting import HOSTILE, Visitor, inert
from tests.storage.test_query_plans import SCANNED, plans

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere"),
]

CHECKS = (
    Verdict(name="rhat", figure=1.034, threshold=1.01, passed=False),
    Verdict(name="ess_bulk", figure=500.0, threshold=100.0, passed=True),
    Verdict(name="divergences", figure=None, threshold=0, passed=False),
)
SOURCES = """
[[sources]]
id = "agency"
kind = "rss"
url = "https://agency.example/feed"
every = "6h"
"""


@pytest.fixture
def room(tmp_path: Path, database: Database) -> Newsroom:
    room = Newsroom(tmp_path, database, ANDES + SURE)
    room.night("2025-06-16")
    room.night("2025-06-30")
    held(room, "2025-07-01")
    return room


def held(room: Newsroom, day: str) -> None:
    """The last run of the first forecast comes again on a day, and is held."""
    with room.database.session() as session:
        run = latest_published(session, "andes")
        assert run is not None
        again = {one.name: getattr(run, one.name) for one in fields(StoredRun) if one.name != "run"}
        record = RunRecord(**(again | {"document": json.loads(run.document)}))
        moment = datetime.fromisoformat(f"{day}T02:15+00:00")
        store_run(
            session,
            replace(record, status="held", as_of=moment.date(), recorded_at=moment, checks=CHECKS),
        )


@pytest.fixture
def visitor(room: Newsroom) -> Visitor:
    return Visitor(room.service)


def tried(room: Newsroom, outcome: str, detail: str, day: str = "2025-06-30") -> None:
    """A night that was tried once, with a step that failed."""
    began = MONDAY - timedelta(hours=5)
    with room.database.session() as session:
        whole = start(session, Task(NIGHT, day), token=1, at=began)
        step = start(session, Task(NIGHT, day, "run andes"), token=1, at=began)
        end(session, step, "failed", detail, at=began + timedelta(minutes=3))
        end(session, whole, outcome, detail, at=began + timedelta(minutes=4))  # type: ignore[arg-type]  # one of them


def test_every_run_stands_with_its_status_its_time_and_why_it_was_held(visitor: Visitor) -> None:
    words = visitor.reads("/runs")
    assert "rhat is 1.034, beyond its limit of 1.01" in words
    assert "divergences is not known, beyond its limit of 0" in words
    assert "ess_bulk" not in words
    assert "rules out every scenario" in words
    assert words.index("1 Jul 2025") < words.index("16 Jun 2025")


@pytest.mark.both("adds statements")
def test_runs_are_narrowed_down_by_forecast_and_status(visitor: Visitor) -> None:
    held = visitor.opens("/runs?status=held&forecast=").text
    assert held.count('class="status held"') == held.count("/runs/") == 1
    failed = visitor.reads("/runs?forecast=sure&status=failed")
    assert "rules out every scenario" in failed
    assert "rhat" not in failed
    both = visitor.opens("/runs?forecast=andes").text
    assert "/forecasts/andes/runs/" in both
    assert "/forecasts/sure/runs/" not in both
    assert "No run is like this" in visitor.reads("/runs?forecast=none")


@pytest.mark.parametrize(
    "narrowed", ["", "&forecast=andes", "&status=published", "&forecast=andes&status=held"]
)
def test_the_pager_leads_to_every_run_once(
    room: Newsroom, visitor: Visitor, narrowed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(2, 6):
        held(room, f"2025-07-{day:02}")
    monkeypatch.setattr("service.pages.asked.PAGE", 2)
    path, found = f"/runs?{narrowed.removeprefix('&')}", []
    while path:
        page = Shown(visitor.opens(path).text)
        found += [int(link.rpartition("/")[2]) for link in page.links if "/runs/" in link]
        path = next((link for link in page.links if "cursor=" in link), "")
    assert found == sorted(set(found), reverse=True)
    with room.database.reading() as session:
        wanted = dict(part.split("=") for part in narrowed.split("&") if part)
        every = run_page(session, limit=100, **wanted)  # type: ignore[arg-type]  # a status
    assert found == [one.run for one in every]


@pytest.mark.both("adds statements")
def test_nights_say_which_step_failed_and_why(room: Newsroom, visitor: Visitor) -> None:
    tried(room, "failed", "run 7 of 2025-06-30 failed: its process was ended by signal 9")
    words = visitor.reads("/runs")
    assert "run andes, attempt 1: failed after 3 min: run 7 of 2025-06-30 failed" in words


def test_sources_say_when_they_answered_last_and_how_often_they_failed(room: Newsroom) -> None:
    room.configure(ANDES + SOURCES)
    at = MONDAY - timedelta(days=2)
    with room.database.session() as session:
        record_poll(session, Poll(source="agency", started_at=at, at=at, outcome="done"))
        for hours in (6, 12):
            later = at + timedelta(hours=hours)
            detail = "answers 503"
            record_poll(
                session, Poll(source="agency", started_at=later, at=later, outcome="failed", detail=detail)
            )
    words = Visitor(room.service).reads("/runs")
    assert "agency rss 6 h 28 Jun 2025, 07:00 UTC 2 answers 503" in words
    assert "failing since 28 Jun 2025, 13:00 UTC" in words


def test_mail_that_was_given_up_is_told_without_whose_it_was(room: Newsroom, visitor: Visitor) -> None:
    with room.database.session() as session:
        for who in ("ana.soto@example.org", "ben@example.org"):
            outbox.queue(
                session,
                kind="digest",
                key="2025-W26",
                recipient=who,
                message_id=f"<{who}>",
                subject="s",
                document={},
                content="text",
                at=MONDAY,
            )
        later = MONDAY + timedelta(hours=1)
        (one,) = outbox.claim(session, worker="w", at=MONDAY, until=later)
        error = f"550 {one.recipient} is unknown here"
        assert outbox.dead(session, one.id, worker="w", error=error, at=MONDAY)
    words = visitor.reads("/runs")
    assert "1 waits to be sent" in words
    assert "a***@example.org digest 2025-W26 1 550 a***@example.org is unknown here" in words
    assert "ana.soto" not in visitor.opens("/runs").text


@pytest.mark.parametrize(
    "secret",
    ["postgresql://u:hunter2@db/x", "Authorization: Bearer hunter2", "password=hunter2", "pk_hunter2hunter2"],
)
def test_no_secret_is_shown(room: Newsroom, secret: str) -> None:
    room.configure(ANDES + SOURCES)
    tried(room, "failed", f"cannot be reached: {secret}")
    with room.database.session() as session:
        record_poll(
            session,
            Poll(
                source="agency", started_at=MONDAY, at=MONDAY, outcome="failed", detail=f"refused: {secret}"
            ),
        )
    text = Visitor(room.service).opens("/runs").text
    assert "cannot be reached" in text
    assert "refused" in text
    assert "hunter2" not in text


def test_hostile_words_are_shown_as_words(room: Newsroom) -> None:
    room.configure(ANDES + SOURCES)
    for hour, said in enumerate(HOSTILE):
        tried(room, "failed", said, f"2025-06-{hour + 10}")
        at = MONDAY + timedelta(hours=hour)
        with room.database.session() as session:
            record_poll(session, Poll(source="agency", started_at=at, at=at, outcome="failed", detail=said))
        inert(Visitor(room.service).opens("/runs").text)


@pytest.mark.both("adds statements")
def test_an_empty_store_says_what_fills_it(tmp_path: Path, database: Database) -> None:
    words = Visitor(Newsroom(tmp_path, database).service).reads("/runs")
    for taught in ("posterity run", "posterity schedule", "[[sources]]", "No mail waits"):
        assert taught in words


@pytest.mark.parametrize(
    "path", ["/runs?status=lost", "/runs?cursor=x", "/runs?when=now", "/runs?forecast=" + "x" * 300]
)
def test_what_cannot_be_asked_is_refused(visitor: Visitor, path: str) -> None:
    visitor.opens(path, 422)


def test_strangers_are_not_shown_what_ran(room: Newsroom) -> None:
    assert afar(room.service).gets("/runs").status_code == 401


@pytest.mark.parametrize(
    ("forecast", "status"), [(None, None), ("andes", None), (None, "failed"), ("andes", "held")]
)
def test_the_page_scans_no_table(room: Newsroom, forecast: str | None, status: Status | None) -> None:
    tried(room, "failed", "why")
    look = partial(runs_shown.shown_runs, room.service, forecast=forecast, status=status, limit=25)
    plan = plans(room.database, lambda _: look())
    assert not SCANNED.search(plan), plan
