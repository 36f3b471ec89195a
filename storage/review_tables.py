"""The tables of what sources brought and what editors made of it.

Rows are only added, but for one mark: `proposal.waiting` is a copy of what the verdicts say, so that those
few which wait are found among all that ever did. It is cleared once, by one conditional UPDATE.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.tables import Table

_HAS_CURSOR = text("cursor IS NOT NULL")


class SourcePoll(Table, table=True):
    """That a source was asked for what is new, and what came of it."""

    __tablename__ = "source_poll"
    __table_args__ = (
        CheckConstraint("outcome IN ('part', 'done', 'unchanged', 'failed')", name="outcome"),
        Index("ix_source_poll_newest", "source", "id"),
        Index("ix_source_poll_outcome", "source", "outcome", "id"),
        Index("ix_source_poll_started", "source", "outcome", "started_at"),
        Index(
            "ix_source_poll_cursor", "source", "id", sqlite_where=_HAS_CURSOR, postgresql_where=_HAS_CURSOR
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    source: str
    name: str = ""  # of the file that was read, where a poll reads several
    started_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    outcome: str
    detail: str = Field(default="", sa_type=Text)
    counts: str = Field(default="{}", sa_type=Text)
    refused: str = Field(default="[]", sa_type=Text)
    cursor: str | None = Field(default=None, sa_type=Text)


class ReviewProposal(Table, table=True):
    """A report that waits, or waited, for an editor."""

    __tablename__ = "proposal"
    __table_args__ = (
        CheckConstraint("kind IN ('new', 'changed', 'lapsed')", name="kind"),
        Index("ix_proposal_report", "report_id", "id"),
        Index("ix_proposal_content", "report_id", "digest", "id"),
        Index("ix_proposal_waiting", "waiting", "id"),
        Index("ix_proposal_waiting_source", "waiting", "source", "id"),
        Index("ix_proposal_waiting_tag", "waiting", "tag", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    report_id: str
    source: str
    line: int | None = None
    kind: str
    digest: str  # of what the source said, as the intake reckons it
    tag: str
    content: str = Field(sa_type=Text)
    content_digest: str
    confidence: float
    why: str = Field(sa_type=Text)
    event_key: str | None = None  # where clustering would put it
    score: float | None = None
    runner_up: str | None = None
    runner_up_score: float | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    waiting: bool = True


class ReviewVerdict(Table, table=True):
    """What became of a proposal: an editor's decision, or that its source said something else since."""

    __tablename__ = "verdict"
    __table_args__ = (
        CheckConstraint("decision IN ('accepted', 'rejected', 'superseded')", name="decision"),
        CheckConstraint("(decision = 'superseded') = (author IS NULL)", name="author"),
        Index("ix_verdict_recorded", "recorded_at", "proposal_id"),
    )

    proposal_id: int = Field(primary_key=True, foreign_key="proposal.id")
    decision: str
    author: str | None = None
    why: str = Field(default="", sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class SnapshotImport(Table, table=True):
    """That a snapshot was imported, and which versions of reports it brought, whenever they were recorded."""

    __tablename__ = "snapshot_import"
    __table_args__ = (CheckConstraint("(first_report IS NULL) = (last_report IS NULL)", name="reports"),)

    id: int | None = Field(default=None, primary_key=True)
    forecast_id: str
    sha256: str
    first_report: int | None = None  # number of its first row; None where it brought none
    last_report: int | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Submission(Table, table=True):
    """What was answered to reports that were handed in under a key, for those who hand them in again."""

    key: str = Field(primary_key=True)
    digest: str
    response: str = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
