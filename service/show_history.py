"""`posterity history`: the same rows as a table, CSV, JSON or Parquet, or as hubs exchange them."""

import codecs
import csv
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import batched
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, TypedDict

from sqlalchemy.orm import Session

from model.errors import UsageError
from service import printing
from service.composition import Service
from service.history_files import csv_pieces, write_parquet
from service.history_parts import hub_page, in_pages
from service.hubverse import HubRow
from service.printing import band, percent
from service.targets import target
from storage.history import CHUNK, HistoryRow, Part, history, history_documents
from storage.runs import forecast_ids_with_runs


class Bounds(TypedDict):
    """What of a forecast's history is wanted, as the store's queries take it."""

    first: date | None
    last: date | None
    known_at: datetime | None
    all_runs: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Which part of a forecast's history is wanted.

    Parameters
    ----------
    first, last
        Bounds of the cutoff, both included.
    known_at
        As this service had recorded it by then.
    all_runs
        Superseded and failed runs too.
    """

    forecast: str
    first: date | None = None
    last: date | None = None
    known_at: datetime | None = None
    all_runs: bool = False

    @property
    def bounds(self) -> Bounds:
        """All but the forecast."""
        return Bounds(first=self.first, last=self.last, known_at=self.known_at, all_runs=self.all_runs)


def show(service: Service, question: Question, form: str, output: Path | None) -> None:
    """Write a history in one of the formats, to a file or to standard output.

    Raises
    ------
    UsageError
        The forecast or the format is not known, or Parquet would go to a terminal.
    Unavailable
        The file cannot be written.
    """
    if form not in _WRITERS:
        raise UsageError(f"format {form!r} is not known; write one of {', '.join(_WRITERS)}")
    if form == "parquet" and output is None and sys.stdout.isatty():
        raise UsageError("parquet is not for a terminal; name a file with -o FILE")
    if form == "hubverse" and question.all_runs:
        raise UsageError("--all-runs does not go with hubverse: a hub takes one forecast of each day")
    with service.database.reading() as session:
        if question.forecast not in forecast_ids_with_runs(session):
            service.forecast(question.forecast)  # configured but not yet run is no error; unknown is
            printing.note(f"{question.forecast} has not been run yet; try `posterity run`")
        with target(output) as stream:
            _WRITERS[form](session, question, stream)


def _rows(session: Session, question: Question) -> Iterator[HistoryRow]:
    return history(session, question.forecast, **question.bounds)


def _table(session: Session, question: Question, stream: BinaryIO) -> None:
    shown = (
        *("as of", "run", "status", "scenario", "probability", "prior", "band", "PyMC"),
        *("in words", "known at"),
    )
    rows = (
        (
            row.as_of,
            row.run,
            row.status,
            row.scenario,
            percent(row.probability),
            percent(row.prior),
            band(row.band_low, row.band_high),
            percent(row.pymc_probability),
            row.word,
            f"{row.known_at:%Y-%m-%d %H:%M}",
        )
        for row in _rows(session, question)
    )
    text = printing.table(shown, rows, numeric=("run", "probability", "prior", "band", "PyMC"))
    stream.write(text.encode())


def _csv(session: Session, question: Question, stream: BinaryIO) -> None:
    writer = csv.writer(codecs.getwriter("utf-8")(stream), lineterminator="\n")
    writer.writerow(HistoryRow._fields)
    for row in _rows(session, question):
        writer.writerow((*row[:-1], row.known_at.isoformat()))


def _json(session: Session, question: Question, stream: BinaryIO) -> None:
    documents = history_documents(session, question.forecast, **question.bounds)
    separator = "["
    for document in documents:
        stream.write(f"{separator}{document}".encode())
        separator = ",\n"
    stream.write(b"[]\n" if separator == "[" else b"]\n")


def _parquet(session: Session, question: Question, stream: BinaryIO) -> None:
    with tempfile.TemporaryFile() as file:  # for a pipe cannot be written from both ends
        write_parquet(HistoryRow, batched(_rows(session, question), CHUNK), file)
        file.seek(0)
        shutil.copyfileobj(file, stream)


def _hubverse(session: Session, question: Question, stream: BinaryIO) -> None:
    part = Part(forecast_id=question.forecast, published=True, **question.bounds)
    pages = (hub_page(session, found) for found in in_pages(session, part))
    stream.writelines(csv_pieces(HubRow._fields, pages))


_WRITERS: MappingProxyType[str, Callable[[Session, Question, BinaryIO], None]] = MappingProxyType(
    {"table": _table, "csv": _csv, "json": _json, "parquet": _parquet, "hubverse": _hubverse}
)
