"""SQLite files beside the one in use: drafts that nobody else sees yet, and copies that are only read."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, NullPool, create_engine, event

from model.errors import Unavailable
from storage.database import PATIENCE, Database

SIDECARS = ("-wal", "-shm", "-journal")
# A draft that fails is thrown away, so that it needs no journal; whoever ends one well flushes it.
_DRAFT = ("journal_mode = MEMORY", "synchronous = OFF", "foreign_keys = ON", "cache_size = -65536")
_COPY = ("query_only = ON", "cell_size_check = ON")
_IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def open_draft(path: Path, *, where: str) -> Database:
    """Open a file to be filled; complaints name it as what it is to become."""
    return _opened(path, "mode=rw", _DRAFT, where)


def open_copy(path: Path) -> Database:
    """Open a file that is only read: nothing of it changes, and nothing appears beside it."""
    return _opened(path, "mode=ro&immutable=1", _COPY, str(path))


@contextmanager
def held_alone(path: Path) -> Iterator[None]:
    """Hold a file that nobody else has open, all of it in the one file; a damaged one is left as it is.

    Raises
    ------
    Unavailable
        Another process has it open, or it cannot be opened.
    """
    with closing(sqlite3.connect(path, isolation_level=None, timeout=PATIENCE)) as connection:
        if not _is_alone(connection, path):
            advice = "stop `posterity schedule` and `posterity serve`, then try again"
            raise Unavailable(f"the database {path} is open in another process; {advice}")
        yield


def _is_alone(connection: sqlite3.Connection, path: Path) -> bool:
    try:
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.DatabaseError as error:
        code = error.sqlite_errorcode & 0xFF
        if code in _DAMAGED | _IN_USE:
            return code in _DAMAGED
        advice = "check the owner and the permissions of the file and of its folder"
        raise Unavailable(f"the database {path} cannot be opened ({error}); {advice}") from error
    return bool(mode == "delete")


def _opened(path: Path, mode: str, pragmas: tuple[str, ...], where: str) -> Database:
    connect = partial(_connected, f"{path.resolve().as_uri()}?{mode}", pragmas)
    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _begin)
    return Database(engine=engine, reader=engine, mapped=engine, where=where)


def _connected(address: str, pragmas: tuple[str, ...]) -> sqlite3.Connection:
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
