"""Signing in with a key, and signing out."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from service import keys, sessions
from service.composition import Service
from service.pages.access import local_path
from service.pages.forms import Form, first
from service.pages.shell import Pages

_UNKNOWN = "This key is not known, or no longer in force. Keys begin with pk_ and are pasted whole."
_CANNOT_READ = "A key of scope ingest only hands reports in; it opens no page. Use one of scope read or edit."


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes, pages = APIRouter(default_response_class=HTMLResponse), Pages(service)

    @routes.get("/sign-in")
    def ask(request: Request, wanted: Annotated[str, Query(alias="next")] = "/") -> HTMLResponse:
        """Ask for a key."""
        return _form(pages, request, wanted)

    @routes.post("/sign-in")
    def sign_in(request: Request, form: Form) -> Response:
        """Exchange a key for a session."""
        sessions.from_here(request)
        wanted = local_path(first(form, "next"))
        begun = sessions.sign_in(service, first(form, "key"))
        if begun is None:
            return _form(pages, request, wanted, status=403, wrong=_UNKNOWN)
        token, held = begun
        if not keys.allows(held.scope, "read"):
            return _form(pages, request, wanted, status=403, wrong=_CANNOT_READ)
        response = RedirectResponse(wanted, 303)
        sessions.give_cookie(request, service, response, token)
        return response

    @routes.post("/sign-out")
    def sign_out(request: Request, form: Form) -> Response:
        """End the session."""
        if sessions.signed_in(request, service) is not None:
            sessions.checked(request, form)
            sessions.sign_out(service, request)
        response = RedirectResponse("/sign-in", 303)
        sessions.take_cookie(request, service, response)
        return response

    @routes.get("/sign-out")
    def instead() -> Response:
        """Say how: following a link changes nothing."""
        raise HTTPException(405, "signing out is a button of every page", {"Allow": "POST"})

    return routes


def _form(pages: Pages, request: Request, wanted: str, *, status: int = 200, wrong: str = "") -> HTMLResponse:
    return pages.render(request, "sign_in.html", status, next=local_path(wanted), wrong=wrong)
