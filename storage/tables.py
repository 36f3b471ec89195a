"""The tables. Rows are added and never changed: the newest of a key is the one in force.

Every table of facts says when we knew them (`recorded_at`) beside when they happened. Only `storage/`
sees these classes: its functions return domain values and plain dataclasses.
"""

from datetime import date, datetime
from typing import ClassVar

from sqlalchemy import (
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Text,
    UniqueConstraint,
    text,
)
from sqlmodel import Field, SQLModel

from storage.columns import UtcDateTime


class Table(SQLModel):
    """Base of the tables: metadata of our own, with names that migrations can rely on."""

    model_config = {"defer_build": True}  # rows are never validated, so no validators are built at import
    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


_COARSE, _ALSO = text("occurred_first < occurred_last"), text("also <> ''")


class ReportVersion(Table, table=True):
    """What a source said, in one of its versions; a retraction is a version too."""

    __tablename__ = "report_version"
    __table_args__ = (
        UniqueConstraint("report_id", "version"),
        # Covers the search for evidence, so that only rows which count are read.
        Index(
            "ix_report_version_evidence",
            *("tag", "occurred_last", "published_first", "denies", "retracted"),
            *("report_id", "version", "recorded_at"),
        ),
        Index("ix_report_version_tag_published", "tag", "published_first"),
        Index("ix_report_version_published", "published_first"),
        # What clustering looks for: the days near a report, coarse dates that reach them, further countries.
        Index("ix_report_version_near", "tag", "country", "occurred_first"),
        Index(
            *("ix_report_version_coarse", "tag", "country", "occurred_last"),
            sqlite_where=_COARSE,
            postgresql_where=_COARSE,
        ),
        Index(
            *("ix_report_version_also", "tag", "occurred_last"), sqlite_where=_ALSO, postgresql_where=_ALSO
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    report_id: str
    version: int
    digest: str
    tag: str
    country: str
    also: str = ""  # further countries between spaces, " BR CO ", so that one of them can be searched for
    published_first: date
    published_last: date
    occurred_first: date  # the publication where the occurrence is unknown
    occurred_last: date
    denies: bool
    retracted: bool = False
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    origin: str
    line: int | None = None
    author: str | None = None  # the person who filed it; none where it came from a source
    why: str | None = None
    searchable: str = Field(sa_type=Text)  # case folded here, because the databases disagree beyond ASCII
    content: str = Field(sa_type=Text)


class EventMembership(Table, table=True):
    """That a report belongs to an event, who or what decided so, and why."""

    __tablename__ = "event_membership"
    __table_args__ = (  # both cover the way between reports and events
        Index("ix_event_membership_event", "event_key", "report_id", "id", "recorded_at"),
        Index("ix_event_membership_report", "report_id", "id", "event_key", "recorded_at", "author"),
    )

    id: int | None = Field(default=None, primary_key=True)
    report_id: str
    event_key: str
    why: str
    score: float | None = None
    runner_up: str | None = None
    runner_up_score: float | None = None
    author: str | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class ForecastVersion(Table, table=True):
    """A forecast's definition (scenarios, priors, elicited numbers), in one of its versions."""

    __tablename__ = "forecast_version"
    __table_args__ = (UniqueConstraint("forecast_id", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    forecast_id: str
    version: int
    digest: str
    evidence_seen: bool
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    difference: str = Field(sa_type=Text)
    definition: str = Field(sa_type=Text)


class Evidence(Table, table=True):
    """A snapshot of what counted; runs that saw the same evidence share it."""

    digest: str = Field(primary_key=True)
    snapshot: str = Field(sa_type=Text)


class Run(Table, table=True):
    """One update of one forecast at one cutoff."""

    __table_args__ = (
        CheckConstraint("status IN ('published', 'held', 'failed')", name="status"),
        CheckConstraint("(status = 'failed') = (settled IS NULL)", name="settled"),
        CheckConstraint("status = 'failed' OR evidence_digest IS NOT NULL", name="evidence"),
        UniqueConstraint(
            *("forecast_id", "as_of", "evidence_digest", "forecast_digest", "code_digest"),
            *("supersedes", "settled"),
            name="uq_run_inputs",
        ),
        Index("ix_run_latest", "forecast_id", "status", "as_of", "recorded_at"),
        Index("ix_run_history", "forecast_id", "as_of", "recorded_at"),
        Index("ix_run_number", "forecast_id", "status", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    forecast_id: str
    as_of: date
    status: str
    settled: bool | None = None  # true, or nothing where it failed: no two nothings are the same
    supersedes: int = 0  # the run of this cutoff that stood before; 0 where none did
    engine: str
    evidence_digest: str | None = Field(default=None, foreign_key="evidence.digest")
    forecast_digest: str
    code_digest: str
    observed_until: date | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    seconds: float
    draws: str | None = None


class RunDocument(Table, table=True):
    """A run as it is served, word for word; apart from the run, so that neither is ever changed."""

    __tablename__ = "run_document"

    run_id: int = Field(primary_key=True, foreign_key="run.id")
    document: str = Field(sa_type=Text)


class RunLine(Table, table=True):
    """A run in brief, as a history serves it: its document without what is long."""

    __tablename__ = "run_line"

    run_id: int = Field(primary_key=True, foreign_key="run.id")
    line: str = Field(sa_type=Text)


class Posterior(Table, table=True):
    """What a run says of one scenario."""

    run_id: int = Field(primary_key=True, foreign_key="run.id")
    position: int = Field(primary_key=True)
    scenario: str
    probability: float | None = None
    prior: float | None = None
    band_low: float | None = None
    band_high: float | None = None
    pymc_probability: float | None = None
    monte_carlo_error: float | None = None
    word: str | None = None
    log_evidence: float | None = None
    pymc_log_evidence: float | None = None


class RunCheck(Table, table=True):
    """What one check of a run found."""

    __tablename__ = "run_check"

    run_id: int = Field(primary_key=True, foreign_key="run.id")
    position: int = Field(primary_key=True)
    name: str
    figure: float | None = None
    threshold: float
    passed: bool | None = None


class RunWarning(Table, table=True):
    """One warning of a run."""

    __tablename__ = "run_warning"

    run_id: int = Field(primary_key=True, foreign_key="run.id")
    position: int = Field(primary_key=True)
    text: str = Field(sa_type=Text)


class Outlook(Table, table=True):
    """What a run expects of one indicator in the days after `starts_on`, up to `until`."""

    __table_args__ = (
        CheckConstraint("starts_on < until", name="days"),
        Index("ix_outlook_until", "run_id", "until"),
    )

    run_id: int = Field(primary_key=True, foreign_key="run.id")
    position: int = Field(primary_key=True)
    indicator: str
    days: int
    starts_on: date
    until: date
    probability: float


class OutlookResolution(Table, table=True):
    """What became of an expectation; what was said stands beside it, so that scores read one index."""

    __tablename__ = "outlook_resolution"
    __table_args__ = (
        CheckConstraint("outcome BETWEEN 0 AND 1", name="outcome"),
        ForeignKeyConstraint(["run_id", "position"], ["outlook.run_id", "outlook.position"]),
        Index("ix_outlook_resolution_scores", "forecast_id", "days", "run_id", "probability", "outcome"),
        Index("ix_outlook_resolution_newest", "forecast_id", "resolved_as_of", "run_id", "position"),
    )

    run_id: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    forecast_id: str
    days: int
    probability: float
    outcome: float
    events: int
    resolved_as_of: date
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class OutlookMark(Table, table=True):
    """That nothing is open any more in a forecast's runs up to this one; the highest mark is in force."""

    __tablename__ = "outlook_mark"

    forecast_id: str = Field(primary_key=True)
    run_id: int = Field(primary_key=True, foreign_key="run.id")
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class ForecastResolution(Table, table=True):
    """What became of a forecast, its annulment, or that it is open again; the newest is in force."""

    __tablename__ = "forecast_resolution"
    __table_args__ = (
        CheckConstraint("decision IN ('resolved', 'corrected', 'annulled', 'reopened')", name="decision"),
        CheckConstraint("(scenario IS NOT NULL) = (decision IN ('resolved', 'corrected'))", name="scenario"),
        CheckConstraint("(closed_on IS NULL) = (decision = 'reopened')", name="closed"),
        Index("ix_forecast_resolution_newest", "forecast_id", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    forecast_id: str
    decision: str
    scenario: str | None = None
    closed_on: date | None = None  # the day on which the answer was there
    why: str = Field(sa_type=Text)
    author: str
    forecast_digest: str  # the version by which it was judged
    recorded_at: datetime = Field(sa_type=UtcDateTime)
