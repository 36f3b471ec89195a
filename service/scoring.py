"""Scoring: what forecasts that are resolved, and outlooks whose days have passed, came to score.

A run counts from the day on which it was recorded (`model.standing`), so what is computed later of the
past betters nothing. All of it is computed from the store, with no configuration needed: a forecast that
was taken out of the configuration keeps its score.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby

from sqlalchemy.orm import Session

from model.bootstrap import mean_interval, skill_interval
from model.definition import forecast_from
from model.domain import Forecast
from model.errors import PosterityError, UsageError
from model.reliability import reliability
from model.resolution import expected_score
from model.scores import Scores, average, scores, skill, uniform
from model.standing import Belief, Spell, open_days, standing
from service.closing import stands
from service.composition import Service
from service.track_record import (
    REFERENCES,
    RULES,
    Horizon,
    Mean,
    OutlookScore,
    Overall,
    ScoredForecast,
    ScoredSpell,
    TrackRecord,
)
from service.wording import title
from storage.forecasts import Version, current_version, versions
from storage.history import HistoryRow, history
from storage.outlook_scores import Scored, forecasts_with_outlooks, resolved_number, scored
from storage.resolutions import Decision, closures


def track_record(
    service: Service, known_at: datetime | None = None, *, forecasts: Collection[str] = ()
) -> TrackRecord:
    """Score everything that is decided.

    Parameters
    ----------
    known_at
        As it was on record then; by default now.
    forecasts
        Only these; all where none is named.
    """
    with service.database.reading() as session:
        closed = closures(session, forecasts or None, known_at=known_at)
        ids = [one for one in forecasts_with_outlooks(session) if not forecasts or one in forecasts]
        outlooks = {one: scored(session, one, zone=service.zone, known_at=known_at) for one in ids}
        every = sum(resolved_number(session, one, known_at=known_at) for one in ids)
        decided = sorted(closed.values(), key=lambda one: (one.recorded_at, one.forecast_id), reverse=True)
        resolved = tuple(
            score_forecast(session, one, zone=service.zone, known_at=known_at)
            for one in decided
            if one.scenario is not None
        )
    return TrackRecord(
        known_at=known_at or service.clock(),
        resolved=resolved,
        annulled=tuple(one for one in decided if one.scenario is None),
        open=_open(service, closed, forecasts),
        overall=overall(resolved),
        outlooks=tuple(_outlook_scores(outlooks)),
        reliability=tuple(_horizons(outlooks)),
        left_out=every - sum(map(len, outlooks.values())),
    )


def _open(service: Service, closed: Mapping[str, Decision], forecasts: Collection[str]) -> int:
    today, known = service.today(), service.configuration.forecasts
    mine = [one for one in known if not forecasts or one.id in forecasts]
    return sum(one.opened <= today and one.id not in closed for one in mine)


# ---- forecasts -----------------------------------------------------------------------------------


def score_forecast(
    session: Session, decision: Decision, *, zone: tzinfo, known_at: datetime | None = None
) -> ScoredForecast:
    """Score a resolved forecast by what stood on each day on which it was open.

    Raises
    ------
    UsageError
        It was annulled.
    PosterityError
        The definition by which it was judged was never recorded.
    """
    if decision.scenario is None or decision.closed_on is None:
        raise UsageError(f"{decision.forecast_id} {stands(decision)}: it has no score")
    told, first = _definitions(session, decision)
    at_first = {one.id: one.prior for one in forecast_from(first.definition).scenarios}
    rows = history(session, decision.forecast_id, last=decision.closed_on, known_at=known_at, all_runs=True)
    said = list(_published(rows))
    order = _order(told, at_first, said)
    case = _Case(told=told, order=order, outcome=order.index(decision.scenario), zone=zone)
    days = open_days(told.opened, told.horizon, decision.closed_on)
    prior = _in_order(at_first, order)
    spells = standing(_beliefs(said, case), prior, opened=told.opened, days=days)
    return _scored(decision, case, first.recorded_at, prior, spells)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Case:
    """A forecast as it was judged, all its versions' scenarios in one order, and which of them came true."""

    told: Forecast
    order: Sequence[str]
    outcome: int
    zone: tzinfo

    @property
    def uniform(self) -> tuple[float, ...]:
        """Every scenario of the forecast equally probable, and none that only other versions had."""
        number = len(self.told.scenarios)
        return (*uniform(number), *(0.0,) * (len(self.order) - number))


def _scored(
    decision: Decision, case: _Case, first: datetime, prior: Sequence[float], spells: Sequence[Spell]
) -> ScoredForecast:
    told, days = case.told, sum(one.days for one in spells)
    found = tuple(_spell(one, case) for one in spells)
    return ScoredForecast(
        forecast=decision.forecast_id,
        title=told.title or told.id,
        decision=decision,
        scenario_title=title(told, case.order[case.outcome]),
        opened=told.opened,
        horizon=told.horizon,
        days=days,
        scores=average((one.scores, one.days) for one in found),
        prior=scores(prior, case.outcome),
        uniform=scores(case.uniform, case.outcome),
        first_recorded=first,
        late_days=min(days, max(0, (first.astimezone(case.zone).date() - told.opened).days)),
        spells=found,
    )


