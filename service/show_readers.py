"""`posterity subscribers`: who gets what, in words and for machines."""

from collections.abc import Sequence
from typing import Any

from service import printing
from service.printing import count
from storage.subscribers import Subscriber


def document(reader: Subscriber) -> dict[str, Any]:
    """Describe a reader for JSON; never with the token, which would let anyone unsubscribe them."""
    return {
        "address": reader.address,
        "name": reader.name,
        "forecasts": list(reader.forecasts),
        "moved_points": reader.moved_points,
        "alerts": reader.alerts,
        "since": reader.since.isoformat(),
        "active": reader.active,
    }


def wishes(reader: Subscriber) -> str:
    """Say what a reader gets."""
    alerts = "and alerts" if reader.alerts else "and no alerts"
    return f"{_digest(reader)}, of {_forecasts(reader)}, {alerts}"


def show(readers: Sequence[Subscriber]) -> None:
    """Print the readers."""
    if readers:
        headings = ("address", "name", "forecasts", "digest", "alerts", "since")
        printing.block(printing.table(headings, map(_row, readers)))
    printing.line(count(len(readers), "reader"))


def _row(reader: Subscriber) -> tuple[object, ...]:
    alerts = "yes" if reader.alerts else "no"
    return (
        reader.address,
        reader.name or None,
        _forecasts(reader),
        _digest(reader),
        alerts,
        reader.since.date(),
    )


def _forecasts(reader: Subscriber) -> str:
    return ", ".join(reader.forecasts) or "all forecasts"


def _digest(reader: Subscriber) -> str:
    if reader.moved_points is None:
        return "a digest every week"
    return f"a digest when one moved by more than {reader.moved_points:g} pp"
