"""Who or what decided where reports belong: the decisions in force, and all that ever were."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import batched

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.current import known, newest_membership
from storage.events import Membership
from storage.reports import BATCH
from storage.tables import EventMembership


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """A decision about where a report belongs, and when it was made."""

    membership: Membership
    decided_at: datetime


def memberships(
    session: Session, report_ids: Collection[str], *, known_at: datetime | None = None
) -> dict[str, Membership]:
    """Look up the decision in force about each of these reports; those of no event are left out."""
    found: dict[str, Membership] = {}
    for some in batched(report_ids, BATCH):
        mine = col(EventMembership.report_id).in_(some), newest_membership(known_at)
        rows = session.scalars(select(EventMembership).where(*mine))
        found |= {row.report_id: _membership(row) for row in rows}
    return found


def placements(session: Session, report_id: str, *, known_at: datetime | None = None) -> list[Placement]:
    """List every decision that was known about one report, oldest first."""
    mine = col(EventMembership.report_id) == report_id, known(EventMembership.recorded_at, known_at)
    rows = session.scalars(select(EventMembership).where(*mine).order_by(col(EventMembership.id)))
    return [Placement(membership=_membership(row), decided_at=row.recorded_at) for row in rows]


def members(session: Session, event_key: str, *, known_at: datetime | None = None) -> list[str]:
    """List the reports that belong to an event, retracted ones included; none of one that there is not."""
    mine = col(EventMembership.event_key) == event_key, newest_membership(known_at)
    return sorted(session.scalars(select(col(EventMembership.report_id)).where(*mine)))


def _membership(row: EventMembership) -> Membership:
    return Membership(**row.model_dump(exclude={"id", "recorded_at"}))
