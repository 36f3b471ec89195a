"""A database out of reach, said in one line: what, where, and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError  # noqa: A004 - SQLAlchemy's own

from model.errors import Unavailable

LONGEST_DETAIL = 200
_PERMISSION = "may not be written", "check the owner and the permissions of the file and of its folder"
_DAMAGED = (
    "is damaged, or is no SQLite database",
    "put a backup in its place with `posterity restore FILE --replace`",
)
_BUSY = "is locked by another process", "wait until that has finished, then try again"
_SQLITE = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_FULL: ("is on a disk that is full", "free some space, then try again"),
    sqlite3.SQLITE_READONLY: _PERMISSION,
    sqlite3.SQLITE_PERM: _PERMISSION,
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "check that its folder exists and may be written"),
    sqlite3.SQLITE_IOERR: ("is on a disk that answers with errors", "check the disk, then try again"),
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}
_TRY_AGAIN = "is busy", "try again"
_POSTGRESQL = {  # by SQLSTATE, else by its class (the first two characters)
    "53100": ("has no space left on its disk", "free some space, then try again"),
    "53": ("is short of resources", "try again later, or allow it more"),
    "25006": ("accepts no writing", "check that storage.url names the primary server"),
    "0A000": ("accepts no writing", "check that storage.url names the primary server"),  # a standby
    "28": ("refuses the user", "check the user and the password in storage.url"),
    "3D": ("does not exist", "create it with `createdb`"),
    "42501": ("refuses the user", "grant the user the rights to its tables"),
    "40": _TRY_AGAIN,
    "55": _TRY_AGAIN,
    "57P": ("is shutting down or starting", "try again when it is up"),
    "57": _TRY_AGAIN,
    "XX": ("reports damage", "look at the server's log"),
}
_NO_ANSWER = "does not answer", "check that the server runs and that storage.url is right"


@contextmanager
def reachable(where: str) -> Iterator[None]:
    """Turn every failure to reach or write the database at `where` into `Unavailable`.

    Statements that are wrong in themselves, and refused constraints, pass through.
    """
    try:
        yield
    except TimeoutError as error:
        raise Unavailable(f"every connection to {where} is in use; try again later") from error
    except DBAPIError as error:
        found = diagnosis(error)
        if found is None:
            raise
        what, advice = found
        raise Unavailable(f"the database {where} {what} ({detail(error)}); {advice}") from error


def detail(error: DBAPIError) -> str:
    """Give the database's own words in one line."""
    return " ".join(str(error.orig).split())[:LONGEST_DETAIL]


def diagnosis(error: DBAPIError) -> tuple[str, str] | None:
    """Say what is out of reach, and what to do; None where the statement itself is what is wrong."""
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_OK)
        return _SQLITE.get(code & 0xFF)  # the primary code; the rest refines it
    state = getattr(error.orig, "sqlstate", None) or ""
    for length in (5, 3, 2):
        if state[:length] in _POSTGRESQL:
            return _POSTGRESQL[state[:length]]
    return _NO_ANSWER if isinstance(error, OperationalError) else None
