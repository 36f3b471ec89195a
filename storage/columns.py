"""Column types that mean the same on SQLite and on PostgreSQL."""

from datetime import UTC, datetime

from sqlalchemy import DateTime
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.types import TypeDecorator

from model.errors import InvalidValue


class NaiveDatetime(InvalidValue, DontWrapMixin):
    """A moment with no time zone, which could mean several."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: goes in aware and comes out aware, in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn any zone into UTC, and refuse a moment that names none."""
        del dialect
        if value is None:
            return None
        if value.utcoffset() is None:
            raise NaiveDatetime(f"{value} has no time zone; say which it is, for example {value}+00:00")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite forgets the zone, PostgreSQL answers in the session's: both become UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
