"""Reports: searched page by page, each in all its versions; and handed in, one or many."""

import codecs
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request, Response

from model.errors import InputRefused, Unknown
from service import keys, submissions
from service.api import caching
from service.api.bodies import Key, media_type, plain_body
from service.api.describing import kept
from service.api.evidence import LISTED, TABLE, Asked, Found, listed
from service.api.filters import Event
from service.api.links import to_event, to_report
from service.api.outcomes import Submitted
from service.api.parameters import KnownAt
from service.api.report_bodies import REQUEST
from service.api.report_state import tag_of, told_of
from service.api.shapes import ReportDetail, StoredReport
from service.composition import Service
from service.problems import shown
from service.show_evidence import report_document
from service.web_access import needs, reads
from storage.keys import StoredKey
from storage.places import Place
from storage.report_pages import WantedReports, report_page
from storage.reports import StoredReport as Stored

JSON, LINES = "application/json", "application/x-ndjson"
_HEADINGS = tuple(StoredReport.model_fields)
_LIST = kept(LISTED, paged=True, content=TABLE, links=to_report("/0/id"))

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

    def look(wanted: WantedReports, after: Place, limit: int, known_at: datetime | None) -> Found:
        with service.database.reading() as session:
            page = report_page(session, wanted, after=after, limit=limit, known_at=known_at)
        return [_row(one) for one in page.reports], page.end

    @routes.get("", response_model=list[StoredReport], responses=_LIST, dependencies=[read])
    def list_reports(asked: Annotated[Asked, Depends()], response: Response, event: Event = None) -> Any:
        """List the newest version of each report, retracted ones too, the latest published first."""
        wanted = WantedReports(**asked.narrowed, event=event)
        return listed(service, asked, response, partial(look, wanted), _HEADINGS, "reports.csv")

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

    @routes.get(
        "/{identity:path}",
        dependencies=[read],
        operation_id="showReport",
        response_model=ReportDetail,
        responses=kept("The report."),
    )
    def report(request: Request, response: Response, identity: Key, known_at: KnownAt = None) -> Any:
        """Show a report in all its versions, where it belonged, and its way through review, oldest first."""
        with service.database.reading() as session:
            found = told_of(session, identity, known_at=known_at)
        if not found["versions"] and not found["review"]:
            raise Unknown(f"no report has the id {shown(identity)}; search for it among all reports")
        if known := caching.unchanged(request, tag := tag_of(found)):
            return known
        response.headers.update(caching.headers(tag))
        return found

    return routes


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
