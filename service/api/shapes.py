"""What the API says of reports and events, as clients may rely on it; examples are from the tests."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

type Json = dict[str, JsonValue]

REPORT: Json = {
    "id": "a",
    "published_on": "2025-03-01",
    "tag": "deal",
    "country": "PE",
    "headline": "Peru signs, says a",
    "grade": "B2",
}
_KEPT: Json = {
    "version": 1,
    "retracted": False,
    "recorded_at": "2026-01-20T12:00:00+00:00",
    "origin": "key a-admin",
    "line": 1,
    "author": None,
    "reason": None,
    "event": "deal-pe-2025-03-01",
}
_BELONGS: Json = {
    "why": "the first report of it",
    "score": None,
    "runner_up": None,
    "runner_up_score": None,
    "decided_by": None,
    "decided_at": "2026-01-20T12:00:00+00:00",
}
_EVENT: Json = {
    "event": "deal-pe-2025-03-01",
    "tag": "deal",
    "countries": ["PE"],
    "first": "2025-03-01",
    "last": "2025-03-01",
    "asserting": 1,
    "denying": 0,
    "headline": "Peru signs, says a",
    "published": "2025-03-01",
}

Score = Annotated[float | None, Field(description="How alike, 0 to 100; null where nothing was compared.")]


class StoredReport(BaseModel):
    """A report in one of its versions; fields that its source gave beyond these stand beside them."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [REPORT | _KEPT]})

    id: str
    published_on: Annotated[str, Field(description="A day, a month or a year.")]
    occurred_on: str | None = None
    tag: str
    country: Annotated[str, Field(description="Its ISO 3166 code, or * for the whole region.")]
    also: list[str] | None = None
    headline: str
    publisher: str | None = None
    url: str | None = None
    lang: str | None = None
    grade: Annotated[str | None, Field(description="The Admiralty grade, such as B2.")] = None
    probability_true: float | None = None
    denies: bool = False
    version: int
    retracted: bool
    recorded_at: datetime
    origin: Annotated[str, Field(description="The file, source or key that this version came from.")]
    line: int | None
    author: Annotated[str | None, Field(description="The person who filed it; null where a source did.")]
    reason: str | None
    event: str | None


class Decided(BaseModel):
    """Why a report belongs to an event, and what it nearly joined instead."""

    why: str
    score: Score
    runner_up: str | None
    runner_up_score: Score
    decided_by: Annotated[str | None, Field(description="The person; null where clustering decided.")]
    decided_at: datetime


class Member(StoredReport, Decided):
    """A report of an event, and why it belongs there."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [REPORT | _KEPT | _BELONGS]})


class EventSummary(BaseModel):
    """An event at a glance."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EVENT]})

    event: str
    tag: str
    countries: list[str]
    first: date
    last: Annotated[date, Field(description="The days within which its reports place it.")]
    asserting: Annotated[int, Field(description="Reports in force that say it happened.")]
    denying: int
    headline: str
    published: Annotated[date, Field(description="When the newest report of it was published.")]


class Effect(BaseModel):
    """Where an event stands in an indicator of a forecast, by the published run in force."""

    forecast: str
    run: int
    as_of: date
    indicator: str | None
    standing: Literal["counts", "shares", "folded", "uncounted"]
    reason: str
    bits: Annotated[dict[str, float | None], Field(description="By scenario: by how much log₂ P moved.")]
    points: Annotated[dict[str, float | None], Field(description="By scenario, in percentage points.")]


class EventDetail(BaseModel):
    """An event, what is behind it, and what it does."""

    event: str
    summary: Annotated[EventSummary | None, Field(description="Null where all its reports are retracted.")]
    credibility: Annotated[float | None, Field(description="Null where no report asserts it.")]
    effects: list[Effect]
    reports: list[Member]


class Verdict(BaseModel):
    """What became of a proposal."""

    decision: Literal["accepted", "rejected", "superseded"]
    author: str | None
    why: str
    decided_at: datetime


class Proposed(BaseModel):
    """A report that a source was not sure of."""

    number: int
    source: str
    line: int | None
    kind: Literal["new", "changed", "lapsed"]
    confidence: float
    why: str
    recorded_at: datetime
    verdict: Annotated[Verdict | None, Field(description="Null while it waits.")]
    report: Annotated[dict[str, Any], Field(description="As it was handed in.")]


class Placed(Decided):
    """That a report belonged to an event from a moment on."""

    event: str


class ReportDetail(BaseModel):
    """All that is known of a report, oldest first."""

    id: str
    versions: list[StoredReport]
    decisions: list[Placed]
    review: list[Proposed]
