"""What the command and the API give to forecasting hubs is valid by the rules of the format."""

import io
import math
from pathlib import Path

import pandas as pd
import pytest

from service.composition import opened
from tests.service.browsing import near
from tests.service.commands import Desk, quiet, report

COLUMNS = [
    *("reference_date", "location", "horizon", "target", "target_end_date"),
    *("output_type", "output_type_id", "value"),
]
TASK = COLUMNS[:5]
HISTORY = "/api/v1/forecasts/quiet/history"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    """Nights under two definitions, of which the second is decided earlier."""
    made = Desk(tmp_path_factory.mktemp(f"hub-{database_kind}"))
    made.types("ingest", made.write("a.jsonl", report()))
    made.types("run", "--as-of", "2025-03-31", "--no-ingest")
    made.configure(quiet().replace("horizon = 2025-12-31", "horizon = 2025-11-30"))
    made.types("run", "--as-of", "2025-06-30", "--no-ingest")
    return made


def valid(frame: pd.DataFrame) -> pd.DataFrame:
    """Model output, once it keeps every rule."""
    assert list(frame.columns) == COLUMNS
    assert not frame.isna().any(axis=None)
    assert set(frame["output_type"]) == {"pmf"}
    assert frame["value"].between(0, 1).all()
    assert not frame.duplicated([*TASK, "output_type", "output_type_id"]).any()
    for key, task in frame.groupby(TASK):
        assert math.isclose(task["value"].sum(), 1, abs_tol=1e-6), key
    days = frame[["reference_date", "target_end_date"]].apply(pd.to_datetime)
    ahead = pd.to_timedelta(frame["horizon"], unit="D")
    assert (days["reference_date"] + ahead == days["target_end_date"]).all()
    return frame.assign(**days.astype("datetime64[s]"))


def test_command_and_api_give_the_same_valid_output_in_both_forms(desk: Desk) -> None:
    typed = valid(pd.read_csv(io.StringIO(desk.types("history", "quiet", "--format", "hubverse").out)))
    with opened(desk.folder / "config.toml") as service:
        browser = near(service)
        text = browser.gets(f"{HISTORY}?format=hubverse").text
        page = browser.gets(f"{HISTORY}?format=hubverse&limit=100").text
        packed = browser.gets(f"{HISTORY}?format=hubverse-parquet").content
    for frame in (pd.read_csv(io.StringIO(text)), pd.read_csv(io.StringIO(page))):
        assert valid(frame).equals(typed)
    binary = valid(pd.read_parquet(io.BytesIO(packed)))
    assert binary.astype(str).to_numpy().tolist() == typed.astype(str).to_numpy().tolist()
    assert typed["output_type_id"].tolist() == ["down", "up"] * 2


def test_each_night_is_decided_when_its_own_definition_says(desk: Desk) -> None:
    frame = valid(pd.read_csv(io.StringIO(desk.types("history", "quiet", "--format", "hubverse").out)))
    ends = frame.groupby("reference_date")["target_end_date"].first()
    assert ends.astype(str).tolist() == ["2025-12-31", "2025-11-30"]


def test_a_forecast_that_is_no_longer_configured_is_given_as_it_was(desk: Desk, tmp_path: Path) -> None:
    before = desk.types("history", "quiet", "--format", "hubverse").out
    gone = Desk(tmp_path, quiet("other"), url=desk.url)
    assert gone.types("history", "quiet", "--format", "hubverse").out == before
    with opened(gone.folder / "config.toml") as service:
        assert near(service).gets(f"{HISTORY}?format=hubverse").text == before
