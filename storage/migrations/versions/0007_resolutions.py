"""What became of forecasts; and an index from which the outlooks that count are scored."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

SCORES = "ix_outlook_resolution_scores"


def upgrade() -> None:
    """Add the table of resolutions, and put the run into the index of scores."""
    op.create_table(
        "forecast_resolution",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("forecast_id", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("scenario", sa.String(), nullable=True),
        sa.Column("closed_on", sa.Date(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("forecast_digest", sa.String(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("decision IN ('resolved', 'corrected', 'annulled', 'reopened')", name="decision"),
        sa.CheckConstraint(
            "(scenario IS NOT NULL) = (decision IN ('resolved', 'corrected'))", name="scenario"
        ),
        sa.CheckConstraint("(closed_on IS NULL) = (decision = 'reopened')", name="closed"),
    )
    op.create_index("ix_forecast_resolution_newest", "forecast_resolution", ["forecast_id", "id"])
    _scores("forecast_id", "days", "run_id", "probability", "outcome")


def downgrade() -> None:
    """Drop what became of forecasts."""
    _scores("forecast_id", "days", "probability", "outcome")
    op.drop_table("forecast_resolution")


def _scores(*columns: str) -> None:
    op.drop_index(SCORES, "outlook_resolution")
    op.create_index(SCORES, "outlook_resolution", [*columns])
