"""What editors decide: about reports that wait, about events, and about reports that are filed.

Each decision is one transaction and one new fact, with its author, its reason and its moment. Nothing is
changed or taken back: what was known before a decision can still be asked for as it was known.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, count

from sqlalchemy.orm import Session

from ingest.cluster import event_key
from model.domain import Report
from model.errors import Conflict, UsageError
from service.clustering import cluster
from service.composition import Service
from service.corrections import corrected
from service.deciding import (
    Check,
    Hand,
    cluster_again,
    deciding,
    hand,
    named_event,
    newest_of,
    put_into,
    refuse_unknown,
)
from service.intake import latest_day
from service.problems import shown
from storage.events import event_keys, event_reports
from storage.memberships import members, memberships
from storage.proposals import Proposal, decide
from storage.reports import Filing, Outcome, file_reports, retract_report

_NEW = frozenset[Outcome]({"accepted", "amended"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """What became of an accepted proposal: the version in which its report stands, and its event."""

    proposal: Proposal
    filing: Filing
    event_key: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Regrouped:
    """The reports that an editor put into an event."""

    event_key: str
    reports: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Corrected:
    """A report that an editor amended or retracted, whether it was retracted before, and its event."""

    filing: Filing
    was_retracted: bool
    event_key: str | None


def accept(  # noqa: PLR0913 - one parameter for each thing that an editor may change
    service: Service,
    numbers: Sequence[int],
    *,
    author: str,
    tag: str | None = None,
    country: str | None = None,
    grade: str | None = None,
    event: str | None = None,
    why: str = "",
) -> list[Accepted]:
    """Take in reports that wait, as they were proposed or with changes to all of them.

    What the source said and what the editor changed are two versions, so that a source which repeats
    itself says nothing new.

    Parameters
    ----------
    event
        The event that they tell of; clustering decides where none is named.

    Raises
    ------
    UsageError
        Some of them do not wait, or a change makes no sense; nothing was done.
    """
    by, key = hand(author, why, optional=True), named_event(event)
    stated = {"tag": tag, "country": country, "grade": grade}
    changes = {name: value for name, value in stated.items() if value is not None}
    with deciding(service) as (session, at):
        found = decide(session, numbers, "accepted", author=by.author, why=by.why, at=at)
        wanted = corrected([one.report for one in found], changes, today=latest_day(service))
        filings = _file(session, found, wanted, by, at)
        if key is None:
            new = [report for report, one in zip(wanted, filings, strict=True) if one.outcome in _NEW]
            cluster_again(session, service, new, at=at)
        else:
            put_into(session, key, [report.id for report in wanted], by, at=at)
        keys = event_keys(session, [report.id for report in wanted])
    return [
        Accepted(proposal=one, filing=filing, event_key=keys.get(filing.report_id))
        for one, filing in zip(found, filings, strict=True)
    ]


def _file(
    session: Session, found: Sequence[Proposal], wanted: Sequence[Report], by: Hand, at: datetime
) -> list[Filing]:
    """File what each source said as its own, and then what the editor made of it where that is more."""
    filings: dict[int, Filing] = {}
    for source in dict.fromkeys(one.source for one in found):
        pairs = [(one, report) for one, report in zip(found, wanted, strict=True) if one.source == source]
        said, own, lines = [one.report for one, _ in pairs], [report for _, report in pairs], _lines(pairs)
        first = file_reports(session, said, at=at, origin=source, lines=lines)
        why = by.why or None
        second = file_reports(session, own, at=at, origin=source, lines=lines, author=by.author, why=why)
        numbers = [one.number for one, _ in pairs]
        filings |= dict(zip(numbers, map(_together, first, second), strict=True))
    return [filings[one.number] for one in found]


def _lines(pairs: Sequence[tuple[Proposal, Report]]) -> list[int | None]:
    return [one.line for one, _ in pairs]


def _together(first: Filing, second: Filing) -> Filing:
    """Sum up two filings of one report."""
    return second if first.outcome == "duplicate" else replace(second, outcome=first.outcome)


def reject(service: Service, numbers: Sequence[int], *, author: str, why: str) -> list[Proposal]:
    """Turn down reports that wait; a source that says the same again is not heard.

    Raises
    ------
    UsageError
        Some of them do not wait; nothing was done.
    """
    by = hand(author, why)
    with deciding(service) as (session, at):
        return decide(session, numbers, "rejected", author=by.author, why=by.why, at=at)


def merge(service: Service, into: str, keys: Sequence[str], *, author: str, why: str) -> Regrouped:
    """Put every report of some events into another one.

    Raises
    ------
    UsageError
        Some of the events are unknown, or one is to be merged into itself; nothing was done.
    """
    by = hand(author, why)
    if into in keys:
        raise UsageError(f"the event {shown(into)} cannot be merged into itself; name others after it")
    with deciding(service) as (session, at):
        found = {key: members(session, key) for key in (into, *keys)}
        refuse_unknown("event is called", [key for key in found if not found[key]], "events")
        moved = [report for key in found if key != into for report in found[key]]
        put_into(session, into, moved, by, at=at)
    return Regrouped(event_key=into, reports=tuple(moved))


def split(  # noqa: PLR0913 - one parameter for each thing that an editor may say
    service: Service,
    report_ids: Collection[str],
    *,
    author: str,
    why: str,
    event: str | None = None,
    of: str | None = None,
) -> Regrouped:
    """Make some reports of an event an event of their own.

    Parameters
    ----------
    event
        Its key; a readable one is made where none is given.
    of
        The event that they are thought to belong to.

    Raises
    ------
    UsageError
        They are unknown, of several events or all of one; nothing was done.
    Conflict
        The key is taken, or they belong to another event than was thought; nothing was done.
    """
    by, key = hand(author, why), named_event(event)
    with deciding(service) as (session, at):
        old = _common_event(session, dict.fromkeys(report_ids))
        if of not in {None, old}:
            raise Conflict(f"the reports belong to {shown(old)}, not to {shown(of)}; look at them again")
        joined = [one.stored.report for one in event_reports(session, old)]
        leaving = [report for report in joined if report.id in report_ids]
        if len(leaving) == len(joined):
            raise UsageError(f"these are all the reports of {shown(old)}; leave out those that stay")
        own = _fresh_key(session, leaving[0]) if key is None else _free(session, key)
        moved = [report.id for report in leaving]
        put_into(session, own, moved, by, at=at)
    return Regrouped(event_key=own, reports=tuple(moved))


def _common_event(session: Session, report_ids: Collection[str]) -> str:
    standing = memberships(session, report_ids)
    refuse_unknown("report has the id", [one for one in report_ids if one not in standing], "reports")
    keys = {standing[report_id].event_key: report_id for report_id in report_ids}
    if len(keys) > 1:
        told = ", ".join(f"{shown(report_id)} to {shown(key)}" for key, report_id in keys.items())
        raise UsageError(f"the reports belong to different events ({told}); split one event at a time")
    return next(iter(keys))


def _fresh_key(session: Session, first: Report) -> str:
    """Make the key of an event that begins with a report, other than that of any event that there is."""
    plain = event_key(first)
    keys = chain([plain], (f"{plain}-{number}" for number in count(2)))
    return next(key for key in keys if not members(session, key))


def _free(session: Session, key: str) -> str:
    if members(session, key):
        advice = f"`posterity amend REPORT event={key}` moves a report there"
        raise Conflict(f"there is an event {shown(key)} already; name another, or none; {advice}")
    return key


def amend(  # noqa: PLR0913 - what, of what, by whom and why
    service: Service,
    report_id: str,
    changes: Mapping[str, object],
    *,
    author: str,
    why: str,
    still: Check | None = None,
) -> Corrected:
    """Correct fields of a report: a new version, which counts even where the last one was retracted.

    Its event is decided anew, unless a person decided it; taking the field `event` away ends that.

    Parameters
    ----------
    changes
        What fields say from now on; an empty text, or null, takes a field away.
    still
        Raises where the report is not any more what the editor read, so that nothing is done.

    Raises
    ------
    UsageError
        There is no such report, or a change makes no sense: everything that is wrong, at once.
    """
    by = hand(author, why)
    with deciding(service) as (session, at):
        before = newest_of(session, report_id)
        if still is not None:
            still(session)
        if not changes and not before.retracted:
            raise UsageError("name at least one field to change, such as grade=B2")
        (report,) = corrected([before.report], changes, today=latest_day(service))
        lines = [before.line]
        (filing,) = file_reports(
            session, [report], at=at, origin=before.origin, lines=lines, author=by.author, why=by.why
        )
        if "event" in changes and report.event is not None:
            put_into(session, report.event, [report_id], by, at=at)
        elif filing.outcome in _NEW and "event" in changes:
            cluster(session, service, [report], at=at)
        elif filing.outcome in _NEW:
            cluster_again(session, service, [report], at=at)
        key = event_keys(session, [report_id]).get(report_id)
    return Corrected(filing=filing, was_retracted=before.retracted, event_key=key)


def retract(
    service: Service, report_id: str, *, author: str, why: str, still: Check | None = None
) -> Corrected:
    """Take a report back: a new version that no longer counts; once more, nothing changes.

    Parameters
    ----------
    still
        As `amend` has it.

    Raises
    ------
    UsageError
        There is no such report.
    """
    by = hand(author, why)
    with deciding(service) as (session, at):
        if still is not None:
            still(session)
        filing = retract_report(session, report_id, at=at, author=by.author, why=by.why)
        key = event_keys(session, [report_id]).get(report_id)
    return Corrected(filing=filing, was_retracted=filing.outcome == "duplicate", event_key=key)
