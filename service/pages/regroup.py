"""Events that an editor takes apart, or puts together."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from model.errors import Conflict, Unknown, UsageError
from service import review, sessions
from service.composition import Service
from service.pages import asked
from service.pages.access import editing, reading
from service.pages.forms import Form, first
from service.pages.review import may_edit
from service.pages.shell import Pages, query
from service.review import Regrouped
from service.review_shown import regrouping
from storage.keys import StoredKey

_STATUS = {Unknown: 404, Conflict: 409}


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes, pages = APIRouter(), Pages(service)
    reads, edits = Depends(reading(service)), Depends(editing(service))

    @routes.get("/review/regroup", dependencies=[reads])
    def regroup(request: Request, event: Annotated[str, Query(min_length=1, max_length=200)]) -> HTMLResponse:
        """Show an event with its reports, to be merged or split."""
        return _shown(service, pages, request, event)

    @routes.post("/review/regroup/merge")
    def merge(request: Request, form: Form, key: Annotated[StoredKey, edits]) -> Response:
        """Put other events into this one."""

        def decide() -> Regrouped:
            named = [line.strip() for part in form.get("events", []) for line in part.splitlines()]
            others = [one for one in dict.fromkeys(named) if one]
            if not others:
                raise UsageError("no other event is named; write the key of each, one a line")
            return review.merge(
                service, first(form, "event"), others, author=key.name, why=first(form, "why")
            )

        return _regrouped(service, pages, request, form, decide)

    @routes.post("/review/regroup/split")
    def split(request: Request, form: Form, key: Annotated[StoredKey, edits]) -> Response:
        """Make some of its reports an event of their own."""

        def decide() -> Regrouped:
            leaving = form.get("report", [])
            if not leaving:
                raise UsageError("no report is chosen; choose those that are another event")
            own, old = first(form, "own") or None, first(form, "event")
            return review.split(service, leaving, author=key.name, why=first(form, "why"), event=own, of=old)

        return _regrouped(service, pages, request, form, decide)

    @routes.get("/review/regroup/{_decision}", dependencies=[reads])
    def instead(_decision: str) -> Response:
        """Lead to where an event is named, after a sign-in in between."""
        return RedirectResponse("/review", 303)

    return routes


def _regrouped(
    service: Service,
    pages: Pages,
    request: Request,
    form: Mapping[str, list[str]],
    decide: Callable[[], Regrouped],
) -> Response:
    sessions.checked(request, form)
    try:
        done = decide()
    except UsageError as error:
        status = _STATUS.get(type(error), 422)
        event = first(dict(form), "event")
        return _shown(service, pages, request, event, form=form, wrong=str(error), status=status)
    return RedirectResponse(query("/review/regroup", event=done.event_key), 303)


def _shown(  # noqa: PLR0913 - what the page may say
    service: Service,
    pages: Pages,
    request: Request,
    event: str,
    *,
    form: Mapping[str, list[str]] | None = None,
    wrong: str = "",
    status: int = 200,
) -> HTMLResponse:
    said = dict(form or {})
    context: dict[str, Any] = {
        "found": regrouping(service, event),
        "wrong": wrong,
        "about": request.url.path.rpartition("/")[2],
        "typed": {name: first(said, name) for name in ("own", "why")},
        "events": said.get("events", []),
        "chosen": frozenset(said.get("report", ())),
        "may_edit": may_edit(request, service),
    }
    return pages.render(request, "regroup.html", status, **context, **asked.HELPERS)
