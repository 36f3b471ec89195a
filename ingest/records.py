"""Reports out of JSON: lines, an array, or one object. Pure; memory stays flat for lines."""

import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from ingest.markup import visible
from ingest.reports import report_from
from model.domain import Report
from model.errors import InputRefused, InvalidValue

MAX_LINE = 1_000_000  # bytes
MAX_KEPT = 2_000  # characters of a refused line
WHOLE_FILE = 0  # the line of what is wrong with a file rather than with one of its lines
_UTF8_BOM = b"\xef\xbb\xbf"
_READ = MAX_LINE + 2  # and the line's end
_TOO_LONG = f"longer than {MAX_LINE:,} bytes; shorten the line, or check that lines end where they should"
_UNREAD = "the rest of the array was not read"
_BLANK = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """A report, and the line on which it begins."""

    line: int
    report: Report


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """What could not be taken in.

    Parameters
    ----------
    line
        Where it begins, from 1; 0 where the whole file is refused.
    reason
        Every problem in one line: field, what is wrong, what to write.
    text
        The original, cut after 2,000 characters.
    """

    line: int
    reason: str
    text: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", visible(self.reason))
        object.__setattr__(self, "text", self.text[:MAX_KEPT])


@dataclass(frozen=True, kw_only=True, slots=True)
class Untagged:
    """A record that names no tag, which rules may give it; its other fields were not looked at."""

    line: int
    record: Mapping[str, object]
    text: str


type Item = Parsed | Refused | Untagged


def judge(line: int, original: str, value: object, *, today: date) -> Item:
    """Make one item of a decoded value: a report, what has no tag yet, or the reason why there is none."""
    if isinstance(value, InvalidValue):
        return Refused(line=line, reason=str(value), text=original)
    if not isinstance(value, dict):
        return Refused(
            line=line, reason="not an object; write {…} with the fields of a report", text=original
        )
    tag = value.get("tag")
    if tag is None or (isinstance(tag, str) and not tag.strip()):
        return Untagged(line=line, record=value, text=original)
    try:
        return Parsed(line=line, report=report_from(value, today=today))
    except InputRefused as error:
        return Refused(line=line, reason=str(error), text=original)


def lines(stream: BinaryIO, *, today: date) -> Iterator[Item]:
    """Read JSON lines: one item for every line that is not blank, in order.

    A line longer than `MAX_LINE` is refused without being held in memory.
    """
    number = 0
    while raw := stream.readline(_READ):
        number += 1
        body = (raw.removeprefix(_UTF8_BOM) if number == 1 else raw).rstrip(b"\r\n")
        if len(body) > MAX_LINE or (len(raw) == _READ and not raw.endswith(b"\n")):
            _skip_rest(stream, raw)
            yield Refused(line=number, reason=_TOO_LONG, text=body[: 4 * MAX_KEPT].decode(errors="replace"))
        elif body.strip():
            yield _line(number, body, today)


def _skip_rest(stream: BinaryIO, raw: bytes) -> None:
    while raw and not raw.endswith(b"\n"):
        raw = stream.readline(MAX_LINE)


def _line(number: int, body: bytes, today: date) -> Item:
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 at byte {error.start + 1} of the line; save the file as UTF-8"
        return Refused(line=number, reason=reason, text=body[: 4 * MAX_KEPT].decode(errors="replace"))
    return judge(number, text, _loads(text), today=today)


def document(data: bytes, *, today: date) -> Iterator[Item]:
    """Read a JSON document: an array of objects, one object, or lines after all.

    Of a broken array what stands before the broken place is read.
    """
    try:
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError:
        text = ""
    start = _starts_at(text)
    if text.startswith("[", start):
        return _array(text, today)
    value = _loads(text)
    if not isinstance(value, InvalidValue):
        return iter([judge(text.count("\n", 0, start) + 1, text, value, today=today)])
    return lines(io.BytesIO(text.encode() or data), today=today)


def _array(text: str, today: date) -> Iterator[Item]:
    line, counted = 1, 0
    for start, end, value in _elements(text, _starts_at(text) + 1):
        line, counted = line + text.count("\n", counted, start), start
        yield judge(line, text[start:end], value, today=today)


def _elements(text: str, at: int) -> Iterator[tuple[int, int, object]]:
    """Beginning, end and value of each element; what is broken comes last."""
    at = _starts_at(text, at)
    while not text.startswith("]", at):
        value, end = _decode(text, at)
        if isinstance(value, InvalidValue):
            yield at, end, InvalidValue(f"{value}; {_UNREAD}")
            return
        yield at, end, value
        at = _starts_at(text, end)
        if text.startswith(",", at):
            at = _starts_at(text, at + 1)
        elif not text.startswith("]", at):
            yield at, len(text), InvalidValue(f"not JSON: a comma or a bracket is missing here; {_UNREAD}")
            return
    if (rest := _starts_at(text, at + 1)) < len(text):
        yield rest, len(text), InvalidValue(f"not JSON: something stands after the array; {_UNREAD}")


def _loads(text: str) -> object:
    """Decode one value that fills the text; what is wrong with it is returned."""
    value, end = _decode(text, _starts_at(text))
    if isinstance(value, InvalidValue) or _starts_at(text, end) == len(text):
        return value
    return InvalidValue(f"not JSON: something stands after the value, at character {end + 1}; take it out")


def _decode(text: str, at: int) -> tuple[object, int]:
    """Decode the value that begins at a place; what is wrong with it is returned, and the text's end."""
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        wrong = InvalidValue(f"not JSON: {error.msg}, at character {error.colno} of the line")
    except RecursionError:
        wrong = InvalidValue("nested too deeply; write it flatter")
    except InvalidValue as error:
        wrong = error
    except ValueError:
        wrong = InvalidValue("a number with thousands of digits; write it as text")
    return wrong, len(text)


def without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object of its members, for a decoder; raise `InvalidValue` where a name stands twice."""
    found = dict(pairs)
    if len(found) < len(pairs):
        double = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise InvalidValue(f"the field {double[:40]!r} stands twice; keep one")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=without_doubles)


def _starts_at(text: str, at: int = 0) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
