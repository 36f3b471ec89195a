"""Fetching over HTTP, safe and bounded whatever the other side does.

A fetch ends within its time, holds little more than the bytes that it may, and asks nobody but whom it
may: only http and https, no addresses of one's own network unless that is allowed, no proxies of the
environment. The address that was checked is the one that is connected to. The time covers everything, the
resolution of names too; a resolver that goes on asking does so in a thread that nobody waits for.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from ingest.web.answers import Response, Trouble
from model.errors import Unavailable

if TYPE_CHECKING:
    from ingest.web.transport import Limits

__all__ = ["Headers", "Response", "conditional", "fetch", "validators"]

_ATTEMPTS = 3
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 1.0  # seconds
_LONGEST_VALIDATOR = 500  # characters
_VALIDATORS = {"etag": "if-none-match", "last-modified": "if-modified-since"}

type Headers = Mapping[str, str] | Iterable[tuple[str, str]]


def fetch(
    url: str,
    *,
    headers: Headers = (),
    allow_private: bool = False,
    max_bytes: int = 5_000_000,
    timeout: float = 20.0,
) -> Response:
    """Get what is at a URL, trying again what may pass.

    Parameters
    ----------
    headers
        To send; see `conditional` for those that ask only for what is new.
    allow_private
        Ask addresses of one's own machine and network too.
    max_bytes
        That may come, and may come out where the body is compressed.
    timeout
        Seconds for everything: names, connections, redirects, pauses and further attempts.

    Returns
    -------
    An answer of status 200; or of 304, if the headers asked for what is new.

    Raises
    ------
    Unavailable
        There is no such answer; in one line: which URL, what happened, what to do.
    """
    from stamina import RetryingCaller  # noqa: PLC0415 - only who fetches waits until these are loaded
    from stamina.instrumentation import set_on_retry_hooks  # noqa: PLC0415

    from ingest.web.exchange import exchange  # noqa: PLC0415
    from ingest.web.transport import Limits  # noqa: PLC0415
    from ingest.web.urls import shown  # noqa: PLC0415

    set_on_retry_hooks(())  # it would write to standard output, where results go; what fails is told
    limits = Limits(timeout, most=max_bytes)
    own = {"accept": "*/*", "user-agent": _user_agent()}
    own |= {name.lower(): text for name, text in dict(headers).items()}
    caller = RetryingCaller(
        attempts=_ATTEMPTS,
        timeout=None,
        wait_initial=_FIRST_PAUSE,
        wait_max=_LONGEST_PAUSE,
        wait_jitter=_FIRST_PAUSE,
    )
    try:
        return caller(_patience(limits), exchange, url, own, limits, allow_private=allow_private)
    except Trouble as trouble:
        raise Unavailable(f"{shown(url)}: {trouble.words}") from None


def validators(response: Response) -> dict[str, str]:
    """Give what a server will know its answer by, to be kept as JSON; empty where it gave nothing fit.

    A 304 may leave them out: what was known before holds on.
    """
    found = {name: response.headers.get(name, "") for name in _VALIDATORS}
    return {name: text for name, text in found.items() if _is_fit(text)}


def conditional(cursor: Mapping[str, object]) -> dict[str, str]:
    """Give the headers that ask only for what is new since an answer.

    Parameters
    ----------
    cursor
        What `validators` gave for it; other keys are left alone.
    """
    found = {header: cursor.get(name) for name, header in _VALIDATORS.items()}
    return {header: text for header, text in found.items() if isinstance(text, str) and _is_fit(text)}


def _is_fit(text: str) -> bool:
    return 0 < len(text) <= _LONGEST_VALIDATOR and text.isascii() and text.isprintable()


def _user_agent() -> str:
    from importlib.metadata import version  # noqa: PLC0415

    return f"Posterity/{version('posterity')} (+self-hosted forecast service)"


def _patience(limits: "Limits") -> "Callable[[Exception], bool | float]":
    """Say whether to try again, after how many seconds if the server has said."""

    def again(error: Exception) -> bool | float:
        if not isinstance(error, Trouble) or not error.passing:
            return False
        wait = _LONGEST_PAUSE if error.after is None else error.after + _FIRST_PAUSE
        if wait >= limits.rest():
            return False
        return True if error.after is None else wait

    return again
