"""Reports out of CSV, as spreadsheets write it. Pure."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date

from ingest.records import WHOLE_FILE, Item, Refused, judge
from model.errors import InputRefused
from model.wire import FIELDS, REQUIRED

GUESSED = "not UTF-8: read as Windows-1252 (Latin-1); save it as UTF-8 to be sure of its letters"
_DELIMITERS = ",;\t"
RULED = ("published_on", "headline")  # what a sheet needs whose rows the rules tell the kind and country of
_MOST_NAMED = 5  # columns that stand there twice
_UNDECODED = re.compile("[\udc80-\udcff]")  # what surrogateescape leaves of a byte
_WORDS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Row:
    """A row's first line from 1, the text as it stands, and its cells or what is wrong with it."""

    line: int
    text: str
    cells: list[str]
    wrong: str = ""


def sheet(data: bytes, *, today: date) -> tuple[Iterator[Item], tuple[str, ...]]:
    """Read a CSV file whose header names the fields of a report.

    Commas, semicolons or tabs; UTF-8 with or without its mark, UTF-16 with it, else Windows-1252.

    Returns
    -------
    items, notes
        One item for every row that is not blank, in order, with the line on which it begins; and
        what the reader of the file should know about it.
    """
    try:
        lines, notes = _physical_lines(data)
        rows = _rows(lines, _delimiter(lines))
        header = next(rows, None)
        names = _names(header) if header else []
    except InputRefused as error:
        return iter([Refused(line=WHOLE_FILE, reason=str(error))]), ()
    return (_item(row, names, today) for row in rows), notes


def _physical_lines(data: bytes) -> tuple[list[str], tuple[str, ...]]:
    """Decode line by line; bytes that mean nothing become lone surrogates, refused with their row."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return list(io.StringIO(_utf16(data), newline="")), ()
    body = data.removeprefix(codecs.BOM_UTF8)
    raw = body.splitlines(keepends=True)
    guessed = body == data and _is_single_byte(raw)
    encoding = "cp1252" if guessed else "utf-8"
    return [line.decode(encoding, "surrogateescape") for line in raw], (GUESSED,) if guessed else ()


def _utf16(data: bytes) -> str:
    try:
        return data.decode("utf-16")
    except UnicodeDecodeError as error:
        raise InputRefused(f"not the UTF-16 that it begins as ({error.reason}); save it as UTF-8") from None


def _is_single_byte(raw: Sequence[bytes]) -> bool:
    """Whether the letters beyond ASCII are nowhere UTF-8: one sound line of it proves that the file is."""
    beyond = [line for line in raw if not line.isascii()]
    for line in beyond:
        with suppress(UnicodeDecodeError):
            line.decode()
            return False
    return bool(beyond)


def _delimiter(lines: Sequence[str]) -> str:
    first = next((line for line in lines if line.strip()), "")
    return max(_DELIMITERS, key=first.count)


def _rows(lines: Sequence[str], delimiter: str) -> Iterator[_Row]:
    """Rows that are not blank. After a broken one, reading goes on at the very next line.

    An open quotation mark would otherwise swallow the good rows below it.
    """
    begin = 0
    while begin < len(lines):
        start = begin
        reader = csv.reader((lines[at] for at in range(start, len(lines))), delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                text = "".join(lines[begin : start + reader.line_num])
                if any(cell.strip() for cell in cells):
                    yield _Row(line=begin + 1, text=text, cells=cells)
                begin = start + reader.line_num
        except csv.Error as error:
            wrong = f"the row cannot be read ({error}); close its quotation marks, and double those inside"
            yield _Row(line=begin + 1, text=lines[begin], cells=[], wrong=wrong)
            begin += 1


def _names(header: _Row) -> list[str]:
    if header.wrong:
        raise InputRefused(header.wrong)
    names = [_name(cell, column) for column, cell in enumerate(header.cells, start=1)]
    needed = REQUIRED if "tag" in names else RULED
    missing = [name for name in needed if name not in names]
    if missing:
        raise InputRefused(f"the header lacks {', '.join(missing)}; name the columns in the first line")
    double = sorted(name for name, times in Counter(names).items() if times > 1)
    if double:
        said = ", ".join(double[:_MOST_NAMED]) + (", and others" if len(double) > _MOST_NAMED else "")
        raise InputRefused(f"the header names {said} twice; keep one column of each")
    return names


def _name(cell: str, column: int) -> str:
    stripped = cell.strip() or f"column_{column}"
    return stripped.lower() if stripped.lower() in FIELDS else stripped


def _item(row: _Row, names: Sequence[str], today: date) -> Item:
    text = _shown(row.text)
    surplus = any(cell.strip() for cell in row.cells[len(names) :])
    if row.wrong:
        return Refused(line=row.line, reason=row.wrong, text=text)
    if _UNDECODED.search(row.text):
        return Refused(
            line=row.line, reason="holds bytes of no known letter; save the file as UTF-8", text=text
        )
    if surplus:
        reason = (
            f"has {len(row.cells)} cells under {len(names)} columns; quote the cells that hold delimiters"
        )
        return Refused(line=row.line, reason=reason, text=text)
    return judge(row.line, text, _record(names, row.cells), today=today)


def _record(names: Sequence[str], cells: Sequence[str]) -> dict[str, object]:
    """Fields of the cells that are not blank, those that are not text in their own type."""
    record: dict[str, object] = {name: cell for name, cell in zip(names, cells, strict=False) if cell.strip()}
    denies, probability = record.get("denies"), record.get("probability_true")
    if isinstance(denies, str):
        record["denies"] = _WORDS.get(denies.strip().lower(), denies)
    if isinstance(probability, str):
        with suppress(ValueError):
            record["probability_true"] = float(probability.replace(",", "."))
    return record


def _shown(text: str) -> str:
    return text.rstrip("\r\n").encode(errors="surrogateescape").decode(errors="replace")
