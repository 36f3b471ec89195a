"""The track record: what forecasts and outlooks came to score, and how that is told to machines."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from model.bootstrap import Interval
from model.reliability import Reliability
from model.scores import Scores, skill
from storage.resolutions import Decision

RULES = ("brier", "log", "rps")
REFERENCES = ("prior", "uniform")


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredSpell:
    """Days at whose end the same probabilities stood, and what each of these days scores."""

    first: date
    last: date
    days: int
    run: int | None
    probabilities: Mapping[str, float]
    scores: Scores


@dataclass(frozen=True, kw_only=True, slots=True)
class ScoredForecast:
    """A resolved forecast and its scores, each the mean over the days on which it was open.

    Parameters
    ----------
    decision
        What became of it; of a closed question that was annulled there is no score.
    scenario_title
        Of the scenario that came true.
    scores, prior, uniform
        Of what stood each day, of the static prior, and of who holds all scenarios equally probable.
    first_recorded
        When its definition was first on record; priors that were stated after the opening are no foresight.
    late_days
        How many of its days were over by then.
    spells
        What stood, from the opening on.
    """

    forecast: str
    title: str
    decision: Decision
    scenario_title: str
    opened: date
    horizon: date
    days: int
    scores: Scores
    prior: Scores
    uniform: Scores
    first_recorded: datetime
    late_days: int
    spells: tuple[ScoredSpell, ...]

    def skill(self, reference: str, rule: str) -> float | None:
        """Say what share of a reference's score was avoided."""
        return skill(getattr(self.scores, rule), getattr(getattr(self, reference), rule))

    def document(self, *, daily: bool = False) -> dict[str, Any]:
        """Describe it for JSON; infinity, which JSON has not, is null, and said to be infinite."""
        told = {
            "forecast": self.forecast,
            "title": self.title,
            **decided(self.decision),
            "scenario_title": self.scenario_title,
            "opened": self.opened.isoformat(),
            "horizon": self.horizon.isoformat(),
            "days": self.days,
            "scores": _scores(self.scores),
            "prior": _scores(self.prior),
            "uniform": _scores(self.uniform),
            "skill": {one: {rule: finite(self.skill(one, rule)) for rule in RULES} for one in REFERENCES},
            "first_recorded": self.first_recorded.isoformat(),
            "late_days": self.late_days,
        }
        return told | ({"daily": [_spell(one) for one in self.spells]} if daily else {})


@dataclass(frozen=True, kw_only=True, slots=True)
class Mean:
    """A mean over forecasts, or a skill of means, and its interval; None of fewer than five forecasts."""

    value: float | None
    interval: Interval | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Overall:
    """All resolved forecasts together: each of them counts once.

    Parameters
    ----------
    scores
        By rule.
    skill
        By reference, then by rule.
    """

    number: int
    scores: Mapping[str, Mean]
    skill: Mapping[str, Mapping[str, Mean]]


@dataclass(frozen=True, kw_only=True, slots=True)
class OutlookScore:
    """How the outlooks of an indicator did that look equally far; `log` is infinite where one was sure."""

    forecast: str
    indicator: str
    days: int
    number: int
    mean_probability: float
    mean_outcome: float
    brier: float
    log: float

    @property
    def climatology(self) -> float:
        """The Brier score of whoever had always said how often it would come true: ``ȳ (1 − ȳ)``."""
        return self.mean_outcome * (1 - self.mean_outcome)


@dataclass(frozen=True, kw_only=True, slots=True)
class Horizon:
    """The reliability of all outlooks that look equally far."""

    days: int
    reliability: Reliability


@dataclass(frozen=True, kw_only=True, slots=True)
class TrackRecord:
    """What this service has shown so far.

    Parameters
    ----------
    known_at
        As it was on record then.
    resolved
        Scored forecasts, the last decided first.
    annulled
        Questions that were closed with no answer: they have no score.
    open
        How many configured forecasts are open.
    left_out
        How many resolved outlooks do not count, as their runs were not on record in time or were replaced.
    """

    known_at: datetime
    resolved: tuple[ScoredForecast, ...]
    annulled: tuple[Decision, ...]
    open: int
    overall: Overall | None
    outlooks: tuple[OutlookScore, ...]
    reliability: tuple[Horizon, ...]
    left_out: int

    def document(self, *, daily: bool = False) -> dict[str, Any]:
        """Describe it for JSON.

        Parameters
        ----------
        daily
            What stood and what it scored, spell by spell, too.
        """
        return {
            "known_at": self.known_at.isoformat(),
            "forecasts": [one.document(daily=daily) for one in self.resolved],
            "overall": _overall(self.overall) if self.overall else None,
            "annulled": [{"forecast": one.forecast_id, **decided(one)} for one in self.annulled],
            "open": self.open,
            "outlooks": [_outlook(one) for one in self.outlooks],
            "outlooks_left_out": self.left_out,
            "reliability": [_horizon(one) for one in self.reliability],
        }


def decided(one: Decision) -> dict[str, Any]:
    """Describe a decision for JSON."""
    return {
        "decision": one.kind,
        "scenario": one.scenario,
        "on": one.closed_on.isoformat() if one.closed_on else None,
        "because": one.why,
        "by": one.author,
        "recorded_at": one.recorded_at.isoformat(),
    }


def finite(number: float | None) -> float | None:
    """Give a number that JSON can hold; None of infinity."""
    return number if number is not None and math.isfinite(number) else None


def _scores(found: Scores) -> dict[str, Any]:
    numbers = {rule: finite(getattr(found, rule)) for rule in RULES}
    return numbers | {"log_is_infinite": math.isinf(found.log)}


def _spell(one: ScoredSpell) -> dict[str, Any]:
    return {
        "from": one.first.isoformat(),
        "to": one.last.isoformat(),
        "days": one.days,
        "run": one.run,
        "probabilities": dict(one.probabilities),
        **_scores(one.scores),
    }


def _overall(found: Overall) -> dict[str, Any]:
    return {
        "number": found.number,
        **_means(found.scores),
        "skill": {reference: _means(means) for reference, means in found.skill.items()},
    }


def _means(found: Mapping[str, Mean]) -> dict[str, Any]:
    return {
        rule: {"mean": finite(one.value), "interval": _interval(one.interval)} for rule, one in found.items()
    }


def _interval(found: Interval | None) -> dict[str, Any] | None:
    return {name: finite(number) for name, number in asdict(found).items()} if found else None


def _outlook(one: OutlookScore) -> dict[str, Any]:
    told = asdict(one) | {"climatology": one.climatology}
    return told | {"log": finite(one.log), "log_is_infinite": math.isinf(one.log)}


def _horizon(one: Horizon) -> dict[str, Any]:
    found = one.reliability
    return {
        "days": one.days,
        "number": found.number,
        **asdict(found.decomposition),
        "level": found.level,
        "bins": _rows(found.bins),
        "band": _rows(found.band),
        "histogram": list(found.histogram),
    }


def _rows(found: Iterable[Any]) -> list[dict[str, Any]]:
    return [asdict(one) for one in found]
