"""Which events new reports belong to: decided beside what is stored, and recorded."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from ingest.cluster import Clustering, Decision, Known
from ingest.neighbours import telling
from model.domain import Report
from service.composition import Service
from storage.database import FILING, exclusive
from storage.events import Membership, join_events
from storage.memberships import memberships
from storage.nearby import Neighbour, Span, Written, amended, candidates, last_written, of_version

DAY = timedelta(days=1)
MOST_REMEMBERED = 40_000  # tellings, so that memory stays flat

type Days = tuple[date, date]


class Clusterer:
    """Decides the events of reports as they are filed, batch after batch.

    What was told nearby is read once, and read anew where anyone else has filed in between. Whoever gets
    an error out of it, or out of the transaction, takes a new one.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._begin_anew()
        self._written: Written | None = None

    def _begin_anew(self) -> None:
        self._known = _known(self._service)
        self._covered: defaultdict[tuple[str, str], list[Days]] = defaultdict(list)
        self._needed = 0  # tellings after the first batch

    def begin(self, session: Session) -> None:
        """Keep others from filing, and make sure that what is remembered still holds."""
        exclusive(session, FILING)
        most = max(MOST_REMEMBERED, 2 * self._needed)  # where one batch needs as much, dropping it is no use
        if self._written != last_written(session) or len(self._known.neighbours) > most:
            self._begin_anew()
        self._written = None

    def cluster(
        self,
        session: Session,
        reports: Sequence[Report],
        *,
        at: datetime,
        known_before: Collection[str] | None = None,
    ) -> dict[str, Decision]:
        """Decide the events of reports that have just been filed, and record what is new about them.

        A report that a person put somewhere stays there.

        Parameters
        ----------
        known_before
            Those of the reports that are not filed for the first time; None where any of them may be.

        Returns
        -------
        dict
            For each report's id the newest decision.
        """
        known, filed = self._known, Counter(report.id for report in reports)
        again = filed if known_before is None else known_before
        versions = amended(session, again)
        before = {name: one.version - filed[name] for name, one in versions.items()}
        _take(known, candidates(session, self._unread(reports)), but=filed)
        _take(known, of_version(session, before))
        retracted = {name for name, one in versions.items() if one.retracted}
        decisions = []
        for report in reports:
            decisions.append(known.decide(report))
            if report.id in retracted:
                known.forget(report.id)
        _record(session, reports, decisions, memberships(session, again), at)
        self._written = last_written(session)
        self._needed = self._needed or len(known.neighbours)
        return {report.id: decision for report, decision in zip(reports, decisions, strict=True)}

    def _unread(self, reports: Sequence[Report]) -> list[Span]:
        """Where to look for what was told near the reports, and has not been read yet."""
        missing: list[Span] = []
        for (tag, country), near in _near(self._known.settings, reports).items():
            covered = self._covered[tag, country]
            for days in near:
                missing += (
                    Span(tag=tag, country=country, first=a, last=z) for a, z in _without(days, covered)
                )
            self._covered[tag, country] = list(_joined([*covered, *near]))
        return missing


def cluster(
    session: Session, service: Service, reports: Sequence[Report], *, at: datetime
) -> dict[str, Decision]:
    """Decide the events of one batch of reports, as `Clusterer.cluster` does.

    Call it in the transaction that filed them, which keeps others from filing meanwhile.
    """
    return Clusterer(service).cluster(session, reports, at=at)


def foresee(session: Session, service: Service, reports: Sequence[Report]) -> dict[str, Decision]:
    """Say which events reports would belong to if they were filed now; nothing is recorded."""
    known = _known(service)
    near = _near(known.settings, reports)
    spans = [Span(tag=tag, country=at, first=a, last=z) for (tag, at), days in near.items() for a, z in days]
    _take(known, candidates(session, spans))
    standing = memberships(session, {report.id for report in reports})
    for report in reports:
        if report.id in standing and standing[report.id].author is not None:
            known.hold(report.id, standing[report.id].event_key, event=report.event)
    return {report.id: known.decide(report) for report in reports}


def _known(service: Service) -> Known:
    ingest = service.configuration.ingest
    return Known(Clustering(cluster_days=ingest.cluster_days, tag_families=ingest.tag_families))


def _take(known: Known, neighbours: Iterable[Neighbour], *, but: Collection[str] = ()) -> None:
    for one in neighbours:
        if one.retracted and one.decided:
            known.hold(one.id, one.key, event=one.event)
        elif not one.retracted and one.id not in but:
            said = telling(
                id=one.id,
                family=known.settings.family(one.tag),
                countries=one.countries,
                when=one.when,
                headline=one.headline,
                url=one.url,
                denies=one.denies,
                decided=one.decided,
            )
            known.take(one.key, said, event=one.event)


def _near(settings: Clustering, reports: Iterable[Report]) -> dict[tuple[str, str], list[Days]]:
    """Give the days near the reports, for each tag and country in which they may be told of."""
    days: dict[tuple[str, str], list[Days]] = {}
    margin = timedelta(days=settings.cluster_days)
    for report in reports:
        near = report.when.first - margin, report.when.last + margin
        for tag in settings.tags_of(report.tag):
            for country in report.countries:
                days.setdefault((tag, country), []).append(near)
    return {place: list(_joined(near)) for place, near in days.items()}


def _without(days: Days, covered: Iterable[Days]) -> Iterator[Days]:
    """Give what is left of a span of days without others, which are in order."""
    first, last = days
    for begins, ends in covered:
        if first <= ends and begins <= last:
            if first < begins:
                yield first, begins - DAY
            first = max(first, ends + DAY)
    if first <= last:
        yield first, last


def _joined(spans: Iterable[Days]) -> Iterator[Days]:
    """Join spans of days where they overlap, in order; there is at least one."""
    ordered = sorted(spans)
    first, last = ordered[0]
    for begins, ends in ordered[1:]:
        if begins > last:
            yield first, last
            first = begins
        last = max(last, ends)
    yield first, last


def _record(
    session: Session,
    reports: Sequence[Report],
    decisions: Sequence[Decision],
    before: Mapping[str, Membership],
    at: datetime,
) -> None:
    """Record the decisions that move a report from where it was before."""
    standing = {name: one.event_key for name, one in before.items()}
    moves = []
    for report, decision in zip(reports, decisions, strict=True):
        if standing.get(report.id) != decision.key:
            moves.append(_membership(report, decision))
            standing[report.id] = decision.key
    join_events(session, moves, at=at)


def _membership(report: Report, decision: Decision) -> Membership:
    return Membership(
        report_id=report.id,
        event_key=decision.key,
        why=decision.why,
        score=decision.score,
        runner_up=decision.runner_up,
        runner_up_score=decision.runner_up_score,
    )
