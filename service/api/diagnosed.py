"""What a run says of its fit by PyMC, as `model.diagnostics.diagnose` stored it."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

type Figure = Annotated[float | None, Field(description="Null where it is no number.")]
type Interval = Annotated[list[int], Field(min_length=2, max_length=2, description="Its two ends.")]


class Limits(BaseModel):
    """What a sound fit keeps."""

    rhat: float
    ess: float
    bfmi: float


class Unknown(BaseModel):
    """How well one unknown was sampled (Vehtari et al. 2021)."""

    rhat: Figure
    ess_bulk: Figure
    ess_tail: Figure


class Ranks(BaseModel):
    """The ranks of the unknown whose chains are least alike."""

    latent: str
    deviation: Figure
    envelope: Annotated[float | None, Field(description="Within which sound chains stay.")]
    inside: bool
    histograms: Annotated[list[Annotated[list[int], Field(min_length=1)]], Field(description="By chain.")]


class Fit(Unknown):
    """How well a scenario was sampled: the worst figures of its unknowns."""

    worst: Annotated[str, Field(description="The unknown with the highest R-hat.")]
    divergences: int | None
    bfmi: Figure
    tree_depth: int | None
    latents: dict[str, Unknown]
    ranks: Ranks


class Predicted(BaseModel):
    """Where a count lies in its posterior predictive distribution."""

    predicted: float
    interval: Interval
    pit: Annotated[float, Field(description="P(N < n) + P(N = n) / 2.")]
    tail: Annotated[float, Field(description="2 min(pit, 1 - pit).")]


class Replicated(Predicted):
    """What was seen of an indicator, and what the fitted model would see again."""

    indicator: str
    observed: Annotated[float, Field(description="Weighted by credibility.")]
    by_scenario: dict[str, Predicted]


class Diagnostics(BaseModel):
    """How well PyMC sampled a run, and what its model would see again."""

    model_config = ConfigDict(extra="allow")

    sampled: bool
    limits: Limits
    level: Annotated[float, Field(description="Of the intervals.")]
    fit: Annotated[dict[str, Fit], Field(description="By scenario.")]
    predictive: list[Replicated]

    @model_validator(mode="after")
    def _tell_of_every_scenario(self) -> Self:
        if any(not set(self.fit) <= set(one.by_scenario) for one in self.predictive):
            raise ValueError("predictive: does not tell of every scenario that was fitted")
        return self
