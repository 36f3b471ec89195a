"""Events: searched page by page, and each with the reports behind it and what it does in each forecast."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from model.domain import Report
from model.errors import Unknown
from service.api import sheets
from service.api.bodies import Key
from service.api.filters import Country, Format, PublishedBy, Search, Since, Tag, Until
from service.api.links import to_event, to_report
from service.api.paging import cursor_of, next_link, position
from service.api.parameters import Cursor, KnownAt, Limit
from service.api.shapes import EventDetail, EventSummary
from service.composition import Service
from service.effects import Effect, effects
from service.evidence_shown import believed
from service.problems import shown
from service.show_evidence import event_document, member_document
from service.web_access import reads
from storage.events import JoinedReport, event_reports, summarised
from storage.evidence_pages import FIRST, EventPage, Place, Wanted, event_page, moved_to

PAGE = 100  # events where the request does not say how many
_CHUNK = 1000
_HEADINGS = tuple(EventSummary.model_fields)
_CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "description": "A page, in JSON or CSV; all that there is, where CSV is wanted without a limit.",
        "headers": {"Link": {"description": "The next page, if any.", "schema": {"type": "string"}}},
        "links": to_event("/0/event"),
    }
}


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/events", tags=["events"], dependencies=[Depends(reads(service))])

    @routes.get("", response_model=list[EventSummary], responses=_CSV)
    def list_events(  # noqa: PLR0913, PLR0917 - one parameter for each filter
        request: Request,
        response: Response,
        tag: Tag = None,
        country: Country = None,
        since: Since = None,
        until: Until = None,
        search: Search = None,
        as_of: PublishedBy = None,
        known_at: KnownAt = None,
        limit: Limit = None,
        cursor: Cursor = None,
        format: Format = None,  # noqa: A002 - the parameter's name
    ) -> Any:
        """List events of which some report in force passes every filter, the latest published first."""
        wanted = Wanted(tag=tag, country=country, since=since, until=until, search=search, published_by=as_of)
        place = _place(cursor)
        as_table = sheets.is_wanted(request, format)
        if as_table and limit is None:
            rows = _all(service, wanted, place, known_at or service.clock())
            return sheets.answer(_HEADINGS, rows, "events.csv")
        page = _page(service, wanted, place, limit or PAGE, known_at)
        link = next_link(request, cursor_of(*page.end)) if page.end else {}
        if as_table:
            return sheets.answer(_HEADINGS, _documents(page, wanted), "events.csv", link)
        response.headers.update({"Vary": "Accept"} | link)
        return list(_documents(page, wanted))

    @routes.get(
        "/{key:path}",
        response_model=EventDetail,
        operation_id="showEvent",
        responses={200: {"links": to_report("/reports/0/id")}},
    )
    def event(key: Key, as_of: PublishedBy = None, known_at: KnownAt = None) -> Any:
        """Show what is behind an event: each report, why it belongs there; and what it does.

        The effects are those that the published run in force stored, of each forecast that knew the event.
        """
        with service.database.reading() as session:
            every = event_reports(session, key, known_at=known_at)
            joined = [one for one in every if _is_seen(one.stored.report, as_of)]
            if not joined:
                raise _unknown(session, key, known_at)
            return _detail(service, session, key, joined, as_of, known_at)

    return routes


def _place(cursor: str | None) -> Place:
    found = position(cursor, date, int)
    return Place(*found) if found else FIRST


def _page(service: Service, wanted: Wanted, after: Place, limit: int, known_at: datetime | None) -> EventPage:
    with service.database.reading() as session:
        return event_page(session, wanted, after=after, limit=limit, known_at=known_at)


def _documents(page: EventPage, wanted: Wanted) -> Iterator[Mapping[str, Any]]:
    for one in page.events:
        seen = [report for report in one.reports if _is_seen(report, wanted.published_by)]
        yield event_document(summarised(one.key, seen))


def _is_seen(report: Report, cutoff: date | None) -> bool:
    return cutoff is None or report.published.first <= cutoff


def _all(service: Service, wanted: Wanted, after: Place, known_at: datetime) -> Iterator[Mapping[str, Any]]:
    """Read all pages as of one moment, each in its own transaction, so that a slow reader hinders none."""
    place: Place | None = after
    while place is not None:
        page = _page(service, wanted, place, _CHUNK, known_at)
        yield from _documents(page, wanted)
        place = page.end


def _unknown(session: Session, key: str, known_at: datetime | None) -> Unknown:
    moved = moved_to(session, key, known_at=known_at)
    if moved:
        names = ", ".join(map(shown, moved))
        return Unknown(f"the event {shown(key)} has no reports any more; they belong to {names} now")
    return Unknown(f"no event is called {shown(key)}; search for it among all events")


def _detail(  # noqa: PLR0913, PLR0917 - what it is made from
    service: Service,
    session: Session,
    key: str,
    joined: Sequence[JoinedReport],
    as_of: date | None,
    known_at: datetime | None,
) -> Mapping[str, Any]:
    in_force = [one.stored.report for one in joined if not one.stored.retracted]
    tags = {one.stored.report.tag for one in joined}
    found = effects(service, session, key, tags, as_of=as_of, known_at=known_at)
    return {
        "event": key,
        "summary": event_document(summarised(key, in_force)) if in_force else None,
        "credibility": believed(service, key, in_force, known_at),
        "effects": [_effect(one) for one in found],
        "reports": [member_document(one) for one in joined],
    }


def _effect(one: Effect) -> Mapping[str, Any]:
    return asdict(one) | {"standing": "shares" if one.shared else one.standing}
