"""Resolving: saying what became of a forecast, correcting that, annulling it, or opening it again.

Each is a further fact with an author, a reason and a moment; none changes what was said before.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from model.definition import forecast_digest, forecast_from
from model.domain import Forecast, Scenario
from model.errors import UsageError
from service.closing import known_forecast, stands
from service.composition import Service
from service.deciding import hand
from service.nightly import state_version
from service.problems import nearest
from storage.database import DEFINING, exclusive
from storage.forecasts import versions
from storage.resolutions import Decision, Kind, closure, record_decision


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolved:
    """What was decided, by which definition.

    Parameters
    ----------
    before
        The decision that it takes the place of.
    opening
        What resolved the scenario by the first version of the forecast; None where it was not there.
    first_recorded
        When that version was recorded.
    """

    decision: Decision
    forecast: Forecast
    before: Decision | None
    opening: str | None
    first_recorded: datetime

    @property
    def scenario(self) -> Scenario | None:
        """The scenario that came true."""
        return _scenarios(self.forecast).get(self.decision.scenario or "")


def resolve(  # noqa: PLR0913 - what a person states
    service: Service,
    forecast_id: str,
    scenario: str,
    *,
    on: date,
    author: str,
    why: str,
    correct: bool = False,
) -> Resolved:
    """Say which scenario came true; nights from that day on do not run any more.

    Parameters
    ----------
    on
        The day on which the answer was there; what was said until the day before is scored.
    correct
        It takes the place of a resolution or an annulment.

    Raises
    ------
    UsageError
        Forecast or scenario are not known, the day makes no sense, or something has been decided and this
        is not said to correct it.
    """
    forecast = known_forecast(service, forecast_id)
    if scenario not in forecast.scenario_ids:
        raise UsageError(
            f"no scenario of {forecast_id} is called {scenario!r}; {nearest(scenario, forecast.scenario_ids)}"
        )
    if on <= forecast.opened:
        raise UsageError(
            f"{on} is not after {forecast_id} opened on {forecast.opened}: it was open on no day that could "
            "be scored; write a later day"
        )
    with _deciding(service, forecast, on) as (session, before, at):
        _check_resolved(forecast_id, scenario, on, before, correct=correct)
        kind: Kind = "corrected" if correct else "resolved"
        return _record(session, forecast, before, at, kind, author, why, scenario=scenario, on=on)


def annul(service: Service, forecast_id: str, *, on: date | None, author: str, why: str) -> Resolved:
    """Close a question with no answer: nights do not run any more, and nothing is scored.

    Raises
    ------
    UsageError
        The forecast is not known, the day lies in the future, or it was annulled before.
    """
    forecast = known_forecast(service, forecast_id)
    with _deciding(service, forecast, on or service.today()) as (session, before, at):
        if before and before.scenario is None:
            raise UsageError(f"{forecast_id} {stands(before)}; there is nothing to annul")
        return _record(session, forecast, before, at, "annulled", author, why, on=on or service.today())


def reopen(service: Service, forecast_id: str, *, author: str, why: str) -> Resolved:
    """Take a resolution or an annulment back: nights run again.

    Raises
    ------
    UsageError
        The forecast is not known, or it is open.
    """
    forecast = known_forecast(service, forecast_id)
    with _deciding(service, forecast, None) as (session, before, at):
        if before is None:
            raise UsageError(f"{forecast_id} is open; there is nothing to take back")
        return _record(session, forecast, before, at, "reopened", author, why)


@contextmanager
def _deciding(
    service: Service, forecast: Forecast, on: date | None
) -> Iterator[tuple[Session, Decision | None, datetime]]:
    """One transaction in which nobody else decides, what is in force in it, and its moment."""
    if on is not None and on > service.today():
        raise UsageError(f"{on} lies in the future; write {service.today()} or an earlier day")
    state_version(service, forecast)
    with service.database.session() as session:
        exclusive(session, DEFINING)
        yield session, closure(session, forecast.id), service.clock()


def _check_resolved(
    forecast_id: str, scenario: str, on: date, before: Decision | None, *, correct: bool
) -> None:
    if before is None:
        if correct:
            raise UsageError(f"{forecast_id} is open, so there is nothing to correct; leave --correct out")
        return
    if not correct:
        raise UsageError(f"{forecast_id} {stands(before)}; write --correct to put something in its place")
    if (before.scenario, before.closed_on) == (scenario, on):
        raise UsageError(f"{forecast_id} {stands(before)} already; there is nothing to correct")


def _record(  # noqa: PLR0913, PLR0917 - what a decision is made of
    session: Session,
    forecast: Forecast,
    before: Decision | None,
    at: datetime,
    kind: Kind,
    author: str,
    why: str,
    *,
    scenario: str | None = None,
    on: date | None = None,
) -> Resolved:
    by = hand(author, why)
    decision = Decision(
        forecast_id=forecast.id,
        kind=kind,
        scenario=scenario,
        closed_on=on,
        why=by.why,
        author=by.author,
        forecast_digest=forecast_digest(forecast),
        recorded_at=at,
    )
    record_decision(session, decision)
    first = versions(session, forecast.id)[0]
    opening = _scenarios(forecast_from(first.definition)).get(scenario or "")
    return Resolved(
        decision=decision,
        forecast=forecast,
        before=before,
        opening=opening.resolves if opening else None,
        first_recorded=first.recorded_at,
    )


def _scenarios(forecast: Forecast) -> Mapping[str, Scenario]:
    return {one.id: one for one in forecast.scenarios}
