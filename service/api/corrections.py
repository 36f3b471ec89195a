"""What editors correct: reports that are filed, and which of them are one event."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from pydantic import ConfigDict, Field, JsonValue

from service import review
from service.api.bodies import Because, Body, Key, Name, Names
from service.api.links import to_event
from service.api.outcomes import Corrected, Regrouped
from service.api.report_state import as_read
from service.composition import Service
from service.show_review import corrected_document, regrouped_document
from service.web_access import needs
from storage.keys import StoredKey

_MOST_CHANGES = 50
IfMatch = Annotated[
    str | None,
    Header(
        max_length=1000,
        description="The ETag of the report as the editor read it: where it has changed since, nothing is "
        "done, and the answer is 412.",
    ),
]


class Reason(Body):
    """Why something is decided."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"because": "a hoax"}]})

    because: Because


class Amendment(Reason):
    """What a report says from now on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"changes": {"grade": "A2", "lang": None}, "because": "seen on film"}]
        }
    )

    changes: dict[str, JsonValue] = Field(
        default_factory=dict,
        max_length=_MOST_CHANGES,
        description="By field, as when a report is handed in; null takes the field away. "
        "Of a retracted report there may be none: it counts again as it was.",
    )


class Merger(Reason):
    """The events whose reports join this one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"events": ["deal-pe-2025-03-01-2"], "because": "one signing"}]}
    )

    events: Names


class Division(Reason):
    """The reports that leave an event, to be an event of their own."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"reports": ["b"], "event": "second-deal", "because": "another one, a week later"}]
        }
    )

    reports: Names
    event: Annotated[Name | None, Field(description="The new event's key; one is made by default.")] = None


def router(service: Service) -> APIRouter:
    """Make the routes; each takes a key of scope edit, whose name is kept as the author."""
    routes = APIRouter()
    edit = needs(service, "edit")
    type Editor = Annotated[StoredKey, Depends(edit)]

    @routes.post(
        "/reports/{identity:path}/amend",
        tags=["reports"],
        response_model=Corrected,
        operation_id="amendReport",
    )
    def amend(identity: Key, amendment: Amendment, editor: Editor, if_match: IfMatch = None) -> Any:
        """Correct a report: a new version, also of one that was retracted; the old ones stay."""
        done = review.amend(
            service,
            identity,
            amendment.changes,
            author=editor.name,
            why=amendment.because,
            still=as_read(identity, if_match),
        )
        return corrected_document(done)

    @routes.post(
        "/reports/{identity:path}/retract",
        tags=["reports"],
        response_model=Corrected,
        operation_id="retractReport",
    )
    def retract(identity: Key, reason: Reason, editor: Editor, if_match: IfMatch = None) -> Any:
        """Take a report back: from now on it does not count; its versions stay. Again, nothing changes."""
        still = as_read(identity, if_match)
        done = review.retract(service, identity, author=editor.name, why=reason.because, still=still)
        return corrected_document(done)

    @routes.post(
        "/events/{key:path}/merge",
        tags=["events"],
        response_model=Regrouped,
        operation_id="mergeEvents",
        responses={200: {"links": to_event("/event")}},
    )
    def merge(key: Key, merger: Merger, editor: Editor) -> Any:
        """Put all reports of some events into this one."""
        done = review.merge(service, key, merger.events, author=editor.name, why=merger.because)
        return regrouped_document(done)

    @routes.post(
        "/events/{key:path}/split",
        tags=["events"],
        response_model=Regrouped,
        operation_id="splitEvent",
        responses={200: {"links": to_event("/event")}},
    )
    def split(key: Key, division: Division, editor: Editor) -> Any:
        """Make some reports of this event an event of their own."""
        done = review.split(
            service,
            division.reports,
            author=editor.name,
            why=division.because,
            event=division.event,
            of=key,
        )
        return regrouped_document(done)

    return routes
