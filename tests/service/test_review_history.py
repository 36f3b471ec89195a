"""Whatever sources say and editors decide, what was known at a past moment stays known as it was."""

import random
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from model.domain import Report
from model.errors import UsageError
from service import review
from storage.database import Database
from storage.events import event_reports, evidence_reports, found_events, summaries
from storage.memberships import memberships, placements
from storage.proposals import proposals_of, waiting
from storage.reports import list_reports, report_versions
from tests.service.reviewing import Bureau, deal

pytestmark = pytest.mark.slow

IDS = [f"r{number}" for number in range(6)]
HEADLINES = ("Peru signs for helicopters", "Lima opens a plant", "A minister travels to Lima")
EVENTS = ("plant", "deal", "visit")
STEPS = 40


def state(bureau: Bureau, known_at: datetime | None) -> dict[str, Any]:
    """Everything that can be asked as of a moment."""
    with bureau.service.database.reading() as session:
        events = found_events(session, known_at=known_at)
        return {
            "reports": list_reports(session, known_at=known_at),
            "versions": {one: report_versions(session, one, known_at=known_at) for one in IDS},
            "events": summaries(session, events, known_at=known_at),
            "behind": {one: event_reports(session, one, known_at=known_at) for one in sorted(events)},
            "evidence": evidence_reports(
                session, ["deal", "visit"], opened=date(2026, 1, 1), as_of=date(2026, 3, 1), known_at=known_at
            ),
            "decisions": memberships(session, IDS, known_at=known_at),
            "placements": {one: placements(session, one, known_at=known_at) for one in IDS},
            "waiting": waiting(session, known_at=known_at),
            "proposals": {one: proposals_of(session, one, known_at=known_at) for one in IDS},
        }


class Chance:
    """Sources and editors who do anything at all; what makes no sense is refused and does nothing."""

    def __init__(self, bureau: Bureau, seed: int) -> None:
        self.bureau, self.random = bureau, random.Random(seed)  # noqa: S311 - no secret

    def step(self) -> bool:
        """Do something; whether anything came of it."""
        self.bureau.later()
        try:
            self.random.choice(list(self.deeds()))()
        except UsageError:
            return False
        return True

    def deeds(self) -> Iterator[Callable[[], object]]:
        service = self.bureau.service
        by: dict[str, Any] = {"author": self.random.choice("AB"), "why": "seen on film"}
        identity, numbers = self.random.choice(IDS), [one.number for one in self.bureau.waiting()]
        some = self.random.sample(numbers, min(len(numbers), self.random.randint(1, 2))) or [1]
        event, others = self.random.choice(EVENTS), self.random.sample(EVENTS, 2)
        yield lambda: self.bureau.says(self.report())
        yield lambda: self.bureau.guesses(self.report(), self.report())
        yield lambda: self.bureau.guesses(self.report(), kind="changed")
        yield lambda: review.accept(service, some, **by)
        yield lambda: review.accept(service, some, **by, tag="visit", event=event)
        yield lambda: review.reject(service, some, **by)
        yield lambda: review.amend(service, identity, {"headline": self.random.choice(HEADLINES)}, **by)
        yield lambda: review.amend(service, identity, {"event": event, "grade": "A1"}, **by)
        yield lambda: review.retract(service, identity, **by)
        yield lambda: review.merge(service, event, others, **by)
        standing = [one.membership.event_key for one in self.bureau.decisions(identity)][-1:]
        yield lambda: review.merge(service, event, standing, **by)
        yield lambda: review.split(service, [identity], **by)

    def report(self) -> Report:
        return deal(
            self.random.choice(IDS),
            f"2026-02-{self.random.randint(1, 20):02}",
            headline=self.random.choice(HEADLINES),
            tag=self.random.choice(("deal", "visit")),
        )


@pytest.mark.parametrize("seed", range(3))
def test_the_past_stays_as_it_was_known(tmp_path: Path, database: Database, seed: int) -> None:
    bureau = Bureau(tmp_path, database)
    bureau.says(*(deal(one, event=event) for one, event in zip(IDS, EVENTS, strict=False)))
    chance, seen, done = Chance(bureau, seed), {bureau.now: state(bureau, None)}, 0
    for _ in range(STEPS):
        done += chance.step()
        seen[bureau.now] = state(bureau, None)
        makes_sense(seen[bureau.now])
    assert done > STEPS / 3
    for moment, was in seen.items():
        assert state(bureau, moment) == was


def makes_sense(known: dict[str, Any]) -> None:
    """Every report has one event, and at most one proposal that waits."""
    filed, waits = [one.report.id for one in known["reports"]], [one.report.id for one in known["waiting"]]
    assert len(waits) == len(set(waits))
    assert set(known["decisions"]) == set(filed)
    belongs = [one.stored.report.id for joined in known["behind"].values() for one in joined]
    assert len(belongs) == len(set(belongs))
    undecided = [one for told in known["proposals"].values() for one in told if one.verdict is None]
    assert sorted(one.number for one in undecided) == [one.number for one in known["waiting"]]
