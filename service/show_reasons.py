"""`posterity explain`: why the probabilities stand where they stand, or what moved them since a day."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from model.domain import Forecast
from model.errors import UsageError
from model.evidence import Evidence
from model.words import word
from service import printing
from service.accounts import Lines, evidence_of, movement_lines, published_run, stored_reasons
from service.composition import Service
from service.documents import unobserved_days
from service.printing import MISSING, band, count, percent, points
from service.wording import strongest, title
from storage.runs import StoredRun

_MOST = 8  # causes told one by one above the table
_NONE = "forecast"  # heading of what belongs to no indicator


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A run with what stands behind it, and the probabilities that the account begins with.

    Parameters
    ----------
    since
        The earlier run; None where the account begins with the prior.
    start, end
        Probabilities by scenario.
    causes
        Largest first.
    """

    run: StoredRun
    evidence: Evidence
    since: StoredRun | None
    start: Mapping[str, float | None]
    end: Mapping[str, float | None]
    causes: Lines

    @property
    def forecast(self) -> Forecast:
        """The definition that the run was made with."""
        return self.evidence.forecast


def account(service: Service, forecast_id: str, *, as_of: date | None, since: date | None) -> Account:
    """Answer why a run came to its probabilities: from the prior, or since the run in force on a day.

    Raises
    ------
    UsageError
        There is no published run by either day, or `since` lies after `as_of`.
    """
    if as_of and since and since > as_of:
        raise UsageError(f"--since {since} lies after --as-of {as_of}; write an earlier day")
    run = published_run(service, forecast_id, as_of=as_of)
    earlier = published_run(service, forecast_id, as_of=since) if since else None
    with service.database.reading() as session:
        evidence = evidence_of(session, run)
        before = evidence_of(session, earlier) if earlier else None
    prior = {one.id: one.prior for one in evidence.forecast.scenarios}
    return Account(
        run=run,
        evidence=evidence,
        since=earlier,
        start=_probabilities(earlier) if earlier else prior,
        end=_probabilities(run),
        causes=movement_lines(before, evidence) if before else stored_reasons(run, evidence),
    )


def _probabilities(run: StoredRun) -> dict[str, float | None]:
    return {one.scenario: one.probability for one in run.posteriors}


def document(told: Account) -> dict[str, Any]:
    """Describe an account for JSON."""
    return {
        "forecast": told.run.forecast_id,
        "as_of": told.run.as_of.isoformat(),
        "run": told.run.run,
        "since": told.since and {"as_of": told.since.as_of.isoformat(), "run": told.since.run},
        "observed_until": told.evidence.observed_until.isoformat(),
        "from": dict(told.start),
        "to": dict(told.end),
        "moved" if told.since else "reasons": told.causes,
        "uncounted": [
            {"event": one.event.key, "headline": one.event.headline, "reason": one.reason}
            for one in told.evidence.uncounted
        ],
    }


def show(told: Account) -> None:
    """Print an account: the change, the largest causes in sentences, and all of them in a table."""
    for line in _heading(told):
        printing.line(line)
    headings = ("scenario", "before" if told.since else "prior", "now", "change", "band", "in words")
    printing.block(printing.table(headings, _changes(told), numeric=headings[1:-1]))
    for line in _meanings(told.forecast):
        printing.line(line)
    printing.line()
    for line in _largest(told):
        printing.line(line)
    printing.block(_table(told))
    for line in _remarks(told):
        printing.line(line)


def _heading(told: Account) -> Iterator[str]:
    yield told.forecast.title or told.forecast.id
    if told.forecast.question:
        yield told.forecast.question
    run = f"{told.run.forecast_id} as of {told.run.as_of} (run {told.run.run})"
    if told.since:
        yield f"{run}, and what moved it since {told.since.as_of} (run {told.since.run})"
    else:
        yield f"{run}, and what moved it from its prior of {told.forecast.opened}"


def _changes(told: Account) -> Iterable[tuple[str, ...]]:
    bands = {one.scenario: band(one.band_low, one.band_high) for one in told.run.posteriors}
    for one in told.forecast.scenarios:
        now, before = told.end.get(one.id), told.start.get(one.id)
        in_words = MISSING if now is None else word(now)
        change = points(now, before)
        yield (one.title or one.id, percent(before), percent(now), change, bands[one.id], in_words)


def _meanings(forecast: Forecast) -> Iterator[str]:
    """Say what the scenarios say, for whoever reads nothing else."""
    for one in forecast.scenarios:
        if one.summary:
            yield f"{one.title or one.id}: {one.summary}"


def _largest(told: Account) -> Iterator[str]:
    if not told.causes:
        yield "Nothing moved." if told.since else "Nothing moved: no event counts, and no silence either."
        return
    yield "The largest causes (a bit for a scenario doubles its probability, a bit against it halves it):"
    for cause in islice(told.causes, _MOST):
        yield f"  {cause['text']}: {strongest(cause['bits'], told.forecast)}"
    if len(told.causes) > _MOST:
        yield f"  and {count(len(told.causes) - _MOST, 'smaller one')}, in the table"
    yield ""


def _table(told: Account) -> str:
    titles = [title(told.forecast, one) for one in told.forecast.scenario_ids]
    if not told.causes:
        return ""
    headings = ("in percentage points, by indicator", *titles)
    return printing.table(headings, _rows(told), numeric=titles)


def _rows(told: Account) -> Iterator[tuple[str, ...]]:
    grouped: dict[str, Lines] = {}
    for cause in told.causes:
        grouped.setdefault(cause["indicator"] or _NONE, []).append(cause)
    for name in sorted(grouped, key=lambda one: -_size(grouped[one])):
        yield _row(name, grouped[name], told)
        for cause in grouped[name]:
            yield _row(f"  {cause['text']}", [cause], told)
    yield _row("all together", told.causes, told)


def _size(causes: Lines) -> float:
    """Sum an indicator's items, and take the most percentage points by which they moved a scenario."""
    scenarios = causes[0]["points"]
    return float(max(abs(sum(cause["points"][one] for cause in causes)) for one in scenarios))


def _row(heading: str, causes: Sequence[Mapping[str, Any]], told: Account) -> tuple[str, ...]:
    sums = (sum(cause["points"].get(one, 0.0) for cause in causes) for one in told.forecast.scenario_ids)
    return (heading, *(f"{number:+.1f}" for number in sums))


def _remarks(told: Account) -> Iterator[str]:
    evidence = told.evidence
    yield (
        f"Silence counts from {told.forecast.opened} to {evidence.observed_until}, outside of occasions; "
        "it is listed with each indicator."
    )
    if days := unobserved_days(evidence):
        yield f"Nobody was watching in the last {days} days before the cutoff: they count as nothing."
    folded = sum(len(seen.folded) for seen in evidence.indicators)
    if folded:
        yield f"{count(folded, 'further event')} fell into occasions that count already, adding nothing."
    for one in evidence.uncounted:
        yield f"Does not count: {one.event.headline or one.event.key} ({one.reason})."
    for line in json.loads(told.run.document)["warnings"]:
        yield f"Warning: {line}"
