"""Forecasts in the exchange format of forecasting hubs (hubverse model output).

A published run becomes one task, whose categories are the scenarios:

===============  ===================================================================================
column           is
===============  ===================================================================================
reference_date   the cutoff
location         ``*``, the whole region: a forecast is not divided by place
horizon          days from the cutoff to the day on which the forecast is decided; negative after it
target           the forecast's id
target_end_date  that day: ``reference_date`` + ``horizon``
output_type      ``pmf``
output_type_id   the scenario's id
value            its probability; those of a task sum to 1
===============  ===================================================================================
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy.orm import Session

from model.definition import forecast_from
from model.domain import REGION
from storage.forecasts import current_version
from storage.history import HistoryRow, definitions_of

_TOLERANCE = 1e-6


class HubRow(NamedTuple):
    """A line of model output, its fields in the order of the header."""

    reference_date: date
    location: str
    horizon: int
    target: str
    target_end_date: date
    output_type: str
    output_type_id: str
    value: float


def hub_rows(rows: Iterable[HistoryRow], horizons: Mapping[int, date]) -> Iterator[HubRow]:
    """Write the rows of published runs as model output; a run that could not say all of it is left out.

    Parameters
    ----------
    horizons
        For each run the day on which its forecast is decided.
    """
    for run, found in groupby(rows, key=attrgetter("run")):
        said = list(found)
        values = [one.probability for one in said if one.probability is not None]
        whole = len(values) == len(said) and abs(math.fsum(values) - 1) <= _TOLERANCE
        if whole and run in horizons and said[0].status == "published":
            yield from (_row(one, value, horizons[run]) for one, value in zip(said, values, strict=True))


def _row(one: HistoryRow, value: float, decided_on: date) -> HubRow:
    return HubRow(
        reference_date=one.as_of,
        location=REGION,
        horizon=(decided_on - one.as_of).days,
        target=one.forecast,
        target_end_date=decided_on,
        output_type="pmf",
        output_type_id=one.scenario,
        value=value,
    )


def horizons(session: Session, rows: Sequence[HistoryRow]) -> dict[int, date]:
    """Look up when the forecast of each run is decided, by the definition that the run was made with.

    A run whose definition is not on record (every night records it first, so that none should be) is left
    out: what is configured now may be decided on another day.
    """
    if not rows:
        return {}
    made_with = definitions_of(session, {row.run for row in rows})
    decided: dict[str, date] = {}
    for digest in set(made_with.values()):
        version = current_version(session, rows[0].forecast, digest=digest)
        if version is not None:
            decided[digest] = forecast_from(version.definition).horizon
    return {run: decided[digest] for run, digest in made_with.items() if digest in decided}
