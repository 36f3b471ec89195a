"""`posterity check`: everything that can be found out before a night fails."""

import os
from collections.abc import Iterator

from model.definition import forecast_digest
from model.domain import ANALYSIS
from model.errors import Unavailable
from service.composition import Service
from storage.forecasts import current_version
from storage.reports import unclaimed_tags


def warnings(service: Service) -> Iterator[str]:
    """Say what may not have been meant, in the configuration and in the store."""
    yield from service.configuration.warnings
    yield from unclaimed(service)
    yield from _changed(service)


def problems(service: Service) -> Iterator[str]:
    """Say what is out of reach and would make a night fail."""
    inbox = service.configuration.ingest.drop_folder
    if not inbox.is_dir():
        yield f"the inbox {inbox} is missing; create it, or correct [ingest] drop_folder"
    elif not os.access(inbox, os.R_OK | os.W_OK | os.X_OK):
        yield f"the inbox {inbox} may not be read and written; check its permissions"


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
