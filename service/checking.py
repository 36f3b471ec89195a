"""`posterity check`: everything that can be found out before a night fails."""

import os
from collections.abc import Iterator
from pathlib import Path

from model.alike import alike, indistinguishable
from model.definition import forecast_digest
from model.domain import ANALYSIS, Forecast
from model.errors import Unavailable
from service.composition import Service
from storage.database import Database
from storage.forecasts import current_version
from storage.reports import unclaimed_tags


def warnings(service: Service) -> Iterator[str]:
    """Say what may not have been meant, in the configuration and in the store."""
    yield from service.configuration.warnings
    yield from unclaimed(service)
    yield from _changed(service)
    for forecast in service.configuration.forecasts:
        yield from _undecidable(forecast)
        for pair in alike(forecast):
            yield f"{forecast.id}: {indistinguishable(pair)}"


def _undecidable(forecast: Forecast) -> Iterator[str]:
    """Name the scenarios of which nobody could say afterwards, without dispute, that they came true."""
    silent = [one.id for one in forecast.scenarios if not one.resolves]
    if silent:
        names = ", ".join(silent)
        yield f"{forecast.id}: state `resolves` of {names}: what will have been seen if it comes true"


def problems(service: Service) -> Iterator[str]:
    """Say what is out of reach and would make a night fail."""
    yield from _inbox(service.configuration.ingest.drop_folder)
    yield from _draws(service.configuration.storage.draws)
    yield from _unwritable(service.database)


def _inbox(folder: Path) -> Iterator[str]:
    if not folder.is_dir():
        yield f"the inbox {folder} is missing; create it, or correct [ingest] drop_folder"
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield f"the inbox {folder} may not be read and written; check its permissions"


def _draws(folder: Path) -> Iterator[str]:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        yield f"the draws could not be kept in {folder}; correct [storage] draws, or check its permissions"


def _unwritable(database: Database) -> Iterator[str]:
    try:
        with database.session() as session:
            session.connection()  # which begins, as one who writes
    except Unavailable as error:
        yield str(error)


def reach(found: list[str]) -> None:
    """Raise what is out of reach, all of it.

    Raises
    ------
    Unavailable
        Something is.
    """
    if found:
        raise Unavailable("\n".join(found))


def unclaimed(service: Service) -> Iterator[str]:
    """Count in one line the reports whose tags no indicator claims."""
    with service.database.reading() as session:
        found = unclaimed_tags(session, _claimed(service))
    if found:
        listed = ", ".join(f"{tag} ({count})" for tag, count in found.items())
        yield f"tags that no indicator claims, kept as they are: {listed}"


def _claimed(service: Service) -> frozenset[str]:
    """Tags that mean something here: those of the indicators, and that of reports of no new act."""
    forecasts = service.configuration.forecasts
    return frozenset(tag for forecast in forecasts for tag in forecast.tags) | {ANALYSIS}


def _changed(service: Service) -> Iterator[str]:
    for forecast in service.configuration.forecasts:
        with service.database.reading() as session:
            before = current_version(session, forecast.id)
        if before and before.digest != forecast_digest(forecast):
            yield f"{forecast.id} differs from its version {before.version}; the next run records a new one"
