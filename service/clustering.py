"""Which events new reports belong to: decided beside what is stored, and recorded."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from ingest.cluster import Candidate, Clustering, Decision, assign, assign_all
from model.domain import Report
from service.composition import Service
from storage.events import Membership, candidates, join_events
from storage.memberships import memberships
from storage.reports import report_versions


def cluster(
    session: Session, service: Service, reports: Sequence[Report], *, at: datetime
) -> dict[str, Decision]:
    """Decide the events of reports that have just been filed, and record what is new about them.

    Call it in the transaction that filed them, which keeps others from filing meanwhile. Where a person
    has put a report, there it stays.

    Returns
    -------
    dict
        For each report's id the newest decision.
    """
    settings, standing = _settings(service), memberships(session, {report.id for report in reports})
    known = list(_candidates(session, reports, settings))
    decisions = assign_all(reports, [*known, *_put(session, reports, standing)], settings)
    keys = {identity: one.event_key for identity, one in standing.items()}
    moves = []
    for report, decision in zip(reports, decisions, strict=True):
        if keys.get(report.id) != decision.key:
            moves.append(_membership(report, decision))
            keys[report.id] = decision.key
    join_events(session, moves, at=at)
    return {report.id: decision for report, decision in zip(reports, decisions, strict=True)}


def foresee(session: Session, service: Service, reports: Sequence[Report]) -> dict[str, Decision]:
    """Say which events reports would belong to if each were filed alone now; nothing is recorded."""
    settings, standing = _settings(service), memberships(session, {report.id for report in reports})
    known = [*_candidates(session, reports, settings), *_put(session, reports, standing)]
    return {report.id: assign(report, known, settings) for report in reports}


def _settings(service: Service) -> Clustering:
    ingest = service.configuration.ingest
    return Clustering(cluster_days=ingest.cluster_days, tag_families=ingest.tag_families)


def _put(
    session: Session, reports: Iterable[Report], standing: Mapping[str, Membership]
) -> Iterator[Candidate]:
    """Say where a person has put reports, unless only an earlier version of the report named that event."""
    for report in reports:
        one = standing.get(report.id)
        if one is None or one.author is None:
            continue
        earlier = {version.report.event for version in report_versions(session, report.id)}
        if report.event is not None or one.event_key not in earlier:
            yield Candidate(key=one.event_key, report=report, decided=True)


def _candidates(session: Session, reports: Iterable[Report], settings: Clustering) -> Iterator[Candidate]:
    """Earlier reports near the new ones, read neighbourhood by neighbourhood."""
    by_tag: dict[str, list[Report]] = {}
    own = {report.id for report in reports}  # of which `_put` tells
    for report in reports:
        by_tag.setdefault(settings.family(report.tag), []).append(report)
    for tag, alike in by_tag.items():
        family = next((tags for tags in settings.tag_families if tag in tags), (tag,))
        countries = {report.country for report in alike}
        for first, last in _spans(alike, timedelta(days=2 * settings.cluster_days)):
            near = candidates(session, family, countries, first, last)
            where = memberships(session, [report.id for _, report in near])
            for key, report in near:
                by_hand = where[report.id].author is not None and report.id not in own
                decided = report.event is not None or by_hand
                yield Candidate(key=key, report=report, decided=decided)


def _spans(reports: Iterable[Report], margin: timedelta) -> Iterator[tuple[date, date]]:
    """Spans of days that the reports speak of, widened by a margin and joined where they overlap."""
    spans = sorted((report.when.first - margin, report.when.last + margin) for report in reports)
    first, last = spans[0]
    for begins, ends in spans[1:]:
        if begins > last:
            yield first, last
            first = begins
        last = max(last, ends)
    yield first, last


def _membership(report: Report, decision: Decision) -> Membership:
    return Membership(
        report_id=report.id,
        event_key=decision.key,
        why=decision.why,
        score=decision.score,
        runner_up=decision.runner_up,
        runner_up_score=decision.runner_up_score,
    )
