"""The readers of our mail, over the API: listed, subscribed, unsubscribed by who runs the service."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from model.errors import InvalidValue
from service import readers
from service.addresses import mailbox
from service.composition import Service
from service.web_access import needs
from storage.keys import StoredKey
from storage.subscribers import Subscriber, subscriber, subscribers
from storage.subscribers import unsubscribe as end

_SUBSCRIPTION: dict[str, JsonValue] = {
    "address": "ana@example.org",
    "name": "Ana Soto",
    "forecasts": [],
    "moved_points": 2.5,
    "alerts": True,
}


class Wish(BaseModel):
    """What a reader asks for."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"examples": [_SUBSCRIPTION]})

    address: Annotated[str, Field(max_length=254, description="Without a name before it.")]
    name: Annotated[str, Field(max_length=100)] = ""
    forecasts: Annotated[list[str], Field(max_length=1000, description="Ids; all where none is named.")] = []
    moved_points: Annotated[
        float | None,
        Field(
            gt=0,
            le=100,
            allow_inf_nan=False,
            description="A digest only where one moved by more percentage points; null for every week.",
        ),
    ] = None
    alerts: Annotated[bool, Field(description="Whether a forecast that moved far is mailed at once.")] = True


class Reader(BaseModel):
    """A reader whose subscription is in force."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_SUBSCRIPTION | {"since": "2026-11-20T07:00:00Z"}]}
    )

    address: str
    name: str
    forecasts: list[str]
    moved_points: float | None
    alerts: bool
    since: datetime


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/api/v1/subscribers", tags=["subscribers"])
    admin = needs(service, "admin")

    @routes.get("", dependencies=[Depends(admin)])
    def list_subscribers() -> list[Reader]:
        """List the readers whose subscription is in force, by address."""
        with service.database.reading() as session:
            return [_reader(one) for one in subscribers(session)]

    @routes.post("", status_code=201, responses={200: {"model": Reader, "description": "Changed"}})
    def subscribe(wish: Wish, key: Annotated[StoredKey, Depends(admin)], response: Response) -> Reader:
        """Subscribe a reader, or change what one gets."""
        if _is_reader(service, wish.address):
            response.status_code = 200
        made = readers.subscribe(
            service,
            _mailbox(wish),
            forecasts=wish.forecasts,
            moved_points=wish.moved_points,
            alerts=wish.alerts,
            origin=_origin(key),
        )
        return _reader(made)

    @routes.delete("/{address}", status_code=204, responses={404: {"description": "No such reader"}})
    def unsubscribe(address: str, key: Annotated[StoredKey, Depends(admin)]) -> None:
        """End a reader's subscription."""
        if not _end(service, address, origin=_origin(key)):
            raise HTTPException(404, "nobody of this address is subscribed")

    return routes


def _reader(one: Subscriber) -> Reader:
    return Reader(
        address=one.address,
        name=one.name,
        forecasts=list(one.forecasts),
        moved_points=one.moved_points,
        alerts=one.alerts,
        since=one.since,
    )


def _origin(key: StoredKey) -> str:
    return f"key {key.name}"


def _mailbox(wish: Wish) -> str:
    """Write address and name as one, so that neither passes for a part of the other."""
    name = wish.name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}" <{_address(wish.address)}>'


def _address(text: str) -> str:
    found = mailbox(text)
    if found.name:
        raise InvalidValue("the address has a name before it; write that under name")
    return found.address


def _is_reader(service: Service, text: str) -> bool:
    with service.database.reading() as session:
        return subscriber(session, _address(text)) is not None


def _end(service: Service, text: str, *, origin: str) -> bool:
    try:
        address = _address(text)
    except InvalidValue:
        return False
    with service.database.session() as session:
        return end(session, address, origin=origin, at=service.clock())
