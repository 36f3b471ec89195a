"""A store to look at: the shipped forecast and reports, brought up to today, with everything a page may show.

All dates are moved so that the last shipped report is of yesterday. Nights are computed by the exact engine
alone, so their numbers are real and nothing of them is sampled; ``--sampled`` does the last night with PyMC
too, for its diagnostics. There are a held night, a failed one, a changed elicitation, a forecast that has
never run, one that fails every night, reports that wait for an editor, and hostile headlines.

    python -m benchmarks.showcase FOLDER [--sampled]
    posterity --config FOLDER/config.toml serve
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from benchmarks import shipped
from benchmarks.showcase_run import Status, computed
from ingest.reports import report_from
from model.domain import Forecast, Report
from model.wire import digest
from service.composition import Service
from service.configuration import Configuration, load
from service.filing import file_and_cluster
from service.nightly import night
from service.outlooks import resolve_due
from storage.database import open_database, prepare
from storage.jobs import NIGHT, START, Outcome, Task, end, start
from storage.leases import take
from storage.proposals import NewProposal, propose

LAST = date(2026, 2, 16)  # of the shipped reports
DAY = timedelta(days=1)
DENSE, SPARSE = 45, 4  # so many days every night, before that one night in so many days
NIGHTLY = time(2, 15, tzinfo=UTC)
SURE = 0.85
_DATES = ("published_on", "occurred_on")

MORE = Path(__file__).with_suffix(".toml")

HOSTILE = (
    "<script>alert('headline')</script> <img src=x onerror=alert(1)>",
    '=HYPERLINK("https://evil.example","click") {{ 7 * 7 }} {% raw %} ${7*7}',
    "Minister \N{RIGHT-TO-LEFT OVERRIDE}detfil si oraf eht\N{POP DIRECTIONAL FORMATTING} says ministry",
)


@dataclass(kw_only=True)
class Showcase:
    """A store in the making, and the moment at which its clock stands."""

    configuration: Configuration
    service: Service
    now: datetime
    yesterday: date
    jobs: int = field(default=0)

    def night_of(self, day: date, *, sampled: bool) -> None:
        """Have a night come: every forecast that has opened is updated for the day before."""
        as_of, self.now = day - DAY, datetime.combine(day, NIGHTLY)
        outcomes: set[Status] = set()
        for one in self.configuration.forecasts:
            if one.opened <= as_of and one.id != "drones":
                outcomes.add(self._update(one, as_of, sampled=sampled))
        if (self.yesterday - as_of).days < DENSE:
            self._job(day, outcomes)

    def _update(self, forecast: Forecast, as_of: date, *, sampled: bool) -> Status:
        if sampled and forecast.id == self.configuration.forecasts[0].id:
            (document,) = night(self.service, [forecast], as_of=as_of, say=lambda _: None)
            return "held" if document["status"] == "held" else "published"
        status = computed(self.service, forecast, as_of, held=self._is_held(forecast, as_of))
        if status == "published":
            resolve_due(self.service, forecast, as_of=as_of)
        return status

    def _is_held(self, forecast: Forecast, as_of: date) -> bool:
        age = (self.yesterday - as_of).days
        return age == 17 or (forecast.id == "peru-helicopters" and age < 2)

    def _job(self, day: date, outcomes: set[Status]) -> None:
        outcome: Outcome = "failed" if "failed" in outcomes else "held" if "held" in outcomes else "done"
        with self.service.database.session() as session:
            number = start(session, Task(NIGHT, str(day)), token=1, at=self.now)
            end(session, number, outcome, at=self.now + timedelta(seconds=94))

    def take_in(self, reports: Mapping[date, list[Report]], since: date, until: date) -> None:
        """File what was published on days after one and up to another, each day's on its evening."""
        for day in sorted(reports):
            if since < day <= until:
                self.now = datetime.combine(day, time(20, tzinfo=UTC))
                with self.service.database.session() as session:
                    found = reports[day]
                    lines = [None] * len(found)
                    file_and_cluster(
                        session, self.service, found, lines=lines, origin="reports.jsonl", at=self.now
                    )

    def begin(self, day: date) -> None:
        """Have a scheduler begin to work here."""
        self.now = datetime.combine(day, time(1, tzinfo=UTC))
        with self.service.database.session() as session:
            take(session, "showcase:1", at=self.now, lasts=timedelta(minutes=1))
            end(session, start(session, Task(START, str(day)), token=1, at=self.now), "done", at=self.now)

    def let_wait(self, reports: list[Report]) -> None:
        """Let reports wait for an editor."""
        with self.service.database.session() as session:
            proposals = [_proposal(number, one) for number, one in enumerate(reports)]
            propose(session, proposals, at=self.now)


