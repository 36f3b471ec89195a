"""The countries of a forecast side by side, as small multiples and as the same figures in tables."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator

from model.domain import Forecast
from model.errors import UsageError
from service import panel_plots
from service.composition import Service
from service.pages import asked
from service.pages.access import reading
from service.pages.shell import Pages
from service.panel_question import KINDS, Question, code, codes
from service.panel_shown import Panels, plain, years
from service.panel_values import Panel
from service.wording import country, tag_in_words

_FIRST, _LAST = 1946, 2199

type _Blank = Annotated[int | None, BeforeValidator(lambda value: value or None)]
Year = Annotated[_Blank, Query(ge=_FIRST, le=_LAST)]
Shown = Annotated[list[str], Query(max_length=20)]


def router(service: Service) -> APIRouter:
    """Make the route."""
    routes, pages = APIRouter(dependencies=[Depends(reading(service))]), Pages(service)
    panels = Panels(service)

    @routes.get("/panel")
    def panel(  # noqa: PLR0913, PLR0917 - one parameter for each choice
        request: Request,
        forecast: asked.Words = None,
        countries: asked.Words = None,
        first: Year = None,
        last: Year = None,
        partner: asked.Words = None,
        against: asked.Words = None,
        show: Shown = [],  # noqa: B006 - read, never changed
    ) -> HTMLResponse:
        """Put countries side by side."""
        chosen = _chosen(service, forecast)
        shown = [one for one in panel_plots.PLOTS if one in show] or list(panel_plots.PLOTS)
        told: dict[str, object] = {"countries": countries, "partner": partner, "against": against}
        told |= {"first": first, "last": last}
        try:
            question = _question(service, told)
            made, wrong = panels.of(chosen, question), ""
        except UsageError as error:
            question, made, wrong = Question(), None, str(error)
        context = _context(service, chosen, question, made.panel if made else None, shown)
        context["counted_at"] = made.at if made else None
        status = 422 if wrong else 200
        return pages.render(request, "panel.html", status, wrong=wrong, told=told, **context, **asked.HELPERS)

    return routes


def _chosen(service: Service, identity: str | None) -> Forecast:
    return service.forecast(identity) if identity else service.configuration.forecasts[0]


def _question(service: Service, told: dict[str, Any]) -> Question:
    usual, files = Question(), service.configuration.panel
    return Question(
        register=files.trade_register,
        votes=files.votes,
        partner=code(told["partner"]) if told["partner"] else usual.partner,
        against=code(told["against"]) if told["against"] else usual.against,
        countries=codes(told["countries"]) if told["countries"] else (),
        first=told["first"] or usual.first,
        last=told["last"] or min(usual.last, service.today().year),
    )


def _context(
    service: Service, forecast: Forecast, question: Question, found: Panel | None, shown: Sequence[str]
) -> dict[str, Any]:
    named = dict.fromkeys(one for indicator in forecast.indicators for one in indicator.countries)
    drawn = panel_plots.plots(found, shown) if found else []
    return {
        "forecast": forecast,
        "forecasts": [(one.id, one.title or one.id) for one in service.configuration.forecasts],
        "question": question,
        "found": found,
        "countries": list(zip(found.rows, drawn, strict=True)) if found else [],
        "years": years,
        "plots": panel_plots,
        "shown": shown,
        "kinds": KINDS,
        "offered": [(one, country(one)) for one in named],
        "notes": [plain(question, one) for one in (*found.notes, *found.missing)] if found else [],
        "tags": {kind: [tag_in_words(tag) for tag in question.tags[kind]] for kind in KINDS},
    }
