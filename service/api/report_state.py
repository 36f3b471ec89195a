"""What a report has come to, and the tag by which an editor says which state of it a correction is of."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.api import caching
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
