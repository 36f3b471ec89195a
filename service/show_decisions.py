"""Who or what decided about a report: its versions, where it belongs, and its way through review."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from model.wire import content
from service.printing import MISSING
from storage.events import Membership
from storage.memberships import Placement
from storage.proposals import Proposal
from storage.reports import StoredReport


def sentences(
    versions: Iterable[StoredReport], placements: Iterable[Placement], proposals: Iterable[Proposal]
) -> Iterator[str]:
    """Say in one line each what people and clustering decided, oldest first of each kind."""
    for one in versions:
        if one.author is not None:
            yield f"version {one.version} is by {one.author}: {one.why or MISSING}"
    for proposal in proposals:
        yield _proposed(proposal)
    for placement in placements:
        member = placement.membership
        yield f"in {member.event_key} since {placement.decided_at:%Y-%m-%d}: {reasons(member)}"


def reasons(member: Membership) -> str:
    """Say why a report belongs to an event, who decided so, and what it nearly joined instead."""
    by = f" (decided by {member.author})" if member.author else ""
    return f"{member.why}{by}{_next(member)}"


def _next(member: Membership) -> str:
    if member.runner_up is None or member.runner_up_score is None:
        return ""
    return f"; next was {member.runner_up}, {member.runner_up_score:.0f} of 100"


def _proposed(proposal: Proposal) -> str:
    grounds = ", ".join(filter(None, (f"{proposal.confidence:.2f} sure", proposal.why)))
    said = f"proposal {proposal.number} of {proposal.recorded_at:%Y-%m-%d} ({grounds})"
    verdict = proposal.verdict
    if verdict is None:
        return f"{said} waits for review"
    by = f" by {verdict.author}" if verdict.author else ""
    because = f": {verdict.why}" if verdict.why else ""
    return f"{said} was {verdict.decision}{by} on {verdict.decided_at:%Y-%m-%d}{because}"


def membership(member: Membership) -> dict[str, Any]:
    """Describe a decision about where a report belongs for JSON."""
    return {
        "why": member.why,
        "score": member.score,
        "runner_up": member.runner_up,
        "runner_up_score": member.runner_up_score,
        "decided_by": member.author,
    }


def placed(placements: Sequence[Placement]) -> list[dict[str, Any]]:
    """Describe all decisions about where a report belongs for JSON, oldest first."""
    return [
        {
            "event": one.membership.event_key,
            **membership(one.membership),
            "decided_at": one.decided_at.isoformat(),
        }
        for one in placements
    ]


def reviewed(proposal: Proposal) -> dict[str, Any]:
    """Describe a proposal, and what became of it, for JSON."""
    verdict = proposal.verdict
    return {
        "number": proposal.number,
        "source": proposal.source,
        "line": proposal.line,
        "kind": proposal.kind,
        "confidence": proposal.confidence,
        "why": proposal.why,
        "recorded_at": proposal.recorded_at.isoformat(),
        "verdict": verdict
        and {
            "decision": verdict.decision,
            "author": verdict.author,
            "why": verdict.why,
            "decided_at": verdict.decided_at.isoformat(),
        },
        "report": content(proposal.report),
    }
