"""The tables of any revision, read from what its migrations make: for rows that are older than the code."""

import math
from functools import cache

from sqlalchemy import DateTime, Float, MetaData, Table, event, func, inspect, select
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from storage.columns import UtcDateTime
from storage.database import migrate, open_database, revision_of
from storage.revisions import REVISIONS

_ALEMBIC = "alembic_version"


class _Number(TypeDecorator[float]):
    """A number whose zero has no sign, and none that is none: PostgreSQL keeps these, SQLite does not."""

    impl = Float
    cache_ok = True

    def process_result_value(self, value: float | None, dialect: Dialect) -> float | None:
        del dialect
        return None if value is None or math.isnan(value) else value + 0.0


@cache
def tables_at(revision: str) -> tuple[Table, ...]:
    """Give the tables that stand at a revision, those that others refer to first.

    Their columns hold the same values on SQLite and on PostgreSQL.
    """
    metadata = MetaData()
    with open_database("sqlite://") as scratch:
        migrate(scratch, to=revision)
        with scratch.engine.connect() as connection:
            event.listen(metadata, "column_reflect", _made_alike)
            metadata.reflect(connection)
    return tuple(table for table in metadata.sorted_tables if table.name != _ALEMBIC)


def rows_lost(session: Session, to: str) -> dict[str, int]:
    """Count what each table holds that a database no longer has once it is at an earlier revision."""
    revision = revision_of(session.connection())
    if revision not in REVISIONS:
        return {}
    kept = {table.name for table in tables_at(to)}
    lost = [table for table in tables_at(revision) if table.name not in kept]
    return {table.name: session.scalar(select(func.count()).select_from(table)) or 0 for table in lost}


def holds_rows(session: Session) -> bool:
    """Whether any table holds anything; one that a damaged or foreign database lacks holds nothing."""
    revision = revision_of(session.connection())
    there = set(inspect(session.connection()).get_table_names())
    known = tables_at(revision) if revision in REVISIONS else ()
    return any(session.execute(select(table).limit(1)).first() for table in known if table.name in there)


def _made_alike(_inspector: object, _table: Table, column: ReflectedColumn) -> None:
    match column["type"]:
        case DateTime():
            column["type"] = UtcDateTime()
        case Float():
            column["type"] = _Number()
