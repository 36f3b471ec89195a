"""Forecasts: where they stand, what they ask, and what analysts changed in them."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, Response
from sqlalchemy.orm import Session

from model.definition import canonical, forecast_digest
from service.api import caching
from service.api.answers import Memory, made, stored
from service.api.describing import kept
from service.api.documents import ForecastDetail, ForecastStands, RunDocument, VersionBrief, VersionDetail
from service.api.named import LARGEST, ForecastId, configured, newest_of
from service.api.parameters import AsOf, KnownAt
from service.composition import Service
from service.stands import next_run, stands
from service.web_access import reads
from storage.content import differences
from storage.forecasts import Version, current_version, versions
from storage.history import first_published, newest_run
from storage.runs import latest_published

VersionNumber = Annotated[int, Path(ge=1, le=LARGEST, description="The version's number.", examples=[1])]

Since = Annotated[
    int | None, Query(ge=1, le=LARGEST, description="The version that it is compared with, by its number.")
]


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/forecasts", tags=["forecasts"], dependencies=[Depends(reads(service))])
    memory = Memory()
    definitions = [forecast_digest(one) for one in service.configuration.forecasts]

    @routes.get("", response_model=list[ForecastStands], responses=kept("Where every forecast stands."))
    def list_forecasts(request: Request, as_of: AsOf = None, known_at: KnownAt = None) -> Response:
        """Say where every forecast stands: those that are configured, then others that were once run.

        Changes are in percentage points, from what stood 1, 7 and 30 days before the cutoff of the run in
        force.
        """
        with service.database.reading() as session:
            made_from = newest_run(session), definitions, service.today(), next_run(service)
            tag = caching.tag("forecasts", as_of, known_at, *made_from)
            return memory.made(
                request, tag, lambda: list(stands(service, session, as_of=as_of, known_at=known_at))
            )

    @routes.get("/{forecast}", response_model=ForecastDetail, responses=kept("The forecast."))
    def read_forecast(
        request: Request, forecast: ForecastId, as_of: AsOf = None, known_at: KnownAt = None
    ) -> Response:
        """Say where a forecast stands, and everything that its analysts stated."""
        with service.database.reading() as session:
            newest = newest_of(service, session, forecast)
            version = current_version(session, forecast, known_at=known_at)
            made_from = newest, version and version.version, definitions, service.today(), next_run(service)
            tag = caching.tag("forecast", forecast, as_of, known_at, *made_from)
            return made(request, tag, lambda: _detail(service, session, forecast, version, (as_of, known_at)))

    @routes.get("/{forecast}/latest", response_model=RunDocument, responses=kept("The run, as stored."))
    def read_latest(
        request: Request, forecast: ForecastId, as_of: AsOf = None, known_at: KnownAt = None
    ) -> Response:
        """Give the run in force, word for word: the newest published one of the latest cutoff."""
        with service.database.reading() as session:
            newest = newest_of(service, session, forecast)
            tag = caching.tag("latest", forecast, as_of, known_at, newest)
            return stored(request, tag, lambda: _latest(session, forecast, as_of, known_at))

    _add_versions(routes, service)
    return routes


def _add_versions(routes: APIRouter, service: Service) -> None:
    @routes.get("/{forecast}/versions", response_model=list[VersionBrief], responses=kept("The versions."))
    def list_versions(request: Request, forecast: ForecastId, known_at: KnownAt = None) -> Response:
        """List the versions of the analysts' numbers, oldest first, each with what it changed."""
        with service.database.reading() as session:
            newest_of(service, session, forecast)
            found = versions(session, forecast, known_at=known_at)
            tag = caching.tag("versions", [(one.version, one.digest) for one in found])
            return made(request, tag, lambda: [_brief(one, one.difference) for one in found])

    @routes.get(
        "/{forecast}/versions/{version}", response_model=VersionDetail, responses=kept("The version.")
    )
    def read_version(
        request: Request, forecast: ForecastId, version: VersionNumber, since: Since = None
    ) -> Response:
        """Give a version whole, with its difference from the one before, or from another."""
        with service.database.reading() as session:
            newest_of(service, session, forecast)
            found = {one.version: one for one in versions(session, forecast)}
        one, earlier = (_version(found, number) for number in (version, since or version))
        difference = differences(earlier.definition, one.definition) if since else one.difference
        tag = caching.tag("version", one.digest, one.version, since, earlier.digest)
        return made(request, tag, lambda: {**_brief(one, difference), "definition": one.definition})


def _detail(
    service: Service,
    session: Session,
    identity: str,
    version: Version | None,
    then: tuple[date | None, datetime | None],
) -> dict[str, Any]:
    as_of, known_at = then
    (said,) = stands(service, session, only=identity, as_of=as_of, known_at=known_at)
    told = configured(service, identity)
    definition = version.definition if version else canonical(told) if told else None
    return {**said, "version": version.version if version else None, "definition": definition}


def _latest(session: Session, identity: str, as_of: date | None, known_at: datetime | None) -> str:
    run = latest_published(session, identity, at_most=as_of, known_at=known_at)
    if run is not None:
        return run.document
    first = first_published(session, identity)
    if first is None:
        raise HTTPException(404, f"{identity} has no published run yet; try `posterity run`")
    raise HTTPException(
        404,
        f"{identity} had no published run then; the first is as of {first}, ask for that day or a later one",
    )


def _version(found: dict[int, Version], number: int) -> Version:
    if number not in found:
        there = f"there are 1 to {max(found)}" if found else "there are none before its first run"
        raise HTTPException(404, f"there is no version {number}; {there}")
    return found[number]


def _brief(one: Version, difference: list[dict[str, object]]) -> dict[str, object]:
    return {
        "version": one.version,
        "digest": one.digest,
        "recorded_at": one.recorded_at.isoformat(),
        "evidence_seen": one.evidence_seen,
        "difference": difference,
    }
