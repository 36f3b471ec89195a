"""What each run expects next, and what became of it."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the tables of the outlook, and the index that finds a forecast's runs by their number."""
    op.create_index("ix_run_number", "run", ["forecast_id", "status", "id"])
    _expectations()
    _resolutions()
    _marks()


def downgrade() -> None:
    """Drop them, with the expectations and what became of them."""
    for table in ("outlook_mark", "outlook_resolution", "outlook"):
        op.drop_table(table)
    op.drop_index("ix_run_number", "run")


def _expectations() -> None:
    op.create_table(
        "outlook",
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.CheckConstraint("starts_on < until", name="days"),
    )
    op.create_index("ix_outlook_until", "outlook", ["run_id", "until"])


def _resolutions() -> None:
    op.create_table(
        "outlook_resolution",
        sa.Column("run_id", sa.Integer(), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("forecast_id", sa.String(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.Column("outcome", sa.Float(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("resolved_as_of", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("outcome BETWEEN 0 AND 1", name="outcome"),
        sa.ForeignKeyConstraint(["run_id", "position"], ["outlook.run_id", "outlook.position"]),
    )
    scores = ["forecast_id", "days", "probability", "outcome"]
    op.create_index("ix_outlook_resolution_scores", "outlook_resolution", scores)
    newest = ["forecast_id", "resolved_as_of", "run_id", "position"]
    op.create_index("ix_outlook_resolution_newest", "outlook_resolution", newest)


def _marks() -> None:
    op.create_table(
        "outlook_mark",
        sa.Column("forecast_id", sa.String(), primary_key=True),
        sa.Column("run_id", sa.Integer(), sa.ForeignKey("run.id"), primary_key=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )
