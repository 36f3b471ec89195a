"""The condition of what the service gives: each forecast's result in force, the mail, the digest."""

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.orm import Session

from model.domain import Forecast
from service.addresses import one_line
from service.calendar import WEEK, digest_due, weeks
from service.closing import stands
from service.composition import Service
from service.finding import LONGEST, Finding, State, lasting
from storage import outbox as mail
from storage.jobs import DIGEST, Task, attempt, first_start
from storage.mailed import states
from storage.resolutions import closures
from storage.runs import StoredRun, current_run, latest_published

DEAD_FOR = timedelta(days=7)  # as long as a mail that was given up is news
_WAITING_LONG = timedelta(hours=1)
_MAIL = "`posterity doctor` tries the mail server; see the scheduler's log"


def forecasts(service: Service, session: Session) -> Iterator[Finding]:
    """Look how old each forecast's result in force is, and how its newest run ended."""
    over = closures(session, [one.id for one in service.configuration.forecasts])
    for forecast in service.configuration.forecasts:
        if decision := over.get(forecast.id):
            yield _finding(forecast, "ok", stands(decision))
        else:
            yield _forecast(service, session, forecast)


def _forecast(service: Service, session: Session, forecast: Forecast) -> Finding:
    newest = current_run(session, forecast.id)
    if newest is None:
        return _never_run(service, forecast)
    in_force = latest_published(session, forecast.id)
    if in_force is None:
        return _finding(forecast, "failed", f"nothing was ever published: {_ended(newest)}")
    return _aged(service, forecast, in_force, newest)


def _never_run(service: Service, forecast: Forecast) -> Finding:
    if forecast.opened > service.today():
        text = f"opens on {forecast.opened}"
        return Finding(name="forecast", subject=forecast.id, state="ok", text=text)
    advice = f"the next night runs it; `posterity run --forecast {forecast.id}` does it now"
    return Finding(name="forecast", subject=forecast.id, state="warning", text="was never run", advice=advice)


def _aged(service: Service, forecast: Forecast, in_force: StoredRun, newest: StoredRun) -> Finding:
    age, limit = (service.today() - in_force.as_of).days, service.configuration.forecast_alerts[forecast.id]
    text = f"run {in_force.run} of {in_force.as_of} is in force, {age} d old"
    if newest.run != in_force.run:
        text += f"; {_ended(newest)}"
    if age > limit.stale_days:
        return _finding(forecast, "failed", f"{text}: more than {limit.stale_days} d")
    return _finding(forecast, "ok" if newest.status == "published" else "warning", text)


def _ended(run: StoredRun) -> str:
    how = "was held" if run.status == "held" else "failed"
    return f"run {run.run} of {run.as_of} {how}"


def _finding(forecast: Forecast, state: State, text: str) -> Finding:
    advice = "" if state == "ok" else f"`posterity explain {forecast.id} --diagnostics` shows the checks"
    return Finding(name="forecast", subject=forecast.id, state=state, text=text, advice=advice)


def outbox(service: Service, session: Session) -> Finding:
    """Look whether mail was given up in the last days, or has waited for long."""
    now = service.clock()
    dead = [one for one in mail.dead_messages(session) if now - one.since <= DEAD_FOR]
    if dead:
        last = one_line(f"{dead[0].recipient}: {dead[0].error}", LONGEST)
        text = f"{len(dead)} given up in {DEAD_FOR.days} d, the last to {last}"
        return Finding(name="outbox", state="failed", text=text, advice=_MAIL)
    oldest = mail.oldest_waiting(session)
    if oldest is None:
        return Finding(name="outbox", state="ok", text="no mail is waiting")
    text = f"mail has been waiting for {lasting(now - oldest)}"
    late = now - oldest > _WAITING_LONG
    state: State = "warning" if late else "ok"
    return Finding(name="outbox", state=state, text=text, advice=_MAIL if late else "")


def digest(service: Service, session: Session) -> Finding:
    """Look whether the last digest that was due has been written and sent."""
    schedule, now = service.configuration.schedule, service.clock()
    week = max(weeks(schedule, now - 2 * WEEK, now))
    due, first = digest_due(schedule, week), first_start(session)
    if first is None or first >= due:
        text = "no digest was due since a scheduler first ran here"
        return Finding(name="digest", state="ok", text=text)
    limit = timedelta(hours=service.configuration.alerts.digest_late_hours)
    missing = _missing(session, week)
    if missing is None:
        return Finding(name="digest", state="ok", text=f"the digest of {week} is done")
    text = f"the digest of {week} was due {lasting(now - due)} ago and {missing}"
    if now - due <= limit:
        return Finding(name="digest", state="ok", text=text)
    return Finding(name="digest", state="failed", text=text, advice=_MAIL)


def _missing(session: Session, week: str) -> str | None:
    """Say what is missing of a week's digest: the writing, or the sending; None where nothing is."""
    job = attempt(session, Task(DIGEST, week))
    if job is None or job.outcome is None:
        return "has not been written"
    if job.outcome != "done":
        return f"its writing ended {job.outcome}: {one_line(job.detail, LONGEST)}"
    found = states(session, "digest", week)
    unsent = sum(number for state, number in found.items() if state != "sent")
    return f"{unsent} of {sum(found.values())} mails were not sent" if unsent else None
