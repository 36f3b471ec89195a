"""Where every forecast stands: what is believed of it, what was some days earlier, and its newest run.

Each of these runs stands at the end of an index, so that it is found at once however long a history is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import batched
from typing import Any

from sqlalchemy import CTE, ColumnElement, Date, ScalarSelect, Select, literal, literal_column, select
from sqlalchemy.engine import Row
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlmodel import col

from storage.current import known
from storage.leaps import leaps
from storage.runs import ScenarioPosterior, Status
from storage.tables import Posterior, Run

_BATCH = 1000
_VALUES = (
    *("scenario", "probability", "prior", "band_low", "band_high", "pymc_probability"),
    *("monte_carlo_error", "word"),
)

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
    found = session.execute(_ends(only, as_of, known_at, days)).all()
    posteriors = _posteriors(session, (row.published for row in found))
    earlier = _posteriors(session, (run for row in found for run in row[-len(days) :] if days))
    then = {run: {one.scenario: one.probability for one in said} for run, said in earlier.items()}
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


def _ends(
    only: str | None, as_of: date | None, known_at: datetime | None, days: Sequence[int]
) -> Select[Any]:
    ids, now, newest = _ids(only), aliased(Run), aliased(Run)
    mine = ids.c.key
    ends = (
        select(
            mine.label("forecast_id"),
            _last(mine, as_of, known_at, published=True).label("published"),
            _last(mine, as_of, known_at, published=False).label("newest"),
        )
        .where(mine.is_not(None))
        .subquery()
    )
    bounds = (days_before(col(now.as_of), literal_column(str(int(number)))) for number in days)
    earlier = [_last(ends.c.forecast_id, bound, known_at, published=True) for bound in bounds]
    return (
        select(ends.c.forecast_id, ends.c.published, col(now.as_of), col(now.recorded_at), ends.c.newest)
        .add_columns(*(col(getattr(newest, name)).label(f"newest_{name}") for name in _OF_THE_NEWEST))
        .add_columns(*earlier)
        .join(newest, col(newest.id) == ends.c.newest)
        .outerjoin(now, col(now.id) == ends.c.published)
    )


_OF_THE_NEWEST = ("as_of", "recorded_at", "status", "seconds")


def _ids(only: str | None) -> CTE:
    return (
        leaps(Run.forecast_id, "forecasts")
        if only is None
        else select(literal(only).label("key")).cte("forecasts")
    )


def _last(
    mine: ColumnElement[str],
    as_of: date | ColumnElement[date] | None,
    known_at: datetime | None,
    *,
    published: bool,
) -> ScalarSelect[int | None]:
    """Find the number of a forecast's last run up to a cutoff."""
    run = aliased(Run)
    chosen = select(col(run.id)).where(col(run.forecast_id) == mine, known(run.recorded_at, known_at))
    if published:
        chosen = chosen.where(col(run.status) == "published")
    if as_of is not None:
        chosen = chosen.where(col(run.as_of) <= as_of)
    order = col(run.as_of).desc(), col(run.recorded_at).desc(), col(run.id).desc()
    return chosen.order_by(*order).limit(1).scalar_subquery()


def _posteriors(session: Session, runs: Iterable[int | None]) -> dict[int, list[ScenarioPosterior]]:
    found: dict[int, list[ScenarioPosterior]] = {}
    values = [col(getattr(Posterior, name)) for name in _VALUES]
    for batch in batched(sorted({run for run in runs if run is not None}), _BATCH):
        mine = select(col(Posterior.run_id), *values).where(col(Posterior.run_id).in_(batch))
        for run, *said in session.execute(mine.order_by(col(Posterior.run_id), col(Posterior.position))):
            found.setdefault(run, []).append(ScenarioPosterior(**dict(zip(_VALUES, said, strict=True))))
    return found


def _standing(
    row: Row[Any],
    days: Sequence[int],
    posteriors: Mapping[int, Sequence[ScenarioPosterior]],
    then: Mapping[int, Probabilities],
) -> Standing:
    newest = {name: getattr(row, f"newest_{name}") for name in _OF_THE_NEWEST}
    published = None
    if row.published is not None:
        earlier = row[len(row) - len(days) :]
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
