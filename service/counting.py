"""Where events count and what they did, by the run in force of each forecast, kept between requests.

A run never changes, so what it says of its events is worked out once: a page of events asks the same few
runs again and again until the next night.
"""

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from threading import Lock

from sqlalchemy.orm import Session

from model.definition import forecast_from
from model.domain import Forecast
from service.composition import Service
from service.effects import Effect, effects_of_run
from service.wording import kind_of_event, title
from storage.forecasts import current_version
from storage.run_pages import runs_in_force
from storage.runs import StoredRun, get_run

_MOST = 500  # runs that are remembered


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEffects:
    """What a run says of its events.

    Parameters
    ----------
    scenarios
        Titles by id, in the forecast's order.
    indicators
        What each counts, in words, by id.
    events
        Effects by the events' keys.
    """

    run: int
    forecast: str
    title: str
    as_of: date
    scenarios: Mapping[str, str]
    indicators: Mapping[str, str]
    events: Mapping[str, list[Effect]]

    def keys(self, indicator: str | None = None) -> frozenset[str]:
        """List the events that count, all of them or those of one indicator, folded ones too."""
        return frozenset(
            key
            for key, found in self.events.items()
            if any(one.standing != "uncounted" and indicator in {None, one.indicator} for one in found)
        )


class Counting:
    """What the runs in force say of events; safe to share between threads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._kept: OrderedDict[int, RunEffects] = OrderedDict()
        self._lock = Lock()

    def in_force(
        self, session: Session, forecasts: Collection[str], *, known_at: datetime | None = None
    ) -> list[RunEffects]:
        """Give what is in force of each of these forecasts, in their order, where there is anything."""
        numbers = runs_in_force(session, forecasts, known_at=known_at)
        return [self._of(session, numbers[one]) for one in forecasts if one in numbers]

    def _of(self, session: Session, number: int) -> RunEffects:
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        run = get_run(session, number)
        assert run is not None  # noqa: S101 - a run is never removed, and this one was just found
        made = _effects(session, run, self._definition(session, run))
        with self._lock:
            self._kept[number] = made
            while len(self._kept) > _MOST:
                self._kept.popitem(last=False)
        return made

    def _definition(self, session: Session, run: StoredRun) -> Forecast | None:
        """Give the definition that a run was made with; else, for the words, the one that is configured."""
        version = current_version(session, run.forecast_id, digest=run.forecast_digest)
        if version is not None:
            return forecast_from(version.definition)
        configured = {one.id: one for one in self._service.configuration.forecasts}
        return configured.get(run.forecast_id)


def _effects(session: Session, run: StoredRun, forecast: Forecast | None) -> RunEffects:
    scenarios = [one.scenario for one in run.posteriors]
    return RunEffects(
        run=run.run,
        forecast=run.forecast_id,
        title=(forecast.title if forecast else "") or run.forecast_id,
        as_of=run.as_of,
        scenarios={one: title(forecast, one) if forecast else one for one in scenarios},
        indicators={one.id: kind_of_event(one) for one in forecast.indicators} if forecast else {},
        events=effects_of_run(session, run),
    )
