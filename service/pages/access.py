"""Who may see a page, and who may act on one: a browser that may not yet is led to the sign-in."""

from collections.abc import Callable
from urllib.parse import urlencode

from fastapi import HTTPException, Request

from service import keys, sessions
from service.composition import Service
from service.web_access import Credentials, insist, is_near
from storage.keys import Scope, StoredKey


def reading(service: Service) -> Callable[[Request, Credentials], StoredKey | None]:
    """Make the dependency of a page: near callers, sessions and keys whose scope allows reading."""

    def check(request: Request, credentials: Credentials) -> StoredKey | None:
        held = sessions.signed_in(request, service)
        if held is not None:
            return held
        if credentials is not None:
            return insist(service, credentials, "read")
        return None if is_near(request) else _to_sign_in(request)

    return check


def editing(service: Service) -> Callable[[Request], StoredKey]:
    """Make the dependency of a page on which something is done: a session that allows editing."""
    return acting(service, "edit")


def acting(service: Service, scope: Scope) -> Callable[[Request], StoredKey]:
    """Make the dependency of a page that needs a session of a scope, even of those who sit here."""

    def check(request: Request) -> StoredKey:
        held = sessions.signed_in(request, service) or _to_sign_in(request)
        if not keys.allows(held.scope, scope):
            raise HTTPException(403, f"a key of scope {held.scope} may not do this; it needs {scope}")
        return held

    return check


def local_path(text: str) -> str:
    """Give the page to go on to: one of ours, whatever was asked for."""
    ours = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if ours and len(text) <= 2000 and "\\" not in text else "/"


def _to_sign_in(request: Request) -> StoredKey:
    """Lead a person to the sign-in and back again; a program is told what it lacks."""
    if "text/html" not in request.headers.get("accept", ""):
        raise HTTPException(401, "this needs a key", {"WWW-Authenticate": 'Bearer realm="posterity"'})
    asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = asked if request.method == "GET" else request.url.path
    where = f"/sign-in?{urlencode({'next': local_path(back)})}"
    raise HTTPException(303, "sign in first", {"Location": where})
