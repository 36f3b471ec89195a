"""What the API says of what was done, supposed or scored; examples are from the tests."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from service.api.shapes import Json, Proposed, Score


class Answered(BaseModel):
    """What became of a report that was handed in; what is withheld, or does not apply, is left out."""

    line: Annotated[int, Field(description="Where it begins in the body.")]
    outcome: Literal["accepted", "amended", "duplicate", "waiting", "refused"]
    id: str | None = None
    version: int | None = None
    event: str | None = None
    reason: Annotated[str | None, Field(description="Why it waits for an editor, or is refused.")] = None


_ANSWERED: Json = {"line": 1, "outcome": "accepted", "id": "a", "version": 1, "event": "deal-pe-2025-03-01"}


class Submitted(BaseModel):
    """What became of all that was handed in."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"counts": {"accepted": 1}, "reports": [_ANSWERED]}]}
    )

    counts: Annotated[dict[str, int], Field(description="By outcome.")]
    reports: list[Answered]

    @classmethod
    def of(cls, answers: Iterable[Mapping[str, Any]]) -> Self:
        """Count what was answered."""
        reports = [Answered.model_validate(one) for one in answers]
        return cls(counts=Counter(one.outcome for one in reports), reports=reports)


class Corrected(BaseModel):
    """What became of a report that was amended or retracted."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"report": "a", "outcome": "amended", "version": 2, "event": "deal-pe-2025-03-01"}]
        }
    )

    report: str
    outcome: Annotated[
        Literal["accepted", "amended", "duplicate", "retracted"],
        Field(description="duplicate: it said so already, and nothing was stored."),
    ]
    version: int
    event: str | None


class Regrouped(BaseModel):
    """The reports that were put into an event."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"event": "deal-pe-2025-03-01", "reports": ["b"]}]}
    )

    event: str
    reports: list[str]


class Accepted(BaseModel):
    """What became of a report that waited."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": 1,
                    "report": "feed:1",
                    "outcome": "accepted",
                    "version": 2,
                    "event": "deal-pe-2026-02-10",
                }
            ]
        }
    )

    number: int
    report: str
    outcome: Literal["accepted", "amended", "duplicate"]
    version: int
    event: str | None


class Joins(BaseModel):
    """The event that a report would join, if it were accepted now."""

    key: str
    why: str
    score: Score
    runner_up: str | None
    runner_up_score: Score


class Waits(Proposed):
    """A report that waits for an editor."""

    event: Annotated[Joins | None, Field(description="Null of what waited at an earlier moment.")]


class SupposedIn(BaseModel):
    """A supposed event, and the indicators that it counts in."""

    tag: str
    countries: list[str]
    credibility: float
    counts_in: list[str]


class WhatIf(BaseModel):
    """The probabilities as they are, and as they would be."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "forecast": "quiet",
                    "as_of": "2025-06-30",
                    "run": 1,
                    "observed_until": "2025-06-30",
                    "events": [
                        {"tag": "deal", "countries": ["PE"], "credibility": 0.8, "counts_in": ["deals"]}
                    ],
                    "now": {"down": 0.48, "up": 0.52},
                    "probabilities": {"down": 0.28, "up": 0.72},
                    "points": {"down": -20.0, "up": 20.0},
                    "bits": {"down": -0.78, "up": 0.47},
                }
            ]
        }
    )

    forecast: str
    as_of: date
    run: int
    observed_until: date
    events: list[SupposedIn]
    now: dict[str, float]
    probabilities: dict[str, float]
    points: Annotated[dict[str, float], Field(description="By scenario, in percentage points.")]
    bits: Annotated[dict[str, float | None], Field(description="By scenario: by how much log₂ P would move.")]


class OutlookScore(BaseModel):
    """How well the expectations that looked equally far came true."""

    days: int
    number: Annotated[int, Field(description="How many are resolved.")]
    mean_probability: float
    mean_outcome: float
    brier: Annotated[float, Field(description="The mean expected Brier score; 0 is best.")]
    climatology: Annotated[float, Field(description="What always saying the mean outcome would have scored.")]
    skill: Annotated[float | None, Field(description="1 − brier / climatology; null where that is 0.")]


class ByRule(BaseModel):
    """A score by each rule, each the mean over the days on which the forecast was open; 0 is best."""

    brier: Annotated[float | None, Field(description="In [0, 2].")]
    log: Annotated[float | None, Field(description="In nats; null where it is infinite.")]
    rps: Annotated[float | None, Field(description="Ranked, over the forecast's order of scenarios.")]


class Skill(BaseModel):
    """The share of a reference's score that was avoided; null where that makes no number."""

    prior: ByRule
    uniform: ByRule


class Answer(BaseModel):
    """What came true of a forecast, and how good it was."""

    scenario: str
    on: Annotated[date, Field(description="The day on which the answer was there.")]
    because: str
    by: str
    days: Annotated[int, Field(description="On which it was open.")]
    late_days: Annotated[int, Field(description="Those over before its priors were first on record.")]
    scores: ByRule
    prior: Annotated[ByRule, Field(description="What its priors would have scored, never updated.")]
    uniform: Annotated[ByRule, Field(description="What all scenarios held equally probable would have.")]
    skill: Skill


class Scores(BaseModel):
    """The scores of a forecast."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "forecast": "quiet",
                    "title": "",
                    "resolved": None,
                    "outlooks": [
                        {
                            "days": 30,
                            "number": 4,
                            "mean_probability": 0.5,
                            "mean_outcome": 0.5,
                            "brier": 0.2,
                            "climatology": 0.25,
                            "skill": 0.2,
                        }
                    ],
                }
            ]
        }
    )

    forecast: str
    title: str
    resolved: Annotated[Answer | None, Field(description="Null where it is open, or was annulled.")]
    outlooks: Annotated[list[OutlookScore], Field(description="By how far they looked.")]
