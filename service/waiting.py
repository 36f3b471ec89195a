"""What waits for an editor, and the event that each report would join if it were accepted now."""

from dataclasses import dataclass
from datetime import datetime

from ingest.cluster import Decision
from service.clustering import foresee
from service.composition import Service
from storage.proposals import Proposal, waiting


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A proposal, and the decision of clustering that its acceptance would lead to; None of the past."""

    proposal: Proposal
    event: Decision | None


def listed(
    service: Service,
    *,
    source: str | None = None,
    tag: str | None = None,
    limit: int | None = None,
    after: int = 0,
) -> list[Waiting]:
    """List what waits, the first proposed first; each as if nothing else were accepted before it.

    Parameters
    ----------
    after
        The number of the last proposal of the page before.
    """
    with service.database.reading() as session:
        found = waiting(session, source=source, tag=tag, limit=limit, after=after)
        return [
            Waiting(proposal=one, event=foresee(session, service, [one.report])[one.report.id])
            for one in found
        ]


def were_waiting(  # noqa: PLR0913 - one parameter for each filter
    service: Service,
    known_at: datetime,
    *,
    source: str | None = None,
    tag: str | None = None,
    limit: int | None = None,
    after: int = 0,
) -> list[Waiting]:
    """List what waited at a moment, in the same way."""
    with service.database.reading() as session:
        found = waiting(session, source=source, tag=tag, limit=limit, after=after, known_at=known_at)
    return [Waiting(proposal=one, event=None) for one in found]
