"""What waits for an editor, and what editors decide about it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BeforeValidator, ConfigDict, Field

from service import review
from service.api import caching
from service.api.bodies import Because, Body, Name, whole
from service.api.describing import kept
from service.api.evidence import kept_as
from service.api.filters import TEXT, Tag
from service.api.links import to_proposal, to_report
from service.api.named import LARGEST
from service.api.outcomes import Accepted, Waits
from service.api.paging import page, position
from service.api.parameters import Cursor, KnownAt
from service.api.shapes import Proposed
from service.composition import Service
from service.deciding import MOST_WORDS
from service.show_decisions import reviewed
from service.show_review import accepted_document, document
from service.waiting import Waiting, listed, were_waiting
from service.web_access import needs, reads
from storage.keys import StoredKey
from storage.newest import newest_review

PAGE, MOST = 50, 200  # proposals; the event that each would join is worked out anew
_MOST_NUMBERS = 1000

Number = Annotated[int, Path(ge=1, le=LARGEST, description="As the list has it.")]
Numbers = Annotated[
    list[Annotated[int, Field(ge=1, le=LARGEST), BeforeValidator(whole)]],
    Field(min_length=1, max_length=_MOST_NUMBERS),
]
Source = Annotated[
    str | None, Query(max_length=100, pattern=TEXT, description="Only what this source proposed.")
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="The most that a page holds.")]


class Acceptance(Body):
    """What a report that waits is to say, where not what its source said."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"grade": "B2", "because": "the agency confirmed it"}]}
    )

    tag: Name | None = None
    country: Annotated[Name | None, Field(description="ISO 3166 code, or * for the whole region.")] = None
    grade: Name | None = None
    event: Annotated[Name | None, Field(description="Its event; clustering decides by default.")] = None
    because: Annotated[str, Field(max_length=MOST_WORDS, description="The reason, which is kept.")] = ""


class Acceptances(Acceptance):
    """The same of several reports, all of them or none."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"numbers": [1, 2], "grade": "B2"}]})

    numbers: Numbers


class Rejection(Body):
    """Why a report that waits is turned down."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"because": "an anniversary, not an event"}]})

    because: Because


class Rejections(Rejection):
    """The same of several reports, all of them or none."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"numbers": [3], "because": "an anniversary, not an event"}]}
    )

    numbers: Numbers


def router(service: Service) -> APIRouter:
    """Make the routes; what decides takes a key of scope edit, whose name is kept as the author."""
    routes = APIRouter(prefix="/review", tags=["review"])
    edit = needs(service, "edit")
    type Editor = Annotated[StoredKey, Depends(edit)]

    @routes.get(
        "",
        response_model=list[Waits],
        dependencies=[Depends(reads(service))],
        responses=kept("A page of what waits.", paged=True, links=to_proposal("/0/number")),
    )
    def list_waiting(  # noqa: PLR0913, PLR0917 - one parameter for each filter
        request: Request,
        response: Response,
        source: Source = None,
        tag: Tag = None,
        known_at: KnownAt = None,
        limit: Limit = PAGE,
        cursor: Cursor = None,
    ) -> Any:
        """List what waits for an editor, the first proposed first, each with the event that it would join.

        Of what waited at an earlier moment no event is named.
        """
        with service.database.reading() as session:
            entity = kept_as(service, session, request, *newest_review(session))
        if unchanged := caching.unchanged(request, entity):
            return unchanged
        found = position(cursor, int)
        after = found[0] if found else 0
        waits = (
            listed(service, source=source, tag=tag, limit=limit + 1, after=after)
            if known_at is None
            else were_waiting(service, known_at, source=source, tag=tag, limit=limit + 1, after=after)
        )
        some, headers = page(request, waits, limit, _place)
        response.headers.update(caching.headers(entity) | headers)
        return [document(one) for one in some]

    @routes.post("/accept", response_model=list[Accepted])
    def accept_all(wanted: Acceptances, editor: Editor) -> Any:
        """Take in several reports that wait, as they are proposed or with the same changes; all or none."""
        return _accept(wanted.numbers, wanted, editor)

    @routes.post("/reject", response_model=list[Proposed])
    def reject_all(wanted: Rejections, editor: Editor) -> Any:
        """Turn several reports down; the same from the same source is not proposed again."""
        done = review.reject(service, wanted.numbers, author=editor.name, why=wanted.because)
        return [reviewed(one) for one in done]

    @routes.post(
        "/{number}/accept",
        response_model=Accepted,
        operation_id="acceptProposal",
        responses={200: {"links": to_report("/report")}},
    )
    def accept(number: Number, wanted: Acceptance, editor: Editor) -> Any:
        """Take in a report that waits, as it is proposed or with changes."""
        return _accept([number], wanted, editor)[0]

    @routes.post("/{number}/reject", response_model=Proposed, operation_id="rejectProposal")
    def reject(number: Number, wanted: Rejection, editor: Editor) -> Any:
        """Turn a report down; the same from the same source is not proposed again."""
        (done,) = review.reject(service, [number], author=editor.name, why=wanted.because)
        return reviewed(done)

    def _accept(numbers: list[int], wanted: Acceptance, editor: StoredKey) -> list[dict[str, Any]]:
        done = review.accept(
            service,
            numbers,
            author=editor.name,
            tag=wanted.tag,
            country=wanted.country,
            grade=wanted.grade,
            event=wanted.event,
            why=wanted.because,
        )
        return [accepted_document(one) for one in done]

    return routes


def _place(one: Waiting) -> tuple[int]:
    return (one.proposal.number,)
