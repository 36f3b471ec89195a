"""`posterity history` in the forms of files, and what its Parquet keeps of types."""

import io
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from service.history_files import csv_pieces, write_parquet
from service.hubverse import HubRow, hub_rows
from storage.history import HistoryRow
from tests.service.commands import Desk, report, said_in_one_line

NOW = datetime(2026, 1, 20, tzinfo=UTC)


def row(scenario: str, probability: float | None, run: int = 1, **changes: object) -> HistoryRow:
    plain = HistoryRow(
        forecast="quiet",
        as_of=date(2026, 1, 10),
        run=run,
        status="published",
        engine="exact",
        scenario=scenario,
        probability=probability,
        prior=0.5,
        band_low=None,
        band_high=1.0,
        pymc_probability=None,
        monte_carlo_error=None,
        word=None,
        known_at=NOW,
    )
    return plain._replace(**changes)  # type: ignore[arg-type]  # tests name fields


def test_parquet_has_types_and_marks_what_is_missing() -> None:
    frames = []
    for pages in ([[row("down", 0.4), row("up", 0.6)], [row("down", None)]], []):
        file = io.BytesIO()
        write_parquet(HistoryRow, pages, file)
        frames.append(pd.read_parquet(file))
    full, empty = frames
    assert list(full.columns) == list(HistoryRow._fields)
    assert full["probability"].isna().tolist() == [False, False, True]
    assert full["known_at"][0] == NOW
    assert full.dtypes.astype(str).to_dict() == empty.dtypes.astype(str).to_dict()
    assert (str(full["probability"].dtype), str(full["as_of"].dtype)) == ("Float64", "datetime64[ms]")
    assert (len(empty), str(empty["word"].dtype)) == (0, "string")


def test_csv_leaves_empty_what_is_missing_and_has_a_header_in_any_case() -> None:
    header, line = b"".join(csv_pieces(HistoryRow._fields, [[row("down", None)]])).decode().splitlines()
    assert line == "quiet,2026-01-10,1,published,exact,down,,0.5,,1.0,,,,2026-01-20T00:00:00+00:00"
    assert b"".join(csv_pieces(HistoryRow._fields, [])).decode() == f"{header}\n"


def test_a_run_that_does_not_say_all_is_no_task_of_a_hub() -> None:
    rows = [row("down", 0.4), row("up", 0.6), row("down", None, 2), row("up", 0.6, 2)]
    rows += [row("down", 0.1, 3), row("up", 0.6, 3), row("down", 0.4, 4, status="held")]
    days = dict.fromkeys(range(1, 5), date(2026, 12, 31))
    found = list(hub_rows(rows, days))
    assert [(one.output_type_id, one.value, one.horizon) for one in found] == [
        ("down", 0.4, 355),
        ("up", 0.6, 355),
    ]
    assert list(hub_rows(rows[:2], {})) == []
    assert HubRow._fields == tuple(found[0]._asdict())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.types("ingest", made.write("a.jsonl", report()))
    for cutoff in ("2025-03-31", "2025-06-30"):
        made.types("run", "--as-of", cutoff, "--no-ingest")
    return made


def test_the_command_writes_what_hubs_take(desk: Desk) -> None:
    answer = desk.types("history", "quiet", "--format", "hubverse")
    frame = pd.read_csv(io.StringIO(answer.out))
    assert frame["target_end_date"].unique().tolist() == ["2025-12-31"]
    assert frame.groupby("reference_date")["value"].sum().tolist() == pytest.approx([1, 1])
    assert frame["horizon"].tolist() == [275, 275, 184, 184]
    assert frame["location"].unique().tolist() == ["*"]
    said = said_in_one_line(desk.types("history", "quiet", "--format", "hubverse", "--all-runs"), 2)
    assert said.startswith("--all-runs does not go with hubverse")


def test_the_command_writes_parquet_to_a_file_and_to_a_pipe(desk: Desk) -> None:
    written = desk.types("history", "quiet", "--format", "parquet", "-o", desk.folder / "h.parquet")
    assert written.code == 0
    frame = pd.read_parquet(desk.folder / "h.parquet")
    assert frame["scenario"].tolist() == ["down", "up"] * 2
    assert frame["word"].dtype == "string"
