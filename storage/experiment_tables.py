"""The tables of experiments: nights recomputed under some settings, apart from the history.

Rows are only added: a night that is replayed on other evidence supersedes the one that stood.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.tables import Table


class Experiment(Table, table=True):
    """A name, and the settings that all nights under it share."""

    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("engine IN ('exact', 'pymc')", name="engine"),
        Index("ix_experiment_forecast", "forecast_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str
    forecast_id: str
    engine: str
    band: bool
    forecast_digest: str
    code_digest: str
    definition: str = Field(sa_type=Text)
    grades: str = Field(sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class ExperimentRun(Table, table=True):
    """One night of an experiment."""

    __tablename__ = "experiment_run"
    __table_args__ = (
        CheckConstraint("status IN ('published', 'held', 'failed')", name="status"),
        UniqueConstraint(
            *("experiment_id", "as_of", "evidence_digest", "supersedes"), name="uq_experiment_run_inputs"
        ),
        Index("ix_experiment_run_standing", "experiment_id", "as_of", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    experiment_id: int = Field(foreign_key="experiment.id")
    as_of: date
    supersedes: int = 0  # the row of this cutoff that stood before; 0 where none did
    status: str
    evidence_digest: str
    observed_until: date
    reports: int
    counted: str = Field(sa_type=Text)  # credibility of each event that stands in some indicator, by its key
    detail: str = Field(default="", sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class ExperimentPosterior(Table, table=True):
    """What a night of an experiment says of one scenario."""

    __tablename__ = "experiment_posterior"

    experiment_run_id: int = Field(primary_key=True, foreign_key="experiment_run.id")
    position: int = Field(primary_key=True)
    scenario: str
    probability: float | None = None
    prior: float | None = None
    band_low: float | None = None
    band_high: float | None = None
    pymc_probability: float | None = None
    monte_carlo_error: float | None = None
    log_evidence: float | None = None
    pymc_log_evidence: float | None = None
