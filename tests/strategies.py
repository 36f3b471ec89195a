"""Random forecasts, events and evidence, for Hypothesis, and plain makers of the same for examples."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from hypothesis import strategies as st

from model.dates import CoarseDate
from model.domain import Event, Forecast, Indicator, Report, Scenario
from model.evidence import Evidence, IndicatorEvidence

OPENED = date(2025, 1, 1)
TAGS = ("deal", "visit", "delay", "delivery", "analysis")
COUNTRIES = ("PE", "BR", "VE", "*")
PUBLISHERS = (None, "tass.com", "es.rbth.com", "RBTH.com", "news.bbc.co.uk", "bbc.co.uk", "Radio Sucre")
HEADLINES = (
    "Lima signs a contract for ten helicopters",
    "LIMA SIGNS A CONTRACT for ten helicopters!",
    "Caracas denies that the frigates were ever ordered",
    "Brasília verschiebt die Lieferung der Panzer",
    "Мадуро принял посла",
)
GRADES = (None, *(reliability + credibility for reliability in "ABCDEF" for credibility in "123456"))


def an_event(
    day: int = 0,
    c: float = 1.0,
    *,
    key: str = "e",
    tag: str = "deal",
    countries: tuple[str, ...] = ("PE",),
    published: int | None = None,
    begins: int | None = None,
) -> Event:
    """An event, its dates given in days since OPENED."""
    return Event(
        key=key,
        tag=tag,
        countries=countries,
        occurred=OPENED + timedelta(day),
        begins=OPENED + timedelta(day if begins is None else begins),
        first_published=OPENED + timedelta(day if published is None else published),
        credibility=c,
        reports=(f"{key}-report",),
    )


def a_forecast(
    indicators: Sequence[Indicator],
    priors: Mapping[str, float],
    *,
    days: int = 730,
    coverage_sd: float = 0.0,
    observed_until: date | None = None,
) -> Forecast:
    """A forecast that opens on OPENED, of scenarios by id with their priors."""
    return Forecast(
        id="f",
        opened=OPENED,
        horizon=OPENED + timedelta(days),
        scenarios=tuple(Scenario(id=name, prior=prior) for name, prior in priors.items()),
        indicators=tuple(indicators),
        coverage_sd=coverage_sd,
        observed_until=observed_until,
    )


def an_evidence(forecast: Forecast, seen: Sequence[tuple[Sequence[Event], float]]) -> Evidence:
    """Evidence made directly: for every indicator its counted events and its exposure."""
    pairs = zip(forecast.indicators, seen, strict=True)
    return Evidence(
        forecast=forecast,
        as_of=forecast.horizon,
        observed_until=forecast.horizon,
        indicators=tuple(
            IndicatorEvidence(indicator=indicator, counted=tuple(events), folded=(), exposure=exposure)
            for indicator, (events, exposure) in pairs
        ),
    )


def with_indicators(evidence: Evidence, seen: Sequence[IndicatorEvidence]) -> Evidence:
    """The same evidence with other indicators, in the forecast too."""
    forecast = replace(evidence.forecast, indicators=tuple(each.indicator for each in seen))
    return replace(evidence, forecast=forecast, indicators=tuple(seen))


def relabelled(evidence: Evidence, names: Mapping[str, str], order: Sequence[int]) -> Evidence:
    """Give the scenarios other names, and another order."""
    scenarios = [replace(each, id=names[each.id]) for each in evidence.forecast.scenarios]
    found = [
        replace(
            seen,
            indicator=replace(
                seen.indicator, stated={names[name]: x for name, x in seen.indicator.stated.items()}
            ),
        )
        for seen in evidence.indicators
    ]
    forecast = replace(
        evidence.forecast,
        scenarios=tuple(scenarios[place] for place in order),
        indicators=tuple(seen.indicator for seen in found),
    )
    return replace(evidence, forecast=forecast, indicators=tuple(found))


@dataclass(frozen=True)
class Size:
    """How large random examples may grow; so many events of all indicators together."""

    scenarios: int
    indicators: int
    events: int


QUICK = Size(scenarios=4, indicators=6, events=40)
SLOW = Size(scenarios=6, indicators=25, events=500)


@st.composite
def priors(draw: st.DrawFn, size: Size = QUICK) -> dict[str, float]:
    """Priors by scenario; at least two are above 0, and now and then one is 0."""
    count = draw(st.integers(2, size.scenarios))
    weights = draw(st.lists(st.integers(1, 50), min_size=count, max_size=count))
    zero = draw(st.integers(0, 5 * count))
    if count > 2 and zero < count:
        weights[zero] = 0
    return {f"s{place}": weight / sum(weights) for place, weight in enumerate(weights)}


rates = st.one_of(
    st.floats(-3, 3).map(lambda x: 10.0**x), st.floats(-1, 1).map(lambda x: 10.0**x), st.just(0.0)
)
chances = st.one_of(st.floats(0.01, 0.99), st.sampled_from([0.0, 1.0, 0.5]))
credibilities = st.one_of(st.floats(0.02, 0.98), st.sampled_from([0.0, 1.0, 1.0, 0.5]), st.floats(0, 1))
spreads = st.one_of(st.just(0.0), st.just(0.5), st.floats(1e-3, 2), st.floats(0, 2))
coverages = st.one_of(st.just(0.0), st.just(0.25), st.floats(1e-3, 1), st.floats(0, 1))
timings = st.sampled_from([1.0, 2.0, 0.5, 0.75, 3.0])
subsets = st.lists(st.sampled_from(COUNTRIES[:-1]), max_size=2, unique=True).map(tuple)


@st.composite
def indicators(draw: st.DrawFn, name: str, scenarios: Sequence[str]) -> Indicator:
    """One indicator, one-off or recurring; often none of its numbers is 0."""
    recurs = draw(st.sampled_from([True, True, False]))
    numbers = rates if recurs else chances
    if draw(st.booleans()):
        numbers = numbers.filter(bool)
    return Indicator(
        id=name,
        tags=tuple(draw(st.lists(st.sampled_from(TAGS[:-1]), min_size=1, max_size=2, unique=True))),
        countries=draw(subsets),
        stated={scenario: draw(numbers) for scenario in scenarios},
        recurs=recurs,
        timing=draw(timings),
        spread=draw(spreads),
        burst_days=draw(st.sampled_from([0, 1, 14, 14, 60])),
    )


@st.composite
def forecasts(draw: st.DrawFn, size: Size = QUICK) -> Forecast:
    """A forecast over a window of a day to three years."""
    stated = draw(priors(size))
    count = draw(st.integers(1, size.indicators))
    return a_forecast(
        [draw(indicators(f"k{place}", list(stated))) for place in range(count)],
        stated,
        days=draw(st.one_of(st.integers(1, 1100), st.just(730))),
        coverage_sd=draw(coverages),
    )


@st.composite
def many_credibilities(draw: st.DrawFn, most: int) -> list[float]:
    """Few credibilities of any kind, or many that a seed picks among a few values."""
    if draw(st.integers(0, 3)):
        return draw(st.lists(credibilities, max_size=min(6, most)))
    palette = draw(st.lists(credibilities, min_size=1, max_size=4))
    chance = random.Random(draw(st.integers(0, 2**16)))  # noqa: S311 - reproducible, not secret
    return [chance.choice(palette) for _ in range(draw(st.integers(0, most)))]


@st.composite
def sightings(draw: st.DrawFn, forecast: Forecast, most: int) -> tuple[list[Event], float]:
    """What one indicator might have seen: events, in order, and an exposure."""
    days = (forecast.horizon - forecast.opened).days
    found = draw(many_credibilities(most))
    chance = random.Random(draw(st.integers(0, 2**16)))  # noqa: S311 - reproducible, not secret
    dates = sorted(chance.randrange(days + 1) for _ in found)
    events = [
        an_event(day, c, key=f"e{place:03}") for place, (day, c) in enumerate(zip(dates, found, strict=True))
    ]
    return events, draw(st.one_of(st.floats(0, 1), st.just(1.0), st.just(0.0)))


@st.composite
def evidences(draw: st.DrawFn, size: Size = QUICK) -> Evidence:
    """Evidence made directly, so that any credibilities and exposures come together."""
    forecast = draw(forecasts(size))
    seen: list[tuple[list[Event], float]] = []
    for _ in forecast.indicators:
        left = size.events - sum(len(events) for events, _ in seen)
        seen.append(draw(sightings(forecast, left)))
    return an_evidence(forecast, seen)


@dataclass(frozen=True)
class Case:
    """A question to be asked of the counting rules: which of these events count, at this cutoff?"""

    forecast: Forecast
    events: tuple[Event, ...]
    as_of: date
    observed_until: date | None


@st.composite
def events_near(draw: st.DrawFn, key: str, forecast: Forecast, as_of: date) -> Event:
    """An event from shortly before the window to shortly after it, known at the cutoff."""
    known = (as_of - OPENED).days
    days = (forecast.horizon - forecast.opened).days
    near = st.one_of(st.integers(-20, days + 20), st.integers(0, 30), st.sampled_from([0, days, known]))
    day = min(draw(near), known)
    return an_event(
        day,
        draw(credibilities),
        key=key,
        tag=draw(st.sampled_from(TAGS[:-1])),
        countries=tuple(draw(st.lists(st.sampled_from(COUNTRIES), min_size=1, max_size=3, unique=True))),
        published=draw(st.integers(day, known)),
        begins=draw(st.one_of(st.just(day), st.integers(day - 30, day))),
    )


@st.composite
def cases(draw: st.DrawFn, size: Size = QUICK) -> Case:
    """A forecast, the events known at a cutoff, and an end of observation or none."""
    forecast = draw(forecasts(size))
    days = (forecast.horizon - forecast.opened).days
    as_of = OPENED + timedelta(draw(st.one_of(st.integers(0, days + 60), st.sampled_from([0, days]))))
    until = draw(st.one_of(st.none(), st.integers(-10, days + 90).map(lambda day: OPENED + timedelta(day))))
    count = draw(st.integers(0, min(40, size.events)))
    keys = draw(st.permutations([f"e{place:02}" for place in range(count)]))
    events = tuple(draw(events_near(key, forecast, as_of)) for key in keys)
    return Case(forecast, events, as_of, until)


@st.composite
def coarse_dates(draw: st.DrawFn) -> CoarseDate:
    """A day, a month or a year, in or near the first half of 2025."""
    day = date(2024, 12, 1) + timedelta(draw(st.integers(0, 240)))
    form = draw(st.sampled_from(["%Y-%m-%d"] * 4 + ["%Y-%m", "%Y"]))
    return CoarseDate.parse(day.strftime(form))


@st.composite
def reports(draw: st.DrawFn, name: str) -> Report:
    """A report of any grade, publisher and headline; some deny, some are analysis."""
    received = draw(st.one_of(st.none(), st.integers(0, 400)))
    moment = None if received is None else datetime.combine(OPENED + timedelta(received), time(12), UTC)
    return Report(
        id=name,
        published=draw(coarse_dates()),
        occurred=draw(st.one_of(st.none(), coarse_dates())),
        tag=draw(st.sampled_from(TAGS)),
        country=draw(st.sampled_from(COUNTRIES)),
        also=draw(subsets),
        headline=draw(st.sampled_from(HEADLINES)),
        publisher=draw(st.sampled_from(PUBLISHERS)),
        grade=draw(st.sampled_from(GRADES)),
        probability_true=draw(st.one_of(st.none(), st.none(), st.integers(1, 999).map(lambda x: x / 1000))),
        denies=draw(st.sampled_from([False, False, True])),
        received=moment,
    )


@st.composite
def stories(draw: st.DrawFn) -> dict[str, list[Report]]:
    """The reports of some events, by the event's key."""
    sizes = draw(st.lists(st.integers(1, 6), min_size=1, max_size=3))
    return {
        f"event{place}": [draw(reports(f"r{place}{each}")) for each in draw(st.permutations(range(size)))]
        for place, size in enumerate(sizes)
    }
