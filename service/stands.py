"""Where forecasts stand, as the API says it: names from the definition, numbers from the run in force."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from model.definition import forecast_from
from model.domain import Forecast
from service.calendar import local_day, next_night
from service.composition import Service
from storage.forecasts import current_version
from storage.latest_runs import NewestRun, Standing, StandingRun, standings
from storage.runs import ScenarioPosterior

AGO = (1, 7, 30)  # days over which changes are told

type Stands = dict[str, Any]


def stands(
    service: Service,
    session: Session,
    *,
    only: str | None = None,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> Iterator[Stands]:
    """Say where forecasts stand: those of the configuration in its order, then others that were once run.

    Parameters
    ----------
    only, as_of, known_at
        As `storage.latest_runs.standings` has them.
    """
    found = standings(session, days=AGO, only=only, as_of=as_of, known_at=known_at)
    told = {one.id: one for one in service.configuration.forecasts if only in {None, one.id}}
    today = as_of or local_day(service.configuration.schedule, known_at or service.clock())
    following = next_run(service).isoformat()
    for one in listed(service, found, only=only):
        forecast = told.get(one) or defined(session, one)
        said = _stands(one, forecast, found.get(one), today)
        yield {**said, "configured": one in told, "next_run_at": following if one in told else None}


def next_run(service: Service) -> datetime:
    """Give the moment at which the next night is due."""
    return next_night(service.configuration.schedule, service.clock())


def listed(service: Service, found: Iterable[str], *, only: str | None = None) -> list[str]:
    """Name forecasts in the order in which they are told: those of the configuration, then others."""
    told = [one.id for one in service.configuration.forecasts if only in {None, one.id}]
    return [*told, *(one for one in found if one not in told)]


def defined(session: Session, identity: str) -> Forecast | None:
    """Look up what a forecast was that is not configured any more."""
    version = current_version(session, identity)
    return forecast_from(version.definition) if version else None


def _stands(identity: str, forecast: Forecast | None, found: Standing | None, today: date) -> Stands:
    now = found.published if found else None
    return {
        "id": identity,
        "title": forecast.title if forecast else "",
        "question": forecast.question if forecast else "",
        "configured": True,
        "opened": forecast.opened.isoformat() if forecast else None,
        "horizon": forecast.horizon.isoformat() if forecast else None,
        "run": now.run if now else None,
        "as_of": now.as_of.isoformat() if now else None,
        "known_at": now.recorded_at.isoformat() if now else None,
        "age_days": (today - now.as_of).days if now else None,
        "scenarios": list(_scenarios(forecast, now)),
        "newest": _newest(found.newest) if found else None,
        "next_run_at": None,
    }


def _newest(run: NewestRun) -> Stands:
    return {
        "run": run.run,
        "as_of": run.as_of.isoformat(),
        "known_at": run.recorded_at.isoformat(),
        "status": run.status,
    }


def _scenarios(forecast: Forecast | None, now: StandingRun | None) -> Iterator[Stands]:
    """Say what is believed of each scenario, in the order of the run, or else of the definition."""
    named = {one.id: one for one in forecast.scenarios} if forecast else {}
    before = now.before if now else {}
    unsaid = [ScenarioPosterior(scenario=one.id, prior=one.prior) for one in named.values()]
    for one in now.posteriors if now else unsaid:
        scenario = named.get(one.scenario)
        yield {
            "id": one.scenario,
            "title": scenario.title if scenario else "",
            "resolves": scenario.resolves if scenario else "",
            "prior": one.prior,
            "probability": one.probability,
            "word": one.word,
            "band": None if one.band_low is None else [one.band_low, one.band_high],
            "change": {
                str(days): _points(one.probability, before.get(days, {}).get(one.scenario)) for days in AGO
            },
        }


def _points(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else 100 * (now - before)
