"""A forecast's page: where it stands, how it got here, what moved it, what comes next, what if."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from model.domain import Forecast
from model.errors import PosterityError
from model.outlook import DAYS
from service.calendar import next_night
from service.composition import Service
from service.curves import described, thinned
from service.forecast_shown import AGO, Movements, ShownForecast, by_cutoff, moved_since, shown_forecast
from service.pages.access import reading
from service.pages.chart import markers
from service.pages.overview import age
from service.pages.parameters import OptionalDay, OptionalMoment
from service.pages.picture import HEIGHT, WIDTH, last_day, picture
from service.pages.shell import Pages
from service.pages.vega_bundle import VERSION
from service.pages.whatif import Asked, answered, asked_by
from service.show_reasons import Account
from service.wording import kind_of_event, strongest

_MOST_NIGHTS = 500  # of the table beside the chart; all are in the downloads
_WEEK = timedelta(days=7)
_NO_INDICATOR = "the forecast itself"

type Lines = Sequence[Mapping[str, Any]]


def router(service: Service) -> APIRouter:
    """Make the route."""
    routes, pages = APIRouter(default_response_class=HTMLResponse), Pages(service)
    movements = Movements()

    @routes.get("/forecasts/{forecast}", dependencies=[Depends(reading(service))])
    def forecast_page(
        request: Request,
        forecast: str,
        asked: Annotated[Asked, Depends(asked_by)],
        known_at: OptionalMoment = None,
        since: OptionalDay = None,
    ) -> HTMLResponse:
        """Show everything of a forecast."""
        shown = shown_forecast(service, forecast, known_at=known_at)
        return pages.render(
            request,
            "forecast.html",
            **context(shown),
            movement=_movement(service, movements, shown, since),
            since=_since(shown, since),
            known_on=known_at.date() if known_at else None,
            today=service.today(),
            age=age(shown.now.run.as_of, service.today()) if shown.now else "",
            next_night=next_night(service.configuration.schedule, service.clock()),
            what_if=answered(service, forecast, asked) if shown.now else None,
            asked=asked,
            vega=f"/vega.js?v={VERSION}",
        )

    return routes


def context(shown: ShownForecast) -> dict[str, Any]:
    """Give a page's template what it shows of a forecast."""
    forecast, points = shown.forecast, thinned(shown.points)
    marks = list(markers(shown))
    nights = list(by_cutoff(shown.points))
    return {
        "one": shown,
        "forecast": forecast,
        "path": f"/forecasts/{quote(forecast.id, safe='')}",
        "now": shown.now,
        "ago": AGO,
        "rows": {one.scenario: one for one in shown.now.run.posteriors} if shown.now else {},
        "description": described(points, forecast.scenarios, opened=forecast.opened),
        "drawn": picture(
            points,
            forecast.scenarios,
            opened=forecast.opened,
            until=last_day(shown.points, forecast.opened),
            markers=marks,
        ),
        "size": (WIDTH, HEIGHT),
        "markers": list(reversed(marks)),
        "nights": nights[:_MOST_NIGHTS],
        "more_nights": max(0, len(nights) - _MOST_NIGHTS),
        "first_night": nights[-1][0].as_of if nights else None,
        "versions": shown.versions,
        **(of_run(shown.now.forecast or forecast, shown.now) if shown.now else {}),
    }


def of_run(forecast: Forecast, run: Any) -> dict[str, Any]:
    """Give a template what it shows of a run: reasons, outlook and what to watch."""
    kinds = {one.id: kind_of_event(one) for one in forecast.indicators}
    return {
        "kinds": kinds,
        "events": run.events,
        "reasons": grouped(run.reasons, forecast),
        "ahead": DAYS,
        "outlook": _outlook(run.outlook, run.watch),
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Causes of one indicator, and their sums; the largest indicators come first.

    Parameters
    ----------
    lines
        Each with ``strongest``: which scenario it moved the most, in bits.
    """

    name: str
    points: Mapping[str, float]
    lines: Lines

    @property
    def size(self) -> float:
        """The most percentage points by which it moved a scenario."""
        return max(map(abs, self.points.values()), default=0.0)


def grouped(causes: Lines, forecast: Forecast) -> list[Group]:
    """Put causes together by indicator, and sum them up."""
    key = _indicator_of
    found = [_group(name, list(lines), forecast) for name, lines in groupby(sorted(causes, key=key), key)]
    return sorted(found, key=lambda one: -one.size)


def _indicator_of(cause: Mapping[str, Any]) -> str:
    return cause["indicator"] or _NO_INDICATOR


def _group(name: str, causes: Lines, forecast: Forecast) -> Group:
    sums = {one: sum(cause["points"].get(one, 0.0) for cause in causes) for one in forecast.scenario_ids}
    return Group(
        name=name,
        points=sums,
        lines=[{**cause, "strongest": strongest(cause["bits"], forecast)} for cause in causes],
    )


def _outlook(outlook: Lines, watch: Lines) -> list[dict[str, Any]]:
    """Put the outlook of each indicator beside what it would tell, the most telling first."""
    chances: dict[str, dict[int, float]] = {}
    for one in outlook:
        chances.setdefault(one["indicator"], {})[one["days"]] = one["probability"]
    bits = {one["indicator"]: one["bits"] for one in watch}
    order = [*bits, *(name for name in chances if name not in bits)]
    return [{"indicator": one, "chances": chances.get(one, {}), "bits": bits.get(one)} for one in order]


def _since(shown: ShownForecast, since: date | None) -> date | None:
    """Give the day since which movement is told: a week before the number, where none is named."""
    if since or shown.now is None:
        return since
    return max(shown.now.run.as_of - _WEEK, shown.forecast.opened)


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """What moved a forecast since a day; or why that cannot be said."""

    account: Account | None
    groups: Sequence[Group]
    unsaid: str


def _movement(
    service: Service, movements: Movements, shown: ShownForecast, since: date | None
) -> Movement | None:
    day = _since(shown, since)
    if shown.now is None or day is None:
        return None
    try:
        told = moved_since(service, movements, shown.forecast.id, day, known_at=shown.known_at)
    except PosterityError as error:
        return Movement(account=None, groups=(), unsaid=str(error))
    if told is None:
        first = min((one.as_of for one in shown.points), default=None)
        unsaid = f"Nothing had been published as of {day}; the first cutoff is {first}."
        return Movement(account=None, groups=(), unsaid=unsaid)
    return Movement(account=told, groups=grouped(told.causes, told.forecast), unsaid="")
