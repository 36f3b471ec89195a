"""Operator alerts: what is not well is told once, and told again only when there is something to say.

An alert stands for one kind and subject, from when a finding was first not well. Operators are written to

* when it is raised, and when it ends;
* when it comes back within a day of its end: then it comes and goes, and the next word is that it has
  stayed away for a day (later than that, it is a new alert);
* once a week while it stays.

So a condition that flickers makes four mails, however often it does. What is open and has been told to
nobody, because nobody was listed, is told as soon as somebody is.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.orm import Session

from model.errors import Unavailable
from service import logs
from service.addresses import mailbox
from service.alert_letters import KINDS, Word, cry_letter, letter
from service.calendar import WEEK, local_day, week_of
from service.composition import Service
from service.condition import findings
from service.finding import Finding
from service.letters import Letter
from service.mail import message, post
from service.smtp import mailer
from storage.alerts import SAME_WITHIN, StoredAlert, end_alert, ended_alerts, open_alerts, raise_alert
from storage.mailed import mailed

PATIENCE = timedelta(minutes=2)  # trouble that is over by then wakes nobody
BREATH = timedelta(hours=1)  # between two cries
_RETRY = timedelta(minutes=5)  # after one that nobody heard
_CALM = timedelta(minutes=30)  # after which trouble is new trouble
_UNTOLD = timedelta(days=30)  # how long an end that could not be told stays worth telling

_log = logs.get("watchdog")

type Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """That an alert was raised, or ended."""

    happened: Literal["raised", "ended"]
    alert: StoredAlert


def attend(service: Service) -> list[Change]:
    """Compare what is found with the alerts that are open; raise, end, and write to the operators.

    Raises
    ------
    Unavailable
        The database is out of reach, or has not the tables of this release: alerts cannot be kept.
    """
    found = findings(service)
    _insist(found)
    alarming = {(one.name, one.subject): one for one in found if _alarming(one)}
    with service.database.session() as session:
        changes = list(_changes(session, alarming, service.clock()))
        for one in _letters(session, service, alarming):
            post(session, service, one, at=service.clock())
    for change in changes:
        _log.warning(f"alert {change.happened}", kind=change.alert.kind, subject=change.alert.subject)
    return changes


def _insist(found: Iterable[Finding]) -> None:
    for one in found:
        if one.name in {"database", "migrations"} and one.state == "failed":
            raise Unavailable(f"{one.text}; {one.advice}")


def _alarming(one: Finding) -> bool:
    """Whether it is to be told: not of a forecast that was held, since the night's alert says so."""
    return one.name in KINDS and (
        one.state == "failed" or (one.state == "warning" and one.name != "forecast")
    )


def _changes(session: Session, alarming: Mapping[Key, Finding], now: datetime) -> Iterator[Change]:
    for (kind, subject), finding in alarming.items():
        raised = raise_alert(session, kind, subject, finding.text, at=now)
        if raised is not None:
            yield Change(happened="raised", alert=raised)
    for alert in open_alerts(session):
        if (alert.kind, alert.subject) not in alarming and end_alert(session, alert.id, at=now):
            yield Change(happened="ended", alert=alert)


def _letters(session: Session, service: Service, alarming: Mapping[Key, Finding]) -> Iterator[Letter]:
    """Write what is to be said now, to every operator."""
    now, operators = service.clock(), service.configuration.alerts.operators
    if not operators:
        return
    alerts = [*open_alerts(session), *ended_alerts(session, after=now - _UNTOLD, until=now)]
    week = week_of(local_day(service.configuration.schedule, now))
    told = mailed(session, "alert", [key(one, word, week) for one in alerts for word in _WORDS])
    for alert in alerts:
        said = {word for word in _WORDS if key(alert, word, week) in told}
        word = _word(alert, said, now)
        if word is not None:
            finding = alarming.get((alert.kind, alert.subject))
            for operator in operators:
                yield letter(service, alert, finding, word, key=key(alert, word, week), recipient=operator)


_WORDS: Sequence[Word] = ("raised", "ended", "back", "settled", "reminder")


def key(alert: StoredAlert, word: Word, week: str) -> str:
    """Name a letter, so that it is written once."""
    if word == "raised":
        return str(alert.id)
    return f"{alert.id}-{word}-{week}" if word == "reminder" else f"{alert.id}-{word}"


def _word(alert: StoredAlert, said: set[Word], now: datetime) -> Word | None:
    """Decide what is to be said of an alert now, after what has been said."""
    if alert.ended_at is None:
        return _word_of_open(alert, said, now)
    if "back" in said:
        stayed_away = now - alert.ended_at >= SAME_WITHIN
        return "settled" if stayed_away and "settled" not in said else None
    return "ended" if "raised" in said and "ended" not in said else None


def _word_of_open(alert: StoredAlert, said: set[Word], now: datetime) -> Word | None:
    if "raised" not in said:
        return "raised"
    if "ended" in said and "back" not in said:
        return "back"
    return "reminder" if now - alert.raised_at >= WEEK and "reminder" not in said else None


class Crier:
    """Writes to the operators directly where the store cannot: at most once an hour from one process.

    Parameters
    ----------
    monotonic
        Seconds that nobody sets back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._since: float | None = None
        self._last = 0.0
        self._silent_until = 0.0
        self._crying = threading.Lock()

    def __call__(self, service: Service, text: str) -> bool:
        """Say what is wrong, if it has been for some minutes; never raises.

        Parameters
        ----------
        text
            What is wrong, in one line.

        Returns
        -------
        bool
            Whether anybody was written to.
        """
        if not self._crying.acquire(blocking=False):
            return False  # another thread is at it
        try:
            return self._cry(service, text)
        finally:
            self._crying.release()

    def _cry(self, service: Service, text: str) -> bool:
        now = self._monotonic()
        if self._since is None or now - self._last > _CALM.total_seconds():
            self._since = now
        self._last = now
        lasted = timedelta(seconds=now - self._since)
        if lasted < PATIENCE or now < self._silent_until:
            return False
        heard = _cried(service, text, lasted)
        self._silent_until = now + (BREATH if heard else _RETRY).total_seconds()
        return heard


cry = Crier()


def _cried(service: Service, text: str, lasted: timedelta) -> bool:
    heard = False
    with mailer(service) as line:
        for operator in service.configuration.alerts.operators:
            try:
                one = cry_letter(service, text, lasted, recipient=operator)
                content = message(service, one, at=service.clock()).as_bytes()
                outcome = line.send(mailbox(operator).address, content)
            except Unavailable as error:
                _log.error("an operator cannot be written to", recipient=operator, reason=str(error))
            else:
                heard |= outcome.verdict == "sent"
                _log.warning("cried", recipient=operator, verdict=outcome.verdict, words=outcome.words)
    return heard
