"""Events: searched and filtered; and one of them with its reports, and what it did in each forecast."""

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from model.errors import UsageError
from service.api.paging import cursor_of, position
from service.composition import Service
from service.counting import Counting
from service.event_shown import Moved, shown_event
from service.evidence_shown import EventList, listed
from service.pages import asked
from service.pages.access import reading
from service.pages.shell import Pages, query
from service.wording import country, tag_in_words
from storage.evidence_pages import WantedEvents
from storage.places import FIRST, Place

_FIELDS = ("search", "tag", "country", "since", "until", "forecast", "indicator", "known_at")


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes, pages = APIRouter(dependencies=[Depends(reading(service))]), Pages(service)
    counting = Counting(service)

    @routes.get("/events")
    def events(  # noqa: PLR0913, PLR0917 - one parameter for each filter
        request: Request,
        search: asked.Words = None,
        tag: asked.Words = None,
        country: asked.Words = None,
        since: asked.AskedDay = None,
        until: asked.AskedDay = None,
        forecast: asked.Words = None,
        indicator: asked.Words = None,
        known_at: asked.KnownAt = None,
        cursor: asked.Cursor = None,
    ) -> HTMLResponse:
        """Search events."""
        if indicator is not None and forecast is None:
            raise UsageError("an indicator belongs to a forecast; choose its forecast too")
        after = position(cursor, *(Place.__annotations__.values()))
        found = listed(
            service,
            counting,
            WantedEvents(
                tag=tag, country=country and country.upper(), since=since, until=until, search=search
            ),
            forecast=forecast,
            indicator=indicator,
            after=Place(*after) if after else FIRST,
            limit=asked.PAGE,
            known_at=known_at,
        )
        return pages.render(
            request,
            "events.html",
            found=found,
            asked={name: request.query_params.get(name, "") for name in _FIELDS},
            known_at=known_at,
            is_filtered=any(request.query_params.values()),
            next=_next(request, found),
            choices=_choices(service, forecast),
            **asked.HELPERS,
        )

    @routes.get("/events/{key:path}")
    def event(request: Request, key: str, known_at: asked.KnownAt = None) -> HTMLResponse:
        """Show one event."""
        shown = shown_event(service, counting, key, known_at=known_at)
        if isinstance(shown, Moved):
            return pages.render(request, "event_moved.html", 410, moved=shown, **asked.HELPERS)
        return pages.render(request, "event.html", event=shown, known_at=known_at, **asked.HELPERS)

    return routes


def _next(request: Request, found: EventList) -> str | None:
    if found.end is None:
        return None
    return query("/events", dict(request.query_params), cursor=cursor_of(*found.end))


def _choices(service: Service, forecast: str | None) -> dict[str, Any]:
    """Give what the form offers: the tags and countries of the forecasts, and one forecast's indicators."""
    forecasts = service.configuration.forecasts
    indicators = [(forecast_, one) for forecast_ in forecasts for one in forecast_.indicators]
    tags = {tag for _, one in indicators for tag in one.tags}
    countries = {code for _, one in indicators for code in one.countries}
    return {
        "tags": sorted((one, tag_in_words(one)) for one in tags),
        "countries": sorted(((one, country(one)) for one in countries), key=lambda pair: pair[1]),
        "forecasts": [("", "any or none"), *((one.id, one.title or one.id) for one in forecasts)],
        "indicators": [("", "any"), *_offered(one.id for of, one in indicators if of.id == forecast)],
    }


def _offered(names: Iterable[str]) -> list[tuple[str, str]]:
    return [(one, one) for one in names]
