"""The lines of an export split into cells, as GDELT writes them or as a spreadsheet saved them. Pure."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from model.errors import InputRefused

COLUMNS = 61
COLUMNS_OF_FIRST_VERSION = 58
MAX_LINE = 64_000  # bytes; real ones have some 600
LATIN = "not UTF-8: read as Windows-1252 (Latin-1)"

_DELIMITERS = "\t;,"
_SAMPLE = 100  # lines that tell whether it is an export at all
_FIRST_NAME = "globaleventid"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line's number from 1, its text, and its cells or what is wrong with it."""

    number: int
    text: str
    cells: Sequence[str] = ()
    wrong: str = ""


def lines(body: bytes) -> tuple[Iterator[Line], tuple[str, ...]]:
    """Split an export into lines of 61 cells, and say what its reader should know of its letters.

    Blank lines, and a first one that names the columns, are left out.

    Raises
    ------
    InputRefused
        None of the first lines has 61 cells: it is no such export.
    """
    plain = _plain(body)
    encoding = _encoding(plain)
    sample = list(islice(_filled(plain, encoding), _SAMPLE))
    delimiter = max(
        _DELIMITERS, key=lambda sign: sum(len(_cells(text, sign)) == COLUMNS for _, text in sample)
    )
    numbers = [len(_cells(text, delimiter)) for _, text in sample]
    if numbers and COLUMNS not in numbers:
        raise InputRefused(_no_export(numbers[0]))
    return _lines(plain, encoding, delimiter), (LATIN,) if encoding == "cp1252" else ()


def _no_export(columns: int) -> str:
    whose = ", as those of GDELT 1.0 have" if columns == COLUMNS_OF_FIRST_VERSION else ""
    return (
        f"is not an event export of GDELT 2.0: its lines have {columns} columns{whose}, not {COLUMNS};"
        " take the files that are named …export.CSV"
    )


def _plain(body: bytes) -> bytes:
    """Without the mark of its encoding, and out of UTF-16."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        try:
            return body.decode("utf-16").encode(errors="replace")
        except UnicodeDecodeError as error:
            raise InputRefused(f"is not the UTF-16 that it begins as ({error.reason})") from None
    return body.removeprefix(codecs.BOM_UTF8)


def _encoding(body: bytes) -> str:
    """UTF-8 wherever one line beyond ASCII is: single damaged lines are refused then."""
    with suppress(UnicodeDecodeError):
        body.decode()
        return "utf-8"
    for raw in io.BytesIO(body):
        if not raw.isascii():
            with suppress(UnicodeDecodeError):
                raw.decode()
                return "utf-8"
    return "cp1252"


def _filled(body: bytes, encoding: str) -> Iterator[tuple[int, str]]:
    """Lines that are not blank; bytes that mean nothing become lone surrogates."""
    for number, raw in enumerate(io.BytesIO(body), start=1):
        if raw.strip():
            yield number, raw[:MAX_LINE].rstrip(b"\r\n").decode(encoding, "surrogateescape")


def _lines(body: bytes, encoding: str, delimiter: str) -> Iterator[Line]:
    first = True
    for number, text in _filled(body, encoding):
        cells = _cells(text, delimiter)
        if not (first and cells[0].strip().lower() == _FIRST_NAME):
            yield _line(number, text, cells)
        first = False


def _line(number: int, text: str, cells: Sequence[str]) -> Line:
    shown = text.encode(errors="surrogateescape").decode(errors="replace") if not text.isascii() else text
    if "\ufffd" in shown and "\ufffd" not in text:
        return Line(number=number, text=shown, wrong="holds bytes that are not UTF-8, as the rest is")
    if len(cells) != COLUMNS:
        return Line(number=number, text=shown, wrong=f"has {len(cells)} columns, not {COLUMNS}")
    return Line(number=number, text=shown, cells=cells)


def _cells(text: str, delimiter: str) -> Sequence[str]:
    """Split a line; where a spreadsheet wrote it, quotation marks hold cells together."""
    if delimiter == "\t":
        return text.split("\t")
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), [""])
    except csv.Error:
        return text.split(delimiter)
