"""What is wrong with a forecast, or due: what a reader must know before any of its numbers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from model.domain import Forecast
from service.printing import count
from service.wording import title
from storage.resolutions import Decision
from storage.runs import StoredRun


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """Where an edition stands: what had been recorded by then, of cutoffs up to that day."""

    known_at: datetime
    day: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A forecast at a moment: the run in force, the newest run, however it ended, and what closed it."""

    forecast: Forecast
    moment: Moment
    now: StoredRun | None
    newest: StoredRun | None
    stale_days: int
    closure: Decision | None = None


def notices(found: Standing) -> list[dict[str, str]]:
    """Say what is wrong or due, the worst first; each with its kind."""
    return [{"kind": kind, "text": text} for kind, text in _notices(found)]


def _notices(found: Standing) -> Iterator[tuple[str, str]]:
    if found.closure:
        yield "closed", _closed(found.forecast, found.closure)
        return
    if found.now is None:
        yield _nothing(found)
    elif found.newest and found.newest.status != "published":
        stands = f"What follows is as of {found.now.as_of} (run {found.now.run})."
        yield found.newest.status, f"{_ended(found.newest)} {stands}"
    if found.now:
        yield from _age(found, found.now)
        yield from _unobserved(found.now)
    if found.moment.day > found.forecast.horizon:
        yield "due", f"Its horizon of {found.forecast.horizon} has passed: it is due for resolution."


def _closed(forecast: Forecast, decision: Decision) -> str:
    answer = f"resolved as {title(forecast, decision.scenario)}" if decision.scenario else "annulled"
    said = f"It was {answer} on {decision.closed_on}, by {decision.author}: {decision.why.rstrip('.')}."
    return f"{said} It is not updated any more; what follows is what was last believed."


def _nothing(found: Standing) -> tuple[str, str]:
    if found.newest:
        return found.newest.status, f"Nothing has been published yet. {_ended(found.newest)}"
    if found.forecast.opened > found.moment.day:
        return "early", f"It opens on {found.forecast.opened}: there is nothing to say yet."
    return "never run", "It has not been run yet: there is nothing to say."


def _ended(run: StoredRun) -> str:
    """Say how a run ended that was not published, and why."""
    document = json.loads(run.document)
    name = f"The newest run, as of {run.as_of} (run {run.run}),"
    if run.status == "held":
        failing = [one for one in document["checks"] if one["passed"] is False]
        return f"{name} was held, for it failed {_listed(failing)}."
    return f"{name} failed: {'; '.join(document['warnings']).rstrip('.')}."


def _listed(failing: list[Mapping[str, Any]]) -> str:
    told = (f"{one['name']} {_figure(one['figure'])} (limit {one['threshold']:g})" for one in failing)
    return f"{count(len(failing), 'check')}: {', '.join(told)}"


def _figure(figure: float | None) -> str:
    return "came to no number" if figure is None else f"{figure:.3g}"


def _age(found: Standing, now: StoredRun) -> Iterator[tuple[str, str]]:
    age = (found.moment.day - now.as_of).days
    if age > found.stale_days:
        days, limit = count(age, "day"), count(found.stale_days, "day")
        yield (
            "stale",
            f"Stale: nothing was published in {days}, since the cutoff of {now.as_of} (limit {limit}).",
        )


def _unobserved(now: StoredRun) -> Iterator[tuple[str, str]]:
    document = json.loads(now.document)
    if document["unobserved_days"]:
        days = count(document["unobserved_days"], "day")
        since = f"Nobody has been watching since {document['observed_until']}"
        yield "unobserved", f"{since}: the {days} up to the cutoff count neither as silence nor for events."
