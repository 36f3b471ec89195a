"""Reports that wait for an editor: proposed by a source, decided by a person, each once.

A source that repeats itself proposes nothing new: what was rejected stays rejected, what was accepted
stands. When it says something else, that takes the place of what still waits.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import batched, compress
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, func, insert, select, union_all, update
from sqlalchemy.orm import Session
from sqlmodel import col

from model.domain import Report
from model.errors import Conflict, Unknown
from model.wire import content
from model.wire import digest as digest_of
from storage.content import as_text, report_of
from storage.current import known
from storage.database import FILING, exclusive
from storage.heard import Heard, newest_proposals
from storage.reports import BATCH, last_said
from storage.review_tables import ReviewProposal, ReviewVerdict

type Kind = Literal["new", "changed", "lapsed"]
type Decision = Literal["accepted", "rejected", "superseded"]

_SUPERSEDED = "its source says something else since"
_SHOWN = (
    *("source", "line", "kind", "confidence", "why"),
    *("event_key", "score", "runner_up", "runner_up_score"),
)
_LARGEST = 2**63 - 1  # number that a database can look for


@dataclass(frozen=True, kw_only=True, slots=True)
class NewProposal:
    """A report that its source is not sure enough of.

    Parameters
    ----------
    line
        Where it begins in what was read.
    kind
        ``lapsed``: the report is in force, and its item changed so that no rule applies to it any more.
    digest
        Of what the source said, as whoever proposes it reckons that.
    confidence, why
        How sure its tag is, in [0, 1], and on what grounds.
    event_key, score, runner_up, runner_up_score
        Where clustering would put it, as in a membership.
    """

    report: Report
    source: str
    line: int | None = None
    kind: Kind
    digest: str
    confidence: float
    why: str
    event_key: str | None = None
    score: float | None = None
    runner_up: str | None = None
    runner_up_score: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredVerdict:
    """What became of a proposal; the author is None where its source said something else."""

    decision: Decision
    author: str | None
    why: str
    decided_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """A proposal under its number; the verdict is None while it waits."""

    number: int
    report: Report
    source: str
    line: int | None
    kind: Kind
    confidence: float
    why: str
    event_key: str | None
    score: float | None
    runner_up: str | None
    runner_up_score: float | None
    recorded_at: datetime
    verdict: StoredVerdict | None


def propose(
    session: Session, proposals: Sequence[NewProposal], *, at: datetime
) -> list[Literal["waiting", "duplicate"]]:
    """Let reports wait for an editor, unless their source has said this before.

    A duplicate is what waits already, what was rejected, and what the report says already since its
    source said so or an editor accepted it. Anything else takes the place of what still waits.

    Returns
    -------
    list
        What became of each, in order.
    """
    exclusive(session, FILING)
    outcomes: list[Literal["waiting", "duplicate"]] = []
    for batch in _batches(proposals):
        sayings = [(one.report, one.digest) for one in batch]
        heard = Heard(session, sayings)
        is_new = [not heard.before(*saying) for saying in sayings]
        _close(session, heard.stale(sayings), "superseded", at=at, why=_SUPERSEDED)
        if any(is_new):
            rows = [_row(one, at) for one in compress(batch, is_new)]
            session.execute(insert(ReviewProposal), rows)
        outcomes += ["waiting" if new else "duplicate" for new in is_new]
    return outcomes


def _batches(proposals: Sequence[NewProposal]) -> Iterator[list[NewProposal]]:
    """Cut into batches in which no report stands twice."""
    batch: dict[str, NewProposal] = {}
    for one in proposals:
        if one.report.id in batch or len(batch) == BATCH:
            yield list(batch.values())
            batch = {}
        batch[one.report.id] = one
    if batch:
        yield list(batch.values())


def _row(new: NewProposal, at: datetime) -> dict[str, object]:
    given = {name: getattr(new, name) for name in (*_SHOWN, "digest")}
    said = {
        "report_id": new.report.id,
        "tag": new.report.tag,
        "content": as_text(content(new.report)),
        "content_digest": digest_of(new.report),
    }
    return given | said | {"recorded_at": at, "waiting": True}


def proposed(session: Session, report_ids: Collection[str]) -> dict[str, str]:
    """Look up the digests of what sources said last, of reports where that was proposed.

    Left out are reports whose newest proposal has lost its place since: to something that their source said
    and that was filed, or to what nobody proposed.
    """
    found: dict[str, str] = {}
    for some in batched(report_ids, BATCH):
        newest = newest_proposals(session, some)
        said = last_said(session, newest)
        found |= {one.report_id: one.digest for one in newest.values() if one.stands(said)}
    return found


def supersede(session: Session, report_ids: Collection[str], *, at: datetime) -> int:
    """Let nobody decide any more what waits of these reports, and answer how much did.

    For reports whose sources say something else since, which needs no editor: it is sure, or irrelevant.
    """
    exclusive(session, FILING)
    closed = 0
    for some in batched(report_ids, BATCH):
        waits = [one.number for one in newest_proposals(session, some).values() if one.waits]
        _close(session, waits, "superseded", at=at, why=_SUPERSEDED)
        closed += len(waits)
    return closed


def decide(  # noqa: PLR0913 - a decision, and its provenance
    session: Session,
    numbers: Sequence[int],
    decision: Literal["accepted", "rejected"],
    *,
    author: str,
    why: str,
    at: datetime,
) -> list[Proposal]:
    """Record a person's decision about proposals that wait.

    Returns
    -------
    list of Proposal
        As decided, in order.

    Raises
    ------
    Unknown
        Some of them there never were; nothing was recorded.
    Conflict
        Some of them are decided already; nothing was recorded.
    """
    exclusive(session, FILING)
    wanted = list(dict.fromkeys(numbers))
    found = _numbered(session, wanted)
    troubles = [said for number in wanted if (said := _trouble(number, found.get(number)))]
    if troubles:
        said = f"{'; '.join(troubles)}; nothing was done: `posterity review` lists what waits"
        raise Conflict(said) if set(wanted) <= found.keys() else Unknown(said)
    _close(session, wanted, decision, at=at, why=why, author=author)
    verdict = StoredVerdict(decision=decision, author=author, why=why, decided_at=at)
    return [replace(found[number], verdict=verdict) for number in wanted]


def _trouble(number: int, found: Proposal | None) -> str:
    if found is None:
        return f"no proposal has the number {number}"
    verdict = found.verdict
    if verdict is None:
        return ""
    by = f" by {verdict.author}" if verdict.author else ""
    return f"proposal {number} was {verdict.decision}{by} on {verdict.decided_at:%Y-%m-%d}"


def _close(  # noqa: PLR0913 - a verdict, and its provenance
    session: Session,
    numbers: Sequence[int],
    decision: Decision,
    *,
    at: datetime,
    why: str,
    author: str | None = None,
) -> None:
    verdict = {"decision": decision, "author": author, "why": why, "recorded_at": at}
    for some in batched(numbers, BATCH):
        session.execute(insert(ReviewVerdict), [{"proposal_id": number, **verdict} for number in some])
        waits = col(ReviewProposal.id).in_(some), col(ReviewProposal.waiting)
        session.execute(update(ReviewProposal).where(*waits).values(waiting=False))


def waiting(  # noqa: PLR0913 - one parameter for each filter of the command
    session: Session,
    *,
    source: str | None = None,
    tag: str | None = None,
    limit: int | None = None,
    after: int = 0,
    known_at: datetime | None = None,
) -> list[Proposal]:
    """List what waits for an editor, or waited then, the first proposed first, from after a number on."""
    following = col(ReviewProposal.id) > after
    statement = (
        _proposals().where(following, *_waited(known_at)).order_by(col(ReviewProposal.id)).limit(limit)
    )
    if source is not None:
        statement = statement.where(col(ReviewProposal.source) == source)
    if tag is not None:
        statement = statement.where(col(ReviewProposal.tag) == tag)
    return [_proposal(row, None) for row, _ in session.execute(statement)]


def _waited(known_at: datetime | None) -> list[ColumnElement[bool]]:
    """Whether it waits; of the past: whether it waits still, or was decided only afterwards."""
    still = col(ReviewProposal.waiting).is_(True)
    if known_at is None:
        return [still]
    since = select(col(ReviewVerdict.proposal_id)).where(col(ReviewVerdict.recorded_at) > known_at)
    either: CompoundSelect[Any] = union_all(select(col(ReviewProposal.id)).where(still), since)
    return [col(ReviewProposal.id).in_(either), known(ReviewProposal.recorded_at, known_at)]


def count_waiting(session: Session) -> int:
    """Count what waits for an editor."""
    statement = select(func.count()).select_from(ReviewProposal)
    return session.scalar(statement.where(col(ReviewProposal.waiting).is_(True))) or 0


def proposal(session: Session, number: int) -> Proposal | None:
    """Look up a proposal by its number."""
    return _numbered(session, [number]).get(number)


def proposals_of(session: Session, report_id: str, *, known_at: datetime | None = None) -> list[Proposal]:
    """List every proposal of a report that was known, the first proposed first."""
    mine = col(ReviewProposal.report_id) == report_id, known(ReviewProposal.recorded_at, known_at)
    statement = _proposals(known_at).where(*mine).order_by(col(ReviewProposal.id))
    return [_proposal(*row) for row in session.execute(statement)]


def _numbered(session: Session, numbers: Sequence[int]) -> dict[int, Proposal]:
    found: dict[int, Proposal] = {}
    for some in batched((number for number in numbers if 0 < number <= _LARGEST), BATCH):
        rows = session.execute(_proposals().where(col(ReviewProposal.id).in_(some)))
        found |= {one.number: one for one in (_proposal(*row) for row in rows)}
    return found


def _proposals(known_at: datetime | None = None) -> Select[ReviewProposal, ReviewVerdict]:
    of_it = col(ReviewVerdict.proposal_id) == col(ReviewProposal.id)
    decided = and_(of_it, known(ReviewVerdict.recorded_at, known_at))
    return select(ReviewProposal, ReviewVerdict).outerjoin(ReviewVerdict, decided)


def _proposal(row: ReviewProposal, verdict: ReviewVerdict | None) -> Proposal:
    return Proposal(
        number=row.id or 0,
        report=report_of(row.content, row.recorded_at),
        recorded_at=row.recorded_at,
        verdict=_verdict(verdict) if verdict else None,
        **row.model_dump(include=set(_SHOWN)),
    )


def _verdict(row: ReviewVerdict) -> StoredVerdict:
    return StoredVerdict(
        decision=cast("Decision", row.decision),
        author=row.author,
        why=row.why,
        decided_at=row.recorded_at,
    )
