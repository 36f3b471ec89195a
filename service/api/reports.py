"""Reports: searched page by page, each in all its versions; and handed in, one or many."""

import codecs
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response

from model.errors import InputRefused, Unknown
from service import keys, submissions
from service.api import sheets
from service.api.bodies import Key, media_type, plain_body
from service.api.filters import Country, Event, Format, PublishedBy, Search, Since, Tag, Until
from service.api.links import to_event, to_report
from service.api.outcomes import Submitted
from service.api.paging import cursor_of, next_link, position
from service.api.parameters import Cursor, KnownAt, Limit
from service.api.report_bodies import REQUEST
from service.api.shapes import ReportDetail, StoredReport
from service.composition import Service
from service.problems import shown
from service.show_decisions import placed, reviewed
from service.show_evidence import report_document
from service.web_access import needs, reads
from storage.evidence_pages import FIRST, Place
from storage.keys import StoredKey
from storage.memberships import placements
from storage.proposals import proposals_of
from storage.report_pages import ReportPage, WantedReports, report_page
from storage.reports import StoredReport as Stored
from storage.reports import report_versions

PAGE = 100  # reports where the request does not say how many
JSON, LINES = "application/json", "application/x-ndjson"
_CHUNK = 1000
_HEADINGS = tuple(StoredReport.model_fields)
_LIST: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "description": "A page, in JSON or CSV; all that there is, where CSV is wanted without a limit.",
        "headers": {"Link": {"description": "The next page, if any.", "schema": {"type": "string"}}},
        "links": to_report("/0/id"),
    }
}

type _Once = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="Handed in again under the same key, the same body is answered alike, and files nothing.",
    ),
]


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/reports", tags=["reports"])
    read, ingest = Depends(reads(service)), needs(service, "ingest")

    @routes.get("", response_model=list[StoredReport], responses=_LIST, dependencies=[read])
    def list_reports(  # noqa: PLR0913, PLR0917 - one parameter for each filter
        request: Request,
        response: Response,
        tag: Tag = None,
        country: Country = None,
        since: Since = None,
        until: Until = None,
        search: Search = None,
        event: Event = None,
        as_of: PublishedBy = None,
        known_at: KnownAt = None,
        limit: Limit = None,
        cursor: Cursor = None,
        format: Format = None,  # noqa: A002 - the parameter's name
    ) -> Any:
        """List the newest version of each report, retracted ones too, the latest published first."""
        wanted = WantedReports(
            tag=tag,
            country=country,
            since=since,
            until=until,
            search=search,
            event=event,
            published_by=as_of,
        )
        found = position(cursor, date, int)
        place = Place(*found) if found else FIRST
        as_table = sheets.is_wanted(request, format)
        if as_table and limit is None:
            rows = _all(service, wanted, place, known_at or service.clock())
            return sheets.answer(_HEADINGS, rows, "reports.csv")
        page = _page(service, wanted, place, limit or PAGE, known_at)
        link = next_link(request, cursor_of(*page.end)) if page.end else {}
        if as_table:
            return sheets.answer(_HEADINGS, map(_row, page.reports), "reports.csv", link)
        response.headers.update({"Vary": "Accept"} | link)
        return [report_document(one) for one in page.reports]

    @routes.post(
        "",
        openapi_extra={"requestBody": REQUEST},
        response_model_exclude_unset=True,
        responses={200: {"links": to_report("/reports/0/id") | to_event("/reports/0/event")}},
    )
    def submit(
        request: Request,
        key: Annotated[StoredKey, Depends(ingest)],
        body: Annotated[bytes, Depends(plain_body)],
        once: _Once = None,
    ) -> Submitted:
        """Hand reports in: one JSON object, an array of them, or one a line; each is answered in its place.

        An object that is refused is an error; of several, those that make no sense are refused one by one.
        A key of scope ingest is not told what is known beyond what it hands in: no event, no version.
        """
        kind = media_type(request)
        if kind not in {JSON, LINES}:
            raise HTTPException(415, f"send {JSON}, or {LINES} with one report a line")
        if kind == JSON:
            _insist_on_json(body)
        answers = submissions.submit(
            service,
            body,
            origin=f"key {key.name}",
            many=kind == LINES,
            key=f"{key.name}:{once}" if once else None,
        )
        if kind == JSON and not _is_array(body):
            _insist(answers)
        return Submitted.of(answers if keys.allows(key.scope, "read") else map(_withheld, answers))

    @routes.get("/{identity:path}", dependencies=[read], operation_id="showReport")
    def report(identity: Key, known_at: KnownAt = None) -> ReportDetail:
        """Show a report in all its versions, where it belonged, and its way through review, oldest first."""
        with service.database.reading() as session:
            versions = report_versions(session, identity, known_at=known_at)
            decided = placements(session, identity, known_at=known_at)
            proposed = proposals_of(session, identity, known_at=known_at)
        if not versions and not proposed:
            raise Unknown(f"no report has the id {shown(identity)}; search for it among all reports")
        return ReportDetail.model_validate(
            {
                "id": identity,
                "versions": [report_document(one) for one in versions],
                "decisions": placed(decided),
                "review": [reviewed(one) for one in proposed],
            }
        )

    return routes


def _page(
    service: Service, wanted: WantedReports, after: Place, limit: int, known_at: datetime | None
) -> ReportPage:
    with service.database.reading() as session:
        return report_page(session, wanted, after=after, limit=limit, known_at=known_at)


def _all(
    service: Service, wanted: WantedReports, after: Place, known_at: datetime
) -> Iterator[Mapping[str, Any]]:
    """Read all pages as of one moment, each in its own transaction, so that a slow reader hinders none."""
    place: Place | None = after
    while place is not None:
        page = _page(service, wanted, place, _CHUNK, known_at)
        yield from map(_row, page.reports)
        place = page.end


def _row(stored: Stored) -> Mapping[str, Any]:
    return report_document(stored) | {"denies": stored.report.denies}


def _insist_on_json(body: bytes) -> None:
    """Refuse a whole that is broken: of lines, what stands before the broken place would be taken."""
    try:
        json.loads(body)
    except json.JSONDecodeError as error:
        raise InputRefused(f"the body is not JSON: {error.msg}, at character {error.pos + 1}") from None
    except (ValueError, RecursionError):
        raise InputRefused("the body is not JSON in UTF-8, or is nested too deeply") from None


def _is_array(body: bytes) -> bool:
    return body.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n\0").startswith(b"[")


def _insist(answers: Sequence[Mapping[str, Any]]) -> None:
    """Refuse the whole where the one report of it was refused."""
    if len(answers) == 1 and answers[0]["outcome"] == "refused":
        raise InputRefused(str(answers[0]["reason"]))


def _withheld(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out of an answer what others have said, and what the service made of it."""
    told = {name: answer[name] for name in ("line", "id", "outcome") if name in answer}
    return told | ({"reason": answer["reason"]} if answer["outcome"] == "refused" else {})
