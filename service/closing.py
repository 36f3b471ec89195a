"""Which forecasts there are and were, and which are closed: no further night of those runs."""

from collections.abc import Iterable, Mapping
from datetime import date

from model.definition import forecast_from
from model.domain import Forecast
from service.composition import Service
from storage.forecasts import current_version
from storage.resolutions import Decision, closures


def known_forecast(service: Service, forecast_id: str) -> Forecast:
    """Look up a forecast as it is configured, or as it was when it still was.

    Raises
    ------
    UsageError
        It never was.
    """
    if all(one.id != forecast_id for one in service.configuration.forecasts):
        with service.database.reading() as session:
            version = current_version(session, forecast_id)
        if version:
            return forecast_from(version.definition)
    return service.forecast(forecast_id)


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
