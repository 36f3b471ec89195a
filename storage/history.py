"""Histories: what was believed at each cutoff, in rows, in lines, or as the documents that were stored.

A history never changes but by new runs, whose numbers only rise. So who reads it page after page, each in
a transaction of its own, reads one consistent state by stating the last number that counts.
"""

from collections.abc import Collection, Iterator
from datetime import date, datetime
from functools import cache
from itertools import batched
from typing import NamedTuple

from sqlalchemy import Table, bindparam, func, select, union_all
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.chosen_runs import RUNS, Chosen, Part, Place, Shape, chosen, most, ordered
from storage.runs import Status
from storage.tables import Posterior, Run, RunDocument, RunLine

__all__ = [
    "CHUNK",
    "HistoryRow",
    "Lines",
    "Newest",
    "Part",
    "Place",
    "definitions_of",
    "first_published",
    "history",
    "history_documents",
    "last_place",
    "lines",
    "newest_run",
    "place_of",
    "rows",
]

CHUNK = 1000
_ALL = 1 << 62
_STATUSES: tuple[Status, ...] = ("published", "held", "failed")
_POSTERIORS: Table = Posterior.__table__  # type: ignore[attr-defined]  # SQLModel does not tell of them
_LINES: Table = RunLine.__table__  # type: ignore[attr-defined]
_DOCUMENTS: Table = RunDocument.__table__  # type: ignore[attr-defined]


class HistoryRow(NamedTuple):
    """One scenario of one run: a line of the history, its fields in the order of the CSV's header."""

    forecast: str
    as_of: date
    run: int
    status: Status
    engine: str
    scenario: str
    probability: float | None
    prior: float | None
    band_low: float | None
    band_high: float | None
    pymc_probability: float | None
    monte_carlo_error: float | None
    word: str | None
    known_at: datetime


class Lines(NamedTuple):
    """Lines of runs, put together as the items of one JSON array; and of how many runs they are."""

    text: str
    runs: int


class Newest(NamedTuple):
    """The newest run of all: nothing of a history has changed while it is the same."""

    run: int
    recorded_at: datetime


def newest_run(session: Session, forecast_id: str | None = None) -> Newest | None:
    """Look up the newest run, of a forecast or of all."""
    row = session.execute(_newest(of_one=forecast_id is not None), {"forecast": forecast_id}).first()
    return None if row is None else Newest(*row)


@cache
def _newest(*, of_one: bool) -> Chosen:
    """Find it at the end of an index: of a forecast, of the index of each status."""
    mine = (
        select(func.max(RUNS.c.id).label("id")).where(
            RUNS.c.forecast_id == bindparam("forecast"), RUNS.c.status == status
        )
        for status in _STATUSES
    )
    ends = union_all(*mine).subquery()
    last = select(func.max(ends.c.id)) if of_one else select(func.max(RUNS.c.id))
    return select(RUNS.c.id, RUNS.c.recorded_at).where(RUNS.c.id == last.scalar_subquery())


def place_of(session: Session, forecast_id: str, run: int) -> Place | None:
    """Look up where a run stands in its forecast's history."""
    mine = select(RUNS.c.as_of, RUNS.c.recorded_at, RUNS.c.id).where(RUNS.c.id == run)
    row = session.execute(mine.where(RUNS.c.forecast_id == forecast_id)).first()
    return None if row is None else Place(*row)


def history(  # noqa: PLR0913 - one parameter for each option of the command
    session: Session,
    forecast_id: str,
    *,
    first: date | None = None,
    last: date | None = None,
    known_at: datetime | None = None,
    all_runs: bool = False,
) -> Iterator[HistoryRow]:
    """Read the history in long form, by cutoff, run and scenario; to be consumed within the transaction.

    Parameters
    ----------
    first, last, known_at, all_runs
        As `Part` has them.
    """
    part = Part(forecast_id=forecast_id, first=first, last=last, known_at=known_at, all_runs=all_runs)
    streamed = _rows(part.shape, paged=False).execution_options(yield_per=CHUNK)
    for row in session.execute(streamed, part.values(_ALL)):
        yield HistoryRow(*row)


