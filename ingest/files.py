"""Reports out of files: the ending tells the format."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingest.records import WHOLE_FILE, Item, Refused, document, lines
from ingest.sheets import sheet
from model.errors import Unavailable

ENDINGS = (".jsonl", ".ndjson", ".json", ".csv")
LINES = (".jsonl", ".ndjson")
MAX_WHOLE = 64_000_000  # bytes of a file that is not read line by line


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A file being read.

    Parameters
    ----------
    items
        Reports and refusals in the file's order, to be taken once.
    notes
        What the reader of the file should know about it, such as a guessed encoding.
    """

    path: Path
    items: Iterator[Item]
    notes: tuple[str, ...] = ()


def read(path: Path, *, today: date) -> Reading:
    """Read the reports of a file, told by its ending; JSON lines are read as they are taken.

    What is wrong with a file as a whole (unknown ending, too large, no header) is a refusal of line 0.

    Raises
    ------
    Unavailable
        The file cannot be read, here or while its items are taken.
    """
    ending = path.suffix.lower()
    if ending in LINES:
        return Reading(path=path, items=_streamed(path, today))
    if ending not in ENDINGS:
        return _refused(path, f"{ending or 'no ending'} is not known; name the file {', '.join(ENDINGS)}")
    data = _content(path)
    if len(data) > MAX_WHOLE and ending == ".json" and data.lstrip().startswith(b"{"):
        return Reading(path=path, items=_streamed(path, today))
    if len(data) > MAX_WHOLE:
        advice = "write JSON lines, which may be of any size, or several files"
        return _refused(path, f"the file is larger than {MAX_WHOLE // 1_000_000} MB; {advice}")
    if ending == ".json":
        return Reading(path=path, items=document(data, today=today))
    items, notes = sheet(data, today=today)
    return Reading(path=path, items=items, notes=notes)


def _streamed(path: Path, today: date) -> Iterator[Item]:
    try:
        with path.open("rb") as stream:
            yield from lines(stream, today=today)
    except OSError as error:
        raise _unreadable(path, error) from error


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(MAX_WHOLE + 1)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> Unavailable:
    return Unavailable(f"{path}: cannot be read ({error.strerror}); check the name and the permissions")


def _refused(path: Path, reason: str) -> Reading:
    return Reading(path=path, items=iter([Refused(line=WHOLE_FILE, reason=reason)]))
