"""Events: searched page by page, and each with the reports behind it and what it does in each forecast."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from model.domain import Report
from model.errors import Unknown
from service.api import caching
from service.api.bodies import Key
from service.api.describing import kept
from service.api.evidence import LISTED, TABLE, Asked, Document, Found, kept_as, listed
from service.api.filters import PublishedBy
from service.api.links import to_event, to_report
from service.api.parameters import KnownAt
from service.api.shapes import EventDetail, EventSummary
from service.composition import Service
from service.effects import Effect, effects
from service.event_summaries import summary_of
from service.problems import shown
from service.show_evidence import event_document, member_document
from service.web_access import reads
from storage.events import JoinedReport, event_reports
from storage.evidence_pages import PlacedEvent, WantedEvents, event_page, moved_to
from storage.history import newest_run
from storage.places import Place

_HEADINGS = tuple(EventSummary.model_fields)
_LIST = kept(LISTED, paged=True, content=TABLE, links=to_event("/0/event"))


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/events", tags=["events"], dependencies=[Depends(reads(service))])

    def look(asked: Asked, after: Place, limit: int, known_at: datetime | None) -> Found:
        wanted = WantedEvents(**asked.narrowed)
        with service.database.reading() as session:
            page = event_page(session, wanted, after=after, limit=limit, known_at=known_at)
        return [_document(service, one, asked.as_of, known_at) for one in page.events], page.end

    @routes.get("", response_model=list[EventSummary], responses=_LIST)
    def list_events(asked: Annotated[Asked, Depends()], response: Response) -> Any:
        """List events of which some report in force passes every filter, the latest published first."""
        return listed(service, asked, response, partial(look, asked), _HEADINGS, "events.csv")

    @routes.get(
        "/{key:path}",
        response_model=EventDetail,
        operation_id="showEvent",
        responses=kept("The event.", links=to_report("/reports/0/id")),
    )
    def event(
        request: Request,
        response: Response,
        key: Key,
        as_of: PublishedBy = None,
        known_at: KnownAt = None,
    ) -> Any:
        """Show what is behind an event: each report, why it belongs there; and what it does.

        The effects are those that the published run in force stored, of each forecast that knew the event.
        """
        with service.database.reading() as session:
            tag = kept_as(service, session, request, newest_run(session))
            if known := caching.unchanged(request, tag):
                return known
            every = event_reports(session, key, known_at=known_at)
            joined = [one for one in every if _is_seen(one.stored.report, as_of)]
            if not joined:
                raise _unknown(session, key, known_at)
            response.headers.update(caching.headers(tag))
            return _detail(service, session, key, joined, as_of, known_at)

    return routes


def _document(
    service: Service, event: PlacedEvent, cutoff: date | None, known_at: datetime | None
) -> Document:
    seen = [report for report in event.reports if _is_seen(report, cutoff)]
    return event_document(summary_of(service, event.key, seen, known_at)[0])


def _is_seen(report: Report, cutoff: date | None) -> bool:
    return cutoff is None or report.published.first <= cutoff


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
    summary, credibility = summary_of(service, key, in_force, known_at) if in_force else (None, None)
    tags = {one.stored.report.tag for one in joined}
    found = effects(service, session, key, tags, as_of=as_of, known_at=known_at)
    return {
        "event": key,
        "summary": event_document(summary) if summary else None,
        "credibility": credibility,
        "effects": [_effect(one) for one in found],
        "reports": [member_document(one) for one in joined],
    }


def _effect(one: Effect) -> Mapping[str, Any]:
    return asdict(one) | {"standing": "shares" if one.shared else one.standing}
