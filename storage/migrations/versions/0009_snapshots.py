"""Snapshots that were imported, and which reports came with each."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the table of imports."""
    op.create_table(
        "snapshot_import",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("forecast_id", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("first_report", sa.Integer(), nullable=True),
        sa.Column("last_report", sa.Integer(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(first_report IS NULL) = (last_report IS NULL)", name="reports"),
    )


def downgrade() -> None:
    """Drop it; what was imported stays."""
    op.drop_table("snapshot_import")
