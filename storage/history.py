"""Histories: what was believed at each cutoff, in rows, in lines, or as the documents that were stored.

A history never changes but by new runs, whose numbers only rise. So who reads it page after page, each in
a transaction of its own, reads one consistent state by stating the last number that counts.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import batched
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Date, Select, and_, func, literal, or_, select, true, tuple_, union_all
from sqlalchemy.orm import Session, aliased
from sqlmodel import col

from storage.columns import UtcDateTime
from storage.current import known
from storage.runs import Status
from storage.tables import Posterior, Run, RunDocument, RunLine

CHUNK = 1000
type Chosen = Select[*tuple[Any, ...]]

_STATUSES: tuple[Status, ...] = ("published", "held", "failed")


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


class Place(NamedTuple):
    """Where a run stands in a history's order."""

    as_of: date
    recorded_at: datetime
    run: int


class Newest(NamedTuple):
    """The newest run of all: nothing of a history has changed while it is the same."""

    run: int
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Which part of a forecast's history is wanted.

    Parameters
    ----------
    first, last
        Bounds of the cutoff, both included.
    known_at
        What this service had recorded by then.
    all_runs
        Every run, not only the newest of each cutoff that came to a result.
    published
        Only what was published: the newest such run of each cutoff.
    upto
        No run of a higher number counts.
    after
        Only what follows this place.
    latest_first
        The latest cutoff, and of each the newest run, first.
    """

    forecast_id: str
    first: date | None = None
    last: date | None = None
    known_at: datetime | None = None
    all_runs: bool = False
    published: bool = False
    upto: int | None = None
    after: Place | None = None
    latest_first: bool = False


def newest_run(session: Session, forecast_id: str | None = None) -> Newest | None:
    """Look up the newest run, of a forecast or of all."""
    number = select(func.max(col(Run.id))) if forecast_id is None else _last_number(forecast_id)
    newest: Chosen = select(col(Run.id), col(Run.recorded_at)).where(col(Run.id) == number.scalar_subquery())
    row = session.execute(newest).first()
    return None if row is None else Newest(*row)


def _last_number(forecast_id: str) -> Chosen:
    """Find it at the end of the index of each status."""
    mine = (
        select(func.max(col(Run.id)).label("id")).where(
            col(Run.forecast_id) == forecast_id, col(Run.status) == status
        )
        for status in _STATUSES
    )
    ends = union_all(*mine).subquery()
    return select(func.max(ends.c.id))


def place_of(session: Session, forecast_id: str, run: int) -> Place | None:
    """Look up where a run stands in its forecast's history."""
    order = col(Run.as_of), col(Run.recorded_at), col(Run.id)
    mine: Chosen = select(*order).where(col(Run.id) == run, col(Run.forecast_id) == forecast_id)
    row = session.execute(mine).first()
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
    for row in session.execute(_rows(part, None), execution_options={"yield_per": CHUNK}):
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
    chosen = _chosen(part, None).subquery()
    statement = (
        select(col(RunDocument.document))
        .join(chosen, chosen.c.id == col(RunDocument.run_id))
        .order_by(chosen.c.as_of, chosen.c.recorded_at, chosen.c.id)
    )
    yield from session.scalars(statement, execution_options={"yield_per": CHUNK})


def lines(session: Session, part: Part, *, limit: int) -> list[tuple[int, str]]:
    """Read the same history in brief: the number and the line of each run, at most so many runs."""
    chosen = _chosen(part, limit).subquery()
    lines_of = select(chosen.c.id, col(RunLine.line)).join(RunLine, chosen.c.id == col(RunLine.run_id))
    statement = lines_of.order_by(*_ordered(part, chosen.c.as_of, chosen.c.recorded_at, chosen.c.id))
    return [(run, line) for run, line in session.execute(statement)]


def rows(session: Session, part: Part, *, limit: int) -> list[HistoryRow]:
    """Read the same history in long form, at most so many runs; one that failed has no rows."""
    return [HistoryRow(*row) for row in session.execute(_rows(part, limit))]


