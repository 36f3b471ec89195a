"""What the API says of forecasts and runs, as clients may rely on it.

These models describe and never filter: a run is served as it was stored. Releases may add members.
"""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from service.api.diagnosed import Diagnostics

type Json = dict[str, JsonValue]
type Status = Literal["published", "held", "failed"]
type ByScenario = dict[str, float | None]

LINE: Json = {
    "forecast": "russia-latin-america",
    "as_of": "2026-01-20",
    "observed_until": "2026-01-20",
    "unobserved_days": 0,
    "run": 1,
    "status": "published",
    "engine": "exact",
    "probabilities": {"downside": 0.154, "base": 0.75, "upside": 0.096},
    "pymc": None,
    "prior": {"downside": 0.15, "base": 0.6, "upside": 0.25},
    "previous": None,
    "band": {"downside": [0.069, 0.288], "base": [0.562, 0.864], "upside": [0.053, 0.18]},
    "log_evidence": {"downside": -2.02, "base": -1.82, "upside": -3},
    "words": {"downside": "very unlikely", "base": "likely", "upside": "very unlikely"},
    "events": 13,
    "reports": 22,
    "checks": [{"name": "rhat", "figure": 1.002, "threshold": 1.01, "passed": True}],
    "sample": None,
    "warnings": [],
    "versions": {"forecast": "sha256:12…", "evidence": "sha256:b7…", "code": "sha256:ad…"},
    "seconds": 9.4,
    "known_at": "2026-01-20T02:15:00+00:00",
}
CAUSE: Json = {
    "kind": "event",
    "indicator": "coproduction",
    "event": "ve-cartridge-plant",
    "scenario": None,
    "text": "stage one of a cartridge plant is built (coproduction agreement, Venezuela, 2026-01-06)",
    "bits": {"downside": -1.12, "base": -0.08, "upside": 1.54},
    "points": {"downside": -12.4, "base": -3.6, "upside": 16},
}
EXPECTED: Json = {"indicator": "deals", "days": 7, "until": "2026-01-27", "probability": 0.0074}


class Check(BaseModel):
    """What a check of a run found."""

    name: str
    figure: float | None
    threshold: float
    passed: Annotated[bool | None, Field(description="Null where it does not apply.")]


class Sampled(BaseModel):
    """The same probabilities by PyMC, which must agree."""

    probabilities: ByScenario
    monte_carlo_error: ByScenario


class Sample(BaseModel):
    """Whether PyMC checked the run, where it checks a rotating sample of the forecasts every night."""

    drawn: Annotated[bool, Field(description="Whether it was in that night's sample.")]
    why: Annotated[str | None, Field(description="What drew it, or null.")]
    last: Annotated[date | None, Field(description="The cutoff of the check before, if there was one.")]
    within_nights: Annotated[
        int | None, Field(description="In how many nights its turn comes at the latest; null where drawn.")
    ]
    text: str


class RunBrief(BaseModel):
    """A run, as its document has it but for what is long."""

    forecast: str
    as_of: Annotated[date, Field(description="The cutoff: nothing that became known later was used.")]
    observed_until: Annotated[
        date | None, Field(description="The last day on which someone was looking.")
    ] = None
    unobserved_days: int | None = None
    run: int
    status: Status
    engine: str
    probabilities: Annotated[ByScenario | None, Field(description="In the forecast's order of scenarios.")]
    pymc: Annotated[Sampled | None, Field(description="Null where PyMC was not asked.")] = None
    prior: ByScenario | None = None
    previous: Annotated[
        ByScenario | None, Field(description="The run in force before; null for the first.")
    ] = None
    band: Annotated[
        dict[str, list[float | None]] | None, Field(description="The band of sensitivity: its two ends.")
    ] = None
    log_evidence: ByScenario | None = None
    words: Annotated[dict[str, str] | None, Field(description="Of estimative probability (ICD 203).")] = None
    events: int | None = None
    reports: int | None = None
    checks: Annotated[list[Check], Field(description="Empty where PyMC was not asked.")] = []
    sample: Annotated[
        Sample | None, Field(description="Null where PyMC is asked every night, or was before there was one.")
    ] = None
    warnings: list[str] = []
    versions: Annotated[dict[str, str | None], Field(description="Digests of what it was made from.")] = {}
    seconds: float | None = None


class RunLine(RunBrief):
    """A run in a history."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [LINE]})

    known_at: Annotated[datetime, Field(description="When this service recorded it.")]


class Cause(BaseModel):
    """What moved the probabilities, and by how much."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [CAUSE]})

    kind: str
    indicator: str | None
    event: Annotated[str | None, Field(description="The event's key, for `/events/{key}`.")]
    scenario: str | None
    text: Annotated[str, Field(description="A sentence; it may quote headlines, so show it as text.")]
    bits: Annotated[ByScenario, Field(description="By how much it moved log₂ P.")]
    points: Annotated[ByScenario, Field(description="By how many percentage points.")]


