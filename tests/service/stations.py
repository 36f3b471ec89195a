"""A service whose clock stands where it is put, and what its scheduler would have left in the store."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from service.calendar import nights, weeks
from service.composition import Service
from service.configuration import load
from storage.database import Database
from storage.jobs import DIGEST, NIGHT, START, Outcome, Task, end, start
from storage.leases import renew, take
from storage.outbox import claim, sent
from storage.reports import file_reports
from storage.runs import Status, store_run
from tests.service.commands import at, quiet
from tests.storage.samples import report, run

NOON = datetime(2026, 1, 20, 12, tzinfo=UTC)  # a Tuesday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOLDER = "desk1:4711"


class Station:
    """A folder with a configuration and a database, at noon on 20 January 2026 until `now` is set."""

    def __init__(self, folder: Path, database: Database, url: str, more: str = "") -> None:
        self.now = NOON
        self.folder = folder
        (folder / "inbox").mkdir()
        (folder / "config.toml").write_text(at(url, f"{more}\n{quiet()}"), encoding="utf-8")
        configuration = load(folder / "config.toml", {})
        self.service = Service(configuration=configuration, database=database, clock=lambda: self.now)

    def works(self, holder: str = HOLDER, *, lasts: timedelta = timedelta(seconds=40)) -> None:
        """Have a scheduler take the lease now."""
        with self.service.database.session() as session:
            assert take(session, holder, at=self.now, lasts=lasts)

    def began(self, moment: datetime) -> None:
        """Have a scheduler begin to work here."""
        self.did(Task(START, moment.isoformat()), "done", moment=moment)

    def did(
        self, task: Task, outcome: Outcome | None, detail: str = "", *, moment: datetime | None = None
    ) -> None:
        """Have a job done; with no outcome it is under way."""
        with self.service.database.session() as session:
            number = start(session, task, token=1, at=moment or self.now)
            if outcome is not None:
                end(session, number, outcome, detail, at=moment or self.now)

    def night(
        self, day: int, outcome: Outcome | None, detail: str = "", *, moment: datetime | None = None
    ) -> None:
        """Have the night of a day in January 2026 end."""
        self.did(Task(NIGHT, f"2026-01-{day:02}"), outcome, detail, moment=moment)

    def digest(self, week: int, outcome: Outcome, detail: str = "") -> None:
        self.did(Task(DIGEST, f"2026-W{week:02}"), outcome, detail)

    def ran(self, day: int, status: Status = "published", *, draws: str | None = None) -> int:
        """Store a run of a day in January 2026."""
        return self.ran_on(date(2026, 1, day), status, draws=draws)

    def ran_on(self, as_of: date, status: Status = "published", *, draws: str | None = None) -> int:
        """Store a run of the forecast."""
        night = datetime.combine(as_of, time(2, 15), UTC)
        record = run(forecast_id="quiet", as_of=as_of, status=status, recorded_at=night, draws=draws)
        with self.service.database.session() as session:
            return store_run(session, record)

    def received(self, *days: int) -> None:
        """File a report on days of January 2026."""
        for day in days:
            moment = datetime(2026, 1, day, 9, tzinfo=UTC)
            with self.service.database.session() as session:
                file_reports(session, [report(f"r{day}")], at=moment, origin="x")

    def is_well(self) -> None:
        """Have everything be as it should."""
        self.began(self.now - 10 * DAY)
        self.works()
        self.night(20, "done")
        self.digest(4, "done")
        self.ran(20)

    def goes_on(self, span: timedelta, runs: Status = "published") -> None:
        """Let time pass, in which the scheduler does all that becomes due."""
        before, schedule = self.now, self.service.configuration.schedule
        self.now += span
        with self.service.database.session() as session:
            assert renew(session, 1, at=self.now, lasts=timedelta(seconds=40))
        for night in nights(schedule, before, self.now):
            self.did(Task(NIGHT, str(night)), "done")
            self.ran_on(night, runs)
        for week in weeks(schedule, before, self.now):
            self.did(Task(DIGEST, week), "done")
        self.sends()

    def sends(self) -> None:
        """Have all mail sent that is due."""
        with self.service.database.session() as session:
            for one in claim(session, worker="w", at=self.now, until=self.now + HOUR, most=1000):
                sent(session, one.id, at=self.now)
