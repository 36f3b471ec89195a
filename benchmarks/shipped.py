"""The shipped forecast and the shipped reports, in a database of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from model.domain import Forecast
from service.composition import Service, utc_now
from service.configuration import load
from service.intake import take_files
from storage.database import open_database, prepare

ROOT = Path(__file__).resolve().parent.parent
CONFIG, REPORTS = ROOT / "config.toml", ROOT / "examples" / "reports.jsonl"


def environment(folder: Path) -> dict[str, str]:
    """Override the shipped configuration so that its files stay inside a folder."""
    return {
        "POSTERITY_CONFIG": str(CONFIG),
        "POSTERITY__STORAGE__URL": f"sqlite:///{folder / 'posterity.db'}",
        "POSTERITY__STORAGE__DRAWS": str(folder / "draws"),
        "POSTERITY__INGEST__DROP_FOLDER": str(folder / "inbox"),
    }


@contextmanager
def service(folder: Path) -> Iterator[Service]:
    """Open a service on a database in this folder, made where there is none."""
    configuration = load(CONFIG, environment(folder))
    with open_database(configuration.storage.url) as database:
        prepare(database)
        yield Service(configuration=configuration, database=database, clock=utc_now)


def take_in(of: Service) -> None:
    """Take in the shipped reports."""
    for taken in take_files(of, [REPORTS]):
        assert not taken.refused, taken.refused


def forecast(of: Service) -> Forecast:
    """Give the shipped forecast."""
    return of.configuration.forecasts[0]
