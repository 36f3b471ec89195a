"""`posterity compare`: experiments, and what really was believed, side by side, day by day.

On each day that counts which stood at its end: of an experiment the night of the newest cutoff, of the
history what had been recorded by then (`model.standing`): nothing computed later betters what was believed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import combinations

from sqlalchemy.orm import Session

from model.bootstrap import Interval
from model.comparison import Parting, block_days, block_interval, distance, partings
from model.definition import forecast_from
from model.domain import Forecast
from model.errors import UsageError
from model.scores import Scores, average, scores, skill, uniform
from service.comparison_lines import (
    Line,
    chosen_experiments,
    counted,
    daily,
    experiment_line,
    history_line,
)
from service.composition import Service
from storage.events import event_reports
from storage.resolutions import Decision, closure

RULES = ("brier", "log", "rps")
REFERENCES = ("prior", "uniform")
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scored:
    """What a line scores on average over the common days, and by how much it betters the references."""

    name: str
    scores: Scores
    skill: Mapping[str, Mapping[str, float | None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """By how much one line's mean score is above another's (lower is better), and how sure that is."""

    rule: str
    mean: float
    interval: Interval | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Parted:
    """A day on which two lines moved apart.

    Parameters
    ----------
    before, after
        Total variation the day before and on it.
    probabilities
        Of the two lines, on it.
    events
        Credibility of what counts anew or otherwise in either of them, before (0: not) and after, by key.
    headlines
        What the newest report of each says.
    """

    day: date
    before: float
    after: float
    probabilities: tuple[tuple[float, ...], tuple[float, ...]]
    events: Mapping[str, tuple[float, float]]
    headlines: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """Two lines, the first named before the second.

    Parameters
    ----------
    mean, widest, widest_on
        Total variation: on average, at most, and when that was.
    differences
        Of the first's mean scores from the second's; none where the forecast is not resolved.
    """

    names: tuple[str, str]
    mean: float
    widest: float
    widest_on: date
    differences: Sequence[Difference]
    partings: Sequence[Parted]


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Lines of one forecast over their common days.

    Parameters
    ----------
    days
        Every day that is compared.
    probabilities
        By line, of each of these days.
    resolved
        The decision that closed the forecast, where one came true.
    """

    forecast: Forecast
    lines: Sequence[Line]
    days: Sequence[date]
    probabilities: Mapping[str, Sequence[tuple[float, ...]]]
    resolved: Decision | None
    scored: Sequence[Scored]
    pairs: Sequence[Pair]

    @property
    def block(self) -> int:
        """Days of a block of the intervals."""
        return block_days(len(self.days))


def compare(service: Service, names: Sequence[str]) -> Comparison:
    """Put experiments side by side; ``history`` is what really was believed.

    Raises
    ------
    UsageError
        A name is unknown or named twice, they are of different forecasts, or have no day in common.
    """
    if twice := sorted({one for one in names if names.count(one) > 1}):
        raise UsageError(f"{', '.join(twice)} is named twice; name each experiment once")
    with service.database.reading() as session:
        chosen = chosen_experiments(session, names)
        forecast = forecast_from(next(iter(chosen.values())).settings.definition)
        order = forecast.scenario_ids
        lines = [
            experiment_line(session, chosen[one], order)
            if one in chosen
            else history_line(service, session, forecast)
            for one in names
        ]
        decided = closure(session, forecast.id)
        days = _common(forecast, lines, decided)
        stood = {one.name: daily(one, days) for one in lines}
        resolved = decided if decided and decided.scenario in order else None
        outcome = order.index(resolved.scenario) if resolved and resolved.scenario else None
        return Comparison(
            forecast=forecast,
            lines=lines,
            days=days,
            probabilities=stood,
            resolved=resolved,
            scored=[] if outcome is None else [_scored(one, stood[one.name], outcome) for one in lines],
            pairs=[_pair(session, two, days, stood, outcome) for two in combinations(lines, 2)],
        )


def _common(forecast: Forecast, lines: Sequence[Line], decided: Decision | None) -> list[date]:
    """List the days of which every line speaks, while the forecast was open."""
    first = max(one.first for one in lines)
    last = min(forecast.horizon, *(one.last for one in lines))
    if decided and decided.closed_on:
        last = min(last, decided.closed_on - _DAY)
    if first > last:
        raise UsageError(
            f"{', '.join(one.name for one in lines)} have no day in common while the forecast was open "
            f"(the latest begins on {first}, the earliest ends on {last}); replay the missing span"
        )
    return [first + number * _DAY for number in range((last - first).days + 1)]


# ---- scores -----------------------------------------------------------------------------------------------


def _scored(line: Line, stood: Sequence[tuple[float, ...]], outcome: int) -> Scored:
    mean = _mean(stood, outcome)
    reference = {"prior": line.prior, "uniform": uniform(len(line.prior))}
    against = {name: scores(probabilities, outcome) for name, probabilities in reference.items()}
    found = {
        rule: {name: skill(getattr(mean, rule), getattr(one, rule)) for name, one in against.items()}
        for rule in RULES
    }
    return Scored(name=line.name, scores=mean, skill=found)


def _mean(stood: Sequence[tuple[float, ...]], outcome: int) -> Scores:
    return average((scores(one, outcome), 1) for one in stood)


def _pair(
    session: Session,
    two: tuple[Line, Line],
    days: Sequence[date],
    stood: Mapping[str, Sequence[tuple[float, ...]]],
    outcome: int | None,
) -> Pair:
    one, other = (stood[line.name] for line in two)
    apart = [distance(p, q) for p, q in zip(one, other, strict=True)]
    widest = max(range(len(apart)), key=apart.__getitem__)
    return Pair(
        names=(two[0].name, two[1].name),
        mean=sum(apart) / len(apart),
        widest=apart[widest],
        widest_on=days[widest],
        differences=[] if outcome is None else list(_differences(one, other, outcome)),
        partings=[
            _parted(session, two, days, step, (one[step.place], other[step.place]))
            for step in partings(apart)
        ],
    )


def _differences(
    one: Sequence[tuple[float, ...]], other: Sequence[tuple[float, ...]], outcome: int
) -> Iterator[Difference]:
    ours, theirs = ([scores(p, outcome) for p in each] for each in (one, other))
    for rule in RULES:
        daily = [getattr(a, rule) - getattr(b, rule) for a, b in zip(ours, theirs, strict=True)]
        yield Difference(rule=rule, mean=sum(daily) / len(daily), interval=block_interval(daily))


# ---- where they part --------------------------------------------------------------------------------------


def _parted(
    session: Session,
    two: tuple[Line, Line],
    days: Sequence[date],
    step: Parting,
    probabilities: tuple[tuple[float, ...], tuple[float, ...]],
) -> Parted:
    day = days[step.place]
    events: dict[str, tuple[float, float]] = {}
    for line in two:
        before, after = counted(session, line, day - _DAY), counted(session, line, day)
        changed = (key for key in {**before, **after} if before.get(key) != after.get(key))
        events |= {key: (before.get(key, 0.0), after.get(key, 0.0)) for key in changed}
    return Parted(
        day=day,
        before=step.before,
        after=step.after,
        probabilities=probabilities,
        events=dict(sorted(events.items())),
        headlines={key: _headline(session, key) for key in sorted(events)},
    )


def _headline(session: Session, key: str) -> str:
    said = [one.stored for one in event_reports(session, key)]
    return said[-1].report.headline if said else ""
