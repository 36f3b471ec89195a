"""Experiments: nights recomputed under other settings, apart from the history."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_NUMBERS = (
    *("probability", "prior", "band_low", "band_high", "pymc_probability", "monte_carlo_error"),
    *("log_evidence", "pymc_log_evidence"),
)


def upgrade() -> None:
    """Add the tables of experiments."""
    _experiments()
    _nights()
    op.create_table(
        "experiment_posterior",
        sa.Column("experiment_run_id", sa.Integer(), sa.ForeignKey("experiment_run.id"), primary_key=True),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("scenario", sa.String(), nullable=False),
        *(sa.Column(name, sa.Float(), nullable=True) for name in _NUMBERS),
    )


def downgrade() -> None:
    """Drop them, with every experiment."""
    for table in ("experiment_posterior", "experiment_run", "experiment"):
        op.drop_table(table)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _word(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=False)


def _recorded() -> sa.Column[object]:
    return sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False)


def _experiments() -> None:
    op.create_table(
        "experiment",
        sa.Column("id", sa.Integer(), primary_key=True),
        *map(_word, ("name", "forecast_id", "engine")),
        sa.Column("band", sa.Boolean(), nullable=False),
        *map(_word, ("forecast_digest", "code_digest")),
        *map(_text, ("definition", "grades")),
        _recorded(),
        sa.UniqueConstraint("name"),
        sa.CheckConstraint("engine IN ('exact', 'pymc')", name="engine"),
    )
    op.create_index("ix_experiment_forecast", "experiment", ["forecast_id", "id"])


def _nights() -> None:
    op.create_table(
        "experiment_run",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("experiment_id", sa.Integer(), sa.ForeignKey("experiment.id"), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("supersedes", sa.Integer(), nullable=False),
        *map(_word, ("status", "evidence_digest")),
        sa.Column("observed_until", sa.Date(), nullable=False),
        sa.Column("reports", sa.Integer(), nullable=False),
        *map(_text, ("counted", "detail")),
        _recorded(),
        sa.CheckConstraint("status IN ('published', 'held', 'failed')", name="status"),
        sa.UniqueConstraint(
            *("experiment_id", "as_of", "evidence_digest", "supersedes"), name="uq_experiment_run_inputs"
        ),
    )
    op.create_index("ix_experiment_run_standing", "experiment_run", ["experiment_id", "as_of", "id"])
