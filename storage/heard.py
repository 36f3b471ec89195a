"""What was heard of reports before: what their sources said last, and what was proposed of them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from model.domain import Report
from model.wire import digest as digest_of
from storage.reports import last_said
from storage.review_tables import ReviewProposal, ReviewVerdict

type Saying = tuple[Report, str]  # what a source says, and the digest of that as it is reckoned


@dataclass(frozen=True, kw_only=True, slots=True)
class Earlier:
    """A proposal of some report, as far as later ones are measured by it."""

    number: int
    report_id: str
    digest: str
    content_digest: str
    decision: str | None

    @property
    def waits(self) -> bool:
        """Whether nobody has decided it yet."""
        return self.decision is None

    def stands(self, said: Mapping[str, str]) -> bool:
        """Whether it is not to be proposed again: unless something else has taken its place since."""
        if self.decision == "accepted":
            return self.content_digest == said.get(self.report_id)
        return self.decision != "superseded"


class Heard:
    """What was heard of some reports before: from their source, and in their proposals."""

    def __init__(self, session: Session, batch: Sequence[Saying]) -> None:
        ids = [report.id for report, _ in batch]
        self._said = last_said(session, ids)
        self._newest = newest_proposals(session, ids)
        self._alike = _alike(session, [(report.id, digest) for report, digest in batch])

    def before(self, report: Report, digest: str) -> bool:
        """Whether its source has said this, and it stands or was rejected."""
        if self._said.get(report.id) == digest_of(report):
            return True
        same = self._alike.get((report.id, digest))
        return same is not None and same.stands(self._said)

    def stale(self, batch: Sequence[Saying]) -> list[int]:
        """Find the proposals that wait, and are not what their sources say now."""
        pairs = [(self._newest.get(report.id), digest) for report, digest in batch]
        return [old.number for old, digest in pairs if old and old.waits and old.digest != digest]


def newest_proposals(session: Session, report_ids: Collection[str]) -> dict[str, Earlier]:
    """Look up the newest proposal of each report."""
    newer = aliased(ReviewProposal)
    same = col(newer.report_id) == col(ReviewProposal.report_id)
    superseded = select(col(newer.id)).where(same, col(newer.id) > col(ReviewProposal.id)).exists()
    mine = col(ReviewProposal.report_id).in_(report_ids)
    return {one.report_id: one for one in _earlier(session, mine, ~superseded)}


def _alike(session: Session, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Earlier]:
    """Look up the newest proposal of each report with a digest."""
    newer = aliased(ReviewProposal)
    same = [getattr(newer, name) == getattr(ReviewProposal, name) for name in ("report_id", "digest")]
    superseded = select(col(newer.id)).where(*same, col(newer.id) > col(ReviewProposal.id)).exists()
    mine = tuple_(col(ReviewProposal.report_id), col(ReviewProposal.digest)).in_(pairs)
    return {(one.report_id, one.digest): one for one in _earlier(session, mine, ~superseded)}


def _earlier(session: Session, *conditions: ColumnElement[bool]) -> Iterator[Earlier]:
    columns = (
        *(ReviewProposal.id, ReviewProposal.report_id, ReviewProposal.digest),
        *(ReviewProposal.content_digest, ReviewVerdict.decision),
    )
    decided = col(ReviewVerdict.proposal_id) == col(ReviewProposal.id)
    statement = select(*map(col, columns)).outerjoin(ReviewVerdict, decided).where(*conditions)
    names = [field.name for field in fields(Earlier)]
    return (Earlier(**dict(zip(names, row, strict=True))) for row in session.execute(statement))
