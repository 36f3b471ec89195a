"""A second reading of the rules of credibility and counting, as plain as loops can make them."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from publicsuffixlist import PublicSuffixList
from rapidfuzz import fuzz

from model.domain import Event, Forecast, Indicator, Report

RELIABILITY = {"A": 0.95, "B": 0.80, "C": 0.65, "D": 0.45, "E": 0.20, "F": 0.50}
CREDIBILITY = {"1": 0.95, "2": 0.80, "3": 0.65, "4": 0.35, "5": 0.10, "6": 0.50}
CORROBORATION = 0.5
SUFFIXES = PublicSuffixList()


def logit(p: float) -> float:
    """Log-odds."""
    return math.log(p / (1 - p))


def log_odds(report: Report) -> float:
    """ℓ of a report."""
    if report.probability_true is not None:
        return logit(report.probability_true)
    grade = report.grade or "F6"
    return (logit(RELIABILITY[grade[0]]) + logit(CREDIBILITY[grade[1]])) / 2


def ranked(reports: Iterable[Report]) -> list[Report]:
    """Best first: highest ℓ, then earliest known, then id.

    To nine decimals: E2, C4 and F6 are worth exactly the same, which floats miss by their last bit.
    """
    return sorted(reports, key=lambda report: (-round(log_odds(report), 9), report.known, report.id))


def same_voice(one: Report, other: Report) -> bool:
    """Whether two reports share their publisher, or one is nearly a copy of the other."""
    if one.publisher and other.publisher and domain(one.publisher) == domain(other.publisher):
        return True
    return fuzz.token_set_ratio(normalised(one.headline), normalised(other.headline)) >= 95


def domain(publisher: str) -> str:
    """The registrable domain, lower case; a name that has none stands for itself."""
    name = publisher.strip().lower()
    return SUFFIXES.privatesuffix(name) or name


def normalised(headline: str) -> str:
    """Words alone, lower case."""
    return " ".join(re.findall(r"\w+", headline.lower()))


def combined(side: Sequence[Report]) -> float:
    """``ℓ(1) + λ Σ max(0, ℓ(j))`` over the reports that count; 0 if there are none."""
    order = ranked(side)
    voices = []
    for place, report in enumerate(order):
        if not any(same_voice(report, better) for better in order[:place]):
            voices.append(log_odds(report))
    if not voices:
        return 0.0
    total = voices[0]
    for each in voices[1:]:
        total += CORROBORATION * max(0.0, each)
    return total


def credibility(asserting: Sequence[Report], denying: Sequence[Report]) -> float:
    """Credibility c of an event, kept within [0.02, 0.98] and to three decimals."""
    odds = combined(asserting) - max(0.0, combined(denying))
    return round(min(0.98, max(0.02, 1 / (1 + math.exp(-odds)))), 3)


def event(key: str, reports: Iterable[Report], as_of: date) -> Event | None:
    """Make one event of its reports known at a cutoff; None where nothing but analysis asserts it."""
    known = [report for report in reports if report.known <= as_of]
    asserting = [report for report in known if not report.denies and report.tag != "analysis"]
    denying = [report for report in known if report.denies]
    if not asserting:
        return None
    best = ranked(asserting)[0]
    occurred, begins = occurrence(asserting)
    return Event(
        key=key,
        tag=best.tag,
        countries=(best.country, *best.also),
        occurred=occurred,
        begins=begins,
        first_published=min(report.known for report in asserting),
        credibility=credibility(asserting, denying),
        reports=tuple(sorted(report.id for report in [*asserting, *denying])),
        headline=best.headline,
    )


def occurrence(asserting: Sequence[Report]) -> tuple[date, date]:
    """Day on which an event counts and first day of that day's interval; of equals the latter's latest."""
    intervals = []
    for report in asserting:
        when = report.occurred if report.occurred is not None else report.published
        day = min(when.last, report.known)
        intervals.append((day, min(when.first, day)))
    earliest = min(day for day, _ in intervals)
    return earliest, max(begins for day, begins in intervals if day == earliest)


def events(reports: Mapping[str, Sequence[Report]], *, as_of: date) -> tuple[Event, ...]:
    """All events known at a cutoff, by key."""
    made = [event(key, reports[key], as_of) for key in sorted(reports)]
    return tuple(each for each in made if each is not None)


@dataclass(frozen=True)
class Counted:
    """What an indicator should have seen."""

    counted: tuple[Event, ...]
    folded: tuple[Event, ...]
    exposure: float


def observed_until(forecast: Forecast, as_of: date, until: date | None = None) -> date:
    """The last day of observation."""
    if until is None:
        until = forecast.observed_until
    if until is None:
        until = as_of
    return min(as_of, until, forecast.horizon)


def counts(forecast: Forecast, each: Event, as_of: date, end: date) -> bool:
    """Whether an event counts at all, in whatever indicator matches it."""
    published = each.first_published <= as_of
    return published and forecast.opened <= each.begins and each.occurred <= end


def matches(indicator: Indicator, each: Event) -> bool:
    """Whether an indicator claims the event's tag in one of its countries."""
    if each.tag not in indicator.tags:
        return False
    if not indicator.countries:
        return True
    return any(country in indicator.countries for country in each.countries if country != "*")


def select(
    forecast: Forecast, known: Iterable[Event], *, as_of: date, until: date | None = None
) -> dict[str, Counted]:
    """What every indicator should have seen."""
    end = observed_until(forecast, as_of, until)
    order = sorted(known, key=lambda each: (each.occurred, each.first_published, each.key))
    standing = [each for each in order if counts(forecast, each, as_of, end)]
    found = {}
    for indicator in forecast.indicators:
        matching = [each for each in standing if matches(indicator, each)]
        scan = occasions if indicator.recurs and indicator.burst_days > 0 else every_event
        found[indicator.id] = scan(forecast, indicator, matching, end)
    return found


def every_event(forecast: Forecast, indicator: Indicator, matching: list[Event], end: date) -> Counted:
    """Every event counts and nothing is hidden: one-off indicators, and those without bursts."""
    exposure = indicator.elapsed(forecast.u(end)) if end >= forecast.opened else 0.0
    return Counted(tuple(matching), (), exposure)


def occasions(forecast: Forecast, indicator: Indicator, matching: list[Event], end: date) -> Counted:
    """Scan by date: an event outside of any occasion counts, and opens one if likelier real than not."""
    exposure = every_event(forecast, indicator, matching, end).exposure
    window = (forecast.horizon - forecast.opened).days
    last_day = (end - forecast.opened).days
    counted, folded, closes = [], [], -1
    for each in matching:
        day = (each.occurred - forecast.opened).days
        if day <= closes:
            folded.append(each)
            continue
        counted.append(each)
        if each.credibility >= 0.5:
            closes = day + indicator.burst_days
            hidden = min(closes, last_day)
            exposure -= indicator.elapsed(hidden / window) - indicator.elapsed(day / window)
    return Counted(tuple(counted), tuple(folded), exposure)
