"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INPUTS = (
    "forecast_id",
    "as_of",
    "evidence_digest",
    "forecast_digest",
    "code_digest",
    "supersedes",
    "settled",
)

MADE = (
    "report_version",
    "event_membership",
    "forecast_version",
    "evidence",
    "run",
    "run_document",
    "posterior",
    "run_check",
    "run_warning",
)


def upgrade() -> None:
    """Create every table."""
    _reports()
    _events()
    _forecasts()
    _runs()
    _posteriors()
    _findings()


def downgrade() -> None:
    """Drop every table."""
    for table in reversed(MADE):
        op.drop_table(table)


def _reports() -> None:
    op.create_table(
        "report_version",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("also", sa.String(), nullable=False),
        sa.Column("published_first", sa.Date(), nullable=False),
        sa.Column("published_last", sa.Date(), nullable=False),
        sa.Column("occurred_first", sa.Date(), nullable=False),
        sa.Column("occurred_last", sa.Date(), nullable=False),
        sa.Column("denies", sa.Boolean(), nullable=False),
        sa.Column("retracted", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("line", sa.Integer()),
        sa.Column("author", sa.String()),
        sa.Column("why", sa.String()),
        sa.Column("searchable", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.UniqueConstraint("report_id", "version"),
    )
    which = ["tag", "occurred_last", "published_first", "denies", "retracted"]
    op.create_index(
        "ix_report_version_evidence", "report_version", [*which, "report_id", "version", "recorded_at"]
    )
    op.create_index("ix_report_version_tag_published", "report_version", ["tag", "published_first"])
    op.create_index("ix_report_version_published", "report_version", ["published_first"])


def _events() -> None:
    op.create_table(
        "event_membership",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("event_key", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("score", sa.Float()),
        sa.Column("runner_up", sa.String()),
        sa.Column("runner_up_score", sa.Float()),
        sa.Column("author", sa.String()),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )
    by_event, by_report = ["event_key", "report_id", "id"], ["report_id", "id", "event_key"]
    op.create_index("ix_event_membership_event", "event_membership", [*by_event, "recorded_at"])
    op.create_index("ix_event_membership_report", "event_membership", [*by_report, "recorded_at"])


def _forecasts() -> None:
    op.create_table(
        "forecast_version",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("forecast_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("evidence_seen", sa.Boolean(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("difference", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.UniqueConstraint("forecast_id", "version"),
    )


def _runs() -> None:
    op.create_table(
        "evidence",
        sa.Column("digest", sa.String(), primary_key=True),
        sa.Column("snapshot", sa.Text(), nullable=False),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("forecast_id", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("settled", sa.Boolean()),
        sa.Column("supersedes", sa.Integer(), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("evidence_digest", sa.String(), sa.ForeignKey("evidence.digest")),
        sa.Column("forecast_digest", sa.String(), nullable=False),
        sa.Column("code_digest", sa.String(), nullable=False),
        sa.Column("observed_until", sa.Date()),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("draws", sa.String()),
        sa.CheckConstraint("status IN ('published', 'held', 'failed')", name="status"),
        sa.CheckConstraint("(status = 'failed') = (settled IS NULL)", name="settled"),
        sa.CheckConstraint("status = 'failed' OR evidence_digest IS NOT NULL", name="evidence"),
        sa.UniqueConstraint(*INPUTS, name="uq_run_inputs"),
    )
    op.create_index("ix_run_latest", "run", ["forecast_id", "status", "as_of", "recorded_at"])
    op.create_index("ix_run_history", "run", ["forecast_id", "as_of", "recorded_at"])
    op.create_table(
        "run_document",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("document", sa.Text(), nullable=False),
    )


def _posteriors() -> None:
    op.create_table(
        "posterior",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("scenario", sa.String(), nullable=False),
        sa.Column("probability", sa.Float()),
        sa.Column("prior", sa.Float()),
        sa.Column("band_low", sa.Float()),
        sa.Column("band_high", sa.Float()),
        sa.Column("pymc_probability", sa.Float()),
        sa.Column("monte_carlo_error", sa.Float()),
        sa.Column("word", sa.String()),
        sa.Column("log_evidence", sa.Float()),
        sa.Column("pymc_log_evidence", sa.Float()),
    )


def _findings() -> None:
    op.create_table(
        "run_check",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("figure", sa.Float()),
        sa.Column("threshold", sa.Float(), nullable=False),
        sa.Column("passed", sa.Boolean()),
    )
    op.create_table(
        "run_warning",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
    )
