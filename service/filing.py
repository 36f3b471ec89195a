"""Filing what was judged: what is sure becomes reports in their events, the rest proposals to editors."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import compress

from sqlalchemy.orm import Session

from model.digests import digest
from model.domain import Report
from model.wire import content
from service.clustering import Clusterer
from service.composition import Service
from service.judging import Judged, Sorted
from storage.content import Written
from storage.database import FILING, exclusive
from storage.proposals import NewProposal, propose, proposed, supersede
from storage.reports import NOTHING_WRITTEN, file_reports, reports_in_force


def file_and_cluster(  # noqa: PLR0913 - what is filed, and its provenance
    session: Session,
    service: Service,
    reports: Sequence[Report],
    *,
    lines: Sequence[int | None],
    origin: str,
    at: datetime,
    clusterer: Clusterer | None = None,
    written: Mapping[int, Written] = NOTHING_WRITTEN,
) -> Counter[str]:
    """File the reports, and decide the events of those that say something new.

    Parameters
    ----------
    clusterer
        One for all batches of a file or a poll saves reading again what was told nearby.
    written
        How reports are written down, by their line, where that is known already.

    Returns
    -------
    Counter
        accepted, amended and duplicate ones; and how many of the first two are merged: told of an
        event that others had told of.
    """
    clusterer = clusterer or Clusterer(service)
    clusterer.begin(session)
    filings = file_reports(session, reports, at=at, origin=origin, lines=lines, written=written)
    new = [filing.outcome in {"accepted", "amended"} for filing in filings]
    amended = {filing.report_id for filing in filings if filing.outcome == "amended"}
    decisions = clusterer.cluster(session, list(compress(reports, new)), at=at, known_before=amended)
    counts = Counter[str](filing.outcome for filing in filings)
    counts["merged"] = sum(decision.score is not None for decision in decisions.values())
    return counts


def filed(  # noqa: PLR0913 - what is filed, its provenance, and what is known of it already
    session: Session,
    service: Service,
    source: str,
    found: Sorted,
    clusterer: Clusterer | None = None,
    *,
    written: Mapping[int, Written] = NOTHING_WRITTEN,
) -> Counter[str]:
    """File what is sure, propose the rest to editors, and count what became of it."""
    now = service.clock()
    exclusive(session, FILING)
    ids = [one.report.id for one in found.judged]
    known, standing = proposed(session, ids), reports_in_force(session, [*ids, *found.irrelevant])
    fresh = [
        one
        for one in found.judged
        if not (one.report.id in known and known[one.report.id] == one.digest)
        and not one.repeats(standing.get(one.report.id))
    ]
    sure = [one for one in fresh if is_sure(service, one)]
    unsure = [_proposal(source, one, standing) for one in fresh if not is_sure(service, one)]
    lines = [one.line for one in sure]
    counts = file_and_cluster(
        session,
        service,
        [one.report for one in sure],
        lines=lines,
        origin=source,
        at=now,
        clusterer=clusterer,
        written=written,
    )
    lapsed = list(_lapsed(source, found, standing))
    back = {one.report.id for one in found.judged if one.repeats(standing.get(one.report.id))}
    gone = {*(one.report.id for one in sure), *back, *found.irrelevant}
    supersede(session, sorted(gone - {one.report.id for one in lapsed}), at=now)
    counts.update(propose(session, [*unsure, *lapsed], at=now))
    counts["duplicate"] += len(found.judged) - len(fresh)
    counts["irrelevant"] += len(found.irrelevant)
    counts["refused"] += len(found.refused)
    return counts


def is_sure(service: Service, judged: Judged) -> bool:
    """Whether nobody needs to look at it first."""
    return judged.confidence >= service.configuration.ingest.accept_above and not judged.undated


def _proposal(source: str, judged: Judged, standing: Mapping[str, Report]) -> NewProposal:
    return NewProposal(
        report=judged.report,
        source=source,
        line=judged.line,
        kind="changed" if judged.report.id in standing else "new",
        digest=judged.digest,
        confidence=judged.confidence,
        why=f"{judged.why}; the source gives no date" if judged.undated else judged.why,
    )


def _lapsed(source: str, found: Sorted, standing: Mapping[str, Report]) -> Iterator[NewProposal]:
    """Propose what was accepted and has changed at its source, so that no rule applies to it any more."""
    for identity, item in found.irrelevant.items():
        report = standing.get(identity)
        if report is None or item.headline == report.headline:
            continue
        changed = replace(report, headline=item.headline)
        yield NewProposal(
            report=changed,
            source=source,
            line=item.line,
            kind="lapsed",
            digest=digest(content(changed)),
            confidence=0,
            why="it changed at its source, and no rule applies to it any more",
        )
