"""What sources brought, what editors decided, what was handed in by key; and indexes for clustering."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MADE = ("source_poll", "proposal", "verdict", "submission")
MEMBERSHIP = ("report_id", "id", "event_key", "recorded_at")


def upgrade() -> None:
    """Add the tables of sources and of review, and the indexes by which clustering finds what is near."""
    _polls()
    _proposals()
    _verdicts()
    _submissions()
    _nearness()
    _membership(*MEMBERSHIP, "author")


def downgrade() -> None:
    """Drop them, with cursors, what waits and what was decided."""
    _membership(*MEMBERSHIP)
    for index in ("near", "coarse", "also"):
        op.drop_index(f"ix_report_version_{index}", "report_version")
    for table in reversed(MADE):
        op.drop_table(table)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _polls() -> None:
    op.create_table(
        "source_poll",
        sa.Column("id", sa.Integer(), primary_key=True),
        *_words("source", "name"),
        _moment("started_at"),
        _moment("recorded_at"),
        *_words("outcome"),
        *_texts("detail", "counts", "refused"),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.CheckConstraint("outcome IN ('part', 'done', 'unchanged', 'failed')", name="outcome"),
    )
    op.create_index("ix_source_poll_newest", "source_poll", ["source", "id"])
    op.create_index("ix_source_poll_outcome", "source_poll", ["source", "outcome", "id"])
    op.create_index("ix_source_poll_started", "source_poll", ["source", "outcome", "started_at"])
    has_cursor = sa.text("cursor IS NOT NULL")
    op.create_index(
        *("ix_source_poll_cursor", "source_poll", ["source", "id"]),
        sqlite_where=has_cursor,
        postgresql_where=has_cursor,
    )


def _proposals() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), primary_key=True),
        *_words("report_id", "source"),
        sa.Column("line", sa.Integer(), nullable=True),
        *_words("kind", "digest", "tag"),
        *_texts("content"),
        *_words("content_digest"),
        sa.Column("confidence", sa.Float(), nullable=False),
        *_texts("why"),
        sa.Column("event_key", sa.String(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("runner_up", sa.String(), nullable=True),
        sa.Column("runner_up_score", sa.Float(), nullable=True),
        _moment("recorded_at"),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('new', 'changed', 'lapsed')", name="kind"),
    )
    op.create_index("ix_proposal_report", "proposal", ["report_id", "id"])
    op.create_index("ix_proposal_content", "proposal", ["report_id", "digest", "id"])
    op.create_index("ix_proposal_waiting", "proposal", ["waiting", "id"])
    op.create_index("ix_proposal_waiting_source", "proposal", ["waiting", "source", "id"])
    op.create_index("ix_proposal_waiting_tag", "proposal", ["waiting", "tag", "id"])


def _verdicts() -> None:
    op.create_table(
        "verdict",
        sa.Column("proposal_id", sa.Integer(), sa.ForeignKey("proposal.id"), primary_key=True),
        *_words("decision"),
        sa.Column("author", sa.String(), nullable=True),
        *_texts("why"),
        _moment("recorded_at"),
        sa.CheckConstraint("decision IN ('accepted', 'rejected', 'superseded')", name="decision"),
        sa.CheckConstraint("(decision = 'superseded') = (author IS NULL)", name="author"),
    )
    op.create_index("ix_verdict_recorded", "verdict", ["recorded_at", "proposal_id"])


def _submissions() -> None:
    op.create_table(
        "submission",
        sa.Column("key", sa.String(), primary_key=True),
        *_words("digest"),
        *_texts("response"),
        _moment("recorded_at"),
    )


def _nearness() -> None:
    coarse, also = sa.text("occurred_first < occurred_last"), sa.text("also <> ''")
    op.create_index("ix_report_version_near", "report_version", ["tag", "country", "occurred_first"])
    op.create_index(
        *("ix_report_version_coarse", "report_version", ["tag", "country", "occurred_last"]),
        sqlite_where=coarse,
        postgresql_where=coarse,
    )
    op.create_index(
        *("ix_report_version_also", "report_version", ["tag", "occurred_last"]),
        sqlite_where=also,
        postgresql_where=also,
    )


def _membership(*columns: str) -> None:
    op.drop_index("ix_event_membership_report", "event_membership")
    op.create_index("ix_event_membership_report", "event_membership", [*columns])
