"""Which of several schedulers works: the one that has the lease and renews it."""

import os
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from service.composition import Service
from storage.jobs import START, Task, end, end_abandoned, first_start, start
from storage.leases import Tenure, fenced, give_back, renew, take, tenure

BEATS = 8  # in the time that a lease lasts


class Leadership:
    """One process's part in the election; `beat` is to be called `BEATS` times while a lease lasts.

    Parameters
    ----------
    monotonic
        Seconds that nobody sets back, by which this process sees how long another has been silent.
    """

    def __init__(self, service: Service, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._monotonic = monotonic
        self._lasts = timedelta(seconds=service.configuration.schedule.lease_seconds)
        self.holder = f"{socket.gethostname()}:{os.getpid()}"
        self._held: Tenure | None = None
        self._renewed = 0.0
        self._seen: Tenure | None = None
        self._since = 0.0

    @property
    def token(self) -> int | None:
        """The token of one's own tenure; None while another works, or while nobody knows who does."""
        held, age = self._held, self._monotonic() - self._renewed
        return held.token if held and age < self._lasts.total_seconds() else None

    def service(self) -> Service | None:
        """Give the service with a database that refuses to write once another has taken over."""
        token = self.token
        if token is None:
            return None
        return replace(self._service, database=fenced(self._service.database, token))

    def beat(self) -> bool:
        """Renew the lease, or try to take it; True where it was taken just now.

        Raises
        ------
        Unavailable
            The database is out of reach.
        """
        if self._held is not None:
            self._keep(self._held.token)
            return False
        self._try()
        return self._held is not None

    def resign(self) -> None:
        """Give the lease back, so that another need not wait."""
        held, self._held = self._held, None
        if held is not None:
            with self._service.database.session() as session:
                give_back(session, held.token)

    def _keep(self, token: int) -> None:
        began = self._monotonic()
        with self._service.database.session() as session:
            self._held = renew(session, token, at=self._service.clock(), lasts=self._lasts)
        self._renewed = began

    def _try(self) -> None:
        with self._service.database.session() as session:
            dead = self._dead(tenure(session), self._monotonic())
            taken = take(session, self.holder, at=self._service.clock(), lasts=self._lasts, dead=dead)
            if taken is None:
                return
            # To take it may have been to wait for the last holder's transaction: the time begins now.
            began, now = self._monotonic(), self._service.clock()
            renewed = renew(session, taken.token, at=now, lasts=self._lasts)
            end_abandoned(session, taken.token, at=now)
            if first_start(session) is None:
                first = start(session, Task(START, now.isoformat()), token=taken.token, at=now)
                end(session, first, "done", at=now)
        self._held, self._renewed, self._seen = renewed, began, None

    def _dead(self, found: Tenure | None, now: float) -> Tenure | None:
        """Give what was found, if it has been the same for as long as a lease lasts."""
        if found is None or self._seen is None or _signs(found) != _signs(self._seen):
            self._seen, self._since = found, now
            return None
        return found if now - self._since >= self._lasts.total_seconds() else None


def _signs(one: Tenure) -> tuple[int, int]:
    return one.token, one.beat
