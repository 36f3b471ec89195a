"""The composition root: the one place where configuration becomes working parts."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from model.domain import Forecast
from model.errors import Unknown
from service.configuration import Configuration, load
from service.problems import nearest
from storage.database import Database, open_database, prepare

type Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Read the machine's clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """What every command works with."""

    configuration: Configuration
    database: Database
    clock: Clock

    @property
    def zone(self) -> ZoneInfo:
        """The schedule's time zone, whose days count."""
        return ZoneInfo(self.configuration.schedule.timezone)

    def today(self) -> date:
        """Today's date in the schedule's time zone."""
        return self.clock().astimezone(self.zone).date()

    def forecast(self, identity: str) -> Forecast:
        """Look up a configured forecast.

        Raises
        ------
        Unknown
            There is none of this id.
        """
        known = {forecast.id: forecast for forecast in self.configuration.forecasts}
        if identity not in known:
            raise Unknown(f"no forecast is called {identity!r}; {nearest(identity, known)}")
        return known[identity]


@contextmanager
def opened(
    path: Path, *, clock: Clock = utc_now, migrated: bool = True, polls: bool = True, rates: bool = True
) -> Iterator[Service]:
    """Read the configuration and open the database; close it afterwards.

    Parameters
    ----------
    migrated
        Make sure first that the tables are there.
    polls, rates
        As `load` has them.

    Raises
    ------
    ConfigurationError, UsageError, Unavailable
        As `load`, `open_database` and `prepare` do.
    """
    configuration = load(path, polls=polls, rates=rates)
    with open_database(configuration.storage.url) as database:
        if migrated:
            prepare(database)
        yield Service(configuration=configuration, database=database, clock=clock)
