"""Histories page after page, each page read in a transaction of its own.

So nobody who reads slowly keeps a connection, or an old state of the database, from others; and the pages
fit together all the same, because runs with higher numbers than the newest at the beginning do not count.
"""

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy.orm import Session

from service.composition import Service
from service.hubverse import HubRow, horizons, hub_rows
from storage.history import CHUNK, HistoryRow, Part, last_place, lines, rows


def row_pages(service: Service, part: Part) -> Iterator[list[HistoryRow]]:
    """Read a history in long form."""
    following: Part | None = part
    while following is not None:
        with service.database.reading() as session:
            found, following = _page(session, following)
        yield found


def in_pages(session: Session, part: Part) -> Iterator[list[HistoryRow]]:
    """Read the same within one transaction, for who does not make others wait."""
    following: Part | None = part
    while following is not None:
        found, following = _page(session, following)
        yield found


def _page(session: Session, part: Part) -> tuple[list[HistoryRow], Part | None]:
    """Read a page, and say what follows it."""
    found, end = rows(session, part, limit=CHUNK), last_place(session, part, limit=CHUNK)
    return found, None if end is None else replace(part, after=end)


def hub_pages(service: Service, part: Part) -> Iterator[list[HubRow]]:
    """Read what was published as model output of a forecasting hub."""
    for found in row_pages(service, replace(part, published=True)):
        with service.database.reading() as session:
            written = hub_page(session, found)
        yield written


def hub_page(session: Session, found: list[HistoryRow]) -> list[HubRow]:
    """Write rows as model output."""
    return list(hub_rows(found, horizons(session, found)))


def line_pages(service: Service, part: Part) -> Iterator[str]:
    """Read a history in brief: items of one JSON array."""
    following: Part | None = part
    while following is not None:
        with service.database.reading() as session:
            found = lines(session, following, limit=CHUNK)
            end = last_place(session, following, limit=CHUNK) if found.runs == CHUNK else None
        yield found.text
        following = None if end is None else replace(following, after=end)
