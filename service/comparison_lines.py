"""Experiments, and what really was believed, as lines through time that can be put side by side."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from sqlalchemy.orm import Session

from model.definition import forecast_from
from model.domain import Forecast
from model.errors import UsageError
from model.standing import Belief, standing
from service.composition import Service
from service.experiment_names import HISTORY
from service.problems import nearest
from storage.experiments import StoredExperiment, experiment, experiments, nights
from storage.history import history
from storage.runs import evidence_snapshot, get_run

type Counted = Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One experiment, or the history, as it goes through time.

    Parameters
    ----------
    cutoffs
        The days on which it says something new.
    beliefs
        What it published.
    last
        The last day that it speaks of.
    unpublished
        How many nights are held or failed; they count for nothing.
    counted
        Of each cutoff, the credibility of the events that stood in some indicator; empty of the history,
        where the run tells.
    """

    name: str
    engine: str
    prior: tuple[float, ...]
    cutoffs: tuple[date, ...]
    beliefs: tuple[Belief, ...]
    last: date
    unpublished: int = 0
    counted: Mapping[date, Counted]

    @property
    def first(self) -> date:
        """The first day that it speaks of."""
        return min(one.since for one in self.beliefs)


def chosen_experiments(session: Session, names: Sequence[str]) -> dict[str, StoredExperiment]:
    """Look up the experiments among some names.

    Raises
    ------
    UsageError
        A name is unknown, there is none, or they are of different forecasts.
    """
    found = {one: experiment(session, one) for one in names if one != HISTORY}
    chosen = {name: one for name, one in found.items() if one is not None}
    for name in found:
        if name not in chosen:
            known = [one.name for one in experiments(session)]
            advice = nearest(name, known) if known else "`posterity replay` makes one"
            raise UsageError(f"no experiment is called {name!r}; {advice}")
    if not chosen:
        raise UsageError(f"{HISTORY} alone has nothing to be compared with; name an experiment beside it")
    forecasts = sorted({one.settings.forecast_id for one in chosen.values()})
    if len(forecasts) > 1:
        raise UsageError(f"these are experiments of {' and '.join(forecasts)}; compare those of one forecast")
    return chosen


def experiment_line(session: Session, one: StoredExperiment, order: Sequence[str]) -> Line:
    """Give an experiment as a line, its scenarios in this order.

    Raises
    ------
    UsageError
        It has published nothing yet, or has other scenarios.
    """
    made = nights(session, one.number)
    published = [night for night in made if night.status == "published"]
    if not published:
        raise UsageError(f"the experiment {one.name} holds no published night yet; `posterity replay` it")
    settings = forecast_from(one.settings.definition)
    if set(settings.scenario_ids) != set(order):
        raise UsageError(
            f"the experiment {one.name} has other scenarios ({', '.join(settings.scenario_ids)})"
        )
    prior = {each.id: each.prior for each in settings.scenarios}
    return Line(
        name=one.name,
        engine=one.settings.engine,
        prior=tuple(prior[name] for name in order),
        cutoffs=tuple(night.as_of for night in published),
        beliefs=tuple(_belief(night.as_of, night.as_of, night.probabilities, order) for night in published),
        last=published[-1].as_of,
        unpublished=len(made) - len(published),
        counted={night.as_of: night.counted for night in published},
    )


def history_line(service: Service, session: Session, forecast: Forecast) -> Line:
    """Give what really was believed as a line: a run counts from the day on which it was recorded.

    Raises
    ------
    UsageError
        Nothing was published yet.
    """
    rows = [row for row in history(session, forecast.id, all_runs=True) if row.status == "published"]
    if not rows:
        raise UsageError(f"{forecast.id} has no history yet; `posterity run` makes one")
    beliefs = []
    for run, scenarios in groupby(rows, key=lambda row: row.run):
        said = list(scenarios)
        since = said[0].known_at.astimezone(service.zone).date()
        found = {row.scenario: row.probability for row in said}
        if set(found) == set(forecast.scenario_ids):
            belief = _belief(max(since, said[0].as_of), said[0].as_of, found, forecast.scenario_ids)
            beliefs.append(replace(belief, run=run))
    beliefs.sort(key=lambda one: (one.since, one.run))
    return Line(
        name=HISTORY,
        engine=rows[-1].engine,
        prior=tuple(one.prior for one in forecast.scenarios),
        cutoffs=tuple(sorted({one.since for one in beliefs})),
        beliefs=tuple(beliefs),
        last=service.today(),
        counted={},
    )


def _belief(since: date, as_of: date, found: Mapping[str, float | None], order: Sequence[str]) -> Belief:
    probabilities = tuple(found[one] or 0.0 for one in order)
    return Belief(since=since, as_of=as_of, probabilities=probabilities)


def daily(line: Line, days: Sequence[date]) -> list[tuple[float, ...]]:
    """Say what stood at the end of each of some days on end."""
    spells = standing(line.beliefs, line.prior, opened=days[0], days=len(days))
    return [one.probabilities for one in spells for _ in range(one.days)]


def counted(session: Session, line: Line, day: date) -> Counted:
    """Say which events counted in what stood at the end of a day, and how credible they were."""
    if line.name != HISTORY:
        place = bisect_right(line.cutoffs, day)
        return line.counted[line.cutoffs[place - 1]] if place else {}
    (spell,) = standing(line.beliefs, line.prior, opened=day, days=1)
    run = get_run(session, spell.run) if spell.run is not None else None
    seen = evidence_snapshot(session, run.evidence_digest) if run and run.evidence_digest else None
    events = seen["events"] if seen else {}
    return {key: one["credibility"] for key, one in events.items()} if isinstance(events, dict) else {}
