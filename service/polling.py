"""Asking sources for what is new: side by side, each within its own limits, one transaction a batch.

Threads ask and parse; this one files. What a batch brought, and the cursor behind it, are stored
together, so that a poll which is killed begins again where it was.
"""

import queue
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy.orm import Session

from ingest.items import Batch, Cursor, SourceItem
from ingest.records import Refused
from model.digests import digest
from model.errors import PosterityError, UsageError
from service import kinds, logs, sections
from service.clustering import Clusterer
from service.composition import Service
from service.filing import filed
from service.intake import Taken, latest_day, take_files, take_inbox
from service.judging import Judge
from service.problems import nearest
from storage.polls import Outcome, Poll, cursor_of, record_poll

_AT_ONCE = 8  # sources that are asked at the same time
_PLACE = "place"  # a cursor holds for the place that it was made at
_AHEAD = 4  # batches that may wait to be filed, so that memory stays flat

_log = logs.get("polling")


@dataclass(kw_only=True, slots=True)
class Polled:
    """What a source brought.

    Parameters
    ----------
    counts
        accepted, amended, duplicate, merged (of the first two: into an event that was there), waiting,
        irrelevant, refused.
    trouble
        Why the source could not be read to the end; empty where it was.
    """

    source: str
    counts: Counter[str] = field(default_factory=Counter)
    refused: list[Refused] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    trouble: str = ""
    batches: int = 0

    def document(self) -> dict[str, object]:
        """Give the result as JSON holds it."""
        names = ("accepted", "amended", "duplicate", "merged", "waiting", "irrelevant")
        return {
            "source": self.source,
            **{name: self.counts[name] for name in names},
            "refused": [{"line": one.line, "reason": one.reason} for one in self.refused],
            "notes": self.notes,
            "trouble": self.trouble or None,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fetched:
    """A batch whose items were read; or the end of a source, well or in trouble."""

    source: sections.Source
    batch: Batch | None = None
    items: Sequence[SourceItem] = ()
    trouble: str = ""


def chosen(service: Service, names: Sequence[str]) -> list[sections.Source]:
    """Look up configured sources by their ids; all of them for none.

    Raises
    ------
    UsageError
        One is not configured.
    """
    known = {one.id: one for one in service.configuration.sources}
    for name in names:
        if name not in known:
            advice = nearest(name, known) if known else "there is no [[sources]] table"
            raise UsageError(f"no source is called {name!r}; {advice}")
    return [known[name] for name in names] if names else list(known.values())


def polled(service: Service, sources: Sequence[sections.Source]) -> Iterator[Polled]:
    """Ask sources for what is new, and file it; the result of each as soon as it has ended.

    A source in trouble is recorded as such, and hinders no other.

    Raises
    ------
    Unavailable
        The database is out of reach.
    """
    started = service.clock()
    results = {one.id: Polled(source=one.id) for one in sources}
    tagger = kinds.tagger(service.configuration)
    with service.database.reading() as session:
        cursors = {one.id: _cursor(session, one) for one in sources}
    clusterer = Clusterer(service)
    for fetched in _Asking(cursors, started).answers(sources):
        result, source = results[fetched.source.id], fetched.source
        if fetched.batch is not None:
            grade, today = kinds.grade(source), latest_day(service)
            judge = Judge(source=source.id, grade=grade, tagger=tagger, today=today)
            _file(service, judge, clusterer, fetched, result, started)
            continue
        result.trouble = fetched.trouble
        _end(service, result, started)
        yield result


def _cursor(session: Session, source: sections.Source) -> Cursor:
    """Give the cursor behind which a poll begins; a source that has moved begins anew."""
    found = cursor_of(session, source.id)
    return found if found.get(_PLACE) == _place(source) else {}


def _place(source: sections.Source) -> str:
    """Name the place of a source in words that tell nobody a password."""
    return digest([source.kind, source.url, str(source.path)])


def take_in(
    service: Service, paths: Sequence[Path] = (), names: Sequence[str] = ()
) -> Iterator[Taken | Polled]:
    """Take in the named files and sources; where none is named, the inbox and every source.

    Raises
    ------
    UsageError
        A source is not configured; nothing was taken in then.
    Unavailable
        The inbox or a file cannot be read, or the database is out of reach.
    """
    everything = not (paths or names)
    sources = chosen(service, names) if names or everything else []
    yield from take_inbox(service) if everything else take_files(service, paths)
    if sources:
        yield from polled(service, sources)


class _Asking:
    """Asks sources in threads; what they answer waits in a short queue."""

    def __init__(self, cursors: Mapping[str, Cursor], now: datetime) -> None:
        self._cursors, self._now = cursors, now
        self._ready: queue.Queue[_Fetched] = queue.Queue(_AHEAD)
        self._gone = threading.Event()

    def answers(self, sources: Sequence[sections.Source]) -> Iterator[_Fetched]:
        """Give each source's batches in their order, and then its end."""
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="poll") as pool:
            for source in sources:
                pool.submit(self._ask, source).add_done_callback(partial(self._end, source))
            try:
                left = len(sources)
                while left:
                    answer = self._ready.get()
                    left -= answer.batch is None
                    yield answer
            finally:  # nobody listens any more: let the threads end
                self._gone.set()

    def _ask(self, source: sections.Source) -> None:
        for batch in kinds.source(source).poll(self._cursors[source.id], now=self._now):
            self._give(_Fetched(source=source, batch=batch, items=list(batch.items)))
            if self._gone.is_set():
                return

    def _end(self, source: sections.Source, asked: Future[None]) -> None:
        self._give(_Fetched(source=source, trouble=_trouble(source, asked.exception())))

    def _give(self, answer: _Fetched) -> None:
        while not self._gone.is_set():
            try:
                self._ready.put(answer, timeout=0.2)
            except queue.Full:
                continue
            return


def _trouble(source: sections.Source, error: BaseException | None) -> str:
    """Say why a source was not read to its end; what nobody foresaw stops no other source, and is logged."""
    if error is None or isinstance(error, PosterityError):
        return str(error or "")
    _log.error("source broke", source=source.id, exc_info=error)
    return f"{source.kind} {source.id} broke ({type(error).__name__}); the log says where: please report it"


def _file(  # noqa: PLR0913, PLR0917 - what came, how to judge it, and where to count it
    service: Service,
    judge: Judge,
    clusterer: Clusterer,
    fetched: "_Fetched",
    result: Polled,
    started: datetime,
) -> None:
    """File a batch in one transaction with the cursor behind it."""
    found, batch = judge.sort(fetched.items), fetched.batch
    if batch is None:
        return
    with service.database.session() as session:
        counts = filed(session, service, judge.source, found, clusterer)
        record_poll(
            session,
            Poll(
                source=judge.source,
                name=batch.name,
                started_at=started,
                at=service.clock(),
                outcome="part",
                detail="; ".join(batch.notes),
                counts=counts,
                refused=[(one.line, one.reason, one.text) for one in found.refused],
                cursor={**batch.cursor, _PLACE: _place(fetched.source)},
            ),
        )
    result.counts += counts
    result.refused += found.refused
    result.notes += batch.notes
    result.batches += 1


def _end(service: Service, result: Polled, started: datetime) -> None:
    """Record how asking a source ended."""
    outcome: Outcome = "failed" if result.trouble else "done" if result.batches else "unchanged"
    now = service.clock()
    poll = Poll(source=result.source, started_at=started, at=now, outcome=outcome, detail=result.trouble)
    with service.database.session() as session:
        record_poll(session, poll)
