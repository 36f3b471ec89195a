"""Reports to events: how credible it is that something happened, given who said so.

The rules are those of the Admiralty code (AJP-2.1), put into log-odds: ``ℓ = logit ρ``.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType

from publicsuffixlist import PublicSuffixList
from rapidfuzz import fuzz

from model.domain import ANALYSIS, Event, Report
from model.headlines import normalised

COPY_SIMILARITY = 95  # token_set_ratio of normalised headlines from which two reports are copies
FLOOR, CEILING = 0.02, 0.98  # nothing in the news is certain
UNGRADED = "F6"

RELIABILITY = MappingProxyType({"A": 0.95, "B": 0.80, "C": 0.65, "D": 0.45, "E": 0.20, "F": 0.50})
CREDIBILITY = MappingProxyType({"1": 0.95, "2": 0.80, "3": 0.65, "4": 0.35, "5": 0.10, "6": 0.50})


def logit(p: float) -> float:
    """Log-odds of a probability in (0, 1)."""
    return math.log(p) - math.log1p(-p)


@dataclass(frozen=True, kw_only=True, slots=True)
class Grades:
    """What the Admiralty grades are worth.

    Parameters
    ----------
    reliability, credibility
        Probability in (0, 1) that stands for each letter and each figure.
    corroboration
        λ in [0, 1], the share of its log-odds that each further independent report adds.
    """

    reliability: Mapping[str, float] = field(default_factory=lambda: RELIABILITY)
    credibility: Mapping[str, float] = field(default_factory=lambda: CREDIBILITY)
    corroboration: float = 0.5

    def log_odds(self, report: Report) -> float:
        """``ℓ = logit ρ`` of one report: the mean of its grade's log-odds, or its own probability."""
        if report.probability_true is not None:
            return logit(report.probability_true)
        grade = report.grade or UNGRADED
        return (logit(self.reliability[grade[0]]) + logit(self.credibility[grade[1]])) / 2


@dataclass(frozen=True, slots=True)
class _Graded:
    """A report with its log-odds and what makes it a copy of another."""

    report: Report
    log_odds: float

    @property
    def rank(self) -> tuple[float, date, str]:
        alike = round(self.log_odds, 9)  # C4, E2 and F6 are worth the same, whatever rounding says
        return (-alike, self.report.known, self.report.id)

    def repeats(self, other: "_Graded") -> bool:
        """Whether both come from one publisher or are near-identical copies."""
        mine, theirs = registrable_domain(self.report.publisher), registrable_domain(other.report.publisher)
        if mine is not None and mine == theirs:
            return True
        first, second = normalised(self.report.headline), normalised(other.report.headline)
        return fuzz.token_set_ratio(first, second) >= COPY_SIMILARITY


def events(reports: Mapping[str, Sequence[Report]], *, as_of: date, grades: Grades) -> tuple[Event, ...]:
    """Make one event of each key's reports, as far as they were known at the cutoff.

    Parameters
    ----------
    reports
        For each event's key its reports, asserting and denying, in any order.
    as_of
        Reports that became known later do not exist.
    grades
        What the grades are worth.

    Returns
    -------
    tuple of Event
        Sorted by date, first publication and key. A key whose known reports assert nothing
        (denials and analysis alone) makes no event.
    """
    made = (_event(key, _known(of, as_of, grades), grades.corroboration) for key, of in reports.items())
    return tuple(sorted((event for event in made if event), key=in_order))


def in_order(event: Event) -> tuple[date, date, str]:
    """Sort key in which events are counted: date, first publication, key."""
    return (event.occurred, event.first_published, event.key)


def _known(reports: Iterable[Report], as_of: date, grades: Grades) -> list[_Graded]:
    graded = [_Graded(report, grades.log_odds(report)) for report in reports if report.known <= as_of]
    return sorted(graded, key=lambda item: item.rank)


def _event(key: str, known: Sequence[_Graded], corroboration: float) -> Event | None:
    asserting = [item for item in known if not item.report.denies and item.report.tag != ANALYSIS]
    if not asserting:
        return None
    denying = [item for item in known if item.report.denies]
    best = asserting[0].report
    occurred, begins = _occurrence([item.report for item in asserting])
    return Event(
        key=key,
        tag=best.tag,
        countries=best.countries,
        occurred=occurred,
        begins=begins,
        first_published=min(item.report.known for item in asserting),
        credibility=combine(_independent(asserting), _independent(denying), corroboration),
        reports=tuple(sorted(item.report.id for item in (*asserting, *denying))),
        headline=best.headline,
    )


def combine(asserting: Sequence[float], denying: Sequence[float], corroboration: float) -> float:
    """Combine independent reports' log-odds into the credibility of their event.

    ``A = ℓ₍₁₎ + λ Σ_{j≥2} max(0, ℓ₍ⱼ₎)``, D likewise of the denials, ``logit c = A − max(0, D)``.

    Parameters
    ----------
    asserting, denying
        Log-odds, the highest first; `asserting` holds at least one.
    corroboration
        λ in [0, 1].

    Returns
    -------
    float
        c, kept within [0.02, 0.98] and rounded to three decimals.
    """
    against = max(0.0, _strength(denying, corroboration)) if denying else 0.0
    log_odds = _strength(asserting, corroboration) - against
    likelihood = 0.5 * (1 + math.tanh(log_odds / 2))
    return round(min(CEILING, max(FLOOR, likelihood)), 3)


def _strength(log_odds: Sequence[float], corroboration: float) -> float:
    return log_odds[0] + corroboration * math.fsum(max(0.0, further) for further in log_odds[1:])


def _independent(ranked: Sequence[_Graded]) -> list[float]:
    """Log-odds of the reports that no higher-ranked one repeats."""
    return [
        item.log_odds
        for place, item in enumerate(ranked)
        if not any(item.repeats(higher) for higher in ranked[:place])
    ]


def _occurrence(asserting: Sequence[Report]) -> tuple[date, date]:
    """Day on which the event counts, and the first day of the interval that this day ends.

    A coarse occurrence is the end of its interval, or the publication where that is earlier. Of
    reports that agree on the day, the one that dates it most finely speaks.
    """
    day, begins = min(
        ((min(report.when.last, report.known), report.when.first) for report in asserting),
        key=lambda dated: (dated[0], -dated[1].toordinal()),
    )
    return day, min(begins, day)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@lru_cache(maxsize=65536)
def registrable_domain(publisher: str | None) -> str | None:
    """Domain that a publisher registered, lower case: ``www.tass.com`` is ``tass.com``.

    A name that is no domain stands for itself; none at all is None.
    """
    name = (publisher or "").strip().rstrip(".").lower()
    if not name:
        return None
    return str(_suffixes().privatesuffix(name) or name) if "." in name else name
