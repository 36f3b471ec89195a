"""One report: what its source said, in every version, and what was decided about it."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from service.composition import Service
from service.pages import asked
from service.pages.access import reading
from service.pages.shell import Pages
from service.report_shown import shown_report


def router(service: Service) -> APIRouter:
    """Make the route."""
    routes, pages = APIRouter(dependencies=[Depends(reading(service))]), Pages(service)

    @routes.get("/reports/{identity:path}")
    def report(request: Request, identity: str, known_at: asked.KnownAt = None) -> HTMLResponse:
        """Show one report."""
        found = shown_report(service, identity, known_at=known_at)
        return pages.render(request, "report.html", found=found, known_at=known_at, **asked.HELPERS)

    return routes
