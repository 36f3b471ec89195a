"""A store for the web application's benchmark: many forecasts with long histories, and many events.

It is filled table by table, as a service would have filled it night after night: the runs of one forecast
lie scattered between those of all the others. Documents have the size of real ones where they are served
(the newest of each forecast); the others are as short as their lines, so that the store stays below 2 GB.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta
from itertools import batched, chain
from pathlib import Path
from sqlite3 import Connection, connect
from typing import Any

from benchmarks import million
from model.words import word
from service.composition import Service, opened
from storage.content import as_text
from storage.events import Membership, join_events
from storage.lines import brief
from storage.reports import file_reports

FORECASTS, ROWS, EVENTS = 200, 1_000_000, 100_000
SCENARIOS = ("downside", "base", "upside")
TAGS = ("contract_signed", "coproduction_agreement", "us_pushback")
OPENED, HORIZON = date(2020, 1, 1), date(2030, 12, 31)
LAST = date(2026, 11, 20)  # the newest cutoff
LONG_DOCUMENT = 40_000  # bytes
BATCH = 20_000
PRIOR = (0.15, 0.6, 0.25)
CONFIGURATION = """
[[forecasts]]
id = "{id}"
title = "Question {number}: does the trade grow?"
question = "Will it have grown by the end of 2030, as the register will tell?"
opened = {opened}
horizon = {horizon}
{scenarios}
[[forecasts.indicators]]
id = "contracts"
tag = "contract_signed"
expected = {{ downside = 1, base = 2, upside = 4 }}
"""
SCENARIO = """
[[forecasts.scenarios]]
id = "{id}"
title = "{title}"
prior = {prior}
resolves = "The register shows what this scenario says of it."
"""

type Row = tuple[Any, ...]


def identity(number: int) -> str:
    """Name a forecast of the store."""
    return f"question-{number:03}"


def made(folder: Path, *, forecasts: int = FORECASTS, rows: int = ROWS, events: int = EVENTS) -> Path:
    """Make the store in a folder, unless it is there, and give its configuration's path."""
    path, done = folder / "config.toml", folder / "done"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(_configuration(forecasts), encoding="utf-8")
        with opened(path) as service:
            _fill(service, forecasts, rows // len(SCENARIOS) // forecasts, events)
        done.touch()
    return path


def _configuration(forecasts: int) -> str:
    scenarios = "".join(
        SCENARIO.format(id=one, title=one.capitalize(), prior=prior)
        for one, prior in zip(SCENARIOS, PRIOR, strict=True)
    )
    tables = (
        CONFIGURATION.format(
            id=identity(number), number=number, opened=OPENED, horizon=HORIZON, scenarios=scenarios
        )
        for number in range(forecasts)
    )
    return '[schedule]\nnightly = "02:15"\n' + "".join(tables)


def _fill(service: Service, forecasts: int, nights: int, events: int) -> None:
    for batch in batched(million.strangers(TAGS, date(2025, 1, 1), range(events)), BATCH):
        at = service.clock()
        joined = [Membership(report_id=one.id, event_key=f"event-{one.id}", why="benchmark") for one in batch]
        with service.database.session() as session:
            file_reports(session, batch, at=at, origin="benchmark")
            join_events(session, joined, at=at)
    with closing(connect(service.database.where)) as connection:
        connection.execute("INSERT INTO evidence VALUES ('sha256:e', '{}')")
        for runs in batched(_runs(forecasts, nights), 500):
            _insert(connection, runs)
            connection.commit()
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _insert(connection: Connection, runs: Sequence[tuple[Row, Row, Row, Sequence[Row]]]) -> None:
    for table, rows in (
        ("run", [run for run, _, _, _ in runs]),
        ("run_document", [document for _, document, _, _ in runs]),
        ("run_line", [line for _, _, line, _ in runs]),
        ("posterior", list(chain.from_iterable(rows for _, _, _, rows in runs))),
    ):
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {_COLUMNS[table]} VALUES ({marks})", rows)  # noqa: S608 - ours


_COLUMNS = {
    "run": (
        "run (id, forecast_id, as_of, status, settled, supersedes, engine, evidence_digest, forecast_digest, "
        "code_digest, observed_until, recorded_at, seconds)"
    ),
    "run_document": "run_document (run_id, document)",
    "run_line": "run_line (run_id, line)",
    "posterior": (
        "posterior (run_id, position, scenario, probability, prior, band_low, band_high, pymc_probability, "
        "monte_carlo_error, word, log_evidence, pymc_log_evidence)"
    ),
}


def _runs(forecasts: int, nights: int) -> Iterator[tuple[Row, Row, Row, Sequence[Row]]]:
    """Make the runs night after night; one in forty is held."""
    chance, number = random.Random(7), 0  # noqa: S311 - no secret
    state = [list(PRIOR) for _ in range(forecasts)]
    for night in range(nights):
        as_of = LAST - timedelta(days=nights - 1 - night)
        for place in range(forecasts):
            number += 1
            before, state[place] = state[place], _moved(state[place], chance)
            status = "held" if number % 40 == 0 else "published"
            document = _document(number, identity(place), as_of, status, (before, state[place]))
            if night == nights - 1:
                document["reasons"] = [{"text": "a" * 200} for _ in range(LONG_DOCUMENT // 220)]
            yield _rows(number, as_of, status, document, state[place])


def _moved(values: Sequence[float], chance: random.Random) -> list[float]:
    moved = [max(0.01, one + chance.gauss(0, 0.01)) for one in values]
    return [one / sum(moved) for one in moved]


def _document(
    number: int, forecast: str, as_of: date, status: str, values: tuple[Sequence[float], Sequence[float]]
) -> dict[str, Any]:
    before, now = (dict(zip(SCENARIOS, one, strict=True)) for one in values)
    names = ("rhat", "ess_bulk", "ess_tail", "divergences", "bfmi", "log_evidence_gap", "monte_carlo_error")
    return {
        "forecast": forecast,
        "as_of": as_of.isoformat(),
        "observed_until": as_of.isoformat(),
        "unobserved_days": 0,
        "run": number,
        "status": status,
        "engine": "exact",
        "probabilities": now,
        "pymc": {
            "probabilities": {one: value + 1e-4 for one, value in now.items()},
            "monte_carlo_error": {one: value / 1000 for one, value in now.items()},
        },
        "prior": dict(zip(SCENARIOS, PRIOR, strict=True)),
        "previous": before,
        "band": {one: [value * 0.8, value * 1.1] for one, value in now.items()},
        "log_evidence": {one: -12.3 - value for one, value in now.items()},
        "words": {one: word(value) for one, value in now.items()},
        "events": 34,
        "reports": 71,
        "checks": [{"name": one, "figure": now["base"], "threshold": 1.01, "passed": True} for one in names],
        "warnings": [],
        "versions": dict.fromkeys(("forecast", "evidence", "code"), f"sha256:{number:064x}"),
        "seconds": 9.4,
    }


def _rows(
    number: int, as_of: date, status: str, document: dict[str, Any], values: Sequence[float]
) -> tuple[Row, Row, Row, Sequence[Row]]:
    recorded_at = datetime.combine(as_of + timedelta(days=1), time(2, 15), UTC)
    written = recorded_at.strftime("%Y-%m-%d %H:%M:%S.%f")
    day = as_of.isoformat()
    run = (
        *(number, document["forecast"], day, status, 1, 0, "exact", "sha256:e", "sha256:f", "sha256:c"),
        *(day, written, 9.4),
    )
    posterior = [
        (number, place, one, p, PRIOR[place], p * 0.8, p * 1.1, p + 1e-4, p / 1000, word(p), -12.3, -12.3)
        for place, (one, p) in enumerate(zip(SCENARIOS, values, strict=True))
    ]
    return run, (number, as_text(document)), (number, brief(document, recorded_at)), posterior
