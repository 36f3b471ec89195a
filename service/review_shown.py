"""What pages show an editor: what waits, one report that waits, and an event to be taken apart or joined."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ingest.cluster import Decision
from model.errors import Unknown
from model.wire import content
from service.clustering import foresee
from service.composition import Service
from service.event_summaries import told
from service.problems import shown
from service.report_shown import Change, changes
from service.waiting import Waiting, listed
from storage.content import differences
from storage.events import EventSummary, JoinedReport, event_keys, event_reports
from storage.proposals import Proposal, count_waiting, proposal, waiting
from storage.reports import reports_in_force


@dataclass(frozen=True, kw_only=True, slots=True)
class Triage:
    """A page of what waits, how much waits in all, and whether more follows."""

    items: Sequence[Waiting]
    waiting: int
    more: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """A report that waits, or waited.

    Parameters
    ----------
    event
        Where clustering would put it now; None once it is decided.
    nearby
        The event that it would join and the runner-up, as far as there are any.
    changes
        What it would change in the report as it is filed.
    belongs
        The event that its report belongs to now, if it is filed.
    next
        The number of what waits after it, or else first; None where nothing else does.
    """

    proposal: Proposal
    event: Decision | None
    nearby: Sequence[EventSummary]
    changes: Sequence[Change]
    belongs: str | None
    waiting: int
    next: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Regrouping:
    """An event with its reports, and what an editor last decided about where they belong.

    Parameters
    ----------
    near
        Events that its reports nearly joined.
    author, decided_at, moved
        Who, when, and about how many of them; None and 0 where nobody has.
    """

    key: str
    summary: EventSummary | None
    joined: Sequence[JoinedReport]
    near: Sequence[EventSummary]
    author: str | None
    decided_at: datetime | None
    moved: int


def triage(
    service: Service, *, source: str | None = None, tag: str | None = None, after: int = 0, limit: int
) -> Triage:
    """List a page of what waits, the first proposed first."""
    found = listed(service, source=source, tag=tag, limit=limit + 1, after=after)
    with service.database.reading() as session:
        number = count_waiting(session)
    return Triage(items=found[:limit], waiting=number, more=len(found) > limit)


def item(service: Service, number: int, *, source: str | None = None, tag: str | None = None) -> Item:
    """Show one report that waits, or waited, and what comes after it among those of a source and a tag.

    Raises
    ------
    Unknown
        There never was such a proposal.
    """
    with service.database.reading() as session:
        found = proposal(session, number)
        if found is None:
            raise Unknown(f"no proposal has the number {number}; the list shows what waits")
        waits = found.verdict is None
        event = foresee(session, service, [found.report])[found.report.id] if waits else None
        keys = [event.key, *([event.runner_up] if event.runner_up else [])] if event else []
        return Item(
            proposal=found,
            event=event,
            nearby=told(service, session, keys),
            changes=_changed(session, found) if waits else (),
            belongs=event_keys(session, [found.report.id]).get(found.report.id),
            waiting=count_waiting(session),
            next=_next(session, number, source, tag),
        )


def _next(session: Session, number: int, source: str | None, tag: str | None) -> int | None:
    for after in (number, 0):
        found = waiting(session, source=source, tag=tag, after=after, limit=2)
        others = [one.number for one in found if one.number != number]
        if others:
            return others[0]
    return None


def _changed(session: Session, found: Proposal) -> Sequence[Change]:
    filed = reports_in_force(session, [found.report.id]).get(found.report.id)
    return changes(differences(content(filed), content(found.report))) if filed else ()


def regrouping(service: Service, key: str) -> Regrouping:
    """Show an event to be taken apart, or joined with others.

    Raises
    ------
    Unknown
        There is none of this key.
    """
    with service.database.reading() as session:
        joined = event_reports(session, key)
        nearly = dict.fromkeys(one.membership.runner_up for one in joined)
        found = told(service, session, [key])
        near = told(service, session, [one for one in nearly if one is not None and one != key])
    if not joined:
        raise Unknown(f"no event is called {shown(key)}; the list of events finds it")
    decided = [one for one in joined if one.membership.author is not None]
    last = max(decided, key=lambda one: one.decided_at, default=None)
    return Regrouping(
        key=key,
        summary=found[0] if found else None,
        joined=joined,
        near=near,
        author=last.membership.author if last else None,
        decided_at=last.decided_at if last else None,
        moved=sum(one.decided_at == last.decided_at for one in decided) if last else 0,
    )
