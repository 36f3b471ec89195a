"""Where every forecast stands: what is believed of it, what was some days earlier, and its newest run.

Each of these runs stands at the end of an index, so that it is found at once however long a history is.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from itertools import batched
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    ScalarSelect,
    String,
    Table,
    bindparam,
    literal_column,
    select,
)
from sqlalchemy.engine import Row
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from storage.chosen_runs import RUNS, Chosen
from storage.columns import UtcDateTime
from storage.leaps import leaps
from storage.runs import ScenarioPosterior, Status
from storage.tables import Posterior, Run

_BATCH = 1000
_POSTERIORS: Table = Posterior.__table__  # type: ignore[attr-defined]  # SQLModel does not tell of it
_VALUES = (*("scenario", "probability", "prior", "band_low", "band_high", "word"),)

type Probabilities = Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class NewestRun:
    """The newest run of the latest cutoff, however it ended."""

    run: int
    as_of: date
    recorded_at: datetime
    status: Status
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class StandingRun:
    """What is believed: the newest published run of the latest cutoff.

    Parameters
    ----------
    posteriors
        In the forecast's order of scenarios.
    before
        For each number of days, what stood so many days before this run's cutoff, by scenario; empty
        where nothing was published for a cutoff so early.
    """

    run: int
    as_of: date
    recorded_at: datetime
    posteriors: Sequence[ScenarioPosterior]
    before: Mapping[int, Probabilities] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a forecast stands; `published` is None where nothing has been published yet."""

    forecast_id: str
    newest: NewestRun
    published: StandingRun | None


def standings(
    session: Session,
    *,
    days: Sequence[int] = (),
    only: str | None = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> dict[str, Standing]:
    """Look up how each forecast stands that has been run, by its id.

    Parameters
    ----------
    days
        How many days before its cutoff each is compared with.
    only
        The one forecast that is wanted.
    as_of
        The latest cutoff that counts.
    known_at
        What this service had recorded by then.
    """
    statement = _ends(tuple(days), one=only is not None, as_of=as_of is not None, known=known_at is not None)
    found = session.execute(statement, {"one": only, "as_of": as_of, "known_at": known_at}).all()
    posteriors = _posteriors(session, (row.published for row in found))
    then = _probabilities(session, (run for row in found for run in row[_FIXED:]))
    return {row.forecast_id: _standing(row, days, posteriors, then) for row in found}


class days_before(FunctionElement[date]):  # noqa: N801 - called as functions of SQL are
    """A day so many days earlier, as each kind of database computes it."""

    type = Date()
    inherit_cache = True


@compiles(days_before)
def _subtracted(element: days_before, compiler: SQLCompiler, **how: Any) -> str:
    day, number = (compiler.process(clause, **how) for clause in element.clauses)
    return f"({day} - {number})"


@compiles(days_before, "sqlite")
def _modified(element: days_before, compiler: SQLCompiler, **how: Any) -> str:
    day, number = (compiler.process(clause, **how) for clause in element.clauses)
    return f"date({day}, '-{number} days')"


@cache
def _ends(days: tuple[int, ...], *, one: bool, as_of: bool, known: bool) -> Chosen:
    """Find the runs; built once for each kind of question."""
    ids, now, newest = _ids(one=one), RUNS.alias("now"), RUNS.alias("newest_run")
    latest = bindparam("as_of", type_=Date()) if as_of else None
    published = _last(ids.c.key, latest, published=True, known=known)
    any_run = _last(ids.c.key, latest, published=False, known=known)
    ends = (
        select(ids.c.key.label("forecast_id"), published.label("published"), any_run.label("newest"))
        .where(ids.c.key.is_not(None))
        .subquery()
    )
    bounds = (days_before(now.c.as_of, literal_column(str(int(number)))) for number in days)
    earlier = [_last(ends.c.forecast_id, bound, published=True, known=known) for bound in bounds]
    return (
        select(ends.c.forecast_id, ends.c.published, now.c.as_of, now.c.recorded_at, ends.c.newest)
        .add_columns(*(newest.c[name].label(f"newest_{name}") for name in _OF_THE_NEWEST))
        .add_columns(*earlier)
        .join(newest, newest.c.id == ends.c.newest)
        .outerjoin(now, now.c.id == ends.c.published)
    )


_OF_THE_NEWEST = ("as_of", "recorded_at", "status", "seconds")
_FIXED = 5 + len(_OF_THE_NEWEST)


def _ids(*, one: bool) -> CTE:
    if one:
        return select(bindparam("one", type_=String()).label("key")).cte("forecasts")
    return leaps(Run.forecast_id, "forecasts")


def _last(
    mine: ColumnElement[str], as_of: ColumnElement[date] | None, *, published: bool, known: bool
) -> ScalarSelect[int | None]:
    """Find the number of a forecast's last run up to a cutoff."""
    run = RUNS.alias()
    chosen = select(run.c.id).where(run.c.forecast_id == mine)
    if known:
        chosen = chosen.where(run.c.recorded_at <= bindparam("known_at", type_=UtcDateTime()))
    if published:
        chosen = chosen.where(run.c.status == "published")
    if as_of is not None:
        chosen = chosen.where(run.c.as_of <= as_of)
    order = run.c.as_of.desc(), run.c.recorded_at.desc(), run.c.id.desc()
    return chosen.order_by(*order).limit(1).scalar_subquery()


def _posteriors(session: Session, runs: Iterable[int | None]) -> dict[int, list[ScenarioPosterior]]:
    found: dict[int, list[ScenarioPosterior]] = {}
    for run, *said in _said(session, runs, _VALUES):
        found.setdefault(run, []).append(ScenarioPosterior(**dict(zip(_VALUES, said, strict=True))))
    return found


def _probabilities(session: Session, runs: Iterable[int | None]) -> dict[int, dict[str, float | None]]:
    found: dict[int, dict[str, float | None]] = {}
    for run, scenario, probability in _said(session, runs, _VALUES[:2]):
        found.setdefault(run, {})[scenario] = probability
    return found


def _said(session: Session, runs: Iterable[int | None], values: Sequence[str]) -> Iterator[Sequence[Any]]:
    """Read values of runs, by run and in the order of its scenarios."""
    columns = [_POSTERIORS.c[name] for name in ("run_id", *values)]
    order = _POSTERIORS.c.run_id, _POSTERIORS.c.position
    for batch in batched(sorted({run for run in runs if run is not None}), _BATCH):
        mine = select(*columns).where(_POSTERIORS.c.run_id.in_(batch))
        yield from session.execute(mine.order_by(*order))


def _standing(
    row: Row[Any],
    days: Sequence[int],
    posteriors: Mapping[int, Sequence[ScenarioPosterior]],
    then: Mapping[int, Probabilities],
) -> Standing:
    newest = {name: getattr(row, f"newest_{name}") for name in _OF_THE_NEWEST}
    published = None
    if row.published is not None:
        earlier = row[_FIXED:]
        published = StandingRun(
            run=row.published,
            as_of=row.as_of,
            recorded_at=row.recorded_at,
            posteriors=posteriors.get(row.published, []),
            before={number: then.get(run, {}) for number, run in zip(days, earlier, strict=True)},
        )
    return Standing(
        forecast_id=row.forecast_id,
        newest=NewestRun(run=row.newest, **newest),
        published=published,
    )
