"""What the lists of evidence share: filters, pages, tables, and the tags under which clients keep them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fastapi import Request, Response
from sqlalchemy.orm import Session

from service.api import caching, sheets
from service.api.filters import Country, Format, PublishedBy, Search, Since, Tag, Until
from service.api.paging import cursor_of, next_link, position
from service.api.parameters import Cursor, KnownAt, Limit
from service.composition import Service
from storage.newest import newest_evidence
from storage.places import FIRST, Place

PAGE = 100  # rows where the request does not say how many
_CHUNK = 1000

LISTED = "A page, in JSON or CSV; all that there is, where CSV is wanted without a limit."
TABLE = {"text/csv": {"schema": {"type": "string"}}}

type Document = Mapping[str, Any]
type Found = tuple[Sequence[Document], Place | None]
type Look = Callable[[Place, int, datetime | None], Found]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What a list is asked for; FastAPI reads it from the address."""

    request: Request
    tag: Tag = None
    country: Country = None
    since: Since = None
    until: Until = None
    search: Search = None
    as_of: PublishedBy = None
    known_at: KnownAt = None
    limit: Limit = None
    cursor: Cursor = None
    format: Format = None

    @property
    def narrowed(self) -> dict[str, Any]:
        """The filters that all lists have, as the store's queries take them."""
        named = {name: getattr(self, name) for name in ("tag", "country", "since", "until", "search")}
        return named | {"published_by": self.as_of}

    @property
    def place(self) -> Place:
        """Where the page begins."""
        found = position(self.cursor, date, int)
        return Place(*found) if found else FIRST


def kept_as(service: Service, session: Session, request: Request, *more: object) -> str:
    """Make the tag of what is asked of the evidence: that, the day, how it is judged, and how far it is."""
    judged = service.configuration.grades, service.configuration.ingest
    address = request.url.path, request.url.query
    return caching.tag(*address, service.today(), *map(str, judged), *newest_evidence(session), *more)


def listed(  # noqa: PLR0913, PLR0917 - what is asked for, and how it is told
    service: Service,
    asked: Asked,
    response: Response,
    look: Look,
    headings: Sequence[str],
    name: str,
) -> Any:
    """Answer with a page, as JSON or as a table; with all that there is, where no limit is set for a table.

    Parameters
    ----------
    look
        Reads the rows that follow a place, and says where the next page begins.
    headings, name
        Of the table, and of the file that a browser makes of it.
    """
    place, as_table = asked.place, sheets.is_wanted(asked.request, asked.format)
    moment = asked.known_at or service.clock()
    with service.database.reading() as session:
        tag = kept_as(service, session, asked.request, as_table)
    if known := caching.unchanged(asked.request, tag):
        return known
    if as_table and asked.limit is None:
        return sheets.answer(headings, _all(look, place, moment), name, caching.headers(tag))
    rows, end = look(place, asked.limit or PAGE, asked.known_at)
    told = caching.headers(tag) | (next_link(asked.request, cursor_of(*end)) if end else {})
    if as_table:
        return sheets.answer(headings, rows, name, told)
    response.headers.update(told)
    return rows


def _all(look: Look, after: Place, moment: datetime) -> Iterator[Document]:
    """Read all pages as of one moment, each in its own transaction, so that a slow reader hinders none."""
    place: Place | None = after
    while place is not None:
        rows, place = look(place, _CHUNK, moment)
        yield from rows
