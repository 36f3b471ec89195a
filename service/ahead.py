"""Reading many JSON lines in a process of its own while reports are filed: two processors work at once."""

import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date
from itertools import batched
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from ingest import traits
from ingest.files import LINES, read
from ingest.records import Parsed, Refused
from ingest.traits import Traits
from model.errors import Unavailable
from service import kinds, pickles
from service.configuration import Configuration
from service.judging import Judged, all_by_rules
from storage.content import Written, written
from storage.reports import NOTHING_WRITTEN

WORTH = 4_000_000  # bytes of a file, which take longer than a process takes to start


class Batch(NamedTuple):
    """Records of a file, and by line how those that are reports are written down, where that is known."""

    items: Sequence[Parsed | Refused | Judged]
    written: Mapping[int, Written] = NOTHING_WRITTEN


pickles.register()


def is_long(path: Path) -> bool:
    """Whether a file is worth a process of its own, and can be read line by line."""
    try:
        return path.suffix.lower() in LINES and path.stat().st_size >= WORTH
    except OSError:
        return False


def read_ahead(configuration: Configuration, path: Path, *, today: date, size: int) -> Iterator[Batch]:
    """Read a file's records, tag and prepare them, a batch ahead of whoever takes them.

    Raises
    ------
    Unavailable
        The file cannot be read, or the process that reads it was ended.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    known = kinds.rules_of(configuration), dict(configuration.words)
    reader = context.Process(target=_read, args=(theirs, path, known, today, size), daemon=True)
    with theirs:  # only the reader keeps it, so that its end is noticed
        reader.start()
    try:
        with ours:
            yield from _received(ours, path)
    finally:
        reader.join()


def _received(ours: Connection, path: Path) -> Iterator[Batch]:
    with suppress(EOFError):
        while (received := ours.recv()) is not None:
            if isinstance(received, Unavailable):
                raise received
            batch, told = received
            traits.remember(told)
            yield batch
        return
    raise Unavailable(
        f"{path}: the process that reads it was ended, perhaps for want of memory; take the file in again, "
        "and what was taken is not taken twice"
    )


def _read(theirs: Connection, path: Path, known: kinds.Known, today: date, size: int) -> None:
    """Hand over batch after batch, and None at last; one who takes no more of them is no error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever takes them stops, and then this does
    with theirs, suppress(BrokenPipeError):
        try:
            items = all_by_rules(read(path, today=today).items, lambda: kinds.tagger_of(known), today=today)
            for some in batched(items, size):
                theirs.send(_prepared(some))
            theirs.send(None)
        except Unavailable as error:
            theirs.send(error)


def _prepared(items: Sequence[Parsed | Refused | Judged]) -> tuple[Batch, dict[str, Traits]]:
    """Do beforehand with records what whoever files them would have to: write them down, read headlines."""
    reports = {item.line: item.report for item in items if not isinstance(item, Refused)}
    told = {report.headline: traits.traits(report.headline) for report in reports.values()}
    return Batch(items, {line: written(report) for line, report in reports.items()}), told