def main(folder: Path, *, sampled: bool) -> None:
    """Build the store in a folder that is not there yet."""
    folder.mkdir(parents=True)
    yesterday = datetime.now(UTC).date() - DAY
    moved = yesterday - LAST
    (folder / "config.toml").write_text(_configuration(moved), encoding="utf-8")
    (folder / "inbox").mkdir()
    configuration = load(folder / "config.toml")
    with open_database(configuration.storage.url) as database:
        prepare(database)
        service = Service(configuration=configuration, database=database, clock=lambda: made.now)
        made = Showcase(
            configuration=configuration, service=service, now=datetime.now(UTC), yesterday=yesterday
        )
        _live(made, _by_day(moved), sampled=sampled)


def _live(made: Showcase, reports: Mapping[date, list[Report]], *, sampled: bool) -> None:
    opened = min(one.opened for one in made.configuration.forecasts)
    made.begin(opened)
    since = date.min
    nights = list(_nights(opened + 2 * DAY, made.yesterday + DAY))
    for day in nights:
        made.take_in(reports, since, day - DAY)
        made.night_of(day, sampled=sampled and day == nights[-1])
        since = day - DAY
        print(f"\r{day}", end="", file=sys.stderr, flush=True)
    made.let_wait([_hostile(number, made.yesterday) for number in range(len(HOSTILE))])


def _nights(first: date, last: date) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += DAY if (last - day).days <= DENSE else SPARSE * DAY


def _configuration(moved: timedelta) -> str:
    """Move all days of the shipped configuration, and leave out where observation ended."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in (shipped.CONFIG, MORE))
    text = re.sub(r"(?m)^observed_until.*\n", "", text)
    return re.sub(r"\b\d{4}-\d{2}-\d{2}\b", lambda found: _moved(found[0], moved), text)


def _by_day(moved: timedelta) -> dict[date, list[Report]]:
    """Read the shipped reports, moved, by the day on which they become known."""
    found: dict[date, list[Report]] = {}
    for line in shipped.REPORTS.read_text(encoding="utf-8").splitlines():
        record: dict[str, Any] = json.loads(line)
        if len(record["published_on"]) == 10:  # coarse ones are of long ago, and may stay there
            record |= {name: _moved(record[name], moved) for name in _DATES if name in record}
        report = report_from(record, today=datetime.now(UTC).date())
        found.setdefault(report.published.last, []).append(report)
    hostile = _hostile(0, LAST + moved - 3 * DAY, tag="high_level_visit")
    found.setdefault(hostile.published.last, []).append(hostile)
    return found


def _moved(day: str, by: timedelta) -> str:
    """Move a day, or a month; a year stays."""
    if len(day) == 4:
        return day
    return str(date.fromisoformat(f"{day}-01"[:10]) + by)[: len(day)]


def _hostile(number: int, day: date, tag: str = "contract_signed") -> Report:
    record = {
        "id": f"hostile-{number}",
        "published_on": str(day),
        "tag": tag,
        "country": "PE",
        "headline": HOSTILE[number],
        "publisher": "<b>evil</b>.example",
        "url": "https://evil.example/?<script>",
        "grade": "B2",
    }
    return report_from(record, today=day + DAY)


def _proposal(number: int, report: Report) -> NewProposal:
    return NewProposal(
        report=report,
        source="showcase",
        line=number + 1,
        kind="new",
        digest=digest(report),
        confidence=SURE - 0.2 * number,
        why="rule 2 matched: signs, contract",
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sampled="--sampled" in sys.argv)