class Expected(BaseModel):
    """How probable a run holds a further event of an indicator to be."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [EXPECTED]})

    indicator: str
    days: Annotated[int, Field(description="How far it looks.")]
    until: date
    probability: float


class Watched(BaseModel):
    """What an indicator's near future is expected to tell of the scenarios."""

    model_config = ConfigDict(extra="allow")

    indicator: str
    until: date
    bits: Annotated[float, Field(description="By how much it is expected to reduce what is unknown.")]
    probability: float


class RunDocument(RunBrief):
    """A run with all that was stored of it, word for word."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {name: value for name, value in LINE.items() if name != "known_at"}
                | {"moved": None, "reasons": [CAUSE], "outlook": [EXPECTED], "watch": [], "diagnostics": None}
            ]
        },
    )

    moved: Annotated[list[Cause] | None, Field(description="Since the run in force before.")] = None
    reasons: list[Cause] | None = None
    outlook: list[Expected] | None = None
    watch: Annotated[list[Watched] | None, Field(description="What would tell most, best first.")] = None
    diagnostics: Annotated[Diagnostics | None, Field(description="Null where PyMC was not asked.")] = None


_STANDS: Json = {
    "id": "downside",
    "title": "Downside",
    "resolves": "No agreement was signed by the horizon.",
    "prior": 0.15,
    "probability": 0.154,
    "word": "very unlikely",
    "band": [0.069, 0.288],
    "change": {"1": 0.1, "7": -1.2, "30": None},
}
STANDING: Json = {
    "id": "russia-latin-america",
    "title": "Russia in Latin America",
    "question": "Does Russia's military trade with Latin America grow?",
    "configured": True,
    "opened": "2026-01-01",
    "horizon": "2026-12-31",
    "run": 1,
    "as_of": "2026-01-20",
    "known_at": "2026-01-20T02:15:00+00:00",
    "age_days": 0,
    "scenarios": [_STANDS],
    "newest": {
        "run": 1,
        "as_of": "2026-01-20",
        "known_at": "2026-01-20T02:15:00+00:00",
        "status": "published",
    },
    "next_run_at": "2026-01-21T02:15:00+00:00",
}


class ScenarioStands(BaseModel):
    """What is believed of a scenario."""

    id: str
    title: str
    resolves: Annotated[str, Field(description="What will have been seen if it came true.")]
    prior: float | None
    probability: Annotated[float | None, Field(description="Null where nothing was published yet.")]
    word: str | None
    band: Annotated[list[float | None] | None, Field(description="The band of sensitivity: its two ends.")]
    change: Annotated[
        dict[str, float | None],
        Field(description="In percentage points, against 1, 7 and 30 days before the run's cutoff."),
    ]


class NewestEnded(BaseModel):
    """How the newest run of the latest cutoff ended; what is believed is the newest published one."""

    run: int
    as_of: date
    known_at: datetime
    status: Status


class ForecastStands(BaseModel):
    """Where a forecast stands."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [STANDING]})

    id: str
    title: str
    question: str
    configured: Annotated[bool, Field(description="Whether nights still update it.")]
    opened: date | None
    horizon: date | None
    run: Annotated[int | None, Field(description="The published run in force; null where there is none.")]
    as_of: date | None
    known_at: datetime | None
    age_days: Annotated[int | None, Field(description="Days from its cutoff to today, or to `as_of`.")]
    scenarios: Annotated[list[ScenarioStands], Field(description="In the forecast's own order.")]
    newest: Annotated[NewestEnded | None, Field(description="Null where it has not been run yet.")]
    next_run_at: Annotated[datetime | None, Field(description="Null where no night will update it.")]


class ForecastDetail(ForecastStands):
    """A forecast: where it stands, and what it asks."""

    model_config = ConfigDict(
        extra="allow", json_schema_extra={"examples": [STANDING | {"version": 1, "definition": {"id": "…"}}]}
    )

    version: Annotated[int | None, Field(description="Of the definition; null before it was first run.")]
    definition: Annotated[
        dict[str, JsonValue] | None, Field(description="Everything that the analysts stated.")
    ]


class Changed(BaseModel):
    """Where two versions of a definition differ; null stands for what is not there."""

    path: str
    old: JsonValue
    new: JsonValue


_CHANGE: Json = {"path": "scenarios.base.prior", "old": 0.55, "new": 0.6}
VERSION: Json = {
    "version": 1,
    "digest": "sha256:12…",
    "recorded_at": "2026-01-01T02:15:00+00:00",
    "evidence_seen": False,
    "difference": [],
}


class VersionBrief(BaseModel):
    """A version of the analysts' numbers, and what it changed."""

    model_config = ConfigDict(json_schema_extra={"examples": [VERSION]})

    version: int
    digest: str
    recorded_at: datetime
    evidence_seen: Annotated[bool, Field(description="Whether runs had shown evidence before it was made.")]
    difference: Annotated[list[Changed], Field(description="Against the version before.")]


class VersionDetail(VersionBrief):
    """A version with the whole definition."""

    model_config = ConfigDict(json_schema_extra={"examples": [VERSION | {"definition": {"id": "…"}}]})

    definition: dict[str, JsonValue]
