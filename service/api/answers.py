"""Answers that were looked up under an entity tag, and are sent as they are."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from fastapi import Request, Response

from service.api import caching

JSON = "application/json"


def stored(
    request: Request,
    tag: str,
    look: Callable[[], str],
    *,
    media_type: str = JSON,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """Send text that is stored as it is served; it is not looked up for who has it already."""
    if known := caching.unchanged(request, tag):
        return known
    return Response(look(), headers={**caching.headers(tag), **headers}, media_type=media_type)


def made(request: Request, tag: str, make: Callable[[], object]) -> Response:
    """Send a value as JSON; it is not made for who has it already."""
    return stored(request, tag, lambda: written(make()))


def written(value: object) -> str:
    """Write a value as JSON; a number that is none is refused, for it would be no JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
