"""Parameters that endpoints share, read strictly: what cannot be meant is refused with what to write."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, MutableMapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, get_args, get_origin
from weakref import WeakKeyDictionary

from fastapi import Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from service.problems import nearest, printable

MOST = 1000  # rows of a page
LONGEST_CURSOR = 500
_KNOWN: MutableMapping[Callable[..., Any], Mapping[str, bool]] = WeakKeyDictionary()  # of each endpoint

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?)(Z|z|[+ -]\d{2}:\d{2})", re.ASCII
)


def refusal(name: str, says: str) -> RequestValidationError:
    """Make the refusal of a query parameter, to be raised."""
    return RequestValidationError([{"loc": ("query", name), "msg": says, "type": "value_error"}])


async def known_only(request: Request) -> None:
    """Refuse query parameters that the endpoint does not know, twice the same, and characters of no text.

    Raises
    ------
    RequestValidationError
        It says which, and what may have been meant.
    """
    if not request.scope["query_string"]:
        return
    route = request.scope.get("route")
    known = _names(route) if isinstance(route, APIRoute) else {}
    given: set[str] = set()
    for name, value in request.query_params.multi_items():
        if "\0" in value or "\0" in name:
            raise refusal(name, "holds the character NUL, which no text has")
        if name not in known:
            raise refusal(name, _unknown(name, known))
        if name in given and not known[name]:
            raise refusal(name, "is stated twice; write it once")
        given.add(name)


def _unknown(name: str, known: Collection[str]) -> str:
    advice = nearest(name, known) if known else "this address takes none"
    return f"{printable(name[:40])} is no parameter here; {advice}"


def _names(route: APIRoute) -> Mapping[str, bool]:
    """Name the query parameters of a route, and whether each may be stated several times."""
    if route.endpoint not in _KNOWN:
        _KNOWN[route.endpoint] = dict(_parameters(route.dependant))
    return _KNOWN[route.endpoint]


def _parameters(one: Dependant) -> Iterator[tuple[str, bool]]:
    for field in one.query_params:
        yield field.alias, _is_list(field.field_info.annotation)
    for further in one.dependencies:
        yield from _parameters(further)


def _is_list(annotation: object) -> bool:
    return get_origin(annotation) is list or any(map(_is_list, get_args(annotation)))


def day(value: object) -> date:
    """Read a day, ``2026-01-31`` and nothing else."""
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("day", "is no day; write it as 2026-01-31")


def moment(value: object) -> datetime:
    """Read a moment with its zone, or a day, which means its end in UTC.

    A space stands for the plus that it was before a program decoded the address.
    """
    try:
        if isinstance(value, str) and _DAY.fullmatch(value):
            return datetime.combine(date.fromisoformat(value), time.max, UTC)
        found = _MOMENT.fullmatch(value) if isinstance(value, str) else None
        if found:
            zone = found[2].replace(" ", "+").upper()
            return datetime.fromisoformat(found[1] + zone).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError(
        "moment",
        "is no moment with its zone; write it as 2026-01-31T06:00:00Z, or a day, which means its end",
    )


_A_DAY = {"type": "string", "format": "date"}
_A_MOMENT = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}

type Day = Annotated[date, BeforeValidator(day), WithJsonSchema(_A_DAY)]
type Moment = Annotated[datetime, BeforeValidator(moment), WithJsonSchema(_A_MOMENT)]

AsOf = Annotated[
    Day | None,
    Query(
        description="As it stood at this cutoff: the last published run at or before the day.",
        examples=["2026-01-20"],
    ),
]
From = Annotated[Day | None, Query(alias="from", description="The first cutoff.", examples=["2026-01-01"])]
To = Annotated[Day | None, Query(alias="to", description="The last cutoff.", examples=["2026-01-31"])]
KnownAt = Annotated[
    Moment | None,
    Query(
        description="As recorded by then: a moment with its zone, or a day, which means its end in UTC.",
        examples=["2026-01-21T06:00:00Z"],
    ),
]
Limit = Annotated[int | None, Query(ge=1, le=MOST, description="The most that a page holds.", examples=[100])]
Cursor = Annotated[
    str | None,
    Query(
        max_length=LONGEST_CURSOR, description="Where the page begins: what the link to it says, unaltered."
    ),
]
