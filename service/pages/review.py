"""The triage list: what sources were not sure of, one report after the other, decided by an editor."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from model.errors import Conflict, UsageError
from service import keys, review, sessions
from service.composition import Service
from service.pages import asked
from service.pages.access import editing, reading
from service.pages.forms import Form, first
from service.pages.shell import Pages, query
from service.review_shown import Item, item, triage
from storage.keys import StoredKey

PAGE = 20
_FIELDS = ("tag", "country", "grade", "event", "why")  # what an editor may say
_LARGEST = 2**31 - 1  # number that any database can give

Number = Annotated[int, Path(ge=1, le=_LARGEST)]
After = Annotated[int | None, Query(ge=0, le=_LARGEST)]
type Editor = StoredKey


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes, pages = APIRouter(), Pages(service)
    reads, edits = Depends(reading(service)), Depends(editing(service))

    @routes.get("/review", dependencies=[reads])
    def waiting(
        request: Request, source: asked.Words = None, tag: asked.Words = None, after: After = None
    ) -> HTMLResponse:
        """List what waits."""
        found = triage(service, source=source, tag=tag, after=after or 0, limit=PAGE)
        narrowed = {"source": source, "tag": tag}
        last = found.items[-1].proposal.number if found.more else None
        return pages.render(
            request,
            "review.html",
            found=found,
            narrowed=narrowed,
            after=after,
            may_edit=may_edit(request, service),
            sources=[one.id for one in service.configuration.sources],
            next=query("/review", narrowed, after=last) if last else None,
            **asked.HELPERS,
        )

    @routes.get("/review/{number}", dependencies=[reads])
    def one(
        request: Request,
        number: Number,
        source: asked.Words = None,
        tag: asked.Words = None,
        after: After = None,
    ) -> HTMLResponse:
        """Show one report that waits, and what became of the one before."""
        narrowed = {"source": source, "tag": tag}
        before = item(service, after) if after else None
        return _shown(pages, request, item(service, number, source=source, tag=tag), narrowed, before=before)

    @routes.post("/review/{number}/accept")
    def accept(request: Request, number: Number, form: Form, key: Annotated[Editor, edits]) -> Response:
        """Take a report in, as it was proposed or with changes."""

        def decide(proposed: Item) -> None:
            changed = _changed(proposed, form)
            review.accept(service, [number], author=key.name, why=first(form, "why"), **changed)

        return _decided(service, pages, request, number, form, decide)

    @routes.post("/review/{number}/reject")
    def reject(request: Request, number: Number, form: Form, key: Annotated[Editor, edits]) -> Response:
        """Turn a report down."""

        def decide(_proposed: Item) -> None:
            review.reject(service, [number], author=key.name, why=first(form, "why"))

        return _decided(service, pages, request, number, form, decide)

    @routes.get("/review/{number}/{_decision}", dependencies=[reads])
    def instead(number: Number, _decision: str) -> Response:
        """Lead back to the page of the form: after a sign-in in between, or by the browser's own button."""
        return RedirectResponse(f"/review/{number}", 303)

    return routes


def may_edit(request: Request, service: Service) -> bool:
    """Whether whoever looks at a page has a session in which to decide."""
    held = sessions.signed_in(request, service)
    return held is not None and keys.allows(held.scope, "edit")


def _decided(  # noqa: PLR0913, PLR0917 - what a decision needs, and its answer
    service: Service,
    pages: Pages,
    request: Request,
    number: int,
    form: Mapping[str, list[str]],
    decide: Callable[[Item], None],
) -> Response:
    """Decide and lead to what waits next; where that fails, say why and keep what was typed."""
    sessions.checked(request, form)
    narrowed = {name: first(dict(form), f"only_{name}") or None for name in ("source", "tag")}
    found = item(service, number, **narrowed)
    try:
        decide(found)
    except UsageError as error:
        typed = {name: first(dict(form), name) for name in _FIELDS}
        status = 409 if isinstance(error, Conflict) else 422
        again = item(service, number, **narrowed)
        return _shown(pages, request, again, narrowed, typed=typed, wrong=str(error), status=status)
    where = "/review" if found.next is None else f"/review/{found.next}"
    return RedirectResponse(query(where, narrowed, after=number), 303)


def _changed(proposed: Item, form: Mapping[str, list[str]]) -> dict[str, str | None]:
    """Give what the editor says otherwise; an event that was left blank is left to clustering."""
    report = proposed.proposal.report
    changed: dict[str, str | None] = {}
    for name in ("tag", "country", "grade"):
        typed = first(dict(form), name)
        if typed != (getattr(report, name) or ""):
            changed[name] = typed
    return changed | {"event": first(dict(form), "event") or None}


def _shown(  # noqa: PLR0913 - what an item's page may say
    pages: Pages,
    request: Request,
    found: Item,
    narrowed: Mapping[str, str | None],
    *,
    before: Item | None = None,
    typed: Mapping[str, str] | None = None,
    wrong: str = "",
    status: int = 200,
) -> HTMLResponse:
    report = found.proposal.report
    proposed = {
        "tag": report.tag,
        "country": report.country,
        "grade": report.grade or "",
        "event": "",
        "why": "",
    }
    context: dict[str, Any] = {
        "item": found,
        "narrowed": narrowed,
        "before": before,
        "typed": typed or proposed,
        "proposed": proposed,
        "wrong": wrong,
        "may_edit": may_edit(request, pages.service),
        "tags": sorted({tag for one in pages.service.configuration.forecasts for tag in one.tags}),
    }
    return pages.render(request, "review_item.html", status, **context, **asked.HELPERS)
