"""A service whose history is put together run by run: what was published when, and what came of it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from model.definition import canonical, forecast_digest
from service.composition import Service
from service.configuration import load
from storage.database import Database
from storage.forecasts import record_version
from storage.outlooks import Resolution, StoredExpectation, due_expectations, record_resolutions
from storage.runs import RunRecord, ScenarioPosterior, Status, store_run
from tests.service.commands import quiet
from tests.service.letters import Hand

OPENED = datetime(2025, 1, 1, 3, tzinfo=UTC)
TODAY = datetime(2026, 3, 1, 3, tzinfo=UTC)
LIMA = '[schedule]\ntimezone = "America/Lima"\n'
EVER = date(2027, 1, 1)


class Archive:
    """A service over a database whose clock stands where it is put, with the forecasts of a text."""

    def __init__(self, folder: Path, database: Database, text: str | None = None) -> None:
        self.folder, self.database, self.clock = folder, database, Hand(OPENED)
        self.configure(quiet() if text is None else text)

    def configure(self, text: str) -> None:
        """Configure forecasts, and put their definitions on record at the clock's moment."""
        path = self.folder / "config.toml"
        path.write_text(text, encoding="utf-8")
        self.service = Service(configuration=load(path, {}), database=self.database, clock=self.clock)
        for forecast in self.service.configuration.forecasts:
            with self.database.session() as session:
                digest = forecast_digest(forecast)
                record_version(session, forecast.id, canonical(forecast), digest, at=self.clock())

    def publish(
        self,
        as_of: str,
        up: float,
        *,
        recorded: str = "",
        forecast: str = "quiet",
        status: Status = "published",
        said: Mapping[str, float] | None = None,
        outlook: Mapping[tuple[str, int], float] | None = None,
    ) -> int:
        """Store what a night believed, by default recorded at three in the morning of its cutoff."""
        day = date.fromisoformat(as_of)
        at = datetime.fromisoformat(recorded or f"{as_of}T03:00").replace(tzinfo=UTC)
        believed = {"down": 1 - up, "up": up} if said is None else said
        expected = [
            StoredExpectation(
                indicator=name, days=days, starts_on=day, until=day + timedelta(days), probability=chance
            )
            for (name, days), chance in (outlook or {}).items()
        ]
        record = RunRecord(
            forecast_id=forecast,
            as_of=day,
            status=status,
            engine="exact",
            evidence_digest=f"sha256:{as_of} {at} {up}",
            forecast_digest=forecast_digest(self.service.configuration.forecasts[0]),
            code_digest="sha256:c",
            recorded_at=at,
            seconds=0,
            document={"events": 0, "reports": 0, "warnings": [], "versions": {}},
            evidence={},
            posteriors=[ScenarioPosterior(scenario=name, probability=p) for name, p in believed.items()],
            outlook=expected,
        )
        with self.database.session() as session:
            return store_run(session, record)

    def comes_true(self, outcomes: Mapping[str, float], forecast: str = "quiet") -> None:
        """Resolve all that is open, by how surely each indicator's event happened."""
        with self.database.session() as session:
            found = [
                Resolution(
                    of=one,
                    outcome=outcomes[one.expectation.indicator],
                    events=1,
                    resolved_as_of=one.expectation.until + timedelta(30),
                )
                for one in due_expectations(session, forecast, until=EVER)
            ]
            record_resolutions(session, forecast, found, at=self.clock())
