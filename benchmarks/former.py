"""The rule that decided on events before: headlines alike, of one country and kind, within a week."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from rapidfuzz import fuzz

from ingest.cluster import VAGUE_DAYS
from model.dates import CoarseDate
from model.domain import Report
from model.headlines import normalised

DAYS = 7


@dataclass(slots=True)
class _Event:
    key: str
    members: list[tuple[CoarseDate, str]] = field(default_factory=list)
    latest_first: date = date.min
    earliest_last: date = date.max

    def take(self, report: Report) -> None:
        self.members.append((report.when, normalised(report.headline)))
        self.latest_first = max(self.latest_first, report.when.first)
        self.earliest_last = min(self.earliest_last, report.when.last)

    def admits(self, when: CoarseDate) -> bool:
        after, before = when.first - self.earliest_last, self.latest_first - when.last
        return after.days <= DAYS and before.days <= DAYS


def clustered(reports: Sequence[Report], *, similarity: float = 40, vague: float = 60) -> dict[str, str]:
    """Give each report the likest event that is like enough; 0 for both looks at kind and week alone.

    Parameters
    ----------
    similarity, vague
        Least `token_set_ratio` of two headlines; the second where one of the dates is only a year.
    """
    events: defaultdict[tuple[str, str], list[_Event]] = defaultdict(list)
    found: dict[str, str] = {}
    for report in reports:
        here = events[report.tag, report.country]
        ranked = [_rank(event, report, similarity, vague) for event in here if event.admits(report.when)]
        enough = [one for one in ranked if one is not None]
        event = min(enough, key=lambda one: one[:3])[3] if enough else _Event(key=report.id)
        if not enough:
            here.append(event)
        event.take(report)
        found[report.id] = event.key
    return found


def _rank(
    event: _Event, report: Report, similarity: float, vague: float
) -> tuple[float, int, str, _Event] | None:
    """Rank an event by its likest headline, the likest first; None where none is like enough."""
    text, ranks = normalised(report.headline), []
    for when, other in event.members:
        score, gap = fuzz.token_set_ratio(text, other), when.gap(report.when)
        coarse = max((one.last - one.first).days + 1 for one in (when, report.when)) > VAGUE_DAYS
        if gap <= DAYS and score >= (vague if coarse else similarity):
            ranks.append((-score, gap, event.key, event))
    return min(ranks, key=lambda one: one[:3], default=None)
