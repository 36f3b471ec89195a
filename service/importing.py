"""`posterity import`: what another installation exported, put into this one in one transaction.

Facts keep the moments at which they were recorded there. What is here already is compared, and only what is
missing is added: the same file again adds nothing. What is here may be the beginning of what the file holds,
or hold more than the file; where both went on by themselves, the file is refused and nothing changes.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import batched, groupby, zip_longest
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy.orm import Session

from model.domain import Verdict
from model.errors import Conflict, InputRefused, Unavailable
from service.composition import Service
from service.exporting import (
    definition_line,
    membership_line,
    outlook_line,
    report_line,
    resolution_line,
    run_line,
)
from service.snapshot_check import Index, checked
from service.snapshot_lines import (
    LARGEST,
    Belongs,
    Definition,
    Line,
    Outlook,
    ReportVersion,
    Resolution,
    Run,
    raw_lines,
    refuse_later,
    reread,
    sealed,
)
from storage.content import as_text, report_of
from storage.database import DEFINING, FILING, RUNNING, exclusive
from storage.events import Membership
from storage.forecasts import Version, versions
from storage.memberships import Placement
from storage.outlooks import StoredExpectation
from storage.reports import BATCH, StoredReport
from storage.resolutions import Decision, decisions, record_decision
from storage.runs import RunRecord, ScenarioPosterior, store_run
from storage.snapshots import (
    OutlookFact,
    add_definition,
    add_outlook_facts,
    add_placements,
    add_versions,
    ever_in,
    last_version,
    outlook_facts,
    placements_here,
    record_import,
    runs_of,
    versions_here,
)

_ELSEWHERE = "name an empty database in storage.url, and import it there"


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What became of a snapshot.

    Parameters
    ----------
    added, present
        How many lines of each kind were added, and how many were here already.
    runs
        The numbers that its runs have here, in its order.
    """

    forecast: str
    added: Mapping[str, int]
    present: Mapping[str, int]
    runs: Sequence[int]


def import_snapshot(service: Service, path: Path) -> Imported:
    """Put a snapshot into the database: all that it lacks, or nothing.

    Raises
    ------
    UsageError
        A later release wrote it.
    InputRefused
        It is no snapshot, was altered, or what it holds makes no sense: every problem at once.
    Conflict
        The forecast, or a report of it, has another history here.
    Unavailable
        File or database is out of reach.
    """
    with _opened(path) as stream:
        shown = str(path)
        refuse_later(stream, shown=shown)
        end = sealed(stream, shown=shown)  # what was altered is told as that, and as nothing else
        index = checked(raw_lines(stream, shown=shown, like=end), now=service.clock(), shown=shown)
        with service.database.session() as session:
            for lock in (FILING, DEFINING, RUNNING):
                exclusive(session, lock)
            filler = _Filler(session, index)
            before = last_version(session)
            again = raw_lines(stream, shown=shown, like=end)
            for kind, lines in groupby(map(reread, again), key=type):
                filler.take(kind, lines)
            done = filler.done()
            if done.added:
                record_import(session, index.forecast, end.sha256, after=before, at=service.clock())
            return done


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as stream:
            if not stream.seekable() or path.stat().st_size > LARGEST:
                most = f"{LARGEST >> 30} GiB"
                raise InputRefused(
                    f"{path}: is no file of at most {most}, so it is no snapshot that is read here"
                )
            yield stream
    except OSError as error:
        raise Unavailable(
            f"{path}: cannot be read ({error.strerror}); check its name and its permissions"
        ) from error


