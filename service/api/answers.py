"""Answers that were looked up under an entity tag, and are sent as they are."""

import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from threading import Lock
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


class Memory:
    """Keeps the last few answers by their tags, which say all that an answer depends on."""

    def __init__(self, most: int = 32) -> None:
        self._most, self._lock = most, Lock()
        self._kept: OrderedDict[str, str] = OrderedDict()

    def made(self, request: Request, tag: str, make: Callable[[], object]) -> Response:
        """Send a value as JSON; it is made once for each tag."""
        return stored(request, tag, lambda: self._recalled(tag, make))

    def _recalled(self, tag: str, make: Callable[[], object]) -> str:
        with self._lock:
            known = self._kept.get(tag)
        if known is not None:
            return known
        fresh = written(make())
        with self._lock:
            self._kept[tag] = fresh
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return fresh


def written(value: object) -> str:
    """Write a value as JSON; a number that is none is refused, for it would be no JSON."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
