"""The lease, the ledger of jobs, readers and their mail, announcements, alerts and keys."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

MADE = ("lease", "job", "subscription", "edition", "message", "announcement", "alert", "api_key")


def upgrade() -> None:
    """Add the tables of the service itself."""
    _work()
    _readers()
    _messages()
    _watch()


def downgrade() -> None:
    """Drop them, with what the service knew of its own work."""
    for table in reversed(MADE):
        op.drop_table(table)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _work() -> None:
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("beat", sa.Integer(), nullable=False),
        *_words("holder"),
        _moment("expires_at"),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), primary_key=True),
        *_words("job", "due", "step"),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        _moment("started_at"),
        _moment("ended_at", nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.CheckConstraint("outcome IN ('done', 'held', 'failed', 'interrupted')", name="outcome"),
        sa.CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
    )
    op.create_index("ix_job_due", "job", ["job", "due", "step", "id"])


def _readers() -> None:
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), primary_key=True),
        *_words("address", "name", "forecasts"),
        sa.Column("moved_points", sa.Float(), nullable=True),
        sa.Column("alerts", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        *_words("token", "origin"),
        _moment("recorded_at"),
    )
    op.create_index("ix_subscription_address", "subscription", ["address", "id"])
    op.create_index("ix_subscription_token", "subscription", ["token", "id"])
    op.create_table(
        "edition",
        sa.Column("week", sa.String(), primary_key=True),
        _moment("known_at"),
        _moment("recorded_at"),
        sa.Column("document", sa.Text(), nullable=False),
    )


def _messages() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Integer(), primary_key=True),
        *_words("kind", "key", "recipient", "message_id", "subject"),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        *_words("state"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _moment("due_at"),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        _moment("recorded_at"),
        _moment("sent_at", nullable=True),
        sa.UniqueConstraint("kind", "key", "recipient"),
        sa.UniqueConstraint("message_id"),
        sa.CheckConstraint("state IN ('waiting', 'claimed', 'sent', 'dead')", name="state"),
        sa.CheckConstraint("(state = 'claimed') = (claimed_by IS NOT NULL)", name="claimed"),
    )
    op.create_index("ix_message_due", "message", ["state", "due_at"])


def _watch() -> None:
    op.create_table(
        "announcement",
        sa.Column("forecast_id", sa.String(), primary_key=True),
        sa.Column("as_of", sa.Date(), primary_key=True),
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("run.id"), nullable=False),
        sa.Column("since_run_id", sa.Integer(), sa.ForeignKey("run.id"), nullable=True),
        sa.Column("points", sa.Float(), nullable=True),
        sa.Column("bits", sa.Float(), nullable=True),
        sa.Column("alerted", sa.Boolean(), nullable=False),
        _moment("recorded_at"),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), primary_key=True),
        *_words("kind", "subject"),
        sa.Column("text", sa.Text(), nullable=False),
        _moment("raised_at"),
        _moment("ended_at", nullable=True),
    )
    op.create_index("ix_alert_open", "alert", ["ended_at", "kind", "subject"])
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), primary_key=True),
        *_words("name", "scope", "hash"),
        _moment("recorded_at"),
        _moment("revoked_at", nullable=True),
        sa.UniqueConstraint("name"),
        sa.UniqueConstraint("hash"),
        sa.CheckConstraint("scope IN ('read', 'ingest', 'edit', 'admin')", name="scope"),
    )
