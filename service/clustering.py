"""Which events new reports belong to: decided beside what is stored, and recorded."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from ingest.cluster import Clustering, Decision, Known
from ingest.neighbours import telling
from model.domain import Report
from service.composition import Service
from storage.events import Membership, join_events
from storage.memberships import memberships
from storage.nearby import Neighbour, Span, amended, candidates, of_version


def cluster(
    session: Session, service: Service, reports: Sequence[Report], *, at: datetime
) -> dict[str, Decision]:
    """Decide the events of reports that have just been filed, and record what is new about them.

    Call it in the transaction that filed them, which keeps others from filing meanwhile. A report that a
    person put somewhere stays there.

    Returns
    -------
    dict
        For each report's id the newest decision.
    """
    known, filed = _known(service), Counter(report.id for report in reports)
    versions = amended(session, filed)
    before = {name: one.version - filed[name] for name, one in versions.items()}
    _take(known, _around(session, known.settings, reports), but=filed)
    _take(known, of_version(session, before))
    retracted = {name for name, one in versions.items() if one.retracted}
    decisions = []
    for report in reports:
        decisions.append(known.decide(report))
        if report.id in retracted:
            known.forget(report.id)
    _record(session, reports, decisions, at)
    return {report.id: decision for report, decision in zip(reports, decisions, strict=True)}


def foresee(session: Session, service: Service, reports: Sequence[Report]) -> dict[str, Decision]:
    """Say which events reports would belong to if they were filed now; nothing is recorded."""
    known = _known(service)
    _take(known, _around(session, known.settings, reports))
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


def _around(session: Session, settings: Clustering, reports: Iterable[Report]) -> list[Neighbour]:
    """Earlier reports near the new ones."""
    days: dict[tuple[str, str], list[tuple[date, date]]] = {}
    margin = timedelta(days=settings.cluster_days)
    for report in reports:
        for tag in settings.tags_of(report.tag):
            for country in report.countries:
                near = report.when.first - margin, report.when.last + margin
                days.setdefault((tag, country), []).append(near)
    return candidates(
        session,
        [
            Span(tag=tag, country=country, first=first, last=last)
            for (tag, country), near in days.items()
            for first, last in _joined(near)
        ],
    )


def _joined(spans: Iterable[tuple[date, date]]) -> Iterator[tuple[date, date]]:
    """Join spans of days where they overlap."""
    ordered = sorted(spans)
    first, last = ordered[0]
    for begins, ends in ordered[1:]:
        if begins > last:
            yield first, last
            first = begins
        last = max(last, ends)
    yield first, last


def _record(session: Session, reports: Sequence[Report], decisions: Sequence[Decision], at: datetime) -> None:
    """Record the decisions that move a report."""
    standing = {
        name: one.event_key for name, one in memberships(session, {one.id for one in reports}).items()
    }
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
