"""Bodies of requests: strict, so that nothing is guessed, and of texts that can be kept."""

from typing import Annotated

from fastapi import HTTPException, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from service.deciding import MOST_WORDS

MOST_NAMES = 100  # each is looked up while nobody else may file
_SHOWABLE = r"^[^\x00-\x1f\x7f-\x9f]+$"

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=_SHOWABLE)]
Names = Annotated[list[Name], Field(min_length=1, max_length=MOST_NAMES)]
Key = Annotated[
    str,
    Path(min_length=1, max_length=200, pattern=_SHOWABLE, description="Percent-encoded where need be."),
]
Because = Annotated[str, Field(min_length=1, max_length=MOST_WORDS, description="The reason, which is kept.")]


def whole(value: object) -> object:
    """Take 2.0 for 2: in JSON they are the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Body(BaseModel):
    """A body that says nothing beyond what it may say."""

    model_config = ConfigDict(extra="forbid", strict=True)


async def plain_body(request: Request) -> bytes:
    """Read a body as it came.

    Raises
    ------
    HTTPException
        It is compressed.
    """
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise HTTPException(415, "a body is taken as it is: send it uncompressed")
    return await request.body()


def media_type(request: Request) -> str:
    """Name the kind of content that a body says it is, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
