"""Which event a report belongs to. Pure: reports in, decisions out.

A person's word decides. Without one a report joins an event of the same tag and country that happened
within some days of it and was told in similar words; precision comes first, for two events that became
one are harder to see than one that stayed two. `docs/decisions/0002-clustering-threshold.md` has the
measurements.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from rapidfuzz import fuzz, process

from model.dates import CoarseDate
from model.domain import REGION, Report
from model.headlines import normalised

VAGUE_DAYS = 31  # an interval longer than a month says little about which event it was


@dataclass(frozen=True, kw_only=True, slots=True)
class Clustering:
    """Settings of the clustering.

    Parameters
    ----------
    cluster_days
        Days, ≥ 0, within which the reports of one event say that it happened.
    similarity, vague_similarity
        Least likeness of headlines in [0, 100]; the second where one of the dates is only a year.
    tag_families
        Tags that may be one event, in groups; of several groups with one tag the first counts.
    """

    cluster_days: int = 7
    similarity: float = 40
    vague_similarity: float = 60
    tag_families: tuple[tuple[str, ...], ...] = ()

    def family(self, tag: str) -> str:
        """Name the tag that stands for all that may be one event with this one."""
        return next((family[0] for family in self.tag_families if tag in family), tag)


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """An earlier report and the event that it belongs to.

    Parameters
    ----------
    decided
        A person put it there, by `event`, a merge or a split: it says nothing about how far the event
        extends, and stays where it is when the report is amended.
    """

    key: str
    report: Report
    decided: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """The event of a report, and why.

    Parameters
    ----------
    score
        Likeness in [0, 100] to the nearest report of the event; None where nothing was compared.
    runner_up, runner_up_score
        The next best event, or the best of those that were not like enough.
    """

    key: str
    why: str
    score: float | None = None
    runner_up: str | None = None
    runner_up_score: float | None = None


def event_key(report: Report) -> str:
    """Key of an event that begins with this report: readable, and the same whenever it is made."""
    where = "region" if report.country == REGION else report.country.lower()
    digest = hashlib.sha256(report.id.encode()).hexdigest()[:6]
    return f"{where}-{report.tag}-{report.when}-{digest}"


def assign(report: Report, candidates: Iterable[Candidate], settings: Clustering) -> Decision:
    """Decide the event of one report among those of earlier ones."""
    return assign_all([report], candidates, settings)[0]


def assign_all(
    reports: Sequence[Report], candidates: Iterable[Candidate], settings: Clustering
) -> list[Decision]:
    """Decide the events of reports in their order; later ones see the events of earlier ones.

    No earlier report changes its event. What is not of a report's tag family and country is not looked at.

    Parameters
    ----------
    candidates
        Earlier reports. Those that matter have a report's tag family and country, and happened within
        twice `cluster_days` of it (the second half shows how far the events near it extend already).
    """
    known = _Known(settings)
    for candidate in candidates:
        known.add(candidate)
    decisions = []
    for report in reports:
        decision = known.decide(report)
        known.add(Candidate(key=decision.key, report=report))
        decisions.append(decision)
    return decisions


type _Place = tuple[str, str]  # tag family and country


@dataclass(frozen=True, kw_only=True, slots=True)
class _Member:
    key: str
    id: str
    when: CoarseDate
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Match:
    """The likest report of an event, and whether it is like enough."""

    enough: bool
    score: float
    gap: int
    key: str
    id: str

    @property
    def rank(self) -> tuple[bool, float, int, str]:
        return not self.enough, -self.score, self.gap, self.key


@dataclass(slots=True)
class _Extent:
    """How far the clustered reports of an event are apart: within n days of these is within n of all."""

    latest_first: date = date.min
    earliest_last: date = date.max

    def widen(self, when: CoarseDate) -> None:
        self.latest_first = max(self.latest_first, when.first)
        self.earliest_last = min(self.earliest_last, when.last)

    def admits(self, when: CoarseDate, days: int) -> bool:
        after, before = when.first - self.earliest_last, self.latest_first - when.last
        return after.days <= days and before.days <= days


@dataclass(slots=True)
class _Known:
    """Earlier reports by tag family, country and month, so that unrelated ones cost nothing."""

    settings: Clustering
    months: defaultdict[tuple[_Place, int], list[_Member]] = field(default_factory=lambda: defaultdict(list))
    extents: defaultdict[tuple[_Place, str], _Extent] = field(default_factory=lambda: defaultdict(_Extent))
    decided: dict[str, str] = field(default_factory=dict)

    def add(self, candidate: Candidate) -> None:
        report, place = candidate.report, self._place(candidate.report)
        member = _Member(key=candidate.key, id=report.id, when=report.when, text=normalised(report.headline))
        for month in _months(report.when, 0):
            self.months[place, month].append(member)
        if candidate.decided:
            self.decided[report.id] = candidate.key
        elif report.event is None:
            self.extents[place, candidate.key].widen(report.when)

    def decide(self, report: Report) -> Decision:
        if report.event is not None:
            return Decision(key=report.event, why="the report names its event")
        if report.id in self.decided:
            return Decision(key=self.decided[report.id], why="a person put the report there")
        matches = self._matches(report)
        if matches and matches[0].enough:
            return _joined(*matches[:2])
        return self._founded(report, matches)

    def _founded(self, report: Report, matches: Sequence[_Match]) -> Decision:
        if not matches:
            days = self.settings.cluster_days
            why = f"no open event of {report.tag} in {report.country} within {days} days"
            return Decision(key=event_key(report), why=why)
        near = matches[0]
        why = f"no headline near it is like enough: that of {near.id} scores {near.score:.0f} of 100"
        return Decision(key=event_key(report), why=why, runner_up=near.key, runner_up_score=near.score)

    def _matches(self, report: Report) -> list[_Match]:
        """Find the best match in each event that may hold the report, best first."""
        near = self._near(report)
        scored = process.extract(
            normalised(report.headline),
            [member.text for member in near],
            scorer=fuzz.token_set_ratio,
            processor=None,
            limit=None,
        )
        best: dict[str, _Match] = {}
        for _, score, at in scored:
            match = self._match(report, near[at], score)
            if match.key not in best or match.rank < best[match.key].rank:
                best[match.key] = match
        return sorted(best.values(), key=lambda match: match.rank)

    def _match(self, report: Report, member: _Member, score: float) -> _Match:
        vague = max(_span(report.when), _span(member.when)) > VAGUE_DAYS
        needed = self.settings.vague_similarity if vague else self.settings.similarity
        gap = report.when.gap(member.when)
        return _Match(enough=score >= needed, score=score, gap=gap, key=member.key, id=member.id)

    def _near(self, report: Report) -> list[_Member]:
        place, days, when = self._place(report), self.settings.cluster_days, report.when
        return [
            member
            for member in self._same_months(place, when)
            if member.id != report.id
            and member.when.gap(when) <= days
            and self.extents[place, member.key].admits(when, days)
        ]

    def _same_months(self, place: _Place, when: CoarseDate) -> Iterable[_Member]:
        found = [self.months.get((place, month), ()) for month in _months(when, self.settings.cluster_days)]
        return {id(member): member for members in found for member in members}.values()

    def _place(self, report: Report) -> _Place:
        return self.settings.family(report.tag), report.country


def _joined(best: _Match, second: _Match | None = None) -> Decision:
    apart = "the same days" if best.gap == 0 else f"{best.gap} day{'s' * (best.gap > 1)} apart"
    return Decision(
        key=best.key,
        why=f"told like {best.id} ({best.score:.0f} of 100), same kind and country, {apart}",
        score=best.score,
        runner_up=second.key if second else None,
        runner_up_score=second.score if second else None,
    )


def _months(when: CoarseDate, margin: int) -> Iterator[int]:
    first, last = when.first - timedelta(days=margin), when.last + timedelta(days=margin)
    return iter(range(first.year * 12 + first.month, last.year * 12 + last.month + 1))


def _span(when: CoarseDate) -> int:
    return (when.last - when.first).days + 1
