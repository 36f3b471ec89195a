"""Forms as browsers send them, read within bounds."""

from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, HTTPException, Request

LARGEST = 64 * 1024
_MOST_FIELDS = 2000
_KIND = "application/x-www-form-urlencoded"


async def forms(request: Request) -> dict[str, list[str]]:
    """Read the fields of a form: each with all its values, empty ones too.

    Raises
    ------
    HTTPException
        413 where it is larger than 64 kB, 415 where it is no form, 422 where it cannot be read.
    """
    kind = request.headers.get("content-type", _KIND).partition(";")[0].strip().lower()
    if kind != _KIND:
        raise HTTPException(415, f"a form is sent as {_KIND}")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise HTTPException(413, f"the form is larger than {LARGEST} bytes")
    return fields(bytes(body))


def fields(body: bytes) -> dict[str, list[str]]:
    """Parse the body of a form.

    Raises
    ------
    HTTPException
        422: it is no form in UTF-8.
    """
    try:
        found = parse_qs(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS
        )
    except ValueError:  # which those of Unicode are too
        raise HTTPException(422, "the form cannot be read; send it as the page does") from None
    if any("\0" in text for values in found.values() for text in values):
        raise HTTPException(422, "the form has a NUL character, which no text may have")
    return found


type Form = Annotated[dict[str, list[str]], Depends(forms)]


def first(form: dict[str, list[str]], name: str) -> str:
    """Give a field's first value without the space around it; empty where there is none."""
    return form.get(name, [""])[0].strip()
