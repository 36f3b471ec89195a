"""The readers' link: looking changes nothing, one click ends the mail, and a stranger learns nothing."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.configuration import load
from service.readers import subscribe
from service.web_unsubscribe import masked
from storage.database import Database
from storage.subscribers import Subscriber, subscriber_of
from tests.service.browsing import Browser, afar
from tests.service.stations import Station

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere"),
]

ONE_CLICK = b"List-Unsubscribe=One-Click"


@pytest.fixture
def station(tmp_path: Path, database: Database, database_url: str) -> Station:
    return Station(tmp_path, database, database_url)


@pytest.fixture
def reader(station: Station) -> Subscriber:
    return subscribe(station.service, "Ana Soto <ana.soto@example.org>", origin="test")


@pytest.fixture
def browser(station: Station) -> Browser:
    return afar(station.service)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory, kept_database: Database, kept_url: str) -> Station:
    """A station where nobody ever unsubscribes."""
    return Station(tmp_path_factory.mktemp("still"), kept_database, kept_url)


@pytest.fixture(scope="module")
def stays(still: Station) -> Subscriber:
    return subscribe(still.service, "Ana Soto <ana.soto@example.org>", origin="test")


def versions(station: Station) -> list[tuple[str, bool]]:
    """Every version of the subscription: who asked for it, and whether it is in force."""
    statement = "SELECT origin, active FROM subscription ORDER BY id"
    with station.service.database.reading() as session:
        rows = session.connection().exec_driver_sql(statement).all()
    return [(origin, bool(active)) for origin, active in rows]


class Page(HTMLParser):
    """What a page says, and what it would load or send."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__()
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(answer.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def attributes(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_names_what_would_end_and_masks_whose_it_is(browser: Browser, reader: Subscriber) -> None:
    answer = browser.gets(f"/unsubscribe/{reader.token}")
    assert answer.status_code == 200
    said = " ".join(Page(answer).text.split())
    assert "Mail of this service goes to a***@example.org." in said
    assert "the weekly digest: all forecasts" in said
    assert "mails about large moves, as they happen: all forecasts" in said
    assert "ana.soto" not in answer.text
    assert "Ana" not in answer.text


def test_the_page_names_forecasts_by_their_titles_as_they_were_written(station: Station) -> None:
    path = station.service.configuration.path
    path.write_text(path.read_text().replace('id = "quiet"', 'id = "quiet"\ntitle = "War & <i>peace</i>"'))
    titled = replace(station.service, configuration=load(path, {}))
    asked: dict[str, Any] = {"forecasts": ["quiet"], "moved_points": 2.5, "alerts": False}
    reader = subscribe(titled, "ana@example.org", origin="test", **asked)
    said = Page(afar(titled).gets(f"/unsubscribe/{reader.token}")).text
    assert "after moves of more than 2.5 pp (percentage points): War & <i>peace</i>" in said
    assert "large moves" not in said


def test_a_forecast_that_is_no_longer_configured_is_named_by_its_id(station: Station) -> None:
    reader = subscribe(station.service, "ana@example.org", forecasts=["quiet"], origin="test")
    without = replace(station.service, configuration=replace(station.service.configuration, forecasts=()))
    assert "digest: quiet" in Page(afar(without).gets(f"/unsubscribe/{reader.token}")).text


def test_a_click_posts_back_to_the_same_address_and_loads_nothing(
    browser: Browser, reader: Subscriber
) -> None:
    page = Page(browser.gets(f"/unsubscribe/{reader.token}"))
    (form,) = page.attributes("form")
    assert form == {"method": "post"}
    assert [one["type"] for one in page.attributes("button")] == ["submit"]
    assert {"name": "List-Unsubscribe", "value": "One-Click", "type": "hidden"} in page.attributes("input")
    assert not {tag for tag, _ in page.tags} & {"script", "img", "link", "iframe", "a", "object"}
    names = {name for _, attributes in page.tags for name in attributes}
    assert names == {"lang", "charset", "name", "content", "method", "type", "value"}
    assert page.attributes("html") == [{"lang": "en"}]


def test_the_policy_allows_the_pages_own_style_and_nothing_else(browser: Browser, reader: Subscriber) -> None:
    answer = browser.gets(f"/unsubscribe/{reader.token}")
    (style,) = re.findall("<style>(.*)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert set(answer.headers["content-security-policy"].split("; ")) == {
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    }
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
def test_nothing_but_a_click_changes_anything(
    station: Station, browser: Browser, reader: Subscriber, method: str
) -> None:
    browser.asks(method, f"/unsubscribe/{reader.token}")
    assert versions(station) == [("test", True)]


@pytest.mark.parametrize("body", [ONE_CLICK, b"", b"x" * 60_000], ids=["one click", "empty", "other"])
def test_a_click_ends_it_at_once_and_for_good(
    station: Station, browser: Browser, reader: Subscriber, body: bytes
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = browser.posts(f"/unsubscribe/{reader.token}", headers=headers, content=body)
    assert answer.status_code == 200
    assert "No more mail of this service will be written to a***@example.org." in Page(answer).text
    assert "set-cookie" not in answer.headers
    assert versions(station) == [("test", True), ("link", False)]


def test_a_click_in_several_parts_is_a_click_too(
    station: Station, browser: Browser, reader: Subscriber
) -> None:
    answer = browser.posts(f"/unsubscribe/{reader.token}", files={"List-Unsubscribe": (None, b"One-Click")})
    assert answer.status_code == 200
    assert versions(station)[-1] == ("link", False)


@pytest.mark.both("adds statements")
def test_a_second_click_is_answered_alike_and_changes_nothing(
    station: Station, browser: Browser, reader: Subscriber
) -> None:
    first, second = (browser.posts(f"/unsubscribe/{reader.token}") for _ in range(2))
    assert (second.status_code, second.text) == (200, first.text)
    assert len(versions(station)) == 2


def test_afterwards_the_page_says_that_it_is_so(browser: Browser, reader: Subscriber) -> None:
    browser.posts(f"/unsubscribe/{reader.token}")
    page = Page(browser.gets(f"/unsubscribe/{reader.token}"))
    assert "No mail of this service goes to a***@example.org." in page.text
    assert page.attributes("form") == []


def test_the_link_in_an_old_mail_works_for_one_who_came_back(
    station: Station, browser: Browser, reader: Subscriber
) -> None:
    browser.posts(f"/unsubscribe/{reader.token}")
    subscribe(station.service, "ana.soto@example.org", origin="test")
    assert browser.posts(f"/unsubscribe/{reader.token}").status_code == 200
    with station.service.database.reading() as session:
        found = subscriber_of(session, reader.token)
    assert found is not None
    assert not found.active


@pytest.mark.parametrize(
    "token", ["x", "x" * 32, "x" * 4000, "%00", "..%2f..", "{token}", "ana.soto@example.org"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_that_is_nobodys_gets_a_page_that_gives_no_hint(
    still: Station, stays: Subscriber, method: str, token: str
) -> None:
    browser = afar(still.service)
    answer = browser.asks(method, f"/unsubscribe/{token}")
    assert answer.status_code == 404
    if "%2f" not in token:  # which is no path of ours at all
        assert answer.text == browser.asks(method, f"/unsubscribe/{stays.token[:-1]}").text
        assert "leads nowhere" in Page(answer).text


@pytest.mark.slow
def test_a_database_that_another_holds_is_said_on_a_page_and_nothing_is_changed(
    station: Station, browser: Browser, reader: Subscriber
) -> None:
    with station.service.database.session() as session:
        session.connection()
        answer = browser.posts(f"/unsubscribe/{reader.token}")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert "Please try again in a few minutes." in Page(answer).text
    assert str(station.folder) not in answer.text
    assert versions(station) == [("test", True)]
    assert browser.posts(f"/unsubscribe/{reader.token}").status_code == 200


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ana@example.org", "a***@example.org"),
        ("ab@example.org", "***@example.org"),
        ("a@example.org", "***@example.org"),
        ("anastasia.soto@xn--bcher-kva.example", "a***@xn--bcher-kva.example"),
    ],
)
def test_an_address_is_masked_so_far_that_only_its_owner_knows_it(address: str, shown: str) -> None:
    assert masked(address) == shown