class _Filler:
    """Adds what is missing, kind after kind; the file's lines are sound and in their order."""

    def __init__(self, session: Session, index: Index) -> None:
        self._session, self._index, self._id = session, index, index.forecast
        self._runs = runs_of(session, self._id)
        self._added, self._present = Counter[str](), Counter[str]()
        self._ahead, self._behind = list[str](), list[str]()
        self._missing: dict[type[Line], Callable[[Iterator[Any]], None]] = {
            Definition: self._definitions,
            ReportVersion: self._reports,
            Belongs: self._memberships,
            Run: self._take_runs,
            Outlook: self._outlooks,
            Resolution: self._resolutions,
        }

    def take(self, kind: type[Line], lines: Iterator[Line]) -> None:
        """Take all lines of a kind."""
        if take := self._missing.pop(kind, None):
            take(lines)

    def done(self) -> Imported:
        """Say what was added, once it is known that only one side went on by itself."""
        for kind in list(self._missing):
            self.take(kind, iter(()))
        if self._ahead and self._behind:
            raise Conflict(
                f"{self._id} went on here with a {self._ahead[0]} that the snapshot does not have, and there "
                f"with a {self._behind[0]} that is not here; {_ELSEWHERE}"
            )
        added, present = dict(self._added), dict(self._present)
        return Imported(forecast=self._id, added=added, present=present, runs=tuple(self._runs))

    def _definitions(self, lines: Iterator[Definition]) -> None:
        here = map(definition_line, versions(self._session, self._id))
        self._in_turn("definition", lines, here, self._define)

    def _define(self, line: Definition) -> None:
        own = line.model_dump(exclude={"kind"})
        add_definition(self._session, Version(forecast_id=self._id, difference=[], **own))

    def _take_runs(self, lines: Iterator[Run]) -> None:
        numbers = {run: place for place, run in enumerate(self._runs, 1)}
        here = (run_line(self._session, run, numbers) for run in numbers)
        self._in_turn("run", lines, here, self._run)

    def _run(self, line: Run) -> None:
        before = self._runs[line.supersedes - 1] if line.supersedes else 0
        self._runs.append(store_run(self._session, _record(self._id, line, supersedes=before)))

    def _resolutions(self, lines: Iterator[Resolution]) -> None:
        here = map(resolution_line, decisions(self._session, self._id))
        self._in_turn("resolution", lines, here, self._resolve)

    def _resolve(self, line: Resolution) -> None:
        own = line.model_dump(exclude={"kind", "decision"})
        record_decision(self._session, Decision(forecast_id=self._id, kind=line.decision, **own))

    def _in_turn[L: Definition | Run | Resolution](
        self, kind: str, lines: Iterator[L], here: Iterator[L], add: Callable[[L], None]
    ) -> None:
        """Add what follows on what is here, which must be as the file has it."""
        for place, (line, mine) in enumerate(zip_longest(lines, here), 1):
            if line is None:
                self._ahead.append(kind)
                return
            if mine is None:
                self._behind.append(kind)
                add(line)
            elif mine != line.model_copy(update={"evidence": None} if kind == "run" else {}):
                raise Conflict(
                    f"{self._id} has another history here, from its {kind} {place} on; {_ELSEWHERE}"
                )
            self._count(kind, new=mine is None)

    def _reports(self, lines: Iterator[ReportVersion]) -> None:
        for some in batched(lines, BATCH):
            here = versions_here(self._session, {line.content["id"] for line in some})
            new = [line for line in some if not self._is_here(line, here.get(line.content["id"], []))]
            add_versions(self._session, map(_stored, new))

    def _is_here(self, line: ReportVersion, mine: Sequence[StoredReport]) -> bool:
        known = line.version <= len(mine)
        if known and report_line(mine[line.version - 1]) != line:
            raise Conflict(
                f"the report {line.content['id']!r} is here with another history (version {line.version}); "
                f"{_ELSEWHERE}"
            )
        self._count("report", new=not known)
        return known

    def _memberships(self, lines: Iterator[Belongs]) -> None:
        read = Counter[str]()
        for some in batched(lines, BATCH):
            here = placements_here(self._session, {line.report_id for line in some})
            new = []
            for line in some:
                if not self._stands(line, here.get(line.report_id, []), read[line.report_id]):
                    new.append(line)
                read[line.report_id] += 1
            self._keep_apart({line.event_key for line in new})
            add_placements(self._session, map(_placement, new))

    def _stands(self, line: Belongs, mine: Sequence[Placement], place: int) -> bool:
        known = place < len(mine)
        if known and membership_line(mine[place]) != line:
            raise Conflict(
                f"the report {line.report_id!r} was put into events otherwise here than in the snapshot; "
                f"{_ELSEWHERE}"
            )
        self._count("membership", new=not known)
        return known

    def _keep_apart(self, events: Collection[str]) -> None:
        """Make sure that events to which something is added are no others of the same name."""
        for key, reports in sorted(ever_in(self._session, events).items()):
            if others := sorted(reports - self._index.reports.keys()):
                raise Conflict(
                    f"the event {key!r} has a report here that the snapshot does not have ({others[0]!r}); "
                    f"{_ELSEWHERE}"
                )

    def _outlooks(self, lines: Iterator[Outlook]) -> None:
        numbers = {run: place for place, run in enumerate(self._runs, 1)}
        facts = outlook_facts(self._session, self._id)
        here = {(one.run, one.position): one for one in (outlook_line(each, numbers) for each in facts)}
        new: list[OutlookFact] = []
        for line in lines:
            mine = here.get((line.run, line.position))
            if mine is None:
                own = line.model_dump(exclude={"kind"}) | {"run": self._runs[line.run - 1]}
                new.append(OutlookFact(**own))
            elif mine != line:
                raise Conflict(f"{self._id} has other outcomes of its outlooks here; {_ELSEWHERE}")
            self._count("outlook", new=mine is None)
        add_outlook_facts(self._session, self._id, new)

    def _count(self, kind: str, *, new: bool) -> None:
        (self._added if new else self._present)[kind] += 1


def _stored(line: ReportVersion) -> StoredReport:
    own = line.model_dump(exclude={"kind", "content"})
    return StoredReport(report=report_of(as_text(line.content), line.recorded_at), event_key=None, **own)


def _placement(line: Belongs) -> Placement:
    membership = Membership(**line.model_dump(exclude={"kind", "recorded_at"}))
    return Placement(membership=membership, decided_at=line.recorded_at)


def _record(forecast_id: str, line: Run, *, supersedes: int) -> RunRecord:
    parts = {"kind", "number", "supersedes", "posteriors", "checks", "outlook"}
    return RunRecord(
        forecast_id=forecast_id,
        supersedes=supersedes,
        posteriors=[ScenarioPosterior(**one.model_dump()) for one in line.posteriors],
        checks=[Verdict(**one.model_dump()) for one in line.checks],
        outlook=[StoredExpectation(**one.model_dump()) for one in line.outlook],
        **line.model_dump(exclude=parts),
    )
