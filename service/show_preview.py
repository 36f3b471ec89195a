"""What the elicited numbers do, shown by `posterity check` before any evidence is in."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from model.domain import Forecast
from model.preview import Preview, preview
from service import printing
from service.printing import MISSING


def document(forecast: Forecast, today: date) -> dict[str, Any]:
    """Describe a forecast's preview for JSON; bits by scenario."""
    return {"forecast": forecast.id, "indicators": [asdict(one) for one in preview(forecast, today=today)]}


def show(forecast: Forecast, today: date) -> None:
    """Print by how many bits one event, and silence to the end, would move each scenario."""
    names = [one.title or one.id for one in forecast.scenarios]
    headings = ("indicator", *(f"event: {name}" for name in names), *(f"silence: {name}" for name in names))
    printing.line(
        f"{forecast.id}: bits by which one event today, and silence from {forecast.opened} to "
        f"{forecast.horizon}, would move each scenario (+1 doubles its probability)"
    )
    rows = (_row(one, forecast) for one in preview(forecast, today=today))
    printing.block(printing.table(headings, rows, numeric=headings[1:]))


def _row(one: Preview, forecast: Forecast) -> tuple[str, ...]:
    return (one.indicator, *_cells(one.event, forecast), *_cells(one.silence, forecast))


def _cells(bits: Mapping[str, float | None], forecast: Forecast) -> Iterator[str]:
    for scenario in forecast.scenario_ids:
        number = bits[scenario]
        yield MISSING if number is None else f"{number:+.2f}"
