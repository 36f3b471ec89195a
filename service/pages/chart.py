"""The history chart: its definition for the reader's browser, the script that draws it, and its events."""

import json
from collections.abc import Iterator
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request, Response

from service.composition import Service
from service.curves import Marker, Scale, thinned
from service.forecast_shown import ShownForecast, shown_forecast
from service.pages import assets
from service.pages.access import reading
from service.pages.parameters import OptionalMoment
from service.pages.vega_bundle import VERSION, vega_bundle
from service.printing import visible
from service.wording import strongest

type Width = Annotated[int, Query(ge=240, le=2000)]


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes = APIRouter()
    folder = service.configuration.storage.draws.with_name("pages")

    @routes.get("/forecasts/{forecast}/chart.json", dependencies=[Depends(reading(service))])
    def chart(
        request: Request,
        forecast: str,
        known_at: OptionalMoment = None,
        scale: Literal["linear", "log-odds"] = "linear",
        width: Width = 800,
    ) -> Response:
        """Describe the chart for Vega-Lite."""
        shown = shown_forecast(service, forecast, known_at=known_at)
        content = json.dumps(specification(shown, scale=scale, width=width), allow_nan=False).encode()
        return assets.sent(request, assets.made("application/json", content), lasting="private, no-cache")

    @routes.get("/vega.js")
    def vega(request: Request, v: str = "") -> Response:
        """Send the script that draws charts."""
        lasting = assets.FOREVER if v == VERSION else "no-cache"
        return assets.sent(request, vega_bundle(folder), lasting=lasting)

    return routes


def specification(shown: ShownForecast, *, scale: Scale, width: int) -> dict[str, object]:
    """Describe the chart: the same that mails show, with events that lead to their pages."""
    from service.charts import history_chart  # noqa: PLC0415 - only a chart needs Altair

    forecast = shown.forecast
    drawn = history_chart(
        thinned(shown.points),
        forecast.scenarios,
        opened=forecast.opened,
        width=width,
        height=360 if width >= 600 else 300,
        scale=scale,
        markers=list(markers(shown)),
    )
    described: dict[str, object] = drawn.to_dict(validate=False)
    return described | {"autosize": {"type": "fit-x", "contains": "padding"}}


def markers(shown: ShownForecast) -> Iterator[Marker]:
    """Mark the events that count in the run in force, each on the day on which it became known."""
    if shown.now is None or shown.now.evidence is None:
        return
    told = {one["event"]: one for one in shown.now.reasons if one["event"]}
    for event in sorted(shown.now.evidence.events, key=lambda one: (one.first_published, one.key)):
        if event.key in told:
            yield Marker(
                day=max(event.first_published, shown.forecast.opened),
                text=visible(event.headline or event.key),
                effect=strongest(told[event.key]["bits"], shown.forecast),
                url=f"/events/{quote(event.key, safe='')}",
            )
