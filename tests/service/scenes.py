"""What pages are looked at with: forecasts that moved, a held night, hostile words."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import uvicorn

from service import keys
from service.composition import Service
from service.sessions import COOKIE
from service.web import create_app
from storage.database import Database
from storage.keys import Scope
from tests.service.andes import ANDES, contract, visit
from tests.service.browsing import Browser
from tests.service.commands import quiet
from tests.service.digests import MONDAY, Newsroom

SCRIPT = "<script>alert('headline')</script><img src=x onerror=alert(1)>"
TURNED = "says \N{RIGHT-TO-LEFT OVERRIDE}ylno\N{POP DIRECTIONAL FORMATTING} who"
TEMPLATE = "{{ 7 * 7 }} {% raw %} =HYPERLINK(1) ${7*7}"
HOSTILE = (
    visit("h1", "2025-06-05", headline=SCRIPT, publisher="<b>evil</b>", url="https://evil.example/?<x>"),
    contract("h2", "2025-03-25", headline=TURNED, country="BO"),
    contract("h3", "2025-04-12", headline=TEMPLATE, country="BO"),
)
PAGE = {"accept": "text/html"}
HELD_ON = "2025-07-01"


def scene(folder: Path, database: Database) -> Newsroom:
    """Some weeks of the Andes, told with hostile words; the last night is held; another has never run."""
    text = ANDES.replace('title = "Deals in the Andes"', 'title = "Deals <i>in</i> the Andes"')
    room = Newsroom(folder, database, text + quiet("new").replace("2025-01-01", "2025-08-01"))
    room.weeks()
    room.adjust("expected = { down = 4, base = 2, up = 1 }", "expected = { down = 5, base = 2, up = 1 }")
    room.night("2025-06-29", *HOSTILE)
    room.night("2025-06-30", recorded=datetime(2025, 6, 30, 3, tzinfo=UTC))
    room.held(HELD_ON)
    room.clock.now = MONDAY + timedelta(days=1)
    return room


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """Serve on this machine for a while, and give the address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # so that whoever asks early waits
        app = create_app(service, local=True)
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def signed_in(service: Service, browser: Browser, scope: Scope = "edit") -> dict[str, str]:
    """Sign in with a new key; what a browser sends with every later request."""
    key = keys.create(service, f"{scope}-{len(keys.keys(service))}", scope)
    answer = browser.posts("/sign-in", data={"key": key, "next": "/"})
    assert answer.status_code == 303, answer.text
    return {"cookie": f"{COOKIE}={answer.cookies[COOKIE]}"}


def csrf_of(html: str) -> str:
    """The token that a page's forms carry."""
    found = re.search(r'name="csrf" value="([^"]+)"', html)
    assert found is not None, "the page has no form of a session"
    return found[1]
