"""Readers subscribe and unsubscribe: by the configuration, by command, and by the link in a mail."""

import math
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

from sqlalchemy.orm import Session

from model.errors import InvalidValue, UsageError
from service import addresses
from service.addresses import Mailbox
from service.composition import Service
from service.problems import nearest, shown
from storage.subscribers import Subscriber, addresses_ever, subscriber, subscriber_of, subscribers
from storage.subscribers import subscribe as put_in_force
from storage.subscribers import unsubscribe as end

CONFIGURED, BY_COMMAND, BY_LINK = "config.toml", "command", "link"
_TOKEN_BYTES = 24


def seed(service: Service) -> list[Subscriber]:
    """Subscribe the configured recipients who never were before, and answer with them.

    Who has unsubscribed is not added again: a reader's word goes before the configuration's.

    Raises
    ------
    UsageError
        A configured address is one that no server would take; nobody was added.
    """
    wanted = [_mailbox(text) for text in service.configuration.digest.recipients]
    if not wanted:
        return []
    with service.database.session() as session:
        return [_subscribe(session, service, one) for one in _unseen(session, wanted)]


def subscribe(  # noqa: PLR0913 - one parameter for each thing that a reader may ask for
    service: Service,
    mailbox: str,
    *,
    name: str = "",
    forecasts: Sequence[str] = (),
    moved_points: float | None = None,
    alerts: bool = True,
    origin: str = BY_COMMAND,
) -> Subscriber:
    """Subscribe a reader, or change what they get.

    Parameters
    ----------
    mailbox
        Address, with or without a name before it.
    name
        The reader's name, instead of the one before the address.
    forecasts
        Which ones; all, also later ones, where none is named.
    moved_points
        A digest only where one moved by more percentage points; None for every week.
    alerts
        Whether a forecast that moved far is mailed at once.
    origin
        Who asks for it.

    Raises
    ------
    UsageError
        The address is none, a forecast is unknown, or the points make no sense.
    """
    reader = _mailbox(mailbox)
    if name:
        reader = replace(reader, name=addresses.one_line(name, addresses.LONGEST_NAME))
    chosen = _in_order(service, forecasts)
    if moved_points is not None and not (math.isfinite(moved_points) and 0 < moved_points <= 100):
        raise UsageError(f"{moved_points:g} are no percentage points; write a number above 0, at most 100")
    with service.database.session() as session:
        return _subscribe(
            session,
            service,
            reader,
            forecasts=chosen,
            moved_points=moved_points,
            alerts=alerts,
            origin=origin,
        )


def listed(service: Service) -> list[Subscriber]:
    """List the readers, by address; those whom only the configuration names are subscribed first.

    Raises
    ------
    UsageError
        As `seed`.
    """
    seed(service)
    with service.database.reading() as session:
        return subscribers(session)


def remove(service: Service, mailbox: str) -> Subscriber:
    """End the subscription of an address, also of one that so far only the configuration names.

    Raises
    ------
    UsageError
        It is not subscribed.
    """
    address = _mailbox(mailbox).address
    seed(service)
    with service.database.session() as session:
        reader = subscriber(session, address)
        if reader is None:
            close = get_close_matches(address, [one.address for one in subscribers(session)], n=1)
            advice = f"did you mean {close[0]}?" if close else "`posterity subscribers list` shows who is"
            raise UsageError(f"{shown(address)} is not subscribed; {advice}")
        end(session, address, origin=BY_COMMAND, at=service.clock())
    return replace(reader, active=False)


def unsubscribe(service: Service, token: str) -> Subscriber | None:
    """End the subscription of whose token this is; None where it is nobody's. Harmless to repeat."""
    with service.database.session() as session:
        reader = subscriber_of(session, token)
        if reader is None:
            return None
        end(session, reader.address, origin=BY_LINK, at=service.clock())
        return subscriber_of(session, token)


def _subscribe(  # noqa: PLR0913 - as `subscribe`
    session: Session,
    service: Service,
    reader: Mailbox,
    *,
    forecasts: tuple[str, ...] = (),
    moved_points: float | None = None,
    alerts: bool = True,
    origin: str = CONFIGURED,
) -> Subscriber:
    return put_in_force(
        session,
        reader.address,
        name=reader.name,
        forecasts=forecasts,
        moved_points=moved_points,
        alerts=alerts,
        token=secrets.token_urlsafe(_TOKEN_BYTES),
        origin=origin,
        at=service.clock(),
    )


def _unseen(session: Session, wanted: Iterable[Mailbox]) -> list[Mailbox]:
    seen = addresses_ever(session)
    return [one for one in wanted if one.address.lower() not in seen]


def _mailbox(text: str) -> Mailbox:
    try:
        return addresses.mailbox(text)
    except InvalidValue as error:
        raise UsageError(str(error)) from None


def _in_order(service: Service, forecasts: Iterable[str]) -> tuple[str, ...]:
    """Check that they are configured, and put each once, in the configuration's order."""
    known = [forecast.id for forecast in service.configuration.forecasts]
    chosen = set(forecasts)
    for one in sorted(chosen - set(known)):
        raise UsageError(f"no forecast is called {shown(one)}; {nearest(one, known)}")
    return tuple(one for one in known if one in chosen)
