"""Signs of life of the database itself: where it is, whether it accepts writing, what time it is there."""

from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.database import Database
from storage.service_tables import Job
from storage.tables import ReportVersion, Run


def file_of(database: Database) -> Path | None:
    """Where a SQLite database is; None for a server's, and for one that is in memory only."""
    name = database.engine.url.database
    if not database.is_sqlite or not name or name == ":memory:" or name.startswith("file:"):
        return None
    return Path(name)


def is_standby(session: Session) -> bool:
    """Whether a server only repeats what another one does, and so accepts no writing."""
    if session.get_bind().dialect.name == "sqlite":
        return False
    return bool(session.scalar(select(func.pg_is_in_recovery())))


def server_clock(session: Session) -> datetime | None:
    """Read the clock of a server; None for SQLite, which has none of its own."""
    if session.get_bind().dialect.name == "sqlite":
        return None
    return session.scalar(select(func.clock_timestamp()))


def newest_record(session: Session) -> datetime | None:
    """Look up when something was recorded last: a report, a run or a job."""
    newest = (
        select(col(ReportVersion.recorded_at)).order_by(col(ReportVersion.id).desc()),
        select(col(Run.recorded_at)).order_by(col(Run.id).desc()),
        select(col(Job.started_at)).order_by(col(Job.id).desc()),
    )
    found = (session.scalars(statement.limit(1)).first() for statement in newest)
    return max((one for one in found if one is not None), default=None)
