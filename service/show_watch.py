"""`posterity watch`: what to expect of each indicator, and which of them would tell the most."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from model.domain import Forecast
from model.outlook import DAYS
from service import printing
from service.accounts import Lines, evidence_of, published_run, stored_outlook, stored_watch
from service.composition import Service
from service.printing import percent
from service.wording import kind_of_event
from storage.outlook_scores import Summary, summary
from storage.runs import StoredRun


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """What a run expects; `ranked` has the most informative indicator first.

    `resolved` sums up what became of earlier expectations, by how far they looked.
    """

    run: StoredRun
    forecast: Forecast
    outlook: Lines
    ranked: Lines
    resolved: Sequence[Summary]


def watched(service: Service, forecast_id: str, *, as_of: date | None) -> Watch:
    """Look up what the run in force expects.

    Raises
    ------
    UsageError
        There is none.
    """
    run = published_run(service, forecast_id, as_of=as_of)
    with service.database.reading() as session:
        evidence = evidence_of(session, run)
        resolved = summary(session, forecast_id, zone=service.zone)
    return Watch(
        run=run,
        forecast=evidence.forecast,
        outlook=stored_outlook(run, evidence),
        ranked=stored_watch(run, evidence),
        resolved=resolved,
    )


def document(found: Watch) -> dict[str, Any]:
    """Describe it for JSON."""
    return {
        "forecast": found.run.forecast_id,
        "as_of": found.run.as_of.isoformat(),
        "run": found.run.run,
        "watch": found.ranked,
        "outlook": found.outlook,
        "resolved": [asdict(one) for one in found.resolved],
    }


def show(found: Watch) -> None:
    """Print the indicators, the most informative first, with their outlook."""
    printing.line(found.forecast.title or found.forecast.id)
    printing.line(
        f"{found.run.forecast_id} as of {found.run.as_of} (run {found.run.run}): the chance of at least one "
        f"further event, and the bits that the next {DAYS[1]} days of it are expected to tell"
    )
    ahead = [f"{days} days" for days in DAYS]
    headings = ("indicator", *ahead, "bits", "what")
    printing.block(printing.table(headings, _rows(found), numeric=headings[1:-1]))
    if found.resolved:
        _show_resolved(found.resolved)


def _show_resolved(resolved: Sequence[Summary]) -> None:
    printing.line("What became of earlier expectations (expected Brier score, 0 is best):")
    headings = ("ahead", "resolved", "expected", "happened", "Brier", "always the mean")
    rows = (
        (
            f"{one.days} days",
            one.number,
            percent(one.mean_probability),
            percent(one.mean_outcome),
            f"{one.brier:.3f}",
            f"{one.climatology:.3f}",
        )
        for one in resolved
    )
    printing.block(printing.table(headings, rows, numeric=headings[1:]))


def _rows(found: Watch) -> Iterator[tuple[str, ...]]:
    indicators = {one.id: one for one in found.forecast.indicators}
    chances: dict[str, dict[int, float]] = {}
    for one in found.outlook:
        chances.setdefault(one["indicator"], {})[one["days"]] = one["probability"]
    for one in found.ranked:
        name = one["indicator"]
        ahead = (percent(chances.get(name, {}).get(days)) for days in DAYS)
        yield (name, *ahead, f"{one['bits']:.4f}", kind_of_event(indicators[name]))
