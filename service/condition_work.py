"""The condition of the work itself: who schedules, how the last night went, and whether tonight will run."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from service.addresses import one_line
from service.calendar import DAY, next_night, night_due, nights
from service.composition import Service
from service.finding import LONGEST, Finding, State, lasting
from storage.jobs import NIGHT, WHOLE, Attempt, attempts, first_start
from storage.leases import tenure

START_ONE = "start `posterity schedule`"
_GRACE = timedelta(minutes=1)  # within it another scheduler takes over, or the same one renews
_LATE = timedelta(minutes=15)  # a night that has not begun by then is overdue


def scheduler(service: Service, session: Session) -> Finding:
    """Look whether a scheduler gives signs of life."""
    found, now = tenure(session), service.clock()
    if found is None:
        text = "no scheduler has ever run here, so nights run only when somebody types `posterity run`"
        return Finding(name="scheduler", state="warning", text=text, advice=START_ONE)
    if not found.holder:
        text = "no scheduler is running: the last one was stopped"
        return Finding(name="scheduler", state="failed", text=text, advice=START_ONE)
    silent = now - found.expires_at
    if silent > _GRACE:
        text = f"no scheduler is running: {found.holder} has given no sign of life for {lasting(silent)}"
        return Finding(name="scheduler", state="failed", text=text, advice=START_ONE)
    ahead = -silent - timedelta(seconds=service.configuration.schedule.lease_seconds)
    if ahead > _GRACE:
        text = f"the last sign of life of {found.holder} lies {lasting(ahead)} in the future"
        advice = "compare the clocks of the machines: one of them was set"
        return Finding(name="scheduler", state="warning", text=text, advice=advice)
    return Finding(name="scheduler", state="ok", text=f"{found.holder} is alive")


def tonight(service: Service, session: Session) -> Finding:
    """Say in one line whether tonight will run."""
    schedule, now = service.configuration.schedule, service.clock()
    who, due = scheduler(service, session), next_night(schedule, now)
    local = due.astimezone(ZoneInfo(schedule.timezone))
    clock = f"{local:%H:%M} {schedule.timezone}" + (
        "" if schedule.timezone == "UTC" else f", {due:%H:%M} UTC"
    )
    if who.advice == START_ONE:
        text = "tonight will NOT run: no scheduler is running"
        return Finding(name="tonight", state=who.state, text=text, advice=START_ONE)
    text = f"tonight runs at {clock} (in {lasting(due - now)}), scheduler {who.text}"
    return Finding(name="tonight", state="ok", text=text)


def last_night(service: Service, session: Session) -> Finding:
    """Look how the last night that was due ended."""
    schedule, now = service.configuration.schedule, service.clock()
    day = max(nights(schedule, now - 2 * DAY, now))
    due, first = night_due(schedule, day), first_start(session)
    if first is None or first >= due:
        return Finding(name="night", state="ok", text="no night was due since a scheduler first ran here")
    tried = attempts(session, NIGHT, day.isoformat())
    ended = next((one for one in reversed(tried) if one.step == WHOLE and one.outcome in _ENDS), None)
    return _ended(day, ended) if ended else _unended(service, day, due, tried)


_ENDS: dict[str | None, State] = {"done": "ok", "held": "warning", "failed": "failed"}
_ADVICE = {
    "held": "`posterity explain ID --diagnostics` shows the checks; the last published result stays in force",
    "failed": "mend what the detail names, then `posterity run` does it again",
}


def _ended(day: date, night: Attempt) -> Finding:
    outcome = str(night.outcome)
    detail = f": {one_line(night.detail, LONGEST)}" if night.detail else ""
    text = f"the night of {day} ended {outcome} at {night.ended_at:%Y-%m-%d %H:%M} UTC{detail}"
    return Finding(name="night", state=_ENDS[outcome], text=text, advice=_ADVICE.get(outcome, ""))


def _unended(service: Service, day: date, due: datetime, tried: Sequence[Attempt]) -> Finding:
    """Judge a night that is under way, cut short, or has not begun."""
    now, running = service.clock(), [one for one in tried if one.outcome is None]
    since = min((one.started_at for one in running), default=due)
    allowed = _longest(service) if running else _LATE
    if running:
        text = f"the night of {day} is under way since {since:%Y-%m-%d %H:%M} UTC"
    else:
        text = f"the night of {day} was due at {due:%Y-%m-%d %H:%M} UTC and has not been run"
    if now - since <= allowed:
        return Finding(name="night", state="ok", text=text)
    advice = (
        "look at the scheduler's log" if running else f"{START_ONE}, which catches up; or `posterity run`"
    )
    return Finding(name="night", state="failed", text=f"{text}: overdue", advice=advice)


def _longest(service: Service) -> timedelta:
    """How long a night may take at most: each step all its attempts, and the pauses between them."""
    configured = service.configuration
    steps = 1 + (len(configured.forecasts) if configured.model.pymc is None else 1)
    return steps * configured.schedule.attempts * (configured.schedule.step_limit + timedelta(minutes=5))
