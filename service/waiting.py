"""What waits for an editor, and the event that each report would join if it were accepted now."""

from dataclasses import dataclass

from ingest.cluster import Decision
from service.clustering import foresee
from service.composition import Service
from storage.proposals import Proposal, waiting


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A proposal, and the decision of clustering that its acceptance would lead to."""

    proposal: Proposal
    event: Decision


def listed(
    service: Service, *, source: str | None = None, tag: str | None = None, limit: int | None = None
) -> list[Waiting]:
    """List what waits, the first proposed first; each as if nothing else were accepted before it."""
    with service.database.reading() as session:
        found = waiting(session, source=source, tag=tag, limit=limit)
        return [
            Waiting(proposal=one, event=foresee(session, service, [one.report])[one.report.id])
            for one in found
        ]
