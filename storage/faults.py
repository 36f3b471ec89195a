"""A database out of reach, said in one line: what, where, and what to do."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, OperationalError, TimeoutError  # noqa: A004 - SQLAlchemy's own

from model.errors import PosterityError, Unavailable, UsageError

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
_TOO_LARGE = "too large to convert to SQLite"  # in what Python says of a number of more than 64 bits
_TOO_LONG = "54"  # the class of SQLSTATEs that tell of a limit of the server, such as that of an index
_NO_ANSWER = "does not answer", "check that the server runs and that storage.url is right"


@contextmanager
def reachable(where: str) -> Iterator[None]:
    """Turn every failure to reach or write the database at `where` into `Unavailable`.

    Values that no database, or not this one, can hold become a `UsageError`. Statements that are wrong in
    themselves, and refused constraints, pass through.
    """
    try:
        yield
    except (UnicodeEncodeError, OverflowError, TimeoutError, DBAPIError) as error:
        said = _said(where, error)
        if said is None:
            raise
        raise said from error


def _said(where: str, error: Exception) -> PosterityError | None:
    match error:
        case UnicodeEncodeError():
            letter = f"U+{ord(error.object[error.start]):04X}"
            return UsageError(f"a text holds {letter}, which is no character; write it in UTF-8")
        case TimeoutError():
            return Unavailable(f"every connection to {where} is in use; try again later")
        case DBAPIError() if found := diagnosis(error):
            what, advice = found
            return Unavailable(f"the database {where} {what} ({detail(error)}); {advice}")
        case DBAPIError() if isinstance(error, DataError) or _state(error).startswith(_TOO_LONG):
            return UsageError(f"the database {where} cannot hold a value ({detail(error)}); write another")
        case OverflowError() if _TOO_LARGE in str(error):
            return UsageError(f"the database {where} cannot hold a value ({error}); write another")
    return None


def detail(error: DBAPIError) -> str:
    """Give the database's own words in one line."""
    return " ".join(str(error.orig).split())[:LONGEST_DETAIL]


def diagnosis(error: DBAPIError) -> tuple[str, str] | None:
    """Say what is out of reach, and what to do; None where the statement itself is what is wrong."""
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_OK)
        return _SQLITE.get(code & 0xFF)  # the primary code; the rest refines it
    state = _state(error)
    for length in (5, 3, 2):
        if state[:length] in _POSTGRESQL:
            return _POSTGRESQL[state[:length]]
    return _NO_ANSWER if isinstance(error, OperationalError) and not state.startswith(_TOO_LONG) else None


def _state(error: DBAPIError) -> str:
    """Give a server's SQLSTATE; none where it is not reached, and of SQLite."""
    return getattr(error.orig, "sqlstate", None) or ""
