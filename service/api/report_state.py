"""What a report has come to, and the tag by which an editor says which state of it a correction is of."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from model.errors import Stale
from service.api import caching
from service.deciding import Check
from service.problems import shown
from service.show_decisions import placed, reviewed
from service.show_evidence import report_document
from storage.memberships import placements
from storage.proposals import proposals_of
from storage.reports import report_versions


def told_of(session: Session, identity: str, *, known_at: datetime | None = None) -> dict[str, Any]:
    """Tell all that is known of a report: its versions, where it belonged, its way through review."""
    versions = report_versions(session, identity, known_at=known_at)
    return {
        "id": identity,
        "versions": [report_document(one) for one in versions],
        "decisions": placed(placements(session, identity, known_at=known_at)),
        "review": [reviewed(one) for one in proposals_of(session, identity, known_at=known_at)],
    }


def tag_of(told: dict[str, Any]) -> str:
    """Make the tag of what is told of a report, from all of it."""
    return caching.tag("report", told)


def as_read(identity: str, if_match: str | None) -> Check | None:
    """Make the check that a report still is what an editor read, under the tag that came with it, if any.

    The check raises `Stale` where it is not: somebody has corrected, moved or retracted it since. Whether
    there is such a report is not asked here.
    """
    if if_match is None:
        return None

    def check(session: Session) -> None:
        told = told_of(session, identity)
        if told["versions"] and not caching.states(if_match, tag_of(told)):
            raise Stale(f"the report {shown(identity)} has changed since it was read; read it again")

    return check
