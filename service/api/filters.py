"""Parameters by which reports and events are looked for."""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import Query
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from ingest import fields
from model.errors import InvalidValue
from service.api.parameters import Day

TEXT = r"^[^\x00]*$"


def _read(read: Callable[[object], str]) -> Callable[[str], str]:
    def check(value: str) -> str:
        try:
            return read(value)
        except InvalidValue as error:
            raise PydanticCustomError("unfit", "{said}", {"said": str(error)}) from None

    return check


type _Tag = Annotated[str, AfterValidator(_read(fields.tag))]
type _Country = Annotated[str, AfterValidator(_read(fields.country))]

Tag = Annotated[_Tag | None, Query(description="The kind of event, such as contract_signed.")]
Country = Annotated[_Country | None, Query(description="ISO 3166 code, or * for the whole region.")]
Event = Annotated[
    str | None, Query(max_length=200, pattern=TEXT, description="The event that it belongs to, by its key.")
]
Search = Annotated[
    str | None,
    Query(
        max_length=200,
        pattern=TEXT,
        description="Words, in any case, of a headline, a publisher or an id.",
    ),
]
Since = Annotated[Day | None, Query(description="The first day, included.")]
Until = Annotated[Day | None, Query(description="The last day, included.")]
PublishedBy = Annotated[
    Day | None, Query(alias="as_of", description="The cutoff: as if nothing published later were known.")
]
Format = Annotated[
    Literal["json", "csv"] | None,
    Query(description="Instead of what the header Accept prefers."),
]
