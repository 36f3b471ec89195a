"""A night in words and a table: what came of it."""

from collections.abc import Iterable
from datetime import date

from model.domain import Forecast
from service import printing
from service.documents import Document
from service.printing import MISSING, band, count, percent, points
from service.wording import strongest

_MOST_CAUSES = 5


def stands(document: Document) -> bool:
    """Whether a night's result is in force: published now, or unchanged since it was."""
    return document["status"] in {"published", "unchanged"} and not _failing(document)


def show(forecast: Forecast, document: Document) -> None:
    """Print one forecast's result: what it says, what it said before, and whether to trust it."""
    printing.line(forecast.title or forecast.id)
    printing.line(_standing(document))
    if document["probabilities"]:
        headings = ("scenario", "now", "prior", "last run", "change", "band", "PyMC", "in words")
        printing.block(printing.table(headings, _rows(forecast, document), numeric=headings[1:-1]))
    for sentence in _remarks(document):
        printing.line(sentence)
    for sentence in _moved(forecast, document):
        printing.line(sentence)
    printing.line()


def _standing(document: Document) -> str:
    run = f"run {document['run']}" if document["run"] else "not stored"
    status = "unchanged, nothing was stored" if document["status"] == "unchanged" else document["status"]
    return f"{document['forecast']} as of {document['as_of']}: {status} ({run})"


def _rows(forecast: Forecast, document: Document) -> Iterable[tuple[str, ...]]:
    now, before, sampled = document["probabilities"], document["previous"] or {}, document["pymc"]
    for one in forecast.scenarios:
        yield (
            one.title or one.id,
            percent(now[one.id]),
            percent(document["prior"][one.id]),
            percent(before.get(one.id)),
            points(now[one.id], before.get(one.id)),
            band(*document["band"][one.id]),
            MISSING if sampled is None else _sampled(sampled, one.id),
            document["words"].get(one.id, MISSING),
        )


def _sampled(pymc: Document, scenario: str) -> str:
    probability, error = pymc["probabilities"][scenario], pymc["monte_carlo_error"][scenario]
    return f"{percent(probability)} ± {MISSING if error is None else format(100 * error, '.2f')}"


def _remarks(document: Document) -> Iterable[str]:
    if document["unobserved_days"]:
        watched = date.fromisoformat(document["observed_until"])
        yield (
            f"Nobody has been watching since {watched}: the {document['unobserved_days']} days up to the "
            "cutoff count neither as silence nor for events."
        )
    if document["band"]:
        yield "Band of sensitivity: where it would be if what was stated were off by as much as it may be."
    if document["events"] is not None:
        events, reports = count(document["events"], "event"), count(document["reports"], "report")
        yield f"Evidence: {events} from {reports}."
    if document["checks"]:
        yield _checks(document)
    if sample := document.get("sample"):
        yield sample["text"]
    for warning in document["warnings"]:
        yield f"Warning: {warning}"


def _moved(forecast: Forecast, document: Document) -> Iterable[str]:
    """Name the largest causes of what moved since the last run."""
    causes = document["moved"]
    if causes is None:
        return
    if not causes:
        yield "Nothing moved since the last run."
        return
    yield "What moved it since the last run:"
    for cause in causes[:_MOST_CAUSES]:
        yield f"  {cause['text']}: {strongest(cause['bits'], forecast)}"
    if len(causes) > _MOST_CAUSES:
        smaller = count(len(causes) - _MOST_CAUSES, "smaller cause")
        yield f"  and {smaller}; `posterity explain {forecast.id}` has all"


def _checks(document: Document) -> str:
    failing = _failing(document)
    if not failing:
        passed = sum(bool(one["passed"]) for one in document["checks"])
        return f"PyMC and the exact engine agree: {passed} checks passed."
    listed = ", ".join(map(_failed_check, failing))
    return f"HELD, not published: {listed}. The last published result stays in force."


def _failing(document: Document) -> list[Document]:
    return [one for one in document["checks"] if one["passed"] is False]


def _failed_check(check: Document) -> str:
    figure = "came to no number" if check["figure"] is None else format(check["figure"], ".3g")
    return f"{check['name']} {figure} (limit {check['threshold']:g})"