def history_documents(  # noqa: PLR0913 - one parameter for each option of the command
    session: Session,
    forecast_id: str,
    *,
    first: date | None = None,
    last: date | None = None,
    known_at: datetime | None = None,
    all_runs: bool = False,
) -> Iterator[str]:
    """Read the same history as JSON, one document for each run."""
    part = Part(forecast_id=forecast_id, first=first, last=last, known_at=known_at, all_runs=all_runs)
    runs = chosen(part.shape, _DOCUMENTS.c.document).join(_DOCUMENTS, _DOCUMENTS.c.run_id == RUNS.c.id)
    streamed = runs.order_by(*ordered(part.shape)).execution_options(yield_per=CHUNK)
    yield from session.scalars(streamed, part.values(_ALL))


def lines(session: Session, part: Part, *, limit: int) -> Lines:
    """Read the same history in brief: the line of each run, at most so many runs."""
    text, runs = session.execute(_lines(part.shape), part.values(limit)).one()
    return Lines(text or "", runs)


@cache
def _lines(shape: Shape) -> Chosen:
    """Let the database put them together: fetched row by row, a year took a third longer.

    It takes them in the order of the inner statement, which neither SQLite nor PostgreSQL may leave out
    because of its limit; in the aggregate itself SQLite knows an order only since release 3.44.
    """
    runs = chosen(shape, _LINES.c.line).join(_LINES, _LINES.c.run_id == RUNS.c.id)
    some = runs.order_by(*ordered(shape)).limit(most()).subquery()
    return select(func.aggregate_strings(some.c.line, ",\n"), func.count())


def rows(session: Session, part: Part, *, limit: int) -> list[HistoryRow]:
    """Read the same history in long form, at most so many runs; one that failed has no rows."""
    found = session.execute(_rows(part.shape, paged=True), part.values(limit))
    return [HistoryRow(*row) for row in found]


@cache
def _rows(shape: Shape, *, paged: bool) -> Chosen:
    names = ("forecast_id", "as_of", "id", "status", "engine")
    runs = chosen(shape, *(RUNS.c[name] for name in names), RUNS.c.recorded_at)
    some = runs.order_by(*ordered(shape)).limit(most()).subquery() if paged else runs.subquery()
    values = (_POSTERIORS.c[name] for name in HistoryRow._fields[5:-1])
    return (
        select(*(some.c[name] for name in names), *values, some.c.recorded_at)
        .join(_POSTERIORS, some.c.id == _POSTERIORS.c.run_id)
        .order_by(*ordered(shape, some), _POSTERIORS.c.position)
    )


def last_place(session: Session, part: Part, *, limit: int) -> Place | None:
    """Look up the last of at most so many runs; None where there are no more, so that none follow."""
    found = session.execute(_places(part.shape), part.values(limit + 1)).all()
    return Place(*found[limit - 1]) if len(found) > limit else None


@cache
def _places(shape: Shape) -> Chosen:
    runs = chosen(shape, RUNS.c.as_of, RUNS.c.recorded_at, RUNS.c.id)
    return runs.order_by(*ordered(shape)).limit(most())


def first_published(session: Session, forecast_id: str) -> date | None:
    """Look up the first cutoff of which anything was published."""
    published = col(Run.forecast_id) == forecast_id, col(Run.status) == "published"
    return session.scalars(select(func.min(col(Run.as_of))).where(*published)).one()


def definitions_of(session: Session, runs: Collection[int]) -> dict[int, str]:
    """Look up the digests of the definitions that runs were made with."""
    found: dict[int, str] = {}
    for batch in batched(sorted(runs), CHUNK):
        mine = select(RUNS.c.id, RUNS.c.forecast_digest).where(RUNS.c.id.in_(batch))
        found |= dict(session.execute(mine).all())
    return found
