"""Which event a report belongs to. Pure: reports in, decisions out.

A person's word decides. Without one a report joins an event of the same tag and country that happened
within some days of it if it tells of it likely enough: the more events there are nearby, the more alike the
two must be. Precision comes first, for two events that became one are harder to see than one that stayed
two. `docs/decisions/0010-likeness-of-reports.md` has the measurements.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from ingest.around import Around
from ingest.likeness import likeness
from ingest.neighbours import Neighbours, Telling, telling
from ingest.traits import traits
from model.dates import CoarseDate
from model.domain import REGION, Report
from model.errors import InvalidValue

VAGUE_DAYS = 31  # an interval longer than a month says little about which event it was
NEEDED_ALONE, NEEDED_MORE, NEEDED_MOST = -3.0, 7.6, 1.5  # log-odds: with no other event nearby, and with many
COARSE_GAP = -0.4
GAP, MOST_GAP = -2.0, 4  # for each day between two dates
VAGUE = -4.0  # where one of the dates is only a year
SAME = 20.0  # the same text, or the same page
NAMED = "the report names its event"
ANY_DAY = CoarseDate(date.min, date.max)
_KEY = re.compile(r"-(\d{4}(?:-\d{2}(?:-\d{2})?)?)-[0-9a-f]{6}$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Clustering:
    """Settings of the clustering.

    Parameters
    ----------
    cluster_days
        Days, ≥ 0, within which the reports of one event say that it happened.
    tag_families
        Tags that may be one event, in groups; of several groups with one tag the first counts.
    """

    cluster_days: int = 7
    tag_families: tuple[tuple[str, ...], ...] = ()

    def family(self, tag: str) -> str:
        """Name the tag that stands for all that may be one event with this one."""
        return self.tags_of(tag)[0]

    def tags_of(self, tag: str) -> tuple[str, ...]:
        """List the tags that may be one event with this one, itself included."""
        return next((family for family in self.tag_families if tag in family), (tag,))


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
    known = Known(settings)
    for candidate in candidates:
        known.add(candidate)
    return [known.decide(report) for report in reports]


class _Match(NamedTuple):
    """How likely a report tells of an event.

    Parameters
    ----------
    id, gap
        The telling that is likest, and the days between.
    margin
        Log-odds above those needed.
    same
        In which way it is the same, where it is.
    objection
        What it says otherwise.
    """

    key: str
    id: str
    gap: int
    margin: float
    same: str = ""
    objection: str = ""

    @property
    def score(self) -> float:
        """Likeness in [0, 100]; from 50 on they are of one event."""
        return round(100 / (1 + math.exp(-max(-SAME, self.margin))), 1)

    @property
    def rank(self) -> tuple[float, int, str]:
        return -self.margin, self.gap, self.key


class Known:
    """What is known so far: it decides on one report after the other, and takes each up."""

    def __init__(self, settings: Clustering) -> None:
        self.settings = settings
        self.neighbours = Neighbours(days=settings.cluster_days)
        self.held: dict[str, tuple[str, str | None]] = {}  # where a person has put a report

    def add(self, candidate: Candidate) -> None:
        """Take up an earlier report."""
        said = self._telling(candidate.report, decided=candidate.decided)
        self.take(candidate.key, said, event=candidate.report.event)

    def take(self, key: str, said: Telling, *, event: str | None) -> None:
        """Take up an earlier report of an event; it names the event itself, or none."""
        self.neighbours.add(key, said)
        if said.decided:
            self.hold(said.id, key, event=event)

    def hold(self, report_id: str, key: str, *, event: str | None) -> None:
        """Keep a report where a person put it, as long as it names no other event than this."""
        self.held[report_id] = key, event

    def forget(self, report_id: str) -> None:
        """Forget a report that is not in force."""
        self.neighbours.remove(report_id)
        self.held.pop(report_id, None)

    def decide(self, report: Report) -> Decision:
        """Decide on a report, and take it up."""
        held, said = self.held.get(report.id), self._telling(report)
        self.forget(report.id)
        if held is not None and held[1] == report.event:
            decision = Decision(key=held[0], why="a person put the report there")
        elif report.event is not None:
            held, decision = (report.event, report.event), Decision(key=report.event, why=NAMED)
        else:
            held, decision = None, self._decided(report, said)
        self.take(decision.key, said._replace(decided=True) if held else said, event=report.event)
        return decision

    def _decided(self, report: Report, said: Telling) -> Decision:
        matches = self._matches(said)
        ranked = sorted(matches, key=lambda match: match.rank)
        if ranked and ranked[0].margin >= 0:
            return _joined(*ranked[:2])
        if matches:
            near = matches[0]  # the one with most in common tells more than the one with least against it
            because = f" ({near.objection})" if near.objection else ""
            why = f"nothing near it is told alike enough: {near.id} scores {near.score:.0f} of 100{because}"
            return Decision(key=event_key(report), why=why, runner_up=near.key, runner_up_score=near.score)
        why = f"no open event of {report.tag} in {report.country} within {self.settings.cluster_days} days"
        return Decision(key=event_key(report), why=why)

    def _matches(self, said: Telling) -> list[_Match]:
        """Compare a report with the events that it may tell of, those with most in common first."""
        around = Around(said, self.neighbours)
        same = around.same()
        others = [event for event in around.likely() if event not in same]
        events = [*sorted(same), *(others[:1] if same else others)]
        matches = (self._match(event, around, same.get(event, "")) for event in events)
        return [match for match in matches if match is not None]

    def _match(self, event: str, around: Around, same: str) -> _Match | None:
        told, new = around.tellings(event), around.telling
        if not _admits(event, told, new, self.settings.cluster_days):
            return None
        if same:
            gap, name = min((one.gap(new), one.id) for one in told)
            return _Match(key=event, id=name, gap=gap, margin=SAME, same=same)
        read, weights = traits(new.headline), around.weigh(event)
        found = []
        for one in told:
            like = likeness(read, traits(one.headline), weights, denies=one.denies != new.denies)
            found.append((like.score + _apart(new, one), one.id, one, like.objections))
        _, name, near, objections = max(found)
        margin = math.fsum([score for score, *_ in found]) / len(found) - _needed(around.crowd(event))
        return _Match(event, name, near.gap(new), margin, objection=objections[0] if objections else "")

    def _telling(self, report: Report, *, decided: bool = False) -> Telling:
        return telling(
            id=report.id,
            family=self.settings.family(report.tag),
            countries=report.countries,
            when=report.when,
            headline=report.headline,
            url=report.url,
            denies=report.denies,
            decided=decided,
        )


def _needed(others: float) -> float:
    """Log-odds that are needed to join an event among others."""
    return min(NEEDED_MOST, NEEDED_ALONE + NEEDED_MORE * math.log1p(max(0, others)))


def _admits(event: str, told: Sequence[Telling], new: Telling, days: int) -> bool:
    """Whether an event began near enough; what a person put there may lie anywhere."""
    first, last = _begins(event)
    near = max(0, first - new.last, new.first - last) <= days
    return near or any(one.decided for one in told)


@lru_cache(maxsize=8192)
def _begins(key: str) -> tuple[int, int]:
    """Read from a key that `event_key` made within which days the event began; any where it does not say."""
    found = _KEY.search(key)
    try:
        began = CoarseDate.parse(found[1]) if found else ANY_DAY
    except InvalidValue:
        began = ANY_DAY
    return began.first.toordinal(), began.last.toordinal()


def _apart(new: Telling, old: Telling) -> float:
    """Log-odds that the days between two reports cost; a denial may come a day later."""
    mine, others = new.last - new.first, old.last - old.first
    each = COARSE_GAP if mine or others else GAP
    days = max(0, new.gap(old) - (new.denies != old.denies))
    return each * min(days, MOST_GAP) + VAGUE * (mine >= VAGUE_DAYS or others >= VAGUE_DAYS)


def _joined(best: _Match, second: _Match | None = None) -> Decision:
    apart = "the same days" if best.gap == 0 else f"{best.gap} day{'s' * (best.gap > 1)} apart"
    how = f"told {best.same or 'like'} {'as ' * bool(best.same)}{best.id} ({best.score:.0f} of 100)"
    return Decision(
        key=best.key,
        why=f"{how}, same kind and country, {apart}",
        score=best.score,
        runner_up=second.key if second else None,
        runner_up_score=second.score if second else None,
    )
