"""A night in words and a table."""

from collections.abc import Iterable
from datetime import date

from model.domain import Forecast
from service import printing
from service.documents import Document
from service.printing import MISSING, percent, points


def show(forecast: Forecast, document: Document) -> None:
    """Print one forecast's result: what it says, what it said before, and whether to trust it."""
    printing.line(forecast.title or forecast.id)
    printing.line(_standing(document))
    if document["probabilities"]:
        headings = ("scenario", "now", "prior", "last run", "change", "PyMC", "in words")
        printing.block(printing.table(headings, _rows(forecast, document), numeric=headings[1:-1]))
    for sentence in _remarks(document):
        printing.line(sentence)
    printing.line()


def _standing(document: Document) -> str:
    run = f"run {document['run']}" if document["run"] else "not stored"
    status = "unchanged, nothing was stored" if document["status"] == "unchanged" else document["status"]
    return f"{document['forecast']} as of {document['as_of']}: {status} ({run})"


def _rows(forecast: Forecast, document: Document) -> Iterable[tuple[str, ...]]:
    now, before, sampled = document["probabilities"], document["previous"] or {}, document["pymc"]
    for one in forecast.scenarios:
        error = 100 * sampled["monte_carlo_error"][one.id]
        yield (
            one.title or one.id,
            percent(now[one.id]),
            percent(document["prior"][one.id]),
            percent(before.get(one.id)),
            points(now[one.id], before.get(one.id)),
            f"{percent(sampled['probabilities'][one.id])} ± {error:.1f}",
            document["words"].get(one.id, MISSING),
        )


def _remarks(document: Document) -> Iterable[str]:
    if document["unobserved_days"]:
        watched = date.fromisoformat(document["observed_until"])
        yield (
            f"Nobody has been watching since {watched}: the {document['unobserved_days']} days up to the "
            "cutoff count neither as silence nor for events."
        )
    if document["events"] is not None:
        yield f"Evidence: {document['events']} events from {document['reports']} reports."
    if document["checks"]:
        yield _checks(document)
    for warning in document["warnings"]:
        yield f"Warning: {warning}"


def _checks(document: Document) -> str:
    checks = document["checks"]
    failing = [one for one in checks if one["passed"] is False]
    if not failing:
        return f"PyMC and the exact engine agree: {sum(bool(one['passed']) for one in checks)} checks passed."
    listed = ", ".join(f"{one['name']} {one['figure']:.3g} (limit {one['threshold']:g})" for one in failing)
    return f"HELD, not published: {listed}. The last published result stays in force."
