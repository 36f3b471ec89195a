"""One event: its reports, why they belong together, and what it did in each forecast."""

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from service.api.parameters import known_only
from service.composition import Service
from service.counting import Counting
from service.evidence_shown import Moved, shown_event
from service.pages import asked
from service.pages.access import reading
from service.pages.shell import Pages


def router(service: Service) -> APIRouter:
    """Make the route."""
    guards = [Depends(reading(service)), Depends(known_only)]
    routes, pages = APIRouter(dependencies=guards), Pages(service)
    counting = Counting.of(service)

    @routes.get("/events/{key:path}")
    def event(request: Request, key: str, known_at: asked.KnownAt = None) -> HTMLResponse:
        """Show one event."""
        found = shown_event(service, counting, key, known_at=known_at)
        if isinstance(found, Moved):
            return pages.render(request, "event_moved.html", 410, moved=found, **asked.PATHS)
        return pages.render(request, "event.html", event=found, known_at=known_at, **asked.PATHS)

    return routes
