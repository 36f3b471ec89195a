"""The drop folder: which files wait in it, and what becomes of one that was taken.

The order of steps bears a kill between any two of them. The caller stores the reports first; then the
refused lines are written, whole or not at all; the file itself moves last. So a file that still waits is
simply taken again: its reports are known by their ids, and its refused lines are written anew.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from ingest.files import ENDINGS
from ingest.records import Refused
from model.errors import Unavailable

REFUSED = ".refused.jsonl"
_TEMPORARY = (".", "~")

type Stamp = tuple[int, int]


def pending(folder: Path) -> list[Path]:
    """Files that wait to be taken, by name; not hidden ones, nor such as are still being written.

    Raises
    ------
    Unavailable
        The folder is missing or may not be read.
    """
    with _reaching(folder, "create it, or correct [ingest] drop_folder"):
        return sorted(path for path in folder.iterdir() if _waits(path))


def stamp(path: Path) -> Stamp:
    """Size and time of change, by which `settle` sees whether someone was still writing."""
    with _reaching(path, "check the name and the permissions"):
        status = path.stat()
    return status.st_size, status.st_mtime_ns


def settle(path: Path, refused: Iterable[Refused], done: Path, *, seen: Stamp | None = None) -> Path | None:
    """Put away a file whose reports are stored, with its refused lines beside it.

    The caller lets one process at a time do so: the draft of the refused lines has one name for all, so that
    what a kill leaves of it is written anew. Another file of the same name in `done` is never overwritten:
    this one becomes ``name-2.csv``.

    Parameters
    ----------
    refused
        Written to ``<name>.refused.jsonl``, one object a line: line, reason, text. None, no file.
    seen
        The file's stamp from before it was read. A file that has changed since stays where it is, for
        the next run to take whole.

    Returns
    -------
    Where the file went; None if it stayed.

    Raises
    ------
    Unavailable
        A folder or file is out of reach; whatever was not done is done by the next run.
    """
    with _reaching(done, "make the inbox and its done folder writable, then run again"):
        done.mkdir(parents=True, exist_ok=True)
        if seen is not None and stamp(path) != seen:
            return None
        draft = _draft(done / f".{path.name}{REFUSED}.tmp", refused)
        target = _free(path, draft, done)
        if draft.stat().st_size:
            draft.replace(_refused_beside(target))
        else:
            draft.unlink()
        path.replace(target)
        _flush(done)
    return target


def _waits(path: Path) -> bool:
    name = path.name.lower()
    named = name.endswith(ENDINGS) and not name.startswith(_TEMPORARY) and not name.endswith(REFUSED)
    return named and path.is_file()


def _draft(path: Path, refused: Iterable[Refused]) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        for item in refused:
            fields = {"line": item.line, "reason": item.reason, "text": item.text}
            stream.write(json.dumps(fields, ensure_ascii=False) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return path


def _free(path: Path, draft: Path, done: Path) -> Path:
    """First name under which the file and its refused lines would overwrite nothing but themselves."""
    names = (path.name if n == 1 else f"{path.stem}-{n}{path.suffix}" for n in count(1))
    targets = (done / name for name in names)
    return next(target for target in targets if _same(path, target) and _same(draft, _refused_beside(target)))


def _refused_beside(path: Path) -> Path:
    return path.with_name(path.name + REFUSED)


def _same(path: Path, other: Path) -> bool:
    """Whether the other may be replaced: it is not there, or holds the same bytes."""
    if not other.exists():
        return True
    return other.is_file() and path.stat().st_size == other.stat().st_size and _hash(path) == _hash(other)


def _hash(path: Path) -> bytes:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _flush(folder: Path) -> None:
    """Make renames survive a loss of power, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _reaching(path: Path, advice: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename2 or error.filename or path
        raise Unavailable(f"{where}: {error.strerror or error}; {advice}") from error
