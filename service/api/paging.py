"""Pages: a body stays a plain array, and the address of the next page stands in the header ``Link``.

A cursor is the position of the last row that was given, in the order of the list: rows that come to be
meanwhile neither shift a page nor are given twice.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request

from service.api.parameters import refusal

type Position = tuple[Any, ...]

_LARGEST = 2**63 - 1  # what a database can compare a number with
NONSENSE = "is none that this list gave; begin without one"


def cursor_of(*position: str | int | date | datetime) -> str:
    """Write a position as a cursor."""
    plain = [one.isoformat() if isinstance(one, date) else one for one in position]
    content = json.dumps(plain, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def position(cursor: str | None, *kinds: type) -> Position | None:
    """Read a cursor back, as values of these kinds: str, int, date, datetime.

    Raises
    ------
    RequestValidationError
        It is none that such a list gave.
    """
    if cursor is None:
        return None
    try:
        content = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = json.loads(content)
        if not isinstance(found, list) or len(found) != len(kinds):
            raise refusal("cursor", NONSENSE)
        return tuple(_READERS[kind](one) for kind, one in zip(kinds, found, strict=True))
    except (binascii.Error, ValueError, TypeError, OverflowError, RecursionError):
        raise refusal("cursor", NONSENSE) from None


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise TypeError
    value.encode()  # refuses half characters
    return value


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _LARGEST:
        raise TypeError
    return value


def _day(value: object) -> date:
    return date.fromisoformat(_text(value))


def _moment(value: object) -> datetime:
    found = datetime.fromisoformat(_text(value))
    if found.tzinfo is None:
        raise ValueError
    return found.astimezone(UTC)


_READERS: Mapping[type, Callable[[object], object]] = {
    str: _text,
    int: _number,
    date: _day,
    datetime: _moment,
}


def next_link(request: Request, cursor: str) -> dict[str, str]:
    """Make the header that leads to the next page (RFC 8288), relative to the address of this one."""
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return {"Link": f'<?{urlencode([*kept, ("cursor", cursor)])}>; rel="next"'}


def page[T](
    request: Request, rows: Sequence[T], limit: int, place: Callable[[T], Position]
) -> tuple[Sequence[T], dict[str, str]]:
    """Cut a page off rows of which one more than `limit` was read, and give it with its header.

    Parameters
    ----------
    place
        Gives the position of a row, as `position` reads it back.
    """
    if len(rows) <= limit:
        return rows, {}
    return rows[:limit], next_link(request, cursor_of(*place(rows[limit - 1])))
