"""What a digest says of one forecast: how it stands, how it stood a week ago, and what comes next."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from model.domain import Forecast
from model.evidence import Evidence
from service.accounts import Lines, evidence_of, stored_outlook, stored_watch
from service.calendar import WEEK
from service.composition import Service
from service.curves import in_force, thinned
from service.digest_movement import movement
from service.digest_notices import Moment, Standing, notices
from service.wording import kind_of_event, title
from storage.announcements import announced
from storage.content import differences
from storage.forecasts import Version, current_version
from storage.history import history
from storage.outlook_scores import outlook_score
from storage.resolutions import closure
from storage.runs import StoredRun, current_run, latest_published

AHEAD = 30  # days of the outlook
SCORED = timedelta(days=31)
LEAST_BITS = 0.00005  # what is shown as 0.0001
_MOST_EXPECTED, _MOST_WATCHED = 5, 3

type Entry = dict[str, Any]


def entry(session: Session, service: Service, forecast: Forecast, moment: Moment) -> Entry:
    """Say everything of one forecast that a digest does; what there is not, is null or empty."""
    now = latest_published(session, forecast.id, at_most=moment.day, known_at=moment.known_at)
    standing = Standing(
        forecast=forecast,
        moment=moment,
        now=now,
        newest=current_run(session, forecast.id, known_at=moment.known_at),
        stale_days=service.configuration.forecast_alerts[forecast.id].stale_days,
        closure=closure(session, forecast.id, known_at=moment.known_at),
    )
    said = {
        "forecast": forecast.id,
        "title": forecast.title or forecast.id,
        "question": forecast.question,
        "opened": forecast.opened.isoformat(),
        "horizon": forecast.horizon.isoformat(),
        "notices": notices(standing),
        "alerts": _alerts(session, forecast.id, moment),
        "score": _score(session, service, forecast.id, moment),
    }
    return said | (_stands(session, now, moment) if now else dict.fromkeys(_OF_A_RUN))


def week_ago(session: Session, forecast_id: str, moment: Moment) -> StoredRun | None:
    """Look up the run that stood exactly seven days before a moment."""
    then = moment.known_at - WEEK
    return latest_published(session, forecast_id, at_most=moment.day - WEEK, known_at=then)


_OF_A_RUN = (
    *("now", "before", "scenarios", "largest", "movement", "outlook", "watch"),
    *("changed", "warnings", "versions", "history"),
)


def _stands(session: Session, now: StoredRun, moment: Moment) -> Entry:
    before = week_ago(session, now.forecast_id, moment)
    evidence, document = evidence_of(session, now), json.loads(now.document)
    scenarios = _scenarios(now, before, evidence.forecast)
    return {
        "now": _run(now) | {"events": document["events"], "reports": document["reports"]},
        "before": _run(before) if before else None,
        "scenarios": scenarios,
        "largest": largest(scenarios),
        "movement": movement(session, now, before, moment),
        "outlook": _outlook(now, evidence),
        "watch": _watch(now, evidence),
        "changed": _changed(session, now, before),
        "warnings": document["warnings"],
        "versions": document["versions"],
        "history": _history(session, now, moment),
    }


def _run(run: StoredRun) -> Entry:
    return {"run": run.run, "as_of": run.as_of.isoformat(), "known_at": run.recorded_at.isoformat()}


def _scenarios(now: StoredRun, before: StoredRun | None, told: Forecast) -> list[Entry]:
    """List the scenarios in the forecast's order, each beside a week ago or else beside its prior."""
    then = {one.scenario: one.probability for one in before.posteriors} if before else {}
    return [
        {
            "scenario": one.scenario,
            "title": title(told, one.scenario),
            "now": one.probability,
            "before": then.get(one.scenario),
            "points": _points(one.probability, then.get(one.scenario) if before else one.prior),
            "prior": one.prior,
            "band_low": one.band_low,
            "band_high": one.band_high,
            "word": one.word,
        }
        for one in now.posteriors
    ]


