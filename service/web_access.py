"""Who may: callers from this machine may read without a key, all others need one of a sufficient scope.

A proxy on the same machine hands on the requests of strangers. So a caller counts as near only where the
application listens on loopback alone, the request names it by a loopback name, and nothing in it says
that it was forwarded. The name also keeps a stranger's page from reading through its visitor's browser.
"""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service import keys
from service.composition import Service
from service.sessions import signed_in
from storage.keys import Scope, StoredKey

_FORWARDED = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
_REALM = 'Bearer realm="posterity"'

_bearer = HTTPBearer(
    scheme_name="key", description="A key that `posterity keys create` made.", auto_error=False
)
type Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def is_loopback(host: str) -> bool:
    """Whether a name or an address can only mean this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def is_near(request: Request) -> bool:
    """Whether the caller sits at this machine, as far as that can be known."""
    named = request.headers.get("host", "")
    name = named[: named.find("]") + 1] if named.startswith("[") else named.partition(":")[0]
    near = request.app.state.local and request.client is not None and is_loopback(request.client.host)
    return near and is_loopback(name) and not any(one in request.headers for one in _FORWARDED)


def needs(service: Service, scope: Scope) -> Callable[[Credentials], StoredKey]:
    """Make the dependency of a route that nobody may use without a key of this scope."""

    def check(credentials: Credentials) -> StoredKey:
        return insist(service, credentials, scope)

    return check


def reads(service: Service) -> Callable[[Request, Credentials], Awaitable[StoredKey | None]]:
    """Make the dependency of a route that everybody near may read, and others with a key of scope read.

    It answers with the key, presented or signed in with; None where the caller is near.
    """

    async def check(request: Request, credentials: Credentials) -> StoredKey | None:
        if is_near(request):
            return None  # without a thread, which would cost more than the answer of many a request
        return await run_in_threadpool(_reader, request, service, credentials)

    return check


def _reader(
    request: Request, service: Service, credentials: HTTPAuthorizationCredentials | None
) -> StoredKey:
    """Find by which key somebody reads: what is presented goes before the session of a browser."""
    held = signed_in(request, service) if credentials is None else None
    if held is not None and keys.allows(held.scope, "read"):
        return held
    return insist(service, credentials, "read")


def insist(service: Service, credentials: HTTPAuthorizationCredentials | None, scope: Scope) -> StoredKey:
    """Look a presented key up.

    Raises
    ------
    HTTPException
        401 where there is none, or it is not in force; 403 where its scope is too small.
    """
    if credentials is None:
        raise HTTPException(401, "this needs a key", {"WWW-Authenticate": _REALM})
    key = keys.holder(service, credentials.credentials)
    if key is None:
        stale = {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'}
        raise HTTPException(401, "this key is not known, or no longer in force", stale)
    if not keys.allows(key.scope, scope):
        small = {"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{scope}"'}
        raise HTTPException(403, f"a key of scope {key.scope} may not do this; it needs {scope}", small)
    return key