def last_place(session: Session, part: Part, *, limit: int) -> Place | None:
    """Look up the last of at most so many runs; None where there are fewer, so that none follow."""
    chosen = _chosen(part, limit + 1).subquery()
    order = chosen.c.as_of, chosen.c.recorded_at, chosen.c.id
    ends = session.execute(select(*order).order_by(*_ordered(part, *order)).offset(limit - 1)).all()
    return Place(*ends[0]) if len(ends) == 2 else None


def first_published(session: Session, forecast_id: str) -> date | None:
    """Look up the first cutoff of which anything was published."""
    published = col(Run.forecast_id) == forecast_id, col(Run.status) == "published"
    return session.scalars(select(func.min(col(Run.as_of))).where(*published)).one()


def _rows(part: Part, limit: int | None) -> Chosen:
    chosen = _chosen(part, limit).subquery()
    values = (col(getattr(Posterior, name)) for name in HistoryRow._fields[5:-1])
    return (
        select(*(chosen.c[name] for name in ("forecast_id", "as_of", "id", "status", "engine")), *values)
        .add_columns(chosen.c.recorded_at)
        .join(chosen, chosen.c.id == col(Posterior.run_id))
        .order_by(chosen.c.as_of, chosen.c.recorded_at, chosen.c.id, col(Posterior.position))
    )


def _chosen(part: Part, limit: int | None) -> Chosen:
    """Choose the runs: an index has them in this order, so that a page reads no more than itself."""
    order = col(Run.as_of), col(Run.recorded_at), col(Run.id)
    columns = *order, col(Run.forecast_id), col(Run.status), col(Run.engine)
    chosen = select(*columns).where(col(Run.forecast_id) == part.forecast_id, _counts(Run, part))
    if part.first is not None:
        chosen = chosen.where(col(Run.as_of) >= part.first)
    if part.last is not None:
        chosen = chosen.where(col(Run.as_of) <= part.last)
    if part.after is not None:
        chosen = chosen.where(_follows(part, part.after))
    if not part.all_runs:
        chosen = chosen.where(_came_to_a_result(Run, part), ~_superseded(part))
    return chosen if limit is None else chosen.order_by(*_ordered(part, *order)).limit(limit)


def _counts(of: type[Run], part: Part) -> ColumnElement[bool]:
    numbered = true() if part.upto is None else col(of.id) <= part.upto
    return and_(known(of.recorded_at, part.known_at), numbered)


def _came_to_a_result(of: type[Run], part: Part) -> ColumnElement[bool]:
    return col(of.status) == "published" if part.published else col(of.status) != "failed"


def _superseded(part: Part) -> ColumnElement[bool]:
    """Whether a newer run of the same cutoff came to a result."""
    newer = aliased(Run)
    same = col(newer.forecast_id) == col(Run.forecast_id), col(newer.as_of) == col(Run.as_of)
    is_newer = or_(
        col(newer.recorded_at) > col(Run.recorded_at),
        and_(col(newer.recorded_at) == col(Run.recorded_at), col(newer.id) > col(Run.id)),
    )
    found = select(col(newer.id)).where(*same, is_newer, _counts(newer, part), _came_to_a_result(newer, part))
    return found.exists()


def _ordered(part: Part, *columns: Any) -> list[ColumnElement[Any]]:
    return [one.desc() if part.latest_first else one for one in columns]


def _follows(part: Part, place: Place) -> ColumnElement[bool]:
    """Whether a run comes after a place; put so that a range of the index's first column bounds it."""
    here, there = tuple_(col(Run.as_of), col(Run.recorded_at), col(Run.id)), tuple_(*_literals(place))
    if part.latest_first:
        return and_(col(Run.as_of) <= place.as_of, here < there)
    return and_(col(Run.as_of) >= place.as_of, here > there)


def _literals(place: Place) -> list[ColumnElement[Any]]:
    return [literal(place.as_of, Date()), literal(place.recorded_at, UtcDateTime()), literal(place.run)]


def definitions_of(session: Session, runs: Collection[int]) -> dict[int, str]:
    """Look up the digests of the definitions that runs were made with."""
    found: dict[int, str] = {}
    for batch in batched(sorted(runs), CHUNK):
        mine: Chosen = select(col(Run.id), col(Run.forecast_digest)).where(col(Run.id).in_(batch))
        found |= dict(session.execute(mine).all())
    return found