def _points(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else 100 * (now - before)


def largest(scenarios: Iterable[Mapping[str, Any]]) -> Entry | None:
    """Give the scenario that moved the most percentage points; None where no change is known."""
    moved = [one for one in scenarios if one["points"] is not None]
    found = max(moved, key=lambda one: abs(one["points"]), default=None)
    return {name: found[name] for name in ("scenario", "title", "now", "points")} if found else None


def _outlook(now: StoredRun, evidence: Evidence) -> Entry | None:
    """Give the most probable further events of the next days; None at the horizon, when none are left."""
    ahead = [one for one in stored_outlook(now, evidence) if one["days"] == AHEAD]
    if not ahead or date.fromisoformat(ahead[0]["until"]) <= now.as_of:
        return None
    many = len(ahead) > _MOST_EXPECTED
    shown = sorted(ahead, key=lambda one: -one["probability"])[:_MOST_EXPECTED] if many else ahead
    return {
        "until": ahead[0]["until"],
        "lines": _in_words(shown, evidence, "probability"),
        "more": len(ahead) - len(shown),
    }


def _watch(now: StoredRun, evidence: Evidence) -> list[Entry]:
    telling = [one for one in stored_watch(now, evidence) if one["bits"] >= LEAST_BITS]
    return _in_words(telling[:_MOST_WATCHED], evidence, "bits", "probability")


def _in_words(lines: Lines, evidence: Evidence, *numbers: str) -> list[Entry]:
    indicators = {one.id: one for one in evidence.forecast.indicators}
    return [
        {"indicator": one["indicator"], "what": kind_of_event(indicators[one["indicator"]])}
        | {name: one[name] for name in numbers}
        for one in lines
    ]


def _score(session: Session, service: Service, forecast_id: str, moment: Moment) -> Entry | None:
    """Sum up how the outlooks did that were decided in the last month."""
    since = moment.day - SCORED
    found = outlook_score(
        session, forecast_id, days=AHEAD, since=since, zone=service.zone, known_at=moment.known_at
    )
    if found is None:
        return None
    return {
        "number": found.number,
        "happened": found.number * found.mean_outcome,
        "mean_probability": found.mean_probability,
        "mean_outcome": found.mean_outcome,
        "brier": found.brier,
        "climatology": found.climatology,
    }


def _changed(session: Session, now: StoredRun, before: StoredRun | None) -> Entry:
    """Say what the analysts and the program's authors changed between two runs."""
    if before is None:
        return {"definition": [], "code": None}
    old, new = _told(session, before), _told(session, now)
    changes = differences(old.definition, new.definition) if old and new else []
    code = {"old": before.code_digest, "new": now.code_digest}
    return {
        "definition": changes,
        "code": None if before.code_digest == now.code_digest else code,
    }


def _told(session: Session, run: StoredRun) -> Version | None:
    return current_version(session, run.forecast_id, digest=run.forecast_digest)


def _alerts(session: Session, forecast_id: str, moment: Moment) -> list[Entry]:
    """List the moves of the week of which readers were told at once."""
    found: Sequence[Any] = announced(session, forecast_id, since=moment.day - WEEK + timedelta(days=1))
    return [
        {
            "as_of": one.as_of.isoformat(),
            "run": one.run_id,
            "since_run": one.since_run_id,
            "points": one.points,
            "bits": one.bits,
        }
        for one in found
        if one.alerted and one.as_of <= moment.day
    ]


def _history(session: Session, now: StoredRun, moment: Moment) -> list[Entry]:
    """Keep the points of the chart, as finely as it shows them."""
    rows = history(session, now.forecast_id, last=now.as_of, known_at=moment.known_at, all_runs=True)
    return [
        {
            "as_of": one.as_of.isoformat(),
            "scenario": one.scenario,
            "probability": _rounded(one.probability),
            "band_low": _rounded(one.band_low),
            "band_high": _rounded(one.band_high),
        }
        for one in thinned(in_force(rows))
    ]


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)
