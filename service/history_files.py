"""Histories as files: CSV and Parquet, in our own columns or in those of forecasting hubs.

They are written piece by piece from pages of rows, so that no length of a history needs more memory.
"""

import csv
import io
import tempfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import IO, TYPE_CHECKING, Any

from service.hubverse import HubRow
from storage.history import HistoryRow

if TYPE_CHECKING:
    import pandas as pd

PIECE = 1 << 18  # bytes that are sent at once
_GROUP = 20_000  # rows of a Parquet file that are compressed together

DTYPES = {
    **dict.fromkeys(("forecast", "status", "engine", "scenario", "word"), "string"),
    **dict.fromkeys(("probability", "prior", "band_low", "band_high"), "Float64"),  # with a missing value
    **dict.fromkeys(("pymc_probability", "monte_carlo_error"), "Float64"),
    "as_of": "datetime64[s]",
    "run": "int64",
    "known_at": "datetime64[us, UTC]",
}
HUB_DTYPES = {
    **dict.fromkeys(("location", "target", "output_type", "output_type_id"), "string"),
    **dict.fromkeys(("reference_date", "target_end_date"), "datetime64[s]"),
    "horizon": "int64",
    "value": "float64",
}

type Rows = Sequence[HistoryRow] | Sequence[HubRow]


def csv_pieces(columns: Sequence[str], pages: Iterable[Rows]) -> Generator[bytes]:
    """Write pages of rows as CSV, a piece for each; what is missing is empty."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for page in pages:
        writer.writerows(map(_cells, page))
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    if buffer.tell():  # there was no page
        yield buffer.getvalue().encode()


def _cells(row: HistoryRow | HubRow) -> tuple[object, ...]:
    return (*row[:-1], row.known_at.isoformat()) if isinstance(row, HistoryRow) else row


def parquet_pieces(kind: type[HistoryRow] | type[HubRow], pages: Iterable[Rows]) -> Generator[bytes]:
    """Write pages of rows as Parquet, whole before its first piece: its index stands at its end."""
    with tempfile.TemporaryFile() as file:
        write_parquet(kind, pages, file)
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece


def write_parquet(kind: type[HistoryRow] | type[HubRow], pages: Iterable[Rows], file: IO[bytes]) -> None:
    """Write pages of rows to a file as Parquet."""
    import pyarrow as pa  # noqa: PLC0415 - only this format needs it
    from pyarrow import parquet  # noqa: PLC0415

    schema = pa.Schema.from_pandas(_frame(kind, []), preserve_index=False)
    with closing(parquet.ParquetWriter(file, schema)) as writer:
        for rows in _groups(pages):
            writer.write_table(pa.Table.from_pandas(_frame(kind, rows), schema, preserve_index=False))


def _frame(kind: type[HistoryRow] | type[HubRow], rows: Sequence[Any]) -> "pd.DataFrame":
    import pandas as pd  # noqa: PLC0415

    frame = pd.DataFrame.from_records(rows, columns=list(kind._fields))
    return frame.astype(DTYPES if kind is HistoryRow else HUB_DTYPES)


def _groups(pages: Iterable[Rows]) -> Iterator[list[Any]]:
    waiting: list[Any] = []
    for page in pages:
        waiting += page
        if len(waiting) >= _GROUP:
            yield waiting
            waiting = []
    yield waiting
