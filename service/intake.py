"""Taking reports in: from named files, and from the inbox."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import batched
from pathlib import Path

from ingest.files import read
from ingest.inbox import pending, settle, stamp
from ingest.records import Item, Parsed, Refused
from model.errors import Unavailable
from service import kinds
from service.ahead import Batch, is_long, read_ahead
from service.clustering import Clusterer
from service.composition import Service
from service.filing import file_and_cluster, filed
from service.judging import Judged, Sorted, all_by_rules
from storage.database import SETTLING, exclusive

BATCH = 1000
DONE = "done"
_FARTHEST_EAST = timedelta(hours=14)


@dataclass(kw_only=True, slots=True)
class Taken:
    """What became of one file's reports.

    Parameters
    ----------
    counts
        How many were accepted, amended, or duplicate, and how many wait for an editor.
    refused
        Lines that could not be taken, with the reason.
    moved_to
        Where the file now is, if it came from the inbox.
    """

    path: Path
    notes: Sequence[str] = ()
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)
    moved_to: Path | None = None

    @property
    def trouble(self) -> str:
        """Nothing: what keeps a file from being read is raised."""
        return ""

    def document(self) -> dict[str, object]:
        """Give the result as JSON holds it."""
        return {
            "file": _readable(self.path),
            "accepted": self.counts["accepted"],
            "amended": self.counts["amended"],
            "duplicate": self.counts["duplicate"],
            "waiting": self.counts["waiting"],
            "refused": [{"line": one.line, "reason": one.reason} for one in self.refused],
            "notes": list(self.notes),
            "moved_to": _readable(self.moved_to) if self.moved_to else None,
        }


def _readable(path: Path | str) -> str:
    """Name a file in text that can be stored and sent, even where its name is no text."""
    return os.fsencode(path).decode(errors="replace")


def take_files(service: Service, paths: Sequence[Path]) -> Iterator[Taken]:
    """Take in named files; they stay where they are."""
    for path in paths:
        yield _take(service, path)


def take_inbox(service: Service) -> Iterator[Taken]:
    """Take in what waits in the inbox; taken files move to ``done/``, refused lines beside them.

    Raises
    ------
    Unavailable
        The inbox is missing, or something in it cannot be read or moved.
    """
    inbox = service.configuration.ingest.drop_folder
    for path in pending(inbox):
        taken = _take_waiting(service, path, inbox / DONE)
        if taken is not None:
            yield taken


def _take_waiting(service: Service, path: Path, done: Path) -> Taken | None:
    """Take in a file of the inbox and put it away; None where another process has just done so."""
    try:
        seen = stamp(path)
        taken = _take(service, path)
        with service.database.session() as session:
            exclusive(session, SETTLING)  # two would take the draft from each other
            taken.moved_to = settle(path, taken.refused, done, seen=seen)
    except Unavailable:
        if _is_gone(path):
            return None
        raise
    return taken


def _is_gone(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return path.parent.is_dir()
    except OSError:
        return False
    return False


def latest_day(service: Service) -> date:
    """Give today, wherever on Earth it is latest: a report from there is not from the future."""
    return (service.clock() + _FARTHEST_EAST).date()


def _take(service: Service, path: Path) -> Taken:
    notes, batches = _read(service, path)
    taken, origin = Taken(path=path, notes=notes), _readable(path.name)
    clusterer = Clusterer(service)
    for items, written in batches:
        found = Sorted(
            judged=[item for item in items if isinstance(item, Judged)],
            refused=[item for item in items if isinstance(item, Refused)],
        )
        parsed = [item for item in items if isinstance(item, Parsed)]
        with service.database.session() as session:
            taken.counts += file_and_cluster(
                session,
                service,
                [item.report for item in parsed],
                lines=[item.line for item in parsed],
                origin=origin,
                at=service.clock(),
                clusterer=clusterer,
                written=written,
            )
            if found.judged:
                taken.counts += filed(session, service, origin, found, clusterer, written=written)
        taken.refused += found.refused
    return taken


def _read(service: Service, path: Path) -> tuple[Sequence[str], Iterator[Batch]]:
    """Read a file batch by batch; and what whoever handed it in should know about it."""
    today = latest_day(service)
    if is_long(path):
        return (), read_ahead(service.configuration, path, today=today, size=BATCH)
    reading = read(path, today=today)
    return reading.notes, map(Batch, batched(tagged(service, reading.items), BATCH))


def tagged(service: Service, items: Iterable[Item]) -> Iterator[Parsed | Refused | Judged]:
    """Let the rules in force say what kind of event tell the records that name none."""
    return all_by_rules(items, lambda: kinds.tagger(service.configuration), today=latest_day(service))