def _definitions(session: Session, decision: Decision) -> tuple[Forecast, Version]:
    """Look up the definition by which a forecast was judged, and the first that was on record."""
    known = versions(session, decision.forecast_id)
    judged = current_version(session, decision.forecast_id, digest=decision.forecast_digest)
    if judged is None or not known:
        raise PosterityError(
            f"the definition by which {decision.forecast_id} was resolved was never recorded"
        )
    return forecast_from(judged.definition), known[0]


def _published(rows: Iterable[HistoryRow]) -> Iterator[list[HistoryRow]]:
    """Put the rows of each published run together."""
    for _, run in groupby(rows, key=lambda row: row.run):
        found = list(run)
        if found[0].status == "published":
            yield found


def _order(told: Forecast, at_first: Iterable[str], runs: Iterable[Sequence[HistoryRow]]) -> list[str]:
    """Give the forecast's order of scenarios; those that only other versions had come last."""
    of_runs = (row.scenario for run in runs for row in run)
    return list(dict.fromkeys((*told.scenario_ids, *at_first, *of_runs)))


def _beliefs(runs: Iterable[Sequence[HistoryRow]], case: _Case) -> list[Belief]:
    """Give what was published in the order in which it was recorded."""
    recorded = sorted(runs, key=lambda run: (run[0].known_at, run[0].run))
    return [_belief(run, case) for run in recorded]


def _belief(run: Sequence[HistoryRow], case: _Case) -> Belief:
    said = {row.scenario: row.probability or 0.0 for row in run}
    return Belief(
        since=run[0].known_at.astimezone(case.zone).date(),
        as_of=run[0].as_of,
        probabilities=_in_order(said, case.order),
        run=run[0].run,
    )


def _in_order(said: Mapping[str, float], order: Sequence[str]) -> tuple[float, ...]:
    return tuple(said.get(one, 0.0) for one in order)


def _spell(one: Spell, case: _Case) -> ScoredSpell:
    return ScoredSpell(
        first=one.first,
        last=one.last,
        days=one.days,
        run=one.run,
        probabilities=dict(zip(case.order, one.probabilities, strict=True)),
        scores=scores(one.probabilities, case.outcome),
    )


# ---- all together --------------------------------------------------------------------------------


def overall(resolved: Sequence[ScoredForecast]) -> Overall | None:
    """Average scores over forecasts, each of which counts once; None where none is resolved."""
    if not resolved:
        return None
    ours = [one.scores for one in resolved]
    references = {name: [getattr(one, name) for one in resolved] for name in REFERENCES}
    return Overall(
        number=len(resolved),
        scores={rule: _mean(ours, rule) for rule in RULES},
        skill={
            name: {rule: _skill(ours, theirs, rule) for rule in RULES} for name, theirs in references.items()
        },
    )


def _mean(ours: Sequence[Scores], rule: str) -> Mean:
    values = [getattr(one, rule) for one in ours]
    return Mean(value=sum(values) / len(values), interval=mean_interval(values))


def _skill(ours: Sequence[Scores], theirs: Sequence[Scores], rule: str) -> Mean:
    values, references = ([getattr(one, rule) for one in scored] for scored in (ours, theirs))
    value = skill(sum(values) / len(values), sum(references) / len(references))
    return Mean(value=value, interval=skill_interval(values, references) if value is not None else None)


# ---- outlooks ------------------------------------------------------------------------------------


def _outlook_scores(outlooks: Mapping[str, Sequence[Scored]]) -> Iterator[OutlookScore]:
    """Score outlooks by forecast, indicator and how far they look, in the forecasts' order."""
    for forecast, every in outlooks.items():
        groups: dict[tuple[str, int], list[Scored]] = defaultdict(list)
        for one in every:
            groups[one.indicator, one.days].append(one)
        for (indicator, days), mine in groups.items():
            yield _outlook_score(forecast, indicator, days, mine)


def _outlook_score(forecast: str, indicator: str, days: int, mine: Sequence[Scored]) -> OutlookScore:
    number, found = len(mine), [expected_score(one.outcome, one.probability) for one in mine]
    return OutlookScore(
        forecast=forecast,
        indicator=indicator,
        days=days,
        number=number,
        mean_probability=sum(one.probability for one in mine) / number,
        mean_outcome=sum(one.outcome for one in mine) / number,
        brier=sum(one.brier for one in found) / number,
        log=sum(one.log for one in found) / number,
    )


def _horizons(outlooks: Mapping[str, Sequence[Scored]]) -> Iterator[Horizon]:
    """Judge the reliability of all that look equally far; windows that overlap belong together."""
    every = [(forecast, one) for forecast, scored in outlooks.items() for one in scored]
    for days in sorted({one.days for _, one in every}):
        mine = [(forecast, one) for forecast, one in every if one.days == days]
        names = {name: place for place, name in enumerate(dict.fromkeys(map(_window, mine)))}
        yield Horizon(
            days=days,
            reliability=reliability(
                [one.probability for _, one in mine],
                [one.outcome for _, one in mine],
                groups=[names[_window(each)] for each in mine],
            ),
        )


def _window(told: tuple[str, Scored]) -> tuple[str, str, int]:
    """Name the stretch of days, as long as an outlook looks, in which one begins."""
    forecast, one = told
    return forecast, one.indicator, one.starts_on.toordinal() // one.days
