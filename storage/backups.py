"""Backups: every row of a database copied into another, and told by digests that are equal on both.

A row is read as the values that it stands for, in the order of its key by code points, whatever a
server's language sorts by. The digest of a table is the SHA-256 of the names of its columns and of its
rows, each a list in JSON that a comma ends. Who has the lease is left out, because that names a process
which lives: a copy tells that it was given back. Its token is kept, so that tokens go on rising.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Self

from sqlalchemy import (
    Column,
    ColumnElement,
    Integer,
    MetaData,
    Table,
    Text,
    cast,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from model.errors import PosterityError
from storage.content import as_text
from storage.database import PATIENCE
from storage.faults import detail, reachable
from storage.schema import tables_at

FORMAT = 1
BATCH = 100  # rows in memory; a run's document may have a megabyte
_LIVES = ("lease", "holder")
_MANIFEST = Table(
    "backup_manifest",
    MetaData(),
    Column("document", Text, nullable=False),
    Column("sha256", Text, nullable=False),
)


class Unfit(PosterityError):  # noqa: N818 - the row is; nothing erred
    """A row that cannot be read, or that the other database cannot keep."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """What a table holds: how many rows, and the digest of them all."""

    rows: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a backup says of itself.

    Parameters
    ----------
    program
        The version of the program that made it.
    revision
        Of its tables.
    tables
        What each of them holds.
    """

    made_at: datetime
    program: str
    revision: str
    tables: Mapping[str, Content]

    @property
    def rows(self) -> int:
        """How many rows there are in all."""
        return sum(table.rows for table in self.tables.values())

    def document(self) -> dict[str, Any]:
        """Give it as JSON holds it."""
        return {"format": FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Read it back."""
        tables = {name: Content(**content) for name, content in document["tables"].items()}
        made_at = datetime.fromisoformat(document["made_at"])
        return cls(made_at=made_at, program=document["program"], revision=document["revision"], tables=tables)


def copy_rows(source: Session, target: Session, revision: str) -> dict[str, Content]:
    """Copy every row of a revision's tables, and say what was copied.

    Raises
    ------
    Unfit
        A row cannot be read, or the other database cannot keep it.
    """
    return {table.name: _copied(source, target, table) for table in tables_at(revision)}


def contents(session: Session, revision: str) -> dict[str, Content]:
    """Say what a revision's tables hold.

    Raises
    ------
    Unfit
        A row cannot be read.
    """
    return {table.name: _content(session, table) for table in tables_at(revision)}


def write_manifest(session: Session, manifest: Manifest) -> None:
    """Put a manifest beside the rows that it speaks of."""
    document = as_text(manifest.document())
    _MANIFEST.create(session.connection())
    session.execute(insert(_MANIFEST), [{"document": document, "sha256": _sha(document)}])


def read_manifest(session: Session) -> Manifest | None:
    """Look up the manifest; None where there is none, where it was altered or is of another format."""
    both = select(cast(_MANIFEST.c.document, Text), cast(_MANIFEST.c.sha256, Text))
    found = session.execute(both).all() if is_backup(session) else []
    if len(found) != 1 or not found[0].document or _sha(found[0].document) != found[0].sha256:
        return None
    try:
        document = json.loads(found[0].document)
        return Manifest.of(document) if document["format"] == FORMAT else None
    except (ValueError, KeyError, TypeError):
        return None


def is_backup(session: Session) -> bool:
    """Whether a SQLite file has a manifest, sound or not."""
    return inspect(session.connection()).has_table(_MANIFEST.name)


def is_whole(session: Session) -> bool:
    """Whether SQLite finds its file in order, indexes included."""
    return session.execute(text("PRAGMA integrity_check(1)")).all() == [("ok",)]


def keep_others_out(session: Session, revision: str | None) -> None:
    """Let nobody else write a server's tables until the transaction ends; a file has one writer anyhow."""
    if session.get_bind().dialect.name != "postgresql" or revision is None:
        return
    session.execute(text(f"SET LOCAL lock_timeout = '{PATIENCE:g}s'"))
    names = ", ".join(table.name for table in tables_at(revision))
    session.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))


def continue_numbers(session: Session, revision: str) -> None:
    """Let a server number new rows after those that were copied; a file does so by itself."""
    if session.get_bind().dialect.name != "postgresql":
        return
    for table in tables_at(revision):
        for key in table.primary_key:
            if isinstance(key.type, Integer):
                _continue(session, table, key)


def _continue(session: Session, table: Table, key: ColumnElement[Any]) -> None:
    sequence = session.scalar(select(func.pg_get_serial_sequence(table.name, key.name)))
    if sequence is not None:
        highest = func.max(key)
        session.execute(select(func.setval(sequence, func.coalesce(highest, 1), highest.is_not(None))))


def _copied(source: Session, target: Session, table: Table) -> Content:
    told = _Teller(table)
    try:
        for rows in _batches(source, table):
            told.add(rows)
            target.execute(insert(table), rows)
    except (DataError, IntegrityError) as error:
        raise Unfit(
            f"a row of table {table.name} cannot be kept by this kind of database ({detail(error)}); "
            "correct it where it comes from"
        ) from error
    return told.content()


def _content(session: Session, table: Table) -> Content:
    told = _Teller(table)
    for rows in _batches(session, table):
        told.add(rows)
    return told.content()


def _batches(session: Session, table: Table) -> Iterator[list[dict[str, Any]]]:
    columns = [_without_who_lives(table, column) for column in table.c]
    statement = select(*columns).order_by(*(_by_code_points(session, key) for key in table.primary_key))
    try:
        with (
            reachable(session.info["where"]),
            session.execute(statement, execution_options={"yield_per": BATCH}) as result,
        ):
            for rows in result.mappings().partitions():
                yield [dict(row) for row in rows]
    except (ValueError, TypeError, DBAPIError) as error:
        raise _unreadable(table, error) from error


def _unreadable(table: Table, error: Exception) -> Unfit:
    said = detail(error) if isinstance(error, DBAPIError) else error
    return Unfit(f"a row of table {table.name} cannot be read ({said}); correct it, or restore a backup")


def _without_who_lives(table: Table, column: ColumnElement[Any]) -> ColumnElement[Any]:
    return literal("").label(column.name) if (table.name, column.name) == _LIVES else column


def _by_code_points(session: Session, key: ColumnElement[Any]) -> ColumnElement[Any]:
    is_server = session.get_bind().dialect.name == "postgresql"
    return key.collate("C") if is_server and key.type.python_type is str else key


class _Teller:
    """Reads rows as they go by."""

    def __init__(self, table: Table) -> None:
        self._rows = 0
        self._table = table
        self._sha = hashlib.sha256()
        self._sha.update(_listed([table.c.keys()]))

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows += len(rows)
        try:
            self._sha.update(_listed([[*row.values()] for row in rows]))
        except TypeError as error:
            raise _unreadable(self._table, error) from error

    def content(self) -> Content:
        return Content(rows=self._rows, sha256=self._sha.hexdigest())


def _listed(rows: Sequence[Sequence[Any]]) -> bytes:
    return f"{_JSON.encode(rows)[1:-1]},".encode()


def _stated(value: object) -> str:
    if isinstance(value, date):  # a moment is one too, and is in UTC
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is no type of a column")


_JSON = json.JSONEncoder(separators=(",", ":"), default=_stated)


def _sha(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()
