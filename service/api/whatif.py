"""What if: the probabilities if given events were reported, or if nothing happened until a day."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import ConfigDict, Field

from service.api.bodies import Body, Key, Name
from service.api.outcomes import WhatIf
from service.api.parameters import Day
from service.composition import Service
from service.show_whatif import document, supposing
from service.web_access import reads

MOST_EVENTS = 50


class SupposedEvent(Body):
    """An event that nobody has reported, as it would be; without a grade, as certain as news can be."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"tag": "deal", "country": "PE", "grade": "B2"}]}
    )

    tag: Name
    country: Annotated[Name, Field(description="ISO 3166 code, or * for the whole region.")]
    also: list[Name] = Field(default_factory=list, max_length=50, description="Further countries.")
    grade: Annotated[Name | None, Field(description="The Admiralty grade, such as B2.")] = None
    probability_true: Annotated[
        float | None, Field(gt=0, lt=1, allow_inf_nan=False, description="Instead of a grade.")
    ] = None


class Hypothesis(Body):
    """What is supposed: events, silence, or both."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"events": [{"tag": "deal", "country": "PE", "grade": "B2"}]}]}
    )

    events: list[SupposedEvent] = Field(default_factory=list, max_length=MOST_EVENTS)
    silence_until: Annotated[Day | None, Field(description="Nothing more happens until that day.")] = None
    as_of: Annotated[
        Day | None, Field(description="On top of the run in force on that day; by default the latest.")
    ] = None


def router(service: Service) -> APIRouter:
    """Make the route."""
    routes = APIRouter(tags=["forecasts"], dependencies=[Depends(reads(service))])

    @routes.post("/forecasts/{forecast}/what-if", response_model=WhatIf)
    def what_if(forecast: Key, supposed: Hypothesis) -> Any:
        """Compute at once what the probabilities would be; nothing is stored, so a reader may ask."""
        events = [one.model_dump(exclude_defaults=True) for one in supposed.events]
        told = supposing(
            service, forecast, events, silence_until=supposed.silence_until, as_of=supposed.as_of
        )
        return document(told)

    return routes
