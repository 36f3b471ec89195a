"""Browsers that signed in."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the table of sessions."""
    op.create_table(
        "web_session",
        sa.Column("hash", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), sa.ForeignKey("api_key.name"), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_web_session_expires", "web_session", ["expires_at"])


def downgrade() -> None:
    """Drop it: whoever had signed in signs in again."""
    op.drop_table("web_session")
