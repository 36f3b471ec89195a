"""Readers of our mail: each change of what one asked for is a further version, the newest is in force."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Select, func, insert, select
from sqlalchemy.orm import Session
from sqlmodel import col

from storage.database import SUBSCRIBING, exclusive
from storage.service_tables import Subscription

_SPECIALS = frozenset('"\\,;:<>@()[].')


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscriber:
    """A reader, and what they asked for.

    Parameters
    ----------
    address
        As it was written first; the same in any case.
    forecasts
        Which ones, in the configuration's order; all where none is named.
    moved_points
        A digest only where a forecast moved by more percentage points; None for every week.
    alerts
        Whether a forecast that moved far is mailed at once.
    token
        Lets whoever holds it unsubscribe, and nothing else. It stays the reader's for good, so that
        the links in old mails work.
    since
        When this was asked for.
    active
        False for one who has unsubscribed.
    """

    address: str
    name: str = ""
    forecasts: tuple[str, ...] = ()
    moved_points: float | None = None
    alerts: bool = True
    token: str = field(repr=False)
    since: datetime
    active: bool = True

    @property
    def mailbox(self) -> str:
        """Name and address, as a letter's recipient."""
        if not self.name:
            return self.address
        name = self.name.replace("\\", "\\\\").replace('"', '\\"')
        quoted = f'"{name}"' if _SPECIALS & set(self.name) else name
        return f"{quoted} <{self.address}>"


def subscribers(session: Session) -> list[Subscriber]:
    """List the readers whose subscription is in force, by address."""
    found = map(_subscriber, session.scalars(_newest().where(col(Subscription.active))))
    return sorted(found, key=lambda one: one.address.lower())


def addresses_ever(session: Session) -> set[str]:
    """Collect every address that was ever subscribed, in small letters, in force or not."""
    return set(session.scalars(select(func.lower(col(Subscription.address))).distinct()))


def subscriber(session: Session, address: str) -> Subscriber | None:
    """Look up a reader whose subscription is in force."""
    found = _version(session, address)
    return _subscriber(found) if found and found.active else None


def subscriber_of(session: Session, token: str) -> Subscriber | None:
    """Look up whose token it is, in force or not."""
    holder = select(col(Subscription.address)).where(col(Subscription.token) == token).limit(1)
    address = session.scalars(holder).first()
    found = None if address is None else _version(session, address)
    return _subscriber(found) if found else None


def subscribe(  # noqa: PLR0913 - what a reader may ask for, and its provenance
    session: Session,
    address: str,
    *,
    name: str = "",
    forecasts: tuple[str, ...] = (),
    moved_points: float | None = None,
    alerts: bool = True,
    token: str,
    origin: str,
    at: datetime,
) -> Subscriber:
    """Put a subscription in force; the same again adds nothing.

    Parameters
    ----------
    token
        For a reader who is new; who was ever here keeps their own.
    origin
        Who asked for it: the configuration, a command, the web.
    """
    exclusive(session, SUBSCRIBING)
    before = _version(session, address)
    asked = {
        "address": before.address if before else address,
        "name": name,
        "forecasts": f" {' '.join(forecasts)} " if forecasts else "",
        "moved_points": moved_points,
        "alerts": alerts,
        "active": True,
        "token": before.token if before else token,
    }
    if before is None or before.model_dump(include=set(asked)) != asked:
        _add(session, asked, origin, at)
    found = _version(session, address)
    assert found is not None  # noqa: S101 - it was there, or was added
    return _subscriber(found)


def unsubscribe(session: Session, address: str, *, origin: str, at: datetime) -> bool:
    """End a subscription; False where none was in force."""
    exclusive(session, SUBSCRIBING)
    before = _version(session, address)
    if before is None or not before.active:
        return False
    kept = before.model_dump(exclude={"id", "origin", "recorded_at"})
    _add(session, kept | {"active": False}, origin, at)
    return True


def _add(session: Session, asked: Mapping[str, object], origin: str, at: datetime) -> None:
    session.execute(insert(Subscription), [{**asked, "origin": origin, "recorded_at": at}])


def _newest() -> Select[Subscription]:
    """Select the newest version of each address."""
    newest = select(func.max(col(Subscription.id))).group_by(func.lower(col(Subscription.address)))
    return select(Subscription).where(col(Subscription.id).in_(newest))


def _version(session: Session, address: str) -> Subscription | None:
    mine = func.lower(col(Subscription.address)) == address.lower()
    statement = select(Subscription).where(mine).order_by(col(Subscription.id).desc()).limit(1)
    return session.scalars(statement).first()


def _subscriber(row: Subscription) -> Subscriber:
    return Subscriber(
        address=row.address,
        name=row.name,
        forecasts=tuple(row.forecasts.split()),
        moved_points=row.moved_points,
        alerts=row.alerts,
        token=row.token,
        since=row.recorded_at,
        active=row.active,
    )
