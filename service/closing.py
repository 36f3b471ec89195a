"""Which forecasts are closed, as resolved or annulled: no further night of them runs."""

from collections.abc import Iterable, Mapping
from datetime import date

from model.domain import Forecast
from service.composition import Service
from storage.resolutions import Decision, closures


def closed(service: Service, forecasts: Iterable[Forecast], *, as_of: date) -> Mapping[str, Decision]:
    """Look up which forecasts were closed by a day, and how: their nights from then on do not run."""
    with service.database.reading() as session:
        found = closures(session, [one.id for one in forecasts])
    return {name: one for name, one in found.items() if one.closed_on and one.closed_on <= as_of}


def stands(decision: Decision) -> str:
    """Say what is in force, such as "was resolved as base on 2026-01-31 (by Ana)"."""
    if decision.closed_on is None:
        return f"was opened again (by {decision.author})"
    how = f"resolved as {decision.scenario}" if decision.scenario else "annulled"
    return f"was {how} on {decision.closed_on} (by {decision.author})"
