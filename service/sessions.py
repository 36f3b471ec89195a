"""Signing in to the pages: a key is exchanged for a session, so that a browser need not keep the key.

The browser holds a random token in a cookie that no script can read and no other site can send; the store
holds its hash. A session ends after twelve hours, when its owner signs out, and when its key is revoked.
Each form carries a second token that is derived from the first, so that a page of somebody else cannot
make one up. Guesses are not counted: a key has 256 bits, and counting would only let strangers lock us out.
"""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, Response

from service import keys
from service.composition import Service
from storage.keys import StoredKey
from storage.sessions import add_session, end_session, key_of_session

COOKIE = "posterity_session"
FIELD = "csrf"
LASTS = timedelta(hours=12)
_BYTES = 32
_LONGEST = 200
_STALE = "this form is not from a page of this session, or the session has ended; open the page again"


def sign_in(service: Service, key: str) -> tuple[str, StoredKey] | None:
    """Begin a session of a key; None where it is none of ours, or no longer.

    Returns
    -------
    tuple
        The session's token, for the browser alone, and whose it is.
    """
    held = keys.holder(service, key.strip()[:_LONGEST])
    if held is None:
        return None
    token, now = secrets.token_urlsafe(_BYTES), service.clock()
    with service.database.session() as session:
        add_session(session, _digest(token), held.name, at=now, until=now + LASTS)
    return token, held


def sign_out(service: Service, request: Request) -> None:
    """End the session that a request belongs to, if any."""
    if token := _token(request):
        with service.database.session() as session:
            end_session(session, _digest(token))


def signed_in(request: Request, service: Service) -> StoredKey | None:
    """Look up whose session a request belongs to; asked once for each request."""
    token = _token(request)
    if token is None:
        return None
    if not hasattr(request.state, "signed_in"):
        with service.database.reading() as session:
            request.state.signed_in = key_of_session(session, _digest(token), at=service.clock())
    found: StoredKey | None = request.state.signed_in
    return found


def give_cookie(request: Request, service: Service, response: Response, token: str) -> None:
    """Hand a session's token to the browser."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=_is_secure(request, service),
    )


def take_cookie(request: Request, service: Service, response: Response) -> None:
    """Have the browser forget its token."""
    response.delete_cookie(COOKIE, httponly=True, samesite="lax", secure=_is_secure(request, service))


def csrf(request: Request) -> str:
    """Give the token of this session's forms, masked anew each time; empty where there is no session.

    The mask keeps it from being guessed letter by letter from how well a page can be compressed.
    """
    token = _token(request)
    if token is None:
        return ""
    mask = secrets.token_bytes(_BYTES)
    return urlsafe_b64encode(mask + _xor(mask, _form_key(token))).decode()


def checked(request: Request, form: Mapping[str, Sequence[str]]) -> None:
    """Make sure that a form was sent from a page of this session.

    Raises
    ------
    HTTPException
        403: it was not.
    """
    from_here(request)
    token, sent = _token(request), [*form.get(FIELD, ()), ""][0]
    if token is None or not hmac.compare_digest(_unmasked(sent), _form_key(token)):
        raise HTTPException(403, _STALE)


def from_here(request: Request) -> None:
    """Make sure that a form was not sent by a page of another site, as far as the browser says.

    Raises
    ------
    HTTPException
        403: it was.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = site in {"cross-site", "same-site"}
    if site is None and origin is not None:
        foreign = urlsplit(origin).netloc != request.headers.get("host")
    if foreign:
        raise HTTPException(403, "this form was sent from another site")


def _token(request: Request) -> str | None:
    token = request.cookies.get(COOKIE, "")
    return token if 0 < len(token) <= _LONGEST else None


def _is_secure(request: Request, service: Service) -> bool:
    """Whether the browser came by https, be it through a proxy that ends it."""
    public = urlsplit(service.configuration.serve.public_url)
    through_proxy = public.scheme == "https" and public.netloc == request.headers.get("host")
    return request.url.scheme == "https" or through_proxy


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _form_key(token: str) -> bytes:
    return hmac.digest(token.encode(errors="surrogatepass"), b"posterity form", "sha256")


def _unmasked(sent: str) -> bytes:
    try:
        raw = urlsafe_b64decode(sent)
    except ValueError:
        return b""
    return _xor(raw[:_BYTES], raw[_BYTES:]) if len(raw) == 2 * _BYTES else b""


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
