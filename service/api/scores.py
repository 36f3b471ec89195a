"""How well what each forecast said came true: the forecast itself, once resolved, and its outlooks."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from service.api import caching
from service.api.describing import kept
from service.api.filters import TEXT
from service.api.outcomes import Scores
from service.api.paging import page, position
from service.api.parameters import Cursor, KnownAt
from service.composition import Service
from service.scoring import score_forecast
from service.web_access import reads
from storage.outlook_scores import Summary, summary
from storage.resolutions import Decision, closures
from storage.runs import forecast_ids_with_runs

PAGE, MOST = 100, 200  # forecasts

Limit = Annotated[int, Query(ge=1, le=MOST, description="The most forecasts that a page holds.")]
Forecast = Annotated[str | None, Query(max_length=200, pattern=TEXT, description="Only of this forecast.")]


def router(service: Service) -> APIRouter:
    """Make the route."""
    routes = APIRouter(prefix="/scores", tags=["scores"], dependencies=[Depends(reads(service))])

    @routes.get("", response_model=list[Scores], responses=kept("A page of scores.", paged=True))
    def list_scores(  # noqa: PLR0913, PLR0917 - one parameter for each filter
        request: Request,
        response: Response,
        forecast: Forecast = None,
        known_at: KnownAt = None,
        limit: Limit = PAGE,
        cursor: Cursor = None,
    ) -> Any:
        """List the scores of every forecast, by id: of what was resolved by now, or was by then."""
        found = position(cursor, str)
        ids = _ids(service, forecast, after=found[0] if found else "")
        some, headers = page(request, ids[: limit + 1], limit, lambda one: (one,))
        scores = _scores(service, some, known_at)
        if known := caching.unchanged(request, tag := caching.tag("scores", scores)):
            return known  # worked out all the same: outlooks come to be scored with no number that rises
        response.headers.update(caching.headers(tag) | headers)
        return scores

    return routes


def _ids(service: Service, forecast: str | None, *, after: str) -> list[str]:
    """Name the forecasts that follow one, those too that are no longer configured."""
    with service.database.reading() as session:
        known = {*forecast_ids_with_runs(session), *(one.id for one in service.configuration.forecasts)}
    if forecast is not None and forecast not in known:
        service.forecast(forecast)  # which says so
    return sorted(one for one in known if one > after and forecast in {None, one})


def _scores(service: Service, ids: Sequence[str], known_at: datetime | None) -> list[dict[str, Any]]:
    titles = {one.id: one.title for one in service.configuration.forecasts}
    with service.database.reading() as session:
        closed = closures(session, ids, known_at=known_at)
        return [
            {
                "forecast": one,
                "title": titles.get(one, ""),
                "resolved": _resolved(service, session, closed.get(one), known_at),
                "outlooks": [
                    _document(said) for said in summary(session, one, zone=service.zone, known_at=known_at)
                ],
            }
            for one in ids
        ]


def _resolved(
    service: Service, session: Session, closed: Decision | None, known_at: datetime | None
) -> dict[str, Any] | None:
    if closed is None or closed.scenario is None:
        return None
    return score_forecast(session, closed, zone=service.zone, known_at=known_at).document()


def _document(said: Summary) -> dict[str, Any]:
    climatology = said.climatology
    skill = 1 - said.brier / climatology if climatology > 0 else None
    return asdict(said) | {"climatology": climatology, "skill": skill}
