"""Whether what a snapshot holds is sound in itself: all that is wrong with it is said at once."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from types import MappingProxyType

from pydantic import ValidationError

from ingest.reports import report_from
from model.digests import digest
from model.domain import Forecast, Report
from model.errors import InputRefused, InvalidValue
from model.evidence import Evidence
from model.snapshot import restored
from model.wire import content
from service.documents import FIELDS
from service.snapshot_definition import forecast_of
from service.snapshot_lines import (
    KINDS,
    Belongs,
    Definition,
    Header,
    Line,
    Outlook,
    Plain,
    ReportVersion,
    Resolution,
    Run,
    parsed,
)

_STATED = ("probabilities", "prior", "band", "words", "events", "reports", "unobserved_days")
MOST = 20  # problems that are said
_CLOCKS = timedelta(hours=1)  # by which those of two machines may differ
_DAY = timedelta(days=1)


@dataclass(kw_only=True, slots=True)
class Index:
    """What a snapshot holds, as far as its lines refer to each other.

    Parameters
    ----------
    definitions
        Forecasts by digest.
    reports
        How many versions each has.
    events
        The reports that ever belonged to each.
    cutoffs, outlooks
        Of each run in the file's order, its cutoff and how much it expected.
    evidence
        By digest, the indicators of what runs saw.
    """

    forecast: str = ""
    definitions: dict[str, Forecast] = field(default_factory=dict)
    versions: int = 0
    reports: dict[str, int] = field(default_factory=dict)
    events: dict[str, set[str]] = field(default_factory=dict)
    cutoffs: list[date] = field(default_factory=list)
    outlooks: list[int] = field(default_factory=list)
    evidence: dict[str, frozenset[str]] = field(default_factory=dict)


def checked(lines: Iterable[bytes], *, now: datetime, shown: str) -> Index:
    """Read every line, and make sure that all is sound and that nothing refers to what is not there.

    Parameters
    ----------
    now
        Nothing can have been recorded after it.
    shown
        The file's name in complaints.

    Raises
    ------
    InputRefused
        Everything that is wrong, one line each, as far as twenty of them.
    """
    check, problems, number = _Check(now), list[str](), 0
    for number, raw in enumerate(lines, 1):
        try:
            check.take(parsed(raw))
        except InvalidValue as error:
            problems += [f"{shown}, line {number + 1}: {error}"]
    if not check.index.definitions and not problems:
        problems.append(f"{shown} holds no definition of a forecast")
    if problems:
        more = [f"{shown}: {len(problems) - MOST} further problems"] if len(problems) > MOST else []
        raise InputRefused("\n".join([*problems[:MOST], *more]))
    return check.index


class _Check:
    """Takes one line after the other; each refers only to those before it."""

    def __init__(self, now: datetime) -> None:
        self.index = Index()
        self._latest = now + _CLOCKS
        self._rank = 0
        self._inputs, self._resolved = set[tuple[object, ...]](), set[tuple[int, int]]()

    def take(self, line: Line) -> None:
        rank = KINDS.index(type(line))
        _must((rank == 0) is not bool(self.index.forecast), "stands where no line of its kind may stand")
        _must(rank >= self._rank, f"{line.kind}: stands after lines that may only follow it")
        self._rank = rank
        if not isinstance(line, Header):
            _must(line.recorded_at <= self._latest, f"{line.kind}: was recorded after now; set the clock")
        _TAKE[type(line)](self, line)

    def header(self, line: Header) -> None:
        self.index.forecast = line.forecast

    def definition(self, line: Definition) -> None:
        self.index.versions += 1
        _must(line.version == self.index.versions, f"definition: version {line.version} is out of order")
        _must(digest(line.definition) == line.digest, "definition: does not match its digest")
        forecast = forecast_of(line.definition)
        _must(forecast.id == self.index.forecast, f"definition: is of {forecast.id!r}")
        self.index.definitions[line.digest] = forecast

    def report(self, line: ReportVersion) -> None:
        report = _report_of(line)
        version = self.index.reports.get(report.id, 0) + 1
        _must(line.version == version, f"report {report.id!r}: version {line.version} is not its next one")
        self.index.reports[report.id] = version

    def membership(self, line: Belongs) -> None:
        self._reports_are_there([line.report_id], "membership")
        self.index.events.setdefault(line.event_key, set()).add(line.report_id)

    def run(self, line: Run) -> None:
        self.index.cutoffs.append(line.as_of)
        self.index.outlooks.append(len(line.outlook))
        number, name = len(self.index.cutoffs), f"run {line.number}"
        _must(line.number == number, f"{name}: is out of order")
        _must(
            not line.supersedes
            or (line.supersedes < number and self.index.cutoffs[line.supersedes - 1] == line.as_of),
            f"{name}: supersedes what is no earlier run of its cutoff",
        )
        forecast = self._judged_by(line.forecast_digest, name)
        _must(line.as_of >= forecast.opened, f"{name}: its cutoff is before the opening")
        self._is_the_only_one(line, name)
        self._rests_on(line, forecast, name)
        said = [one.scenario for one in line.posteriors]
        _must(
            line.status == "failed" or tuple(said) == forecast.scenario_ids, f"{name}: names other scenarios"
        )
        _must(all(one.starts_on < one.until for one in line.outlook), f"{name}: expects within no day")
        _document_fits(line, self.index.forecast, name)

    def outlook(self, line: Outlook) -> None:
        known = line.run <= len(self.index.outlooks) and line.position < self.index.outlooks[line.run - 1]
        name = f"outlook {line.position} of run {line.run}"
        _must(known, f"{name}: no run expected it")
        _must((line.run, line.position) not in self._resolved, f"{name}: is resolved twice")
        self._resolved.add((line.run, line.position))

    def resolution(self, line: Resolution) -> None:
        forecast = self._judged_by(line.forecast_digest, "resolution")
        names = line.decision in {"resolved", "corrected"}
        _must(
            (line.scenario in forecast.scenario_ids) if names else line.scenario is None,
            "resolution: no such scenario",
        )
        _must((line.closed_on is None) is (line.decision == "reopened"), "resolution: the day makes no sense")

    def _judged_by(self, name: str, whose: str) -> Forecast:
        _must(name in self.index.definitions, f"{whose}: the definition {name} is not in the snapshot")
        return self.index.definitions[name]

    def _is_the_only_one(self, line: Run, name: str) -> None:
        if line.status == "failed":
            return
        inputs = line.as_of, line.evidence_digest, line.forecast_digest, line.code_digest, line.supersedes
        _must(inputs not in self._inputs, f"{name}: is there twice")
        self._inputs.add(inputs)

    def _rests_on(self, line: Run, forecast: Forecast, name: str) -> None:
        if line.evidence_digest is None:
            _must(line.status == "failed" and line.evidence is None, f"{name}: tells nothing of what it saw")
            return
        if line.evidence is not None:
            _must(
                digest(line.evidence) == line.evidence_digest,
                f"{name}: what it saw does not match its digest",
            )
            evidence = _restored(line.evidence, forecast, line.as_of, name)
            self._reports_are_there([one for event in _events(evidence) for one in event], name)
            self.index.evidence[line.evidence_digest] = frozenset(line.evidence["indicators"])
        seen = self.index.evidence.get(line.evidence_digest)
        _must(seen is not None, f"{name}: what it saw is not in the snapshot")
        _must({one.id for one in forecast.indicators} <= (seen or set()), f"{name}: saw other indicators")

    def _reports_are_there(self, reports: Collection[str], whose: str) -> None:
        missing = sorted({one for one in reports if one not in self.index.reports})
        _must(not missing, f"{whose}: the report {missing[0] if missing else ''!r} is not in the snapshot")


def _report_of(line: ReportVersion) -> Report:
    """Read what a source said as strictly as what comes in is read.

    Raises
    ------
    InvalidValue
        Everything that is wrong with it.
    """
    name = f"report {line.content.get('id')!r:.80}"
    try:
        report = report_from(line.content, today=(line.recorded_at + _DAY).date())
    except InputRefused as error:
        raise InvalidValue(f"{name}: {error}") from None
    _must(content(report) == line.content, f"{name}: is not written as a stored report is")
    return report


def _restored(snapshot: Plain, forecast: Forecast, as_of: date, name: str) -> Evidence:
    try:
        return restored(snapshot, forecast, as_of)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidValue(f"{name}: what it saw cannot be read ({error})") from None


def _events(evidence: Evidence) -> Iterable[Collection[str]]:
    uncounted = (one.event for one in evidence.uncounted)
    return (event.reports for event in (*evidence.events, *uncounted))


def _document_fits(line: Run, forecast: str, name: str) -> None:
    """Make sure that the run as it is served has its shape, and is of this run."""
    from service.api.documents import RunDocument  # noqa: PLC0415 - loads FastAPI

    try:
        told = RunDocument.model_validate(line.document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InvalidValue(f"{name}: its document: {where}: {first['msg']}") from None
    missing = [one for one in FIELDS if one not in line.document]
    if line.status != "failed":
        missing += [one for one in _STATED if line.document.get(one) is None]
    _must(not missing, f"{name}: its document lacks {missing[0] if missing else ''}")
    own = told.forecast, told.run, told.as_of, told.status
    _must(own == (forecast, line.number, line.as_of, line.status), f"{name}: its document is another run's")


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise InvalidValue(otherwise)


_TAKE: MappingProxyType[type, Callable[..., None]] = MappingProxyType(
    {
        Header: _Check.header,
        Definition: _Check.definition,
        ReportVersion: _Check.report,
        Belongs: _Check.membership,
        Run: _Check.run,
        Outlook: _Check.outlook,
        Resolution: _Check.resolution,
    }
)
