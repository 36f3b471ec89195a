"""One report: what its source said, in every version, and what was decided about it; editors correct it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from model.domain import Report
from model.errors import Conflict, UsageError
from model.wire import content
from service import review, sessions
from service.composition import Service
from service.deciding import of_version
from service.pages import asked
from service.pages.access import editing, reading
from service.pages.forms import Form, first
from service.pages.review import may_edit
from service.pages.shell import Pages
from service.report_shown import shown_report
from storage.keys import StoredKey

_FIELDS = ("headline", "tag", "country", "grade", "occurred_on")  # that the form corrects


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes, pages = APIRouter(), Pages(service)
    reads, edits = Depends(reading(service)), Depends(editing(service))

    @routes.get("/reports/{identity:path}", dependencies=[reads])
    def report(request: Request, identity: str, known_at: asked.KnownAt = None) -> HTMLResponse:
        """Show one report."""
        found = shown_report(service, identity, known_at=known_at)
        return pages.render(
            request,
            "report.html",
            found=found,
            known_at=known_at,
            typed=_said(found.newest.report) | {"why": ""},
            wrong="",
            may_edit=known_at is None and may_edit(request, service),
            **asked.HELPERS,
        )

    @routes.post("/reports/{identity:path}")
    def amend(request: Request, identity: str, form: Form, key: Annotated[StoredKey, edits]) -> Response:
        """Correct a report, unless somebody has changed it since the form was filled."""
        sessions.checked(request, form)
        typed = {name: first(form, name) for name in (*_FIELDS, "version", "why")}
        before = _said(shown_report(service, identity).newest.report)
        changes = {name: typed[name] for name in _FIELDS if typed[name] != before[name]}
        try:
            still = of_version(identity, _version(typed["version"]))
            review.amend(service, identity, changes, author=key.name, why=typed["why"], still=still)
        except UsageError as error:
            return pages.render(
                request,
                "report.html",
                409 if isinstance(error, Conflict) else 422,
                found=shown_report(service, identity),
                known_at=None,
                typed=typed,
                wrong=str(error),
                may_edit=True,
                **asked.HELPERS,
            )
        return RedirectResponse(asked.report_path(identity), 303)

    return routes


def _said(report: Report) -> dict[str, str]:
    """Give what the form's fields say of a report; a field that it does not have is blank."""
    said = content(report)
    return {name: str(said.get(name, "")) for name in _FIELDS}


def _version(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise UsageError("the form does not say which version it corrects; send it as the page does")
    return int(text)
