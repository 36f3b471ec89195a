"""A bureau: sources that say something, sure of it or not, and editors who decide."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from model.dates import CoarseDate
from model.domain import Report
from model.wire import digest
from service.clustering import cluster
from service.composition import Service
from service.configuration import load
from storage.database import Database
from storage.events import JoinedReport, event_reports
from storage.memberships import Placement, placements
from storage.proposals import NewProposal, Proposal, propose, waiting
from storage.reports import StoredReport, file_reports, report_versions
from tests.service.configurations import VALID

BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)
ANA: dict[str, Any] = {"author": "Ana", "why": "seen on film"}


def deal(identity: str = "feed:1", published: str = "2026-02-10", **changes: Any) -> Report:
    plain = Report(
        id=identity,
        published=CoarseDate.parse(published),
        tag="deal",
        country="PE",
        headline="Peru signs for eight helicopters",
        publisher="tass.com",
        grade="C3",
    )
    return replace(plain, **changes)


class Bureau:
    """A service whose clock goes on by an hour with everything that is done."""

    def __init__(self, folder: Path, database: Database) -> None:
        path = folder / "config.toml"
        path.write_text(VALID, encoding="utf-8")
        self.now = BEGIN
        self.service = Service(configuration=load(path, {}), database=database, clock=lambda: self.now)

    def later(self) -> datetime:
        self.now += timedelta(hours=1)
        return self.now

    def says(self, *reports: Report, origin: str = "feed") -> list[str]:
        """A source is sure of these: they are filed, as the intake does it."""
        at = self.later()
        with self.service.database.session() as session:
            filings = file_reports(session, reports, at=at, origin=origin)
            new = [one for one, filing in zip(reports, filings, strict=True) if filing.outcome != "duplicate"]
            cluster(session, self.service, new, at=at)
        return [filing.outcome for filing in filings]

    def guesses(self, *reports: Report, source: str = "feed", **changes: Any) -> list[str]:
        """A source is not sure of these: they wait."""
        usual: dict[str, Any] = {"kind": "new", "confidence": 0.5, "why": "rule 2: signs"} | changes
        told = [
            NewProposal(report=one, source=source, line=7, digest=digest(one), **usual) for one in reports
        ]
        at = self.later()
        with self.service.database.session() as session:
            return [*propose(session, told, at=at)]

    def waiting(self) -> list[Proposal]:
        with self.service.database.reading() as session:
            return waiting(session)

    def versions(self, identity: str = "feed:1") -> list[StoredReport]:
        with self.service.database.reading() as session:
            return report_versions(session, identity)

    def decisions(self, identity: str = "feed:1") -> list[Placement]:
        with self.service.database.reading() as session:
            return placements(session, identity)

    def event_of(self, identity: str = "feed:1") -> str:
        return self.decisions(identity)[-1].membership.event_key

    def joined(self, event: str, known_at: datetime | None = None) -> list[JoinedReport]:
        with self.service.database.reading() as session:
            return event_reports(session, event, known_at=known_at)

    def members(self, event: str, known_at: datetime | None = None) -> set[str]:
        return {one.stored.report.id for one in self.joined(event, known_at)}


def told(versions: Sequence[StoredReport]) -> list[tuple[object, ...]]:
    """What versions say that tells them apart: tag, grade, whether retracted, by whom and why."""
    return [(one.report.tag, one.report.grade, one.retracted, one.author, one.why) for one in versions]
