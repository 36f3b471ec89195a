"""The domain's values. Frozen, keyword-only, and refusing nonsense when they are made."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType

from model.dates import CoarseDate
from model.errors import InvalidValue

ANALYSIS = "analysis"  # the tag of a report of no new act: never evidence
REGION = "*"  # the country of what concerns the whole region
PRIOR_TOLERANCE = 1e-9
MOST_BURST_DAYS = 36_500
MOST_SPREAD = 10.0  # a volume that may be ten times off either way says nothing any more
TIMINGS = MappingProxyType({"even": 1.0, "late": 2.0, "early": 0.5})


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InvalidValue(message)


def _finite(name: str, value: float, low: float, high: float = math.inf) -> None:
    _require(
        math.isfinite(value) and low <= value <= high, f"{name} is {value}; it must lie in [{low}, {high}]"
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Scenario:
    """One of the ways in which the world may turn out.

    Parameters
    ----------
    id, title, summary
        Key, heading, and what the scenario says.
    resolves
        What will have been seen if this scenario came true.
    prior
        Probability before any evidence, in [0, 1].
    """

    id: str
    prior: float
    title: str = ""
    summary: str = ""
    resolves: str = ""

    def __post_init__(self) -> None:
        _require(bool(self.id), "a scenario needs an id")
        _finite(f"prior of {self.id}", self.prior, 0, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator:
    """A kind of event that is more expected under some scenarios than under others.

    Parameters
    ----------
    tags, countries
        What it counts; no countries means everywhere.
    recurs
        True: `stated` holds the expected number of occasions over the whole window, ≥ 0.
        False: `stated` holds the chance that it happens by the horizon, in [0, 1].
    stated
        The analyst's number for each scenario's id.
    timing
        γ > 0: the expectation is spread over the window as ``F(u) = u**γ``.
    spread
        Coefficient of variation, 0 to 10, of the error about a recurring indicator's volume.
    burst_days
        Whole days, ≥ 0, within which further events are part of the same occasion.
    effect
        Names a secondary effect, where it is one.
    """

    id: str
    tags: tuple[str, ...]
    stated: Mapping[str, float]
    countries: tuple[str, ...] = ()
    recurs: bool = True
    timing: float = 1.0
    spread: float = 0.5
    burst_days: int = 14
    effect: str = ""

    def __post_init__(self) -> None:
        _require(bool(self.id), "an indicator needs an id")
        _require(bool(self.tags), f"indicator {self.id} needs a tag")
        for scenario, number in self.stated.items():
            _finite(f"{self.id} under {scenario}", number, 0, math.inf if self.recurs else 1)
        _finite(f"timing of {self.id}", self.timing, math.nextafter(0, 1))
        _finite(f"spread of {self.id}", self.spread, 0, MOST_SPREAD)
        _finite(f"burst_days of {self.id}", self.burst_days, 0, MOST_BURST_DAYS)
        object.__setattr__(self, "stated", MappingProxyType(dict(self.stated)))

    def elapsed(self, u: float) -> float:
        """``F(u) = u**γ``, the share of the expectation that belongs to [0, u]."""
        return float(u**self.timing)

    def counts(self, tag: str, countries: tuple[str, ...]) -> bool:
        """Whether an event of this tag in these countries counts; ``*`` only where no country is named."""
        return tag in self.tags and (not self.countries or not set(self.countries).isdisjoint(countries))


@dataclass(frozen=True, kw_only=True, slots=True)
class Forecast:
    """One question over a window of whole days, both ends included.

    Parameters
    ----------
    scenarios
        In the forecast's own order; exactly one will have described the world. Priors sum to 1.
    observed_until
        The last day on which someone was looking, where the analyst states it.
    sources
        Ids of the sources that watch for it; empty means all.
    coverage_sd
        σ ≥ 0, log-sd of the error that all recurring indicators share.
    prior_strength, elicitation_sd
        κ > 0 and ≥ 0; they shape only the band of sensitivity.
    """

    id: str
    opened: date
    horizon: date
    scenarios: tuple[Scenario, ...]
    indicators: tuple[Indicator, ...]
    title: str = ""
    question: str = ""
    observed_until: date | None = None
    sources: tuple[str, ...] = ()
    prior_strength: float = 40.0
    coverage_sd: float = 0.25
    elicitation_sd: float = 0.2

    def __post_init__(self) -> None:
        _require(bool(self.id), "a forecast needs an id")
        _require(
            self.opened < self.horizon,
            f"{self.id} opens on {self.opened}, not before its horizon {self.horizon}",
        )
        _require(len(self.scenarios) >= 2, f"{self.id} needs at least two scenarios")
        _require(len(set(self.scenario_ids)) == len(self.scenarios), f"{self.id} has two scenarios of one id")
        ids = [indicator.id for indicator in self.indicators]
        _require(len(set(ids)) == len(ids), f"{self.id} has two indicators of one id")
        total = math.fsum(scenario.prior for scenario in self.scenarios)
        _require(abs(total - 1) <= PRIOR_TOLERANCE, f"priors of {self.id} sum to {total}, not to 1")
        for indicator in self.indicators:
            same = set(indicator.stated) == set(self.scenario_ids)
            _require(same, f"{indicator.id} must state one number for each of {', '.join(self.scenario_ids)}")
        _finite(f"coverage_sd of {self.id}", self.coverage_sd, 0)
        _finite(f"prior_strength of {self.id}", self.prior_strength, math.nextafter(0, 1))
        _finite(f"elicitation_sd of {self.id}", self.elicitation_sd, 0)

    @property
    def scenario_ids(self) -> tuple[str, ...]:
        """The scenarios' ids in the forecast's order."""
        return tuple(scenario.id for scenario in self.scenarios)

    @property
    def tags(self) -> frozenset[str]:
        """Every tag that some indicator claims."""
        return frozenset(tag for indicator in self.indicators for tag in indicator.tags)

    def u(self, day: date) -> float:
        """Share of the window gone by on a day: 0 when it opens, 1 at the horizon, clipped to [0, 1]."""
        share = (day - self.opened).days / (self.horizon - self.opened).days
        return min(1.0, max(0.0, share))


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a source said.

    Parameters
    ----------
    id
        The source's own key, or a digest of the content where it has none.
    published, occurred
        When it was said, and when what it says happened (None: unknown, taken as the publication).
    tag, country, also
        Kind of event and where; ``*`` is the whole region; `also` holds further countries.
    grade, probability_true
        Admiralty grade such as ``"B2"``, or in its stead a probability in (0, 1).
    denies
        The report denies the event that it belongs to.
    event
        The event that it belongs to, where a person has decided it.
    extra
        Fields that we do not know, kept as they came.
    received
        When this service recorded it; None before it has. Not part of the content.
    """

    id: str
    published: CoarseDate
    tag: str
    country: str
    headline: str
    occurred: CoarseDate | None = None
    also: tuple[str, ...] = ()
    publisher: str | None = None
    url: str | None = None
    lang: str | None = None
    grade: str | None = None
    probability_true: float | None = None
    denies: bool = False
    event: str | None = None
    extra: Mapping[str, object] = field(default_factory=dict)
    received: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("id", "tag", "country", "headline"):
            _require(bool(getattr(self, name)), f"a report needs {name}")
        if self.probability_true is not None:
            inside = 0 < self.probability_true < 1
            _require(
                inside, f"probability_true is {self.probability_true}; it must lie strictly between 0 and 1"
            )
        object.__setattr__(self, "extra", MappingProxyType(dict(self.extra)))

    @property
    def countries(self) -> tuple[str, ...]:
        """Where it happened: `country`, then `also`."""
        return (self.country, *self.also)

    @property
    def when(self) -> CoarseDate:
        """The interval in which what it says happened: the publication where nothing better is known."""
        return self.occurred or self.published

    @property
    def known(self) -> date:
        """The day from which the report may be used.

        A coarse publication counts from the end of its interval or the day on which it was
        received, whichever is earlier.
        """
        if self.published.is_day or self.received is None:
            return self.published.last
        return min(self.published.last, max(self.published.first, self.received.date()))


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What happened, as known at a cutoff: one or more reports made into one fact.

    Parameters
    ----------
    occurred
        The day on which it counts: the earliest occurrence that its reports assert.
    begins
        First day of the interval that this day ends (the same day, unless the date is coarse).
    first_published
        The moment from which it was known.
    credibility
        c in [0, 1], the probability that it is real.
    reports
        Ids of all its reports known at the cutoff, asserting and denying, sorted.
    """

    key: str
    tag: str
    countries: tuple[str, ...]
    occurred: date
    begins: date
    first_published: date
    credibility: float
    reports: tuple[str, ...]
    headline: str = ""

    def __post_init__(self) -> None:
        _finite(f"credibility of {self.key}", self.credibility, 0, 1)
        _require(
            self.begins <= self.occurred, f"event {self.key} begins on {self.begins} after {self.occurred}"
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a check found: its name, figure and threshold, and whether it passed.

    `passed` is None where the check does not apply (a model without latents has no chains).
    """

    name: str
    figure: float | None
    threshold: float
    passed: bool | None
