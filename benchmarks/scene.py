"""A scene to be disturbed: a week's state, a Monday on which two nights and a digest are owed, a full inbox.

What comes of it is told as one value, with everything that does not depend on when it was done, so that a
disturbed course can be compared with an undisturbed one.
"""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import make_url, text

from service.composition import Service, opened
from service.intake import take_files
from service.leadership import Leadership
from service.nightly import night
from service.outbox import deliver
from service.owed import Worker, work
from service.readers import seed
from service.steps import Stopped
from service.worker import do_step
from storage.database import migrate, open_database
from storage.jobs import START, Task, end, start
from tests.databases import Server

MONDAY = datetime(2025, 6, 30, 7, 5, tzinfo=UTC)  # the nights of the 29th and 30th and a digest are owed
WEEK_BEFORE = MONDAY - timedelta(days=7, hours=1)
BEGUN = MONDAY - timedelta(days=2)
REPORTS = 60

FORECAST = """
[[forecasts]]
id = "{id}"
title = "Deals in {id}"
opened = 2025-01-01
horizon = 2025-12-31
coverage_sd = {coverage}
[[forecasts.scenarios]]
id = "down"
prior = 0.4
[[forecasts.scenarios]]
id = "up"
prior = 0.6
[[forecasts.indicators]]
id = "deals"
tag = "{tag}"
spread = {spread}
expected = {{ down = 1, up = 4 }}
"""

CONFIGURATION = """
[storage]
url = "{url}"
[schedule]
lease_seconds = 1
[digest]
recipients = ["one@example.org", "two@example.org"]
smtp = {{ host = "127.0.0.1", port = {port}, timeout_seconds = 20 }}
[alerts]
move_points = 1
"""

TOLD = {
    "runs": "SELECT forecast_id, as_of, status, evidence_digest, forecast_digest, supersedes FROM run",
    "probabilities": """SELECT r.forecast_id, r.as_of, p.scenario, p.probability
                        FROM run r JOIN posterior p ON p.run_id = r.id""",
    "reports": "SELECT report_id, version, digest FROM report_version",
    "memberships": "SELECT report_id, event_key FROM event_membership",
    "versions": "SELECT forecast_id, version, digest FROM forecast_version",
    "outlook": "SELECT r.forecast_id, r.as_of, o.indicator, o.days, o.probability FROM run r "
    "JOIN outlook o ON o.run_id = r.id",
    "announcements": "SELECT forecast_id, as_of, points, bits, alerted FROM announcement",
    "messages": "SELECT kind, key, recipient, message_id, subject, state FROM message",
    "editions": "SELECT week FROM edition",
    "jobs": "SELECT DISTINCT job, due, step FROM job WHERE outcome = 'done' AND job <> 'start'",
    "published twice": "SELECT forecast_id, as_of FROM run WHERE status <> 'failed' "
    "GROUP BY forecast_id, as_of HAVING count(*) > 1",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A folder with configuration and inbox, and a database."""

    folder: Path
    url: str

    @property
    def configuration(self) -> Path:
        """The configuration file."""
        return self.folder / "config.toml"


def lay_out(scene: Scene, port: int, *, sampled: bool) -> None:
    """Write configuration and inbox, and the state of a week before."""
    inbox = scene.folder / "inbox"
    inbox.mkdir(parents=True)
    settings = {"coverage": 0.25, "spread": 0.5} if sampled else {"coverage": 0, "spread": 0}
    forecasts = (
        FORECAST.format(id=one, tag=tag, **settings) for one, tag in (("north", "deal"), ("south", "pact"))
    )
    stated = CONFIGURATION.format(url=scene.url, port=port)
    scene.configuration.write_text(stated + "".join(forecasts), encoding="utf-8")
    _past(scene)
    for number, tags in enumerate((("deal", "pact"), ("pact", "deal"))):
        _write(inbox / f"{number}.jsonl", "new", date(2025, 6, 24), tags)


def _past(scene: Scene) -> None:
    with open_database(scene.url) as database:
        migrate(database)
    earlier = _write(scene.folder / "earlier.jsonl", "old", date(2025, 3, 1), ("deal", "pact"))
    with opened(scene.configuration, clock=lambda: WEEK_BEFORE) as service:
        list(take_files(service, [earlier]))
        list(night(service, service.configuration.forecasts, as_of=WEEK_BEFORE.date(), say=lambda _: None))
        with service.database.session() as session:
            begun = start(session, Task(START, "x"), token=0, at=BEGUN)
            end(session, begun, "done", at=BEGUN)
    earlier.unlink()


def _write(path: Path, name: str, first: date, tags: tuple[str, ...]) -> Path:
    lines = (
        {
            "id": f"{path.stem}-{name}-{number}",
            "published_on": (first + timedelta(days=number % 6)).isoformat(),
            "tag": tags[number % len(tags)],
            "country": ("PE", "BO", "CL", "BR", "MX")[number % 5],
            "headline": f"{name} {path.stem} number {number} is signed in city {number * 7 % 60}",
            "grade": "B2",
        }
        for number in range(REPORTS)
    )
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return path


def play(scene: Scene, *, later: timedelta = timedelta()) -> None:
    """Do what a scheduler does from its start: lead, work off what is owed, and deliver the mail.

    Parameters
    ----------
    later
        How much later than the first time it is; enough for the lease of whoever died to have run out.
    """
    now = MONDAY + later
    with opened(scene.configuration, clock=lambda: now) as service:
        leadership = Leadership(service)
        if not leadership.beat():
            raise Stopped
        led, token = leadership.service(), leadership.token
        if led is None or token is None:
            raise Stopped
        seed(led)
        work(_worker(scene, led, token))
        deliver(led, worker=leadership.holder)
        leadership.resign()


def _worker(scene: Scene, service: Service, token: int) -> Worker:
    """Do each step in this very process, so that a kill hits all of it."""
    return Worker(
        service=service,
        token=token,
        run=lambda token, words: do_step(scene.configuration, token, words, clock=service.clock),
        stopping=threading.Event(),
    )


def told(scene: Scene) -> dict[str, Any]:
    """Tell what came of it."""
    with open_database(scene.url) as database, database.reading() as session:
        found: dict[str, Any] = {
            name: sorted(str(tuple(row)) for row in session.execute(text(statement)))
            for name, statement in TOLD.items()
        }
        if database.is_sqlite:
            found["integrity"] = str(session.execute(text("PRAGMA integrity_check")).all())
    inbox = scene.folder / "inbox"
    found["inbox"] = sorted(str(path.relative_to(inbox)) for path in inbox.rglob("*") if path.is_file())
    found["stray"] = sorted(path.name for path in scene.folder.rglob("*.tmp"))
    return found


@contextmanager
def copies(template: Scene, server: Server | None, folder: Path) -> Iterator[Scene]:
    """Lend a copy of a scene, its database included."""
    shutil.copytree(template.folder, folder)
    if server is None:
        yield _moved(template, folder, f"sqlite:///{folder}/posterity.db")
    else:
        with server.lent(str(make_url(template.url).database)) as url:
            yield _moved(template, folder, url)
    shutil.rmtree(folder)


def _moved(template: Scene, folder: Path, url: str) -> Scene:
    scene = replace(template, folder=folder, url=url)
    stated = scene.configuration.read_text(encoding="utf-8")
    scene.configuration.write_text(stated.replace(template.url, url), encoding="utf-8")
    return scene
