"""The readers over the API: an administrator's key lists, adds, changes and removes them."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from service.composition import Service
from service.readers import unsubscribe
from service.web_subscribers import Reader, Wish
from storage.database import Database
from storage.subscribers import Subscriber, subscriber
from tests.service.browsing import afar, bearer, near, problem
from tests.service.stations import Station

pytestmark = pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere")

SUBSCRIBERS = "/api/v1/subscribers"
ANA = "ana@example.org"
PLAIN: dict[str, Any] = {
    "address": ANA,
    "name": "",
    "forecasts": [],
    "moved_points": None,
    "alerts": True,
    "since": "2026-01-20T12:00:00Z",
}


class Administrator:
    """Someone far away, with a key for everything."""

    def __init__(self, service: Service) -> None:
        self.browser, self.headers = afar(service), bearer(service, "admin")

    def subscribes(self, address: str = ANA, **wish: Any) -> httpx.Response:
        return self.browser.posts(SUBSCRIBERS, json={"address": address, **wish}, headers=self.headers)

    def removes(self, address: str = ANA) -> httpx.Response:
        return self.browser.asks("DELETE", f"{SUBSCRIBERS}/{address}", headers=self.headers)

    def lists(self) -> Any:
        answer = self.browser.gets(SUBSCRIBERS, headers=self.headers)
        assert answer.status_code == 200
        return answer.json()


@pytest.fixture
def station(tmp_path: Path, database: Database, database_url: str) -> Station:
    return Station(tmp_path, database, database_url)


@pytest.fixture
def administrator(station: Station) -> Administrator:
    return Administrator(station.service)


def stored(station: Station, address: str = ANA) -> Subscriber | None:
    with station.service.database.reading() as session:
        return subscriber(session, address)


def test_a_reader_is_subscribed_to_everything_by_address_alone(
    station: Station, administrator: Administrator
) -> None:
    answer = administrator.subscribes()
    assert (answer.status_code, answer.json()) == (201, PLAIN)
    assert administrator.lists() == [PLAIN]
    assert stored(station) is not None


def test_what_a_reader_asks_for_is_kept(administrator: Administrator) -> None:
    wish: dict[str, Any] = {"name": "Ana Soto", "forecasts": ["quiet"], "moved_points": 2.5, "alerts": False}
    assert administrator.subscribes(**wish).json() == PLAIN | wish
    assert administrator.lists() == [PLAIN | wish]


def test_asking_again_changes_the_subscription(administrator: Administrator) -> None:
    administrator.subscribes(name="Ana")
    answer = administrator.subscribes(address="ANA@example.org", moved_points=5)
    assert (answer.status_code, answer.json()) == (200, PLAIN | {"moved_points": 5.0})
    assert administrator.lists() == [PLAIN | {"moved_points": 5.0}]


def test_one_who_had_unsubscribed_is_new_again(administrator: Administrator) -> None:
    administrator.subscribes()
    assert administrator.removes().status_code == 204
    assert administrator.lists() == []
    assert administrator.subscribes().status_code == 201


def test_removing_is_known_in_any_case_and_only_once(administrator: Administrator) -> None:
    administrator.subscribes()
    gone = administrator.removes("Ana@Example.org")
    assert (gone.status_code, gone.content) == (204, b"")
    assert problem(administrator.removes(), 404)["detail"] == "nobody of this address is subscribed"


@pytest.mark.parametrize("address", ["nobody@example.org", "no address", "%00", "a@b%0D%0Ac"])
def test_whoever_is_not_subscribed_is_not_found(administrator: Administrator, address: str) -> None:
    problem(administrator.removes(address), 404)


def test_who_subscribed_a_reader_stands_beside_it(station: Station, administrator: Administrator) -> None:
    administrator.subscribes()
    administrator.removes()
    with station.service.database.reading() as session:
        rows = (
            session.connection().exec_driver_sql("SELECT origin, active FROM subscription ORDER BY id").all()
        )
    assert [(origin, bool(active)) for origin, active in rows] == [
        ("key a-admin", True),
        ("key a-admin", False),
    ]


def test_a_readers_token_is_shown_to_nobody(station: Station, administrator: Administrator) -> None:
    answer = administrator.subscribes()
    reader = stored(station)
    assert reader is not None
    assert unsubscribe(station.service, reader.token) is not None
    assert reader.token not in answer.text + str(administrator.lists())


def test_a_name_passes_for_no_address(station: Station, administrator: Administrator) -> None:
    name = 'Ana "the \\ fast" <eve@example.org>, x'
    assert administrator.subscribes(name=name).json() == PLAIN | {"name": name}
    assert stored(station, "eve@example.org") is None


def test_what_would_break_a_line_of_a_mail_becomes_a_space(administrator: Administrator) -> None:
    answer = administrator.subscribes(name="Ana\r\nBcc: eve@example.org\u202e")
    assert answer.json()["name"] == "Ana Bcc: eve@example.org"


@pytest.mark.slow
@pytest.mark.parametrize(
    "wish",
    [
        {"address": "ana"},
        {"address": "Ana <ana@example.org>"},
        {"address": "ana@example.org\nBcc: eve@example.org"},
        {"address": "ana\x00@example.org"},
        {"address": "ana@example.org> <eve@example.org"},
        {"address": ""},
        {"address": 7},
        {"forecasts": ["unheard-of"]},
        {"forecasts": "quiet"},
        {"forecasts": [None]},
        {"moved_points": 0},
        {"moved_points": 101},
        {"moved_points": "5"},
        {"moved_points": True},
        {"alerts": "yes"},
        {"alerts": 1},
        {"name": "x" * 101},
        {"token": "mine"},
    ],
    ids=lambda wish: ascii(wish)[:40],
)
def test_a_wish_that_makes_no_sense_is_refused_and_stores_nothing(
    administrator: Administrator, wish: dict[str, Any]
) -> None:
    problem(administrator.subscribes(**wish), 422)
    assert administrator.lists() == []


def test_a_refusal_says_where_and_what_and_repeats_no_value(administrator: Administrator) -> None:
    document = problem(administrator.subscribes(alerts="hunter2", **{"a/b~c": "hunter3"}), 422)
    assert [one["at"] for one in document["errors"]] == ["/alerts", "/a~1b~0c"]
    assert {one["in"] for one in document["errors"]} == {"body"}
    assert all(one["detail"] for one in document["errors"])
    assert "hunter" not in str(document)


def test_an_unknown_forecast_is_refused_with_the_nearest(administrator: Administrator) -> None:
    document = problem(administrator.subscribes(forecasts=["quite"]), 422)
    assert document["detail"] == 'no forecast is called "quite"; did you mean quiet?'


def test_text_that_is_no_json_is_refused_with_its_place(administrator: Administrator) -> None:
    headers = administrator.headers | {"Content-Type": "application/json"}
    document = problem(
        administrator.browser.posts(SUBSCRIBERS, headers=headers, content=b'{"address": '), 422
    )
    assert document["errors"] == [{"in": "body", "at": "/12", "detail": "JSON decode error"}]


@pytest.mark.parametrize("scope", ["read", "ingest", "edit"])
def test_no_smaller_scope_does(station: Station, scope: Any) -> None:
    headers = bearer(station.service, scope)
    for method in ("GET", "POST"):
        answer = near(station.service).asks(method, SUBSCRIBERS, headers=headers, json={"address": ANA})
        assert f"a key of scope {scope} may not do this" in problem(answer, 403)["detail"]
        assert 'error="insufficient_scope", scope="admin"' in answer.headers["www-authenticate"]
    problem(near(station.service).asks("DELETE", f"{SUBSCRIBERS}/{ANA}", headers=headers), 403)


def test_even_on_this_machine_nobody_does_it_without_a_key(station: Station) -> None:
    for method in ("GET", "POST"):
        answer = near(station.service).asks(method, SUBSCRIBERS, json={"address": ANA})
        problem(answer, 401)
        assert answer.headers["www-authenticate"] == 'Bearer realm="posterity"'
    problem(near(station.service).asks("DELETE", f"{SUBSCRIBERS}/{ANA}"), 401)
    assert stored(station) is None


def test_the_examples_of_the_description_work(administrator: Administrator) -> None:
    schemas = administrator.browser.gets("/openapi.json").json()["components"]["schemas"]
    (wish,), (reader,) = schemas["Wish"]["examples"], schemas["Reader"]["examples"]
    answer = administrator.subscribes(**wish)
    assert answer.status_code == 201
    assert answer.json() == reader | {"since": PLAIN["since"]}
    assert set(wish) == set(Wish.model_fields)
    assert Reader.model_validate(reader).address == wish["address"]
