"""Where every forecast stands, and how far it moved; kept between requests, as runs never change.

A request asks for the highest number of a run. Only forecasts that were run since the last look are read
again, and all of them on a new day, or once any was resolved.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from threading import Lock

from sqlalchemy.orm import Session

from model.domain import Forecast
from service.composition import Service
from service.digest_notices import Moment, notices
from service.digest_notices import Standing as Found
from service.stands import AGO, defined, listed
from service.wording import title
from storage.history import newest_run
from storage.latest_runs import Standing as Stood
from storage.latest_runs import StandingRun, standings
from storage.resolutions import Decision, closure, last_decision
from storage.runs import StoredRun, get_run
from storage.standings import curves, forecasts_run_since

WINDOW = timedelta(days=90)  # of the curve beside the numbers


@dataclass(frozen=True, kw_only=True, slots=True)
class ScenarioStanding:
    """What is believed of one scenario, and what was; None is what there is no number for.

    Parameters
    ----------
    before
        Probabilities by days ago, counted from the cutoff of the number itself.
    curve
        Published probabilities by cutoff within the last 90 days, the oldest first.
    """

    id: str
    title: str
    probability: float | None
    prior: float | None
    word: str | None
    band_low: float | None
    band_high: float | None
    before: Mapping[int, float | None]
    curve: Sequence[tuple[date, float]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """Where a forecast stands.

    Parameters
    ----------
    run, as_of, recorded_at
        Of the published run in force; None where nothing was ever published.
    status
        How the newest run ended, whether or not it is in force; None where there is none.
    notices
        What a reader must know before any of the numbers, the worst first, each with its kind.
    configured
        Whether it still is in the configuration.
    closed
        Whether it was resolved or annulled: no night updates it any more.
    """

    forecast: str
    title: str
    question: str
    opened: date | None
    horizon: date | None
    run: int | None
    as_of: date | None
    recorded_at: datetime | None
    status: str | None
    notices: Sequence[Mapping[str, str]]
    scenarios: Sequence[ScenarioStanding]
    configured: bool
    closed: bool


class Standings:
    """The standings of a service; safe to share between threads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = Lock()
        self._last = 0
        self._decided = 0
        self._day: date | None = None
        self._kept: dict[str, Standing] = {}

    def all(self) -> list[Standing]:
        """Give every forecast: those of the configuration in its order, then others that were once run."""
        today = self._service.today()
        with self._lock, self._service.database.reading() as session:
            newest, decided = newest_run(session), last_decision(session)
            last = newest.run if newest else 0
            if today != self._day or decided != self._decided or not self._kept:
                found = standings(session, days=AGO)
                told = listed(self._service, found)
                self._kept = {one: self._standing(session, one, found.get(one), today) for one in told}
            elif last != self._last:
                for one in forecasts_run_since(session, self._last):
                    found = standings(session, days=AGO, only=one)
                    self._kept[one] = self._standing(session, one, found[one], today)
            self._last, self._decided, self._day = last, decided, today
            return list(self._kept.values())

    def of(self, forecast_id: str) -> Standing | None:
        """Give one forecast; None where there is none of this id."""
        return next((one for one in self.all() if one.forecast == forecast_id), None)

    def _standing(self, session: Session, forecast_id: str, found: Stood | None, today: date) -> Standing:
        configured = {one.id: one for one in self._service.configuration.forecasts}
        forecast = configured.get(forecast_id) or defined(session, forecast_id)
        published = found.published if found else None
        now = get_run(session, published.run) if published else None
        newest = get_run(session, found.newest.run) if found else None
        closed = closure(session, forecast_id)
        said = self._notices(forecast, now, newest, today, closed) if forecast else []
        return Standing(
            forecast=forecast_id,
            title=(forecast.title if forecast else "") or forecast_id,
            question=forecast.question if forecast else "",
            opened=forecast.opened if forecast else None,
            horizon=forecast.horizon if forecast else None,
            run=now.run if now else None,
            as_of=now.as_of if now else None,
            recorded_at=now.recorded_at if now else None,
            status=newest.status if newest else None,
            notices=said,
            scenarios=tuple(
                _scenarios(session, forecast_id, forecast, published) if published else _unsaid(forecast)
            ),
            configured=forecast_id in configured,
            closed=closed is not None,
        )

    def _notices(
        self,
        forecast: Forecast,
        now: StoredRun | None,
        newest: StoredRun | None,
        today: date,
        closed: Decision | None,
    ) -> list[dict[str, str]]:
        limits = self._service.configuration.forecast_alerts.get(forecast.id)
        found = Found(
            forecast=forecast,
            moment=Moment(known_at=self._service.clock(), day=today),
            now=now,
            newest=newest,
            stale_days=limits.stale_days if limits else self._service.configuration.alerts.stale_days,
            closure=closed,
        )
        return notices(found)


def _scenarios(
    session: Session, forecast_id: str, forecast: Forecast | None, now: StandingRun
) -> Iterator[ScenarioStanding]:
    """Say what is believed of each scenario, in the order that its run had."""
    known = curves(session, forecast_id, first=now.as_of - WINDOW, last=now.as_of)
    for one in now.posteriors:
        yield ScenarioStanding(
            id=one.scenario,
            title=title(forecast, one.scenario) if forecast else one.scenario,
            probability=one.probability,
            prior=one.prior,
            word=one.word,
            band_low=one.band_low,
            band_high=one.band_high,
            before={days: now.before.get(days, {}).get(one.scenario) for days in AGO},
            curve=[(day, p) for day, p in known.get(one.scenario, {}).items() if p is not None],
        )


def _unsaid(forecast: Forecast | None) -> Iterator[ScenarioStanding]:
    """List the scenarios of a forecast of which nothing was published: their priors are no results."""
    for one in forecast.scenarios if forecast else ():
        yield ScenarioStanding(
            id=one.id,
            title=one.title or one.id,
            probability=None,
            prior=one.prior,
            word=None,
            band_low=None,
            band_high=None,
            before=dict.fromkeys(AGO),
            curve=(),
        )
