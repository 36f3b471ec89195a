"""A service that lives through some weeks, its clock put where each night and each digest is due."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from sqlalchemy import text

from service.composition import Service
from service.configuration import load
from service.digest import edition
from service.digest_letter import Press
from service.intake import take_files
from service.letters import Letter
from service.nightly import night
from storage.database import Database
from storage.runs import RunRecord, StoredRun, latest_published, store_run
from storage.subscribers import Subscriber, subscribe
from tests.service.andes import ANDES, FIRST, contract, pushback, treaty, visit
from tests.service.letters import Hand

MONDAY = datetime(2025, 6, 30, 7, tzinfo=UTC)
WEEK = "2025-W27"
URL = "https://posterity.example.org"
LATER = (
    contract("c8", "2025-05-20", country="BO", also=["PE"], headline="Bolivia and Peru buy radars"),
    treaty(headline="A treaty is signed", grade="C3"),
)
THIS_WEEK = (
    contract(
        "c9",
        "2025-06-25",
        headline="Peru buys tanks",
        grade="A1",
        publisher="paper.example",
        url="https://paper.example/tanks?a=1&b=2",
    ),
    contract(
        "c10", "2025-06-26", headline="Peru denies it", event="c9", denies=True, publisher="desk.example"
    ),
    visit("v9", "2025-06-27", headline="A president travels", grade="B2"),
    pushback("p9", "2025-06-28", headline="Washington objects"),
)


class Newsroom:
    """A service over a database; what it is asked, it is asked at the moment where its clock stands."""

    def __init__(self, folder: Path, database: Database, configuration: str = ANDES) -> None:
        self.folder, self.database = folder, database
        self.clock = Hand(MONDAY)
        self.configure(configuration)

    def configure(self, text: str) -> None:
        path = self.folder / "config.toml"
        path.write_text(text, encoding="utf-8")
        self.service = Service(configuration=load(path, {}), database=self.database, clock=self.clock)

    def adjust(self, old: str, new: str) -> None:
        before = (self.folder / "config.toml").read_text(encoding="utf-8")
        assert old in before
        self.configure(before.replace(old, new))

    def night(self, day: str, *reports: Mapping[str, object], recorded: datetime | None = None) -> list[Any]:
        """Live through the night of a day, with what was reported before it."""
        self.clock.now = recorded or datetime.fromisoformat(f"{day}T02:15+00:00")
        if reports:
            path = self.folder / "told.jsonl"
            path.write_text("".join(json.dumps(one) + "\n" for one in reports), encoding="utf-8")
            assert not [refused for one in take_files(self.service, [path]) for refused in one.refused]
        as_of = datetime.fromisoformat(day).date()
        forecasts = [one for one in self.service.configuration.forecasts if one.opened <= as_of]
        return list(night(self.service, forecasts, as_of=as_of, say=lambda _: None))

    def weeks(self) -> None:
        """Live through the nights that most tests ask about, up to the Monday of the digest."""
        self.night("2025-04-15", *FIRST)
        self.night("2025-06-16", *LATER)
        self.night("2025-06-23")
        self.night("2025-06-30", *THIS_WEEK)
        self.clock.now = MONDAY

    def held(self, day: str) -> int:
        """Have the last run of the first forecast come again on a day, and be held for two of its checks."""
        moment = datetime.fromisoformat(f"{day}T02:15+00:00")
        forecast = self.service.configuration.forecasts[0].id
        with self.database.session() as session:
            run = latest_published(session, forecast)
            assert run is not None
            again = {one.name: getattr(run, one.name) for one in fields(StoredRun) if one.name != "run"}
            changes = {"status": "held", "as_of": moment.date(), "recorded_at": moment}
            checks = [
                {"name": "rhat", "figure": 1.034, "threshold": 1.01, "passed": False},
                {"name": "ess_bulk", "figure": 500.0, "threshold": 100.0, "passed": True},
                {"name": "divergences", "figure": None, "threshold": 0, "passed": False},
            ]
            document = json.loads(run.document) | {"checks": checks, "status": "held"}
            return store_run(session, RunRecord(**(again | changes | {"document": document})))

    def mails(self) -> list[Any]:
        """What stands in the outbox: to whom, and the numbers that it states."""
        with self.database.reading() as session:
            found = session.execute(text("SELECT recipient, key, document FROM message ORDER BY recipient"))
            return [(recipient, key, json.loads(document)) for recipient, key, document in found]

    def edition(self, at: datetime = MONDAY) -> Any:
        """What the digest says, as it comes back from the store."""
        return json.loads(json.dumps(edition(self.service, WEEK, at)))

    def said(self, at: datetime = MONDAY) -> Any:
        """What it says of the first forecast."""
        return self.edition(at)["forecasts"][0]

    def letter(self, public_url: str = URL, **wishes: Any) -> Letter:
        said = self.edition()
        press = Press(edition=said, public_url=public_url, sender="Desk <desk@example.org>")
        return press.letter(reader(**wishes), said["forecasts"])

    def subscribes(self, address: str, **wishes: Any) -> None:
        with self.database.session() as session:
            subscribe(session, address, token=f"token-{address}", origin="test", at=self.clock(), **wishes)


def reader(**wishes: Any) -> Subscriber:
    since = MONDAY - timedelta(days=100)
    plain_wishes: dict[str, Any] = {"address": "ana@example.org", "token": "token-of-ana", "since": since}
    return Subscriber(**(plain_wishes | wishes))


class Shown(HTMLParser):
    """What a page shows: its words, its alternative texts, its links, its images and its elements."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.links: list[str] = []
        self.images: list[str] = []
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self._within: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = dict(attributes)
        self.elements.append((tag, tuple(known)))
        self._within += [tag] if tag in {"style", "title"} else []
        if tag == "a":
            self.links.append(known["href"] or "")
        if tag == "img":
            self.images.append(known["src"] or "")
            self.texts.append(known["alt"] or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._within:
            self._within.remove(tag)

    def handle_data(self, data: str) -> None:
        if not self._within:
            self.texts.append(data)

    @property
    def shown(self) -> str:
        return plain(" ".join(self.texts))


def plain(text: str) -> str:
    """Text with nothing but single spaces between its words."""
    return " ".join(text.split())


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", text.lower()))


def numbers(text: str) -> set[str]:
    return set(re.findall(r"[-+\N{MINUS SIGN}]?\d[\d.,:-]*\d|[-+\N{MINUS SIGN}]?\d", text))
