"""Histories as pandas data frames; apart, because nothing else here needs pandas."""

from datetime import date, datetime

import pandas as pd
from sqlalchemy.orm import Session

from storage.history import HistoryRow, history

DTYPES = {
    **dict.fromkeys(("forecast", "status", "engine", "scenario", "word"), "string"),
    **dict.fromkeys(("probability", "prior", "band_low", "band_high"), "Float64"),
    **dict.fromkeys(("pymc_probability", "monte_carlo_error"), "Float64"),
    "as_of": "datetime64[s]",
    "run": "int64",
    "known_at": "datetime64[us, UTC]",
}


def history_frame(  # noqa: PLR0913 - one parameter for each option of the command
    session: Session,
    forecast_id: str,
    *,
    first: date | None = None,
    last: date | None = None,
    known_at: datetime | None = None,
    all_runs: bool = False,
) -> pd.DataFrame:
    """Read a history as `storage.history.history` does; what is missing is NA, never 0 or NaN."""
    rows = history(session, forecast_id, first=first, last=last, known_at=known_at, all_runs=all_runs)
    frame = pd.DataFrame.from_records(list(rows), columns=list(HistoryRow._fields))
    return frame.astype(DTYPES)
