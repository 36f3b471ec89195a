"""Errors as pages: the same words as the problem document, for who reads them in a browser."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import HTMLResponse

from service.pages.asked import sentence
from service.pages.shell import Pages


def error_page(  # noqa: PLR0913, PLR0917 - what an error says
    pages: Pages,
    request: Request,
    status: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    places: Sequence[str] = (),
) -> HTMLResponse:
    """Make the page of an error; nothing is looked up for it, for the store may be what failed.

    Parameters
    ----------
    places
        What was wrong where, if it was more than one thing.
    """
    title = HTTPStatus(status).phrase
    known = getattr(request.state, "signed_in", None)
    context = {
        "title": title,
        "detail": sentence(detail) if detail else "",
        "places": places,
        "reader": known,
    }
    response = pages.render(request, "error.html", status, **context)
    response.headers["Cache-Control"] = "no-store"
    del response.headers["etag"]
    response.headers.update(headers or {})
    return response
