"""The distinct values of an indexed column, found by leaping from each to the next instead of reading all."""

from typing import Any

from sqlalchemy import CTE, func, select
from sqlmodel import col


def leaps(column: Any, table: str) -> CTE:
    """Make a table of this name whose column `key` has every value once, and at the end null."""
    first = select(func.min(col(column)).label("key")).cte(table, recursive=True)
    after = select(func.min(col(column))).where(col(column) > first.c.key)
    return first.union_all(select(after.scalar_subquery()).where(first.c.key.is_not(None)))
