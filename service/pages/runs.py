"""What ran, how long it took, what was held and why; the nights, the sources, and the mail."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator

from service.api.paging import cursor_of, position
from service.composition import Service
from service.finding import lasting
from service.pages import asked
from service.pages.access import reading
from service.pages.shell import Pages, query
from service.runs_shown import shown_runs
from storage.run_pages import LAST, STATUSES
from storage.runs import Status, forecast_ids_with_runs

type _Status = Annotated[Status | None, BeforeValidator(lambda value: value or None), Query()]


def router(service: Service) -> APIRouter:
    """Make the route."""
    routes, pages = APIRouter(dependencies=[Depends(reading(service))]), Pages(service)

    @routes.get("/runs")
    def runs(
        request: Request,
        forecast: asked.Words = None,
        status: _Status = None,
        cursor: asked.Cursor = None,
    ) -> HTMLResponse:
        """Show what ran."""
        before = position(cursor, int)
        found = shown_runs(
            service, forecast=forecast, status=status, before=before[0] if before else LAST, limit=asked.PAGE
        )
        narrowed = {"forecast": forecast, "status": status}
        return pages.render(
            request,
            "runs.html",
            found=found,
            narrowed=narrowed,
            is_first=before is None,
            next=query("/runs", narrowed, cursor=cursor_of(found.next)) if found.next else None,
            forecasts=_forecasts(service),
            statuses=STATUSES,
            lasting=lasting,
            **asked.HELPERS,
        )

    return routes


def _forecasts(service: Service) -> list[tuple[str, str]]:
    """Name the forecasts that are configured, and then those that once were."""
    titles = {one.id: one.title or one.id for one in service.configuration.forecasts}
    with service.database.reading() as session:
        former = forecast_ids_with_runs(session)
    return list((titles | {one: one for one in former if one not in titles}).items())
