"""The tables of the service itself: who works, what was due, what is to be mailed and to whom.

Facts are only added. A lease, a job's row, a message and an alert have a state, which changes: each by
one conditional UPDATE, so that of two processes which try the same one succeeds.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, Text, UniqueConstraint
from sqlmodel import Field

from storage.columns import UtcDateTime
from storage.tables import Table


class Lease(Table, table=True):
    """Who works for all: the token rises with each new holder, the beat with each sign of life."""

    name: str = Field(primary_key=True)
    token: int
    beat: int
    holder: str
    expires_at: datetime = Field(sa_type=UtcDateTime)


class Job(Table, table=True):
    """One attempt of a step of a job that was due; an empty step is the job as a whole."""

    __table_args__ = (
        CheckConstraint("outcome IN ('done', 'held', 'failed', 'interrupted')", name="outcome"),
        CheckConstraint("(outcome IS NULL) = (ended_at IS NULL)", name="ended"),
        Index("ix_job_due", "job", "due", "step", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    job: str
    due: str  # the night's day, or the digest's week
    step: str = ""
    attempt: int = 1
    token: int  # of the lease that it was done under
    started_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    outcome: str | None = None
    detail: str = Field(default="", sa_type=Text)


class Subscription(Table, table=True):
    """What a reader asked for, in one of its versions; the newest of an address is in force."""

    __table_args__ = (
        Index("ix_subscription_address", "address", "id"),
        Index("ix_subscription_token", "token", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    address: str
    name: str = ""
    forecasts: str = ""  # ids between spaces, in the configuration's order; empty for all
    moved_points: float | None = None  # a digest only where one moved by more; None for every week
    alerts: bool
    active: bool
    token: str  # lets whoever holds it unsubscribe, and nothing else
    origin: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Edition(Table, table=True):
    """What a week's digest says, for all readers: the numbers stand before any mail is written."""

    week: str = Field(primary_key=True)
    known_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    document: str = Field(sa_type=Text)


class Message(Table, table=True):
    """A mail to one reader, word for word, and how far it has come."""

    __table_args__ = (
        UniqueConstraint("kind", "key", "recipient"),
        UniqueConstraint("message_id"),
        CheckConstraint("state IN ('waiting', 'claimed', 'sent', 'dead')", name="state"),
        CheckConstraint("(state = 'claimed') = (claimed_by IS NOT NULL)", name="claimed"),
        Index("ix_message_due", "state", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    kind: str  # digest, movement or alert
    key: str  # the week; the forecast and its cutoff; the alert
    recipient: str
    message_id: str
    subject: str
    document: str = Field(sa_type=Text)  # the numbers that it states
    content: str = Field(sa_type=Text)
    state: str = "waiting"
    attempts: int = 0
    due_at: datetime = Field(sa_type=UtcDateTime)
    claimed_by: str | None = None
    error: str = Field(default="", sa_type=Text)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Announcement(Table, table=True):
    """That a night's run was looked at for a move since the run announced before it."""

    forecast_id: str = Field(primary_key=True)
    as_of: date = Field(primary_key=True)
    run_id: int = Field(foreign_key="run.id")
    since_run_id: int | None = Field(default=None, foreign_key="run.id")
    points: float | None = None
    bits: float | None = None
    alerted: bool
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Alert(Table, table=True):
    """Something that an operator should know, from when it was seen until it ended."""

    __table_args__ = (Index("ix_alert_open", "ended_at", "kind", "subject"),)

    id: int | None = Field(default=None, primary_key=True)
    kind: str
    subject: str
    text: str = Field(sa_type=Text)
    raised_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApiKey(Table, table=True):
    """A key of the API: only its hash is kept."""

    __tablename__ = "api_key"
    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("hash"),
        CheckConstraint("scope IN ('read', 'ingest', 'edit', 'admin')", name="scope"),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str
    scope: str
    hash: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class WebSession(Table, table=True):
    """A browser that signed in with a key: only its token's hash is kept, and only while it lasts."""

    __tablename__ = "web_session"
    __table_args__ = (Index("ix_web_session_expires", "expires_at"),)

    hash: str = Field(primary_key=True)
    key: str = Field(foreign_key="api_key.name")
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
