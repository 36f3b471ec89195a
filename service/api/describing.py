"""How the description of the API (OpenAPI) says what Python's types do not: headers, and other forms."""

from typing import Any

from service.api.links import Links

type Told = dict[int | str, dict[str, Any]]

_TEXT, _BINARY = {"type": "string"}, {"type": "string", "contentMediaType": "application/octet-stream"}
_ETAG = "Send it back in `If-None-Match`: where all is as it was, the answer is 304 and has no body."
_HEADERS = {"ETag": {"description": _ETAG, "schema": _TEXT}}
_LINK = {"Link": {"description": 'The next page, if there is one: `<?…>; rel="next"`.', "schema": _TEXT}}
_UNCHANGED: dict[str, Any] = {"description": "The client has it already: nothing has changed."}


def kept(
    description: str,
    *,
    paged: bool = False,
    content: dict[str, Any] | None = None,
    links: Links | None = None,
) -> Told:
    """Describe an answer that a client may keep and ask about again.

    Parameters
    ----------
    content
        Forms beside the JSON of the model, by media type.
    links
        Where its parts lead.
    """
    answer: dict[str, Any] = {"description": description, "headers": _HEADERS | (_LINK if paged else {})}
    answer |= {"content": content} if content else {}
    return {200: answer | ({"links": links} if links else {}), 304: _UNCHANGED}


def text(example: str) -> dict[str, Any]:
    """Describe content that is text."""
    return {"schema": _TEXT, "example": example}


def binary() -> dict[str, Any]:
    """Describe content that is no text."""
    return {"schema": _BINARY}
