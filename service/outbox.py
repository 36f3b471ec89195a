"""The outbox is emptied: each mail claimed, handed to the server, and marked at once.

Each mail is delivered once, as far as mail allows. It is claimed before it is sent, by one conditional
UPDATE, so that of several processes only one sends it; and it is marked as soon as the server has taken
it. One gap remains, and no program can close it: who dies, or loses the connection, after the server has
the mail but before its answer is noted down, cannot know whether it was taken. Such a mail is sent again
when its claim runs out: the identical bytes under the identical Message-ID, by which mail programs and
servers know a repetition. Nothing else is ever sent twice, and no other text in its place, for what is
sent is what the outbox holds.

A mail that the server refuses for now is tried again after 1, 2, 4 minutes and so on, at last every hour,
and given up after thirty attempts, which is about a day. One that it refuses for good is given up at
once. A server that cannot be reached is no fault of the mails: the delivery ends, everything that is due
is put off together, and only what has waited for three days is given up, so that a server which was down
over a weekend costs nobody a digest.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesHeaderParser

from sqlalchemy.orm import Session

from model.errors import Unavailable
from service.composition import Service
from service.smtp import Mailer, Outcome, mailer
from storage import outbox
from storage.outbox import Claimed

MOST = 500  # mails in one delivery, so that whoever called it can look after other things
MOST_ATTEMPTS = 30
MOST_LOST = 2  # connections lost in succession: the server is not well
LIFETIME = timedelta(days=3)
_SHORTEST, _LONGEST, _LONGEST_AWAY = timedelta(minutes=1), timedelta(hours=1), timedelta(minutes=15)
_MARGIN = timedelta(minutes=2)
_PAUSES = (1, 2, 4, 8, 16, 32)  # seconds between the tries to note down what has happened already
_UNFINISHED = "every attempt to send it was cut short on our side"


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """What a delivery did.

    Parameters
    ----------
    sent, dead
        How many mails it sent, and gave up.
    waiting
        How many wait for the next one.
    trouble
        Why it ended early; empty where it did not.
    """

    sent: int = 0
    waiting: int = 0
    dead: int = 0
    trouble: str = ""


def deliver(service: Service, *, worker: str, most: int = MOST) -> Delivery:
    """Send what is due, several mails on one connection. Harmless to repeat, and to do in two processes.

    Parameters
    ----------
    worker
        A name that no other process has: claims are held by it.
    most
        Not more mails than this at once.

    Raises
    ------
    Unavailable
        The database is out of reach.
    """
    with mailer(service) as server:
        at_work = _Round(service, worker, server)
        for _ in range(most):
            if at_work.trouble or not at_work.next():
                break
    with service.database.reading() as session:
        counts = outbox.counts(session)
    return Delivery(
        sent=at_work.sent,
        dead=at_work.dead,
        waiting=counts["waiting"] + counts["claimed"],
        trouble=at_work.trouble,
    )


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: twice as long each time, at most an hour."""
    return min(_SHORTEST * (1 << min(attempts - 1, 10)), _LONGEST)


class _Round:
    """One delivery at work."""

    def __init__(self, service: Service, worker: str, server: Mailer) -> None:
        self._service, self._worker, self._server = service, worker, server
        self._holds = 4 * timedelta(seconds=service.configuration.digest.smtp.timeout_seconds) + _MARGIN
        self._lost = 0
        self.sent = self.dead = 0
        self.trouble = ""

    def next(self) -> bool:
        """Send the mail that has been due the longest; False where none is."""
        claimed = self._claim()
        if claimed is None:
            return False
        if claimed.attempts > MOST_ATTEMPTS:
            self._give_up(claimed, _UNFINISHED)
            return True
        content = claimed.content.encode("ascii")
        try:
            outcome = self._server.send(_addressee(content), content)
        except Unavailable as error:
            self._put_off(claimed, str(error))
        else:
            self._mark(claimed, outcome)
        return True

    def _claim(self) -> Claimed | None:
        """Claim one mail and no more: whoever dies leaves one behind that has to wait."""
        now = self._service.clock()
        with self._service.database.session() as session:
            claimed = outbox.claim(session, worker=self._worker, at=now, until=now + self._holds)
        return claimed[0] if claimed else None

    def _mark(self, claimed: Claimed, outcome: Outcome) -> None:
        self._lost = self._lost + 1 if outcome.verdict == "lost" else 0
        if self._lost == MOST_LOST:
            self.trouble = outcome.words
        if outcome.verdict == "sent":
            self.sent += 1
            self._note(lambda session, now: outbox.sent(session, claimed.id, at=now))
        elif outcome.verdict == "dead" or claimed.attempts >= MOST_ATTEMPTS:
            self._give_up(claimed, outcome.words)
        else:
            self._try_later(claimed, outcome.words)

    def _give_up(self, claimed: Claimed, why: str) -> None:
        self.dead += 1
        self._note(
            lambda session, now: outbox.dead(session, claimed.id, worker=self._worker, error=why, at=now)
        )

    def _try_later(self, claimed: Claimed, why: str) -> None:
        pause = pause_after(claimed.attempts)
        self._note(
            lambda session, now: outbox.later(
                session, claimed.id, worker=self._worker, error=why, due_at=now + pause
            )
        )

    def _put_off(self, claimed: Claimed, why: str) -> None:
        """Put off everything that is due: as long as this mail has waited already, within bounds."""
        self.trouble = why

        def note(session: Session, now: datetime) -> int:
            waited = now - claimed.recorded_at
            until = now + min(max(waited, _SHORTEST), _LONGEST_AWAY)
            outbox.untried(session, claimed.id, worker=self._worker, error=why, due_at=until)
            expired = outbox.expire(session, before=now - LIFETIME, at=now, error=why)
            # Before this one, lest a mail that the server cannot stand keep the rest waiting.
            outbox.put_off(session, at=now, until=until - timedelta.resolution, error=why)
            return expired

        self.dead += self._note(note)

    def _note[Noted](self, write: Callable[[Session, datetime], Noted]) -> Noted:
        """Note down what has happened, with patience: unnoted, a mail would be sent again."""
        for pause in _PAUSES:
            try:
                return self._write(write)
            except Unavailable:
                time.sleep(pause)
        return self._write(write)

    def _write[Noted](self, write: Callable[[Session, datetime], Noted]) -> Noted:
        """Write under our claim alone: also who has lost the lease meanwhile has sent what it has sent."""
        with replace(self._service.database, guard=None).session() as session:
            return write(session, self._service.clock())


def _addressee(content: bytes) -> str:
    """To whom a mail goes: its own To, where the letters before the @ are as the reader wrote them."""
    headers = BytesHeaderParser(policy=policy.default).parsebytes(content)
    return str(headers["To"].addresses[0].addr_spec)
