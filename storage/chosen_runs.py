"""The choice of a history's runs, as statements that are built once for each kind of question.

They are those of tables and not of classes, with every value bound: so that building them costs a request
nothing: a year in brief took 7 ms when every request built its own, and takes 2.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    Table,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from storage.columns import UtcDateTime
from storage.tables import Run

type Chosen = Select[*tuple[Any, ...]]

RUNS: Table = Run.__table__  # type: ignore[attr-defined]  # SQLModel does not tell of it
_ALSO, _NEWER, _WITHOUT = (RUNS.alias(name) for name in ("also", "newer", "without"))


class Place(NamedTuple):
    """Where a run stands in a history's order."""

    as_of: date
    recorded_at: datetime
    run: int


class Shape(NamedTuple):
    """What kind of part is wanted: which bounds it has, and which runs count."""

    first: bool
    last: bool
    known_at: bool
    upto: bool
    after: bool
    all_runs: bool
    published: bool
    latest_first: bool


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

    @property
    def shape(self) -> Shape:
        """What kind of part it is."""
        return Shape(
            first=self.first is not None,
            last=self.last is not None,
            known_at=self.known_at is not None,
            upto=self.upto is not None,
            after=self.after is not None,
            all_runs=self.all_runs,
            published=self.published,
            latest_first=self.latest_first,
        )

    def values(self, limit: int) -> dict[str, Any]:
        """Give the values that its statement binds, with the most runs."""
        day, at, run = self.after or (None, None, None)
        return {
            "forecast": self.forecast_id,
            "first": self.first,
            "last": self.last,
            "known_at": self.known_at,
            "upto": self.upto,
            "after_day": day,
            "after_at": at,
            "after_run": run,
            "most": limit,
        }


def chosen(shape: Shape, *columns: ColumnElement[Any]) -> Chosen:
    """Choose the runs in their order: an index has them so, and a page reads no more than itself."""
    runs = select(*columns).where(*_within(RUNS, shape), _counts(RUNS, shape))
    if shape.after:
        runs = runs.where(_follows(shape))
    if not shape.all_runs:
        runs = runs.where(_came_to_a_result(RUNS, shape), _stands(shape))
    return runs


def ordered(shape: Shape, of: Any = None) -> list[ColumnElement[Any]]:
    """Give the order of the runs of a table, or of what was chosen of them."""
    named = (RUNS if of is None else of).c
    return [one.desc() if shape.latest_first else one for one in (named.as_of, named.recorded_at, named.id)]


def most() -> ColumnElement[int]:
    """Give how many runs there are at most, as the statement binds it."""
    return bindparam("most", type_=Integer())


def _within(of: Any, shape: Shape) -> list[ColumnElement[bool]]:
    """Whether a run is one of the forecast, with a cutoff within the bounds."""
    within: list[ColumnElement[bool]] = [of.c.forecast_id == bindparam("forecast")]
    if shape.first:
        within.append(of.c.as_of >= bindparam("first", type_=Date()))
    if shape.last:
        within.append(of.c.as_of <= bindparam("last", type_=Date()))
    return within


def _counts(of: Any, shape: Shape) -> ColumnElement[bool]:
    known = of.c.recorded_at <= bindparam("known_at", type_=UtcDateTime()) if shape.known_at else true()
    if not shape.upto:
        return known
    number = of.c.id + literal_column("0")  # computed, so that no index of numbers draws the search away
    return and_(known, number <= bindparam("upto", type_=Integer()))


def _came_to_a_result(of: Any, shape: Shape) -> ColumnElement[bool]:
    """Whether a run is none of those without a result.

    These are few, and listed once from an index that has their numbers: so that an index tells all of a
    run that counts, and the run itself is not read for its status.
    """
    none = or_(*(_WITHOUT.c.status == one for one in (["held", "failed"] if shape.published else ["failed"])))
    listed = select(_WITHOUT.c.id).where(_WITHOUT.c.forecast_id == bindparam("forecast"), none)
    result: ColumnElement[bool] = of.c.id.not_in(listed)
    return result


def _stands(shape: Shape) -> ColumnElement[bool]:
    """Whether no newer run of the same cutoff came to a result.

    Few cutoffs have several runs. Of a part that begins somewhere these are listed once, from the index that
    is read in any case, and no other run is asked who came after it. Further pages ask: each would list all.
    """
    if not shape.first or shape.after:
        return ~_superseded(shape)
    several = select(_ALSO.c.as_of).where(*_within(_ALSO, shape)).group_by(_ALSO.c.as_of)
    listed = several.having(func.count() > literal_column("1"))
    return or_(RUNS.c.as_of.not_in(listed), ~_superseded(shape))


def _superseded(shape: Shape) -> ColumnElement[bool]:
    """Whether a newer run of the same cutoff came to a result."""
    newer = _NEWER.c
    same = newer.forecast_id == RUNS.c.forecast_id, newer.as_of == RUNS.c.as_of
    is_newer = tuple_(newer.recorded_at, newer.id) > tuple_(RUNS.c.recorded_at, RUNS.c.id)
    result = _counts(_NEWER, shape), _came_to_a_result(_NEWER, shape)
    return select(newer.id).where(*same, is_newer, *result).exists()


def _follows(shape: Shape) -> ColumnElement[bool]:
    """Whether a run comes after a place; put so that a range of the index's first column bounds it."""
    day = bindparam("after_day", type_=Date())
    place = day, bindparam("after_at", type_=UtcDateTime()), bindparam("after_run", type_=Integer())
    here, there = tuple_(RUNS.c.as_of, RUNS.c.recorded_at, RUNS.c.id), tuple_(*place)
    if shape.latest_first:
        return and_(RUNS.c.as_of <= day, here < there)
    return and_(RUNS.c.as_of >= day, here > there)
