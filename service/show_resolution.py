"""`posterity resolve` in words: what was decided, what resolves it, and what it scores."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from model.errors import UsageError
from service import printing
from service.closing import stands
from service.composition import Service
from service.deciding import editor
from service.printing import count
from service.resolving import Resolved, annul, reopen, resolve
from service.scoring import score_forecast
from service.show_scores import summary_rows
from service.track_record import ScoredForecast, decided


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What was typed."""

    scenario: str | None
    on: date | None
    correct: bool
    annul: bool
    reopen: bool
    author: str | None
    why: str


def decide(service: Service, forecast_id: str, asked: Asked) -> Resolved:
    """Do what was typed.

    Raises
    ------
    UsageError
        Its parts do not belong together, or what it asks for cannot be done.
    """
    _check(asked)
    author = editor(asked.author)
    if asked.annul:
        return annul(service, forecast_id, on=asked.on, author=author, why=asked.why)
    if asked.reopen:
        return reopen(service, forecast_id, author=author, why=asked.why)
    if asked.scenario is None or asked.on is None:
        missing = "SCENARIO" if asked.scenario is None else "--on DATE"
        raise UsageError(
            f"{missing} is missing; write `resolve {forecast_id} SCENARIO --on DATE --because TEXT`, "
            "or --annul"
        )
    return resolve(
        service,
        forecast_id,
        asked.scenario,
        on=asked.on,
        author=author,
        why=asked.why,
        correct=asked.correct,
    )


def _check(asked: Asked) -> None:
    if asked.annul and asked.reopen:
        raise UsageError("--annul closes and --reopen opens again; write one of them")
    if (asked.annul or asked.reopen) and (asked.scenario is not None or asked.correct):
        kind = "--annul" if asked.annul else "--reopen"
        raise UsageError(f"{kind} takes neither a SCENARIO nor --correct; leave them out")
    if asked.reopen and asked.on is not None:
        raise UsageError("--reopen holds from now on; leave --on out")


def scored(service: Service, done: Resolved) -> ScoredForecast | None:
    """Score what has just been resolved; None of what was annulled or opened again."""
    if done.decision.scenario is None:
        return None
    with service.database.reading() as session:
        return score_forecast(session, done.decision, zone=service.zone)


def document(done: Resolved, found: ScoredForecast | None) -> dict[str, Any]:
    """Describe it for JSON."""
    return {
        "forecast": done.forecast.id,
        **decided(done.decision),
        "resolves": done.scenario.resolves if done.scenario else None,
        "resolves_at_opening": done.opening,
        "first_recorded": done.first_recorded.isoformat(),
        "before": decided(done.before) if done.before else None,
        "scores": found.document() if found else None,
    }


def show(done: Resolved, found: ScoredForecast | None) -> None:
    """Print what was decided, and by what."""
    for sentence in _sentences(done):
        printing.line(sentence)
    if found:
        printing.line(
            f"Scores, the mean over the {count(found.days, 'day')} on which it was open (0 is best; "
            "Brier 0 to 2, log in nats, RPS over the order of scenarios):"
        )
        headings = ("", "Brier", "log", "RPS")
        printing.block(printing.table(headings, summary_rows(found), numeric=headings[1:]))
        for remark in remarks(found):
            printing.line(remark)


def remarks(found: ScoredForecast) -> Iterator[str]:
    """Say what a reader of a score must know."""
    if found.late_days:
        yield (
            f"Its definition was first recorded on {found.first_recorded:%Y-%m-%d}, when {found.late_days} "
            f"of its {count(found.days, 'day')} were over: for those its priors are no foresight."
        )
    if math.isinf(found.scores.log):
        yield "The log score is infinite: what came true had been called impossible."


def _sentences(done: Resolved) -> Iterator[str]:
    decision, forecast = done.decision, done.forecast
    yield forecast.title or forecast.id
    if done.before:
        yield f"It {stands(done.before)}."
    again = {"corrected": "Corrected: it", "reopened": "It"}.get(decision.kind, "It")
    yield f"{again} {stands(decision)}: {decision.why}"
    if done.scenario:
        yield from _resolves(done, done.scenario.title or done.scenario.id, done.scenario.resolves)
    if decision.closed_on is None:
        yield "Its nights run again; those of the days in between are made up for by `posterity run --as-of`."
    else:
        yield f"No night of it runs from {decision.closed_on} on; its outlooks go on to resolve."


def _resolves(done: Resolved, title: str, text: str) -> Iterator[str]:
    since = f"{done.first_recorded:%Y-%m-%d}"
    if not text:
        yield f"Warning: the forecast never said what resolves {title}; state `resolves` from the opening on."
    elif done.opening == text:
        yield f"What resolves {title}, as stated since {since}: {text}"
    else:
        yield f"What resolves {title}: {text}"
        was = "(there was no such scenario)" if done.opening is None else done.opening or "(nothing)"
        yield f"Warning: that was changed since the first version, of {since}, which said: {was}"
