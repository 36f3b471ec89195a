"""`posterity review`, `amend` and `retract`: what waits and what was decided, in words and for machines."""

from collections.abc import Iterable, Sequence
from typing import Any

from ingest.cluster import Decision
from service import printing
from service.printing import count
from service.review import Accepted, Corrected, Regrouped
from service.show_decisions import reviewed
from service.waiting import Waiting
from storage.proposals import Proposal

_HEADINGS = ("number", "source", "published", "tag", "where", "grade", "sure", "event", "headline")
_STATES = {
    "new": "waits",
    "changed": "waits, for it changed at its source",
    "lapsed": "waits, for what it says now fits no rule",
}


def document(waiting: Waiting) -> dict[str, Any]:
    """Describe what waits, with the event that it would join, for JSON."""
    return reviewed(waiting.proposal) | {"event": _joins(waiting.event) if waiting.event else None}


def _joins(event: Decision) -> dict[str, Any]:
    return {
        "key": event.key,
        "why": event.why,
        "score": event.score,
        "runner_up": event.runner_up,
        "runner_up_score": event.runner_up_score,
    }


def show(found: Sequence[Waiting], limit: int) -> None:
    """Print what waits: one more than is shown was asked for, to know whether there is more."""
    shown = found[:limit]
    if len(found) > limit:
        printing.note(f"these are the first {limit}; --limit N shows more")
    if shown:
        printing.block(printing.table(_HEADINGS, map(_row, shown), numeric=("number", "sure")))
    for one in shown:
        printing.line(f"{one.proposal.number} {_STATES[one.proposal.kind]}: {'; '.join(_reasons(one))}")
    printing.line(f"{count(len(shown), 'report')} waiting for review")


def _row(waiting: Waiting) -> tuple[object, ...]:
    proposal, report = waiting.proposal, waiting.proposal.report
    return (
        proposal.number,
        proposal.source,
        report.published,
        report.tag,
        ", ".join(report.countries),
        report.grade,
        f"{proposal.confidence:.2f}",
        waiting.event.key if waiting.event else None,
        report.headline,
    )


def _reasons(waiting: Waiting) -> Iterable[str]:
    if waiting.proposal.why:
        yield waiting.proposal.why
    event = waiting.event
    if event is None:
        return
    yield f"its event: {event.why}"
    if event.runner_up is not None and event.runner_up_score is not None:
        yield f"next is {event.runner_up}, {event.runner_up_score:.0f} of 100"


def accepted_document(one: Accepted) -> dict[str, Any]:
    """Describe what became of an accepted proposal for JSON."""
    return {
        "number": one.proposal.number,
        "report": one.filing.report_id,
        "outcome": one.filing.outcome,
        "version": one.filing.version,
        "event": one.event_key,
    }


def show_accepted(done: Iterable[Accepted]) -> None:
    """Print what became of accepted proposals."""
    for one in done:
        filing = one.filing
        printing.line(
            f"{one.proposal.number} accepted: {filing.report_id} (version {filing.version}) "
            f"belongs to {one.event_key}"
        )


def show_rejected(done: Iterable[Proposal]) -> None:
    """Print which proposals were turned down."""
    for one in done:
        printing.line(f"{one.number} rejected: {one.report.id}")


def regrouped_document(done: Regrouped) -> dict[str, Any]:
    """Describe a merge or a split for JSON."""
    return {"event": done.event_key, "reports": list(done.reports)}


def show_regrouped(done: Regrouped) -> None:
    """Print a merge or a split."""
    printing.line(f"{done.event_key} has got {count(len(done.reports), 'report')}: {', '.join(done.reports)}")


def corrected_document(done: Corrected) -> dict[str, Any]:
    """Describe an amended or retracted report for JSON."""
    return {
        "report": done.filing.report_id,
        "outcome": done.filing.outcome,
        "version": done.filing.version,
        "event": done.event_key,
    }


def show_corrected(done: Corrected) -> None:
    """Print what became of a report that was amended or retracted."""
    filing = done.filing
    version = f"version {filing.version}"
    match filing.outcome, done.was_retracted:
        case "retracted", _:
            said = f"retracted: {version} no longer counts"
        case "duplicate", True:
            said = "retracted already: nothing was stored"
        case "duplicate", False:
            said = f"says so already in {version}"
        case _, True:
            said = f"amended: {version} counts again, and belongs to {done.event_key}"
        case _:
            said = f"amended: {version} belongs to {done.event_key}"
    printing.line(f"{filing.report_id} {said}")
