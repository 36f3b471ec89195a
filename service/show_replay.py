"""What `posterity replay` prints."""

from collections.abc import Iterator, Sequence

from service import printing
from service.documents import Document
from service.experiment_names import MOST_SHOWN
from service.replaying import Question, Replayed
from storage.experiments import Night


def document(question: Question, found: Replayed) -> Document:
    """Describe a replay for machines; missing numbers are null."""
    settings = found.experiment.settings
    return {
        "experiment": found.experiment.name,
        "forecast": settings.forecast_id,
        "engine": settings.engine,
        "from": question.first.isoformat(),
        "to": question.last.isoformat(),
        "every": question.step,
        "stored": found.stored,
        "stale": found.stale,
        **{status: found.standing.get(status, 0) for status in ("published", "held", "failed")},
        "versions": {"forecast": settings.forecast_digest, "code": settings.code_digest},
        "nights": [night_document(one) for one in found.nights],
        "seconds": found.seconds,
    }


def night_document(night: Night) -> Document:
    """Describe one night of an experiment."""
    sampled = any(one.pymc_probability is not None for one in night.posteriors)
    banded = any(one.band_low is not None for one in night.posteriors)
    return {
        "as_of": night.as_of.isoformat(),
        "observed_until": night.observed_until.isoformat(),
        "status": night.status,
        "detail": night.detail,
        "probabilities": night.probabilities,
        "prior": {one.scenario: one.prior for one in night.posteriors},
        "log_evidence": {one.scenario: one.log_evidence for one in night.posteriors},
        "band": {one.scenario: [one.band_low, one.band_high] for one in night.posteriors} if banded else None,
        "pymc": _pymc(night) if sampled else None,
        "events": dict(night.counted),
        "reports": night.reports,
        "evidence": night.evidence_digest,
    }


def _pymc(night: Night) -> Document:
    return {
        "probabilities": {one.scenario: one.pymc_probability for one in night.posteriors},
        "monte_carlo_error": {one.scenario: one.monte_carlo_error for one in night.posteriors},
    }


def show(found: Replayed) -> None:
    """Print the nights, and what became of the replay."""
    scenarios = list(found.nights[0].probabilities)
    headings = ("as of", *scenarios, "events", *(["status"] if _odd(found.nights) else []))
    rows = (_row(one, scenarios, odd=_odd(found.nights)) for one in thinned(found.nights))
    printing.block(printing.table(headings, rows, numeric={*scenarios, "events"}))
    for sentence in _sentences(found):
        printing.line(sentence)


def _row(night: Night, scenarios: Sequence[str], *, odd: bool) -> list[object]:
    probabilities = [printing.percent(night.probabilities[one]) for one in scenarios]
    status = [f"{night.status}: {night.detail}" if night.detail else night.status] if odd else []
    return [night.as_of, *probabilities, len(night.counted), *status]


def _odd(nights: Sequence[Night]) -> bool:
    return any(one.status != "published" for one in nights)


def thinned(nights: Sequence[Night]) -> list[Night]:
    """Choose the nights to show: all of a few, or else the last of each month."""
    if len(nights) <= MOST_SHOWN:
        return list(nights)
    return list({(one.as_of.year, one.as_of.month): one for one in nights}.values())


def _sentences(found: Replayed) -> Iterator[str]:
    count, shown = len(found.nights), len(thinned(found.nights))
    if shown < count:
        yield f"the last of each month is shown, {shown} of {count}; --json has them all"
    new = "nothing new" if not found.stored else f"{found.stored} new"
    other = ", ".join(
        f"{number} {status}" for status, number in found.standing.items() if status != "published"
    )
    parts = [printing.count(count, "night"), new, *([other] if other else []), f"{found.seconds:.1f} s"]
    yield f"experiment {found.experiment.name}: {', '.join(parts)}"
    if found.stale:
        outside = printing.count(found.stale, "night")
        yield f"{outside} outside of this span rest on evidence that has changed since; replay them too"
