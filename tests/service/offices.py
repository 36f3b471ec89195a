"""An office that keeps the evidence over the API: a feeder, an editor and a reader, each with a key."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from service.nightly import night
from storage.database import Database
from storage.keys import Scope
from storage.proposals import propose
from tests.service.browsing import afar, bearer
from tests.service.commands import report
from tests.service.stations import DAY, HOUR, Station
from tests.storage.proposing import proposal
from tests.storage.samples import report as stored_report

API = "/api/v1"
LINES = {"Content-Type": "application/x-ndjson"}


class Office:
    """Everybody asks from afar; the clock goes on by an hour with everything that is written."""

    def __init__(self, folder: Path, database: Database, url: str) -> None:
        self.station = Station(folder, database, url)
        self.service = self.station.service
        self.browser = afar(self.service)
        self._keys: dict[Scope, dict[str, str]] = {}

    def key(self, scope: Scope) -> dict[str, str]:
        if scope not in self._keys:
            self._keys[scope] = bearer(self.service, scope)
        return self._keys[scope]

    def gets(self, path: str, *, scope: Scope = "read", **options: Any) -> httpx.Response:
        headers = self.key(scope) | options.pop("headers", {})
        return self.browser.gets(API + path, headers=headers, **options)

    def lists(self, path: str, **options: Any) -> Any:
        """What a page says, which must be one."""
        answer = self.gets(path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def pages(self, path: str) -> list[Any]:
        """All pages, by their links."""
        found, address = [], path
        while address:
            answer = self.gets(address)
            assert answer.status_code == 200, answer.text
            found.append(answer.json())
            link = answer.links.get("next", {}).get("url", "")
            address = path.partition("?")[0] + link if link else ""
        return found

    def posts(
        self, path: str, body: object = None, *, scope: Scope = "admin", **options: Any
    ) -> httpx.Response:
        self.station.now += HOUR
        headers = self.key(scope) | options.pop("headers", {})
        content: Mapping[str, Any] = {"json": body} if body is not None else {}
        return self.browser.posts(API + path, headers=headers, **content, **options)

    def does(self, path: str, body: object = None, **options: Any) -> Any:
        """What a decision led to, which must be made."""
        answer = self.posts(path, body, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def hands_in(self, *reports: Mapping[str, object], **options: Any) -> list[Any]:
        found: list[Any] = self.does("/reports", list(reports), **options)["reports"]
        return found

    def hands_in_lines(self, *reports: object, **options: Any) -> httpx.Response:
        content = "".join(f"{json.dumps(one)}\n" for one in reports)
        headers = LINES | options.pop("headers", {})
        return self.posts("/reports", content=content.encode(), headers=headers, **options)

    def guesses(self, *identities: str, **changes: Any) -> None:
        """A source is not sure of these: they wait."""
        usual: dict[str, Any] = {"tag": "deal", "country": "PE", "headline": "Peru signs"} | changes
        told = [proposal(stored_report(one, "2025-03-01", **usual)) for one in identities]
        with self.service.database.session() as session:
            propose(session, told, at=self.service.clock())

    def runs(self, as_of: str = "2025-06-30") -> Any:
        """The night of a day."""
        forecasts = self.service.configuration.forecasts
        (document,) = night(self.service, forecasts, as_of=date.fromisoformat(as_of), say=lambda _text: None)
        return document

    def fills(self) -> None:
        """Have something of everything: events, retracted and denied reports, runs, and what waits."""
        told = [deal(f"r{n}", f"2025-{n % 5 + 1:02}-{n % 28 + 1:02}") for n in range(60)]
        self.hands_in(*told, deal("b", "2025-03-05", country="BR"), deal("c", denies=True, event="one"))
        self.does("/reports/b/retract", {"because": "a hoax"})
        self.runs("2025-05-31")
        self.runs()
        self.guesses(*(f"g{n}" for n in range(60)))
        self.is_ready()

    def is_ready(self) -> None:
        """Have the scheduler at work."""
        self.station.began(self.station.now - 10 * DAY)
        self.station.works(lasts=DAY)
        self.station.night(20, "done")
        self.station.digest(4, "done")


def deal(identity: str = "a", published: str = "2025-03-01", **fields: object) -> dict[str, object]:
    """A report that the forecast counts."""
    return report(identity, published, **fields)
