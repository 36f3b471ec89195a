"""Tables as CSV, in which text from outside is inert.

A spreadsheet takes a cell for a formula that begins as one; what cannot be seen turns what can be read. So
letters that do not show are written as their code points, and an apostrophe is put before what would be a
formula: a spreadsheet does not show it, and every other program sees where the text was changed.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, Literal

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from service.api import formats
from service.printing import visible

_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠﹦﹢﹣﹫]")
_ROWS = 200  # that are written at once


def inert(value: object) -> object:
    """Give a cell that is shown and never computed; numbers stay numbers, and what is missing is empty."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list | tuple):
        value = " ".join(map(str, value))
    text = visible(value)
    return f"'{text}" if _FORMULA.match(text) else text


def written(headings: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """Write a table piece by piece; a row has its cells by their headings."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(headings)
    for number, row in enumerate(rows, start=1):
        writer.writerow([inert(row.get(name)) for name in headings])
        if number % _ROWS == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    content = buffer.getvalue().encode(errors="replace")
    buffer.seek(0)
    buffer.truncate()
    return content


def is_wanted(request: Request, stated: Literal["json", "csv"] | None) -> bool:
    """Whether a list is wanted as a table: as the address states it, else as ``Accept`` prefers.

    Raises
    ------
    HTTPException
        406: the client takes neither.
    """
    return formats.wanted(request, stated, ("json", "csv")) == "csv"


def answer(
    headings: Sequence[str],
    rows: Iterable[Mapping[str, Any]],
    name: str,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Send a table piece by piece; a browser keeps it as a file of this name."""
    rest = iter(rows)
    first = list(islice(rest, 1))  # what is out of reach is found out while it can still be said
    told = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept", **headers}
    return StreamingResponse(written(headings, chain(first, rest)), headers=told, media_type=formats.CSV)
