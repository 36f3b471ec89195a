"""URLs that may be asked, and how they are shown: without logins, queries and what would not be seen."""

import re
from ipaddress import IPv6Address

import httpx

from ingest.web.answers import Trouble

LONGEST_SHOWN = 200
_ADVICE = "write http:// or https://, a host and a path"
_PORTS = range(1, 65_536)
_NAME = re.compile(r"(?=.{1,254}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
_BEGIN = re.compile("https?://", re.IGNORECASE)
_LOGIN = re.compile(r"(//)[^/?#]*@")


def asked(text: str) -> httpx.URL:
    """Parse a URL that someone wrote.

    Raises
    ------
    Trouble
        It cannot be asked.
    """
    try:
        return _checked(httpx.URL(text.strip()))
    except (httpx.InvalidURL, ValueError):  # those of encodings and numbers too
        raise Trouble(f"is no URL that can be asked; {_ADVICE}") from None


def followed(url: httpx.URL, location: str) -> httpx.URL:
    """Say where a redirect leads.

    Raises
    ------
    Trouble
        Nowhere that can be asked, or from https to http.
    """
    try:
        there = _checked(url.join(location.strip()))
    except (httpx.InvalidURL, ValueError):
        raise Trouble("redirects to what is no URL; check the address, or tell its owner") from None
    if url.scheme == "https" and there.scheme != "https":
        raise Trouble(f"redirects to {shown(str(there))}, which is not encrypted; check the address")
    return there


def origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Say whom a URL asks; what only one may know is not told to another."""
    return url.scheme, url.host, url.port


def bare(url: httpx.URL) -> str:
    """Write a URL without its login and fragment."""
    return str(url.copy_with(userinfo=b"", fragment=None))


def shown(text: str) -> str:
    """Write a URL for a message: no login, no query, nothing that would not be seen, and not too long."""
    seen = "".join(letter for letter in text.strip() if letter.isprintable())
    if "@" in seen and not _has_host(seen):  # a login may stand anywhere
        begin = _BEGIN.match(seen)
        seen = f"{begin[0] if begin else ''}…"
    kept = re.split("[?#]", _LOGIN.sub(r"\1", seen), maxsplit=1)[0]
    return kept if len(kept) <= LONGEST_SHOWN else f"{kept[: LONGEST_SHOWN - 1]}…"


def _has_host(text: str) -> bool:
    try:
        return bool(httpx.URL(text).host)
    except (httpx.InvalidURL, ValueError):
        return False


def _checked(url: httpx.URL) -> httpx.URL:
    if url.scheme not in {"http", "https"}:
        raise Trouble(f"only http and https are asked; {_ADVICE}")
    host = url.raw_host.decode("ascii")
    if ":" in host and "%" not in host:
        IPv6Address(host)
    elif not _NAME.fullmatch(host):
        raise ValueError(host)
    if url.port is not None and url.port not in _PORTS:
        raise ValueError(url.port)
    return url
