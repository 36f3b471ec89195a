"""Conditional requests: what a client has already is not read again, and not sent again.

An entity tag is made from what an answer depends on (the number of the newest run, the parameters, this
program) and not from the answer, so that comparing it costs one look into an index. It is a strong one:
the same tag means the same bytes. Answers that are compressed on the way have a tag of their own.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from fastapi import Request, Response

COMPRESSED = "-gzip"
ALWAYS: Mapping[str, str] = {
    "Cache-Control": "private, no-cache",  # keep it, but ask each time whether it still holds
    "Vary": "Accept, Accept-Encoding, Authorization, Cookie",
}

_TAG = re.compile(r'(?:W/)?"([\x21\x23-\x7e]*)"')


@lru_cache(maxsize=1)
def program() -> str:
    """Name what makes the answers: the release, and its very source where that was changed."""
    told = hashlib.sha256(version("posterity").encode())
    for folder in ("service", "storage"):
        for path in sorted((Path(__file__).parents[2] / folder).rglob("*.py")):
            told.update(path.read_bytes())
    return told.hexdigest()


def tag(*made_from: object) -> str:
    """Make an entity tag from whatever an answer depends on."""
    told = json.dumps([program(), *made_from], default=_plain)
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def headers(entity: str) -> dict[str, str]:
    """Give the headers of an answer that may be kept."""
    return {**ALWAYS, "ETag": entity}


def unchanged(request: Request, entity: str) -> Response | None:
    """Answer 304 where the client has it already; None where it has not."""
    has = request.headers.get("if-none-match")
    if has is None:
        return None
    own = entity.strip('"')
    for known in _TAG.findall(has):
        if known.removesuffix(COMPRESSED) == own:
            return Response(status_code=304, headers=headers(f'"{known}"'))
    return Response(status_code=304, headers=headers(entity)) if has.strip() == "*" else None


def states(header: str, entity: str) -> bool:
    """Whether ``If-Match`` names this state, or any; a weak tag names none (RFC 9110, 13.1.1)."""
    if header.strip() == "*":
        return True
    strong = [one for one in header.split(",") if not one.strip().startswith("W/")]
    known = [tag.removesuffix(COMPRESSED) for one in strong for tag in _TAG.findall(one)]
    return entity.strip('"') in known
