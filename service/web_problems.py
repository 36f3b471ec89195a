"""What went wrong, as RFC 9457 has it: each error is one document of ``application/problem+json``."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from model.errors import Conflict, PosterityError, Stale, Unavailable, Unknown
from service import logs
from service.web_access import is_near

MEDIA_TYPE = "application/problem+json"
RETRY_SECONDS = 10
_POLICY = "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
SAFE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

ANY_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "What went wrong, as RFC 9457 has it.",
        "content": {
            MEDIA_TYPE: {
                "schema": {
                    "type": "object",
                    "required": ["type", "title", "status"],
                    "properties": {
                        "type": {"const": "about:blank"},
                        "title": {"type": "string"},
                        "status": {"type": "integer", "minimum": 400, "maximum": 599},
                        "detail": {"type": "string", "description": "What was wrong with this request."},
                        "errors": {
                            "type": "array",
                            "description": "What does not fit, and where.",
                            "items": {
                                "type": "object",
                                "required": ["in", "at", "detail"],
                                "properties": {
                                    "in": {"type": "string"},
                                    "at": {"type": "string", "description": "A JSON pointer (RFC 6901)."},
                                    "detail": {"type": "string"},
                                },
                            },
                        },
                    },
                }
            }
        },
    }
}
_FOR_PROGRAMS = ("/api/", "/health/", "/metrics", "/openapi.json", "/unsubscribe/", "/static/")

_log = logs.get("web")


def problem(
    status: int, detail: str = "", *, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    """Make the answer to a request that failed.

    Parameters
    ----------
    detail
        What was wrong with this request, in one line.
    more
        Further members of the document.
    """
    document = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    document |= {"detail": detail} if detail else {}
    content = json.dumps(document | more)  # in ASCII, so that nothing that was sent here cannot be sent back
    return Response(content, status, headers, media_type=MEDIA_TYPE)


def out_of_reach(request: Request, error: Unavailable) -> Response:
    """Answer that something is out of reach; only who sits here learns what and where."""
    _log.error("out of reach", reason=str(error))
    detail = str(error) if is_near(request) else "the service is out of reach; try again later"
    return _answer(request, 503, detail, headers={"Retry-After": str(RETRY_SECONDS)})


def handle_errors(app: FastAPI) -> None:
    """Make every error of an application a problem document."""
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(PosterityError, _said)
    app.add_exception_handler(Exception, _unforeseen)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
    phrase = HTTPStatus(error.status_code).phrase
    detail = str(error.detail) if error.detail != phrase else ""
    headers = _allowing(request, error.headers) if error.status_code == 405 else error.headers
    return _answer(request, error.status_code, detail, headers=headers)


def _allowing(request: Request, headers: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """Name all methods of an address: each has a route of its own, and only one of them has answered."""
    own = getattr(request.scope.get("route"), "path_format", "")
    for path, methods in request.app.openapi()["paths"].items():
        if own and path.endswith(own) and request.url.path.startswith(path.removesuffix(own)):
            return {**(headers or {}), "Allow": ", ".join(one.upper() for one in methods)}
    return headers


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for nothing else
    return _answer(request, 422, "the request does not fit", errors=[_place(one) for one in error.errors()])


def _answer(
    request: Request,
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:
    """Say what went wrong: on a page to who reads in a browser, in a problem document to all others."""
    if _wants_page(request):
        places = [f"{one['at'].lstrip('/') or one['in']}: {one['detail']}" for one in errors]
        page: Response = request.app.state.error_page(request, status, detail, headers, places)
        return page
    more = {"errors": errors} if errors else {}
    return problem(status, detail, headers=headers, **more)


def _wants_page(request: Request) -> bool:
    """Whether an error should be a page: a browser asks, and not for something of programs."""
    accepts = "text/html" in request.headers.get("accept", "")
    return accepts and not request.url.path.startswith(_FOR_PROGRAMS)


def _place(error: Mapping[str, Any]) -> dict[str, str]:
    """Say where and what, without the value: it may be secret, and it may be long."""
    kind, *path = error["loc"]
    return {"in": str(kind), "at": _pointer(path), "detail": str(error["msg"])}


def _pointer(path: Sequence[str | int]) -> str:
    """Write a place in a document as RFC 6901 does."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')[:100]}" for step in path)


async def _said(request: Request, error: Exception) -> Response:
    if isinstance(error, Unavailable):
        return out_of_reach(request, error)
    return _answer(request, _status(error), str(error))


def _status(error: Exception) -> int:
    if isinstance(error, Unknown):
        return 404
    if isinstance(error, Stale):
        return 412
    return 409 if isinstance(error, Conflict) else 422


async def _unforeseen(_request: Request, _error: Exception) -> Response:
    """Answer to what is our fault; the server logs it."""
    return problem(500, "this is a fault of the service; its log says more", headers=dict(SAFE_HEADERS))
