"""The link in every mail: a page that says what would end, and one click that ends it (RFC 8058).

Whoever has the link has the reader's token, and needs nothing else: no cookie, no field of the form.
Looking at the page changes nothing, for those who scan mails follow links; only a POST does.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from model.errors import Unavailable
from service import logs, readers
from service.composition import Service
from service.web_problems import RETRY_SECONDS
from storage.subscribers import Subscriber, subscriber_of

_TEMPLATES = Path(__file__).parent / "templates"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")  # anything else is nobody's, and need not be looked up

_log = logs.get("web")


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/unsubscribe", tags=["readers"], default_response_class=HTMLResponse)
    unknown: dict[int | str, dict[str, Any]] = {404: {"description": "Nobody's token"}}

    @routes.get("/{token}", responses=unknown)
    def ask(token: str) -> HTMLResponse:
        """Show a reader what would end; this changes nothing."""
        return _page_of(lambda: _reader(service, token), lambda one: _question(service, one))

    @routes.post("/{token}", responses=unknown)
    def unsubscribe(token: str) -> HTMLResponse:
        """End a subscription with one click, as RFC 8058 has it; again, nothing changes."""
        return _page_of(lambda: _ended(service, token), _farewell)

    return routes


def masked(address: str) -> str:
    """Show so much of an address that its owner knows it, and nobody else does."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1] if len(local) > 2 else ''}***@{domain}"


def _reader(service: Service, token: str) -> Subscriber | None:
    if not _TOKEN.fullmatch(token):
        return None
    with service.database.reading() as session:
        return subscriber_of(session, token)


def _ended(service: Service, token: str) -> Subscriber | None:
    return readers.unsubscribe(service, token) if _TOKEN.fullmatch(token) else None


def _page_of(
    look_up: Callable[[], Subscriber | None], page: Callable[[Subscriber], HTMLResponse]
) -> HTMLResponse:
    """Answer a person with a page whatever happens: their browser shows no problem document."""
    try:
        reader = look_up()
    except Unavailable as error:
        _log.error("out of reach", reason=str(error))
        lines = ["The service is out of reach at the moment. Please try again in a few minutes."]
        return _page("Please try again", lines, status=503, headers={"Retry-After": str(RETRY_SECONDS)})
    if reader is None:
        lines = ["Please open the link again as it stands in the mail; it may have been cut short."]
        return _page("This link leads nowhere", lines, status=404)
    return page(reader)


def _question(service: Service, reader: Subscriber) -> HTMLResponse:
    whom = masked(reader.address)
    if not reader.active:
        return _page("You are not subscribed", [f"No mail of this service goes to {whom}."])
    return _page("Unsubscribe?", [f"Mail of this service goes to {whom}."], ends=list(_gets(service, reader)))


def _farewell(reader: Subscriber) -> HTMLResponse:
    return _page(
        "You are unsubscribed",
        [
            f"No more mail of this service will be written to {masked(reader.address)}.",
            "What is on its way already may still arrive.",
            "To subscribe again, write to those who sent you the mail.",
        ],
    )


def _gets(service: Service, reader: Subscriber) -> Iterator[str]:
    """Say what a reader gets."""
    titles = {one.id: one.title or one.id for one in service.configuration.forecasts}
    which = "; ".join(titles.get(one, one) for one in reader.forecasts) or "all forecasts"
    moved = "" if reader.moved_points is None else f", after moves of more than {reader.moved_points:g} pp"
    points = " (percentage points)" if moved else ""
    yield f"the weekly digest{moved}{points}: {which}"
    if reader.alerts:
        yield f"mails about large moves, as they happen: {which}"


def _page(
    title: str,
    lines: Sequence[str],
    *,
    ends: Sequence[str] = (),
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HTMLResponse:
    template, style, policy = _parts()
    content = template.render(title=title, lines=lines, ends=ends, style=style)
    return HTMLResponse(content, status, {"Content-Security-Policy": policy} | (headers or {}))


@cache
def _parts() -> tuple[Template, Markup, str]:
    """Load the page, its style, and the policy that allows that one style and nothing else."""
    folder = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    style = (_TEMPLATES / "unsubscribe.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    return folder.get_template("unsubscribe.html"), Markup(style), policy  # noqa: S704 - a file of ours
