"""`posterity export`: a forecast with all that its history rests on, as another installation imports it.

It holds the definition in all its versions, the reports behind its events with every revision, retraction,
grading and decision where they belong, the runs with what they saw, what became of their outlooks, and the
resolution; each with the moment at which it was recorded. It does not hold what is this installation's
own: configuration, keys, readers, mail, sources and their polls, the triage list, experiments, draws.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO, cast

from sqlalchemy.orm import Session

from model.definition import forecast_from
from model.errors import PosterityError, UsageError
from model.wire import content
from service.composition import Service
from service.snapshot_lines import (
    Belongs,
    Checked,
    Definition,
    End,
    Expected,
    Header,
    Line,
    Outlook,
    ReportVersion,
    Resolution,
    Run,
    Said,
    write,
)
from storage.forecasts import Version, versions
from storage.memberships import Placement
from storage.outlooks import run_outlook
from storage.reports import StoredReport
from storage.resolutions import Decision, decisions
from storage.runs import StoredRun, evidence_snapshot, get_run, run_checks, run_warnings
from storage.snapshots import OutlookFact, outlook_facts, placements_of, reports_behind, runs_of, versions_of

type Numbers = Mapping[int, int]  # of runs: here, and in a snapshot


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """How many lines of each kind were written, and how the snapshot ends."""

    counts: Mapping[str, int]
    end: End


def export(service: Service, forecast_id: str, stream: BinaryIO) -> Exported:
    """Write a snapshot of a forecast, of one consistent state.

    Raises
    ------
    UsageError
        The forecast is not known, or its definition is not on record yet.
    """
    counts: dict[str, int] = {}

    def counted(lines: Iterable[Line]) -> Iterator[Line]:
        for line in lines:
            counts[line.kind] = counts.get(line.kind, 0) + 1
            yield line

    with service.database.reading() as session:
        told = versions(session, forecast_id)
        if not told:
            service.forecast(forecast_id)  # which says so where it is not known at all
            raise UsageError(f"{forecast_id} has nothing on record yet; try `posterity run`")
        end = write(counted(lines_of(session, told)), stream)
    return Exported(counts=counts, end=end)


def lines_of(session: Session, told: list[Version]) -> Iterator[Line]:
    """Give the lines of a forecast, of which these are all versions."""
    forecast_id, stated = told[0].forecast_id, [forecast_from(one.definition) for one in told]
    tags = frozenset[str]().union(*(one.tags for one in stated))
    yield Header(forecast=forecast_id)
    yield from map(definition_line, told)
    reports = reports_behind(session, tags, opened=min(one.opened for one in stated))
    yield from map(report_line, versions_of(session, reports))
    yield from map(membership_line, placements_of(session, reports))
    numbers = {run: place for place, run in enumerate(runs_of(session, forecast_id), 1)}
    yield from _runs(session, numbers)
    yield from (outlook_line(one, numbers) for one in outlook_facts(session, forecast_id))
    yield from map(resolution_line, decisions(session, forecast_id))


def _runs(session: Session, numbers: Numbers) -> Iterator[Run]:
    seen = set[str | None]()
    for run in numbers:
        line = run_line(session, run, numbers)
        if line.evidence_digest not in seen:
            line = line.model_copy(update={"evidence": _evidence(session, line)})
        seen.add(line.evidence_digest)
        yield line


def _evidence(session: Session, line: Run) -> dict[str, Any] | None:
    return evidence_snapshot(session, line.evidence_digest) if line.evidence_digest else None


def definition_line(one: Version) -> Definition:
    """Write a version of a definition."""
    return Definition(
        version=one.version,
        digest=one.digest,
        evidence_seen=one.evidence_seen,
        recorded_at=one.recorded_at,
        definition=dict(one.definition),
    )


def report_line(one: StoredReport) -> ReportVersion:
    """Write a version of a report."""
    return ReportVersion(
        version=one.version,
        retracted=one.retracted,
        recorded_at=one.recorded_at,
        origin=one.origin,
        line=one.line,
        author=one.author,
        why=one.why,
        content=content(one.report),
    )


def membership_line(one: Placement) -> Belongs:
    """Write a decision about where a report belongs."""
    return Belongs(**asdict(one.membership), recorded_at=one.decided_at)


def run_line(session: Session, number: int, numbers: Numbers) -> Run:
    """Write a run without what it saw, under the numbers that runs have in the snapshot.

    Raises
    ------
    PosterityError
        There is no such run.
    """
    run = get_run(session, number)
    if run is None:
        raise PosterityError(f"run {number} is not stored whole; restore a backup")
    return Run(
        number=numbers[number],
        supersedes=numbers.get(run.supersedes, 0),
        **{name: getattr(run, name) for name in _KEPT},
        evidence=None,
        posteriors=[Said(**asdict(one)) for one in run.posteriors],
        checks=[Checked(**asdict(one)) for one in run_checks(session, number)],
        warnings=run_warnings(session, number),
        outlook=[Expected(**asdict(one)) for one in run_outlook(session, number)],
        document=_document(run, numbers[number]),
    )


_KEPT = (
    *("as_of", "status", "engine", "evidence_digest", "forecast_digest", "code_digest", "observed_until"),
    *("recorded_at", "seconds"),
)


def _document(run: StoredRun, number: int) -> dict[str, Any]:
    return cast("dict[str, Any]", json.loads(run.document)) | {"run": number}


def outlook_line(one: OutlookFact, numbers: Numbers) -> Outlook:
    """Write what became of an expectation."""
    return Outlook(**asdict(one) | {"run": numbers[one.run]})


def resolution_line(one: Decision) -> Resolution:
    """Write a decision about what became of the forecast."""
    return Resolution(
        decision=one.kind,
        scenario=one.scenario,
        closed_on=one.closed_on,
        why=one.why,
        author=one.author,
        forecast_digest=one.forecast_digest,
        recorded_at=one.recorded_at,
    )
