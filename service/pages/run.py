"""One run of a forecast as it was; and the versions of its elicitation."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi import Path as PathParameter
from fastapi.responses import HTMLResponse

from service.composition import Service
from service.forecast_shown import ShownRun, definition, shown_run
from service.pages.access import reading
from service.pages.forecast import grouped, of_run
from service.pages.shell import Pages
from storage.forecasts import versions

type RunNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes, pages = APIRouter(default_response_class=HTMLResponse), Pages(service)
    may_read = [Depends(reading(service))]

    @routes.get("/forecasts/{forecast}/runs/{run}", dependencies=may_read)
    def run_page(request: Request, forecast: str, run: RunNumber) -> HTMLResponse:
        """Show a run as it was."""
        shown = shown_run(service, forecast, run)
        return pages.render(request, "run.html", **context(service, shown))

    @routes.get("/forecasts/{forecast}/versions", dependencies=may_read)
    def versions_page(request: Request, forecast: str) -> HTMLResponse:
        """Show what each version of the elicitation changed."""
        with service.database.reading() as session:
            told = definition(service, session, forecast)
            known = versions(session, forecast)
        path = f"/forecasts/{quote(told.id, safe='')}"
        return pages.render(
            request, "versions.html", forecast=told, path=path, versions=list(reversed(known))
        )

    return routes


def context(service: Service, shown: ShownRun) -> dict[str, Any]:
    """Give the template what it shows of a run."""
    run = shown.run
    with service.database.reading() as session:
        forecast = shown.forecast or definition(service, session, run.forecast_id)
    return {
        "run": run,
        "shown": shown,
        "forecast": forecast,
        "path": f"/forecasts/{quote(run.forecast_id, safe='')}",
        "rows": {one.scenario: one for one in run.posteriors},
        "document": shown.document,
        "titles": {one.id: one.title for one in forecast.scenarios},
        "moved": grouped(shown.document.get("moved") or [], forecast),
        "has_draws": _has_draws(service, shown),
        **of_run(forecast, shown),
    }


def _has_draws(service: Service, shown: ShownRun) -> bool:
    """Whether a run's draws are still kept."""
    draws = shown.run.draws
    return draws is not None and (service.configuration.storage.draws / draws).is_file()
