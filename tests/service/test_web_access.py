"""Who may: what needs no key on this machine, what needs one from afar, and what passes for being near."""

from pathlib import Path

import pytest

from service import keys
from service.web import create_app
from service.web_access import is_loopback
from storage.database import Database
from storage.keys import Scope
from tests.service.browsing import AFAR, Browser, afar, bearer, near, problem
from tests.service.stations import Station

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere"),
]

ALL = ["0.0.0.0"]  # noqa: S104 - nothing listens there


@pytest.fixture
def station(tmp_path: Path, database: Database, database_url: str) -> Station:
    return Station(tmp_path, database, database_url)


def test_on_this_machine_metrics_are_read_without_a_key(station: Station) -> None:
    assert near(station.service).gets("/metrics").status_code == 200


@pytest.mark.parametrize(
    "url", ["http://localhost", "http://LOCALHOST:81", "http://127.8.8.8:8000", "http://[::1]:8000"]
)
def test_this_machine_has_several_names(station: Station, url: str) -> None:
    browser = Browser(create_app(station.service, local=True), url=url)
    assert browser.gets("/metrics").status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.7"},
        {"X-Forwarded-For": ""},
        {"X-Real-IP": "127.0.0.1"},
        {"Forwarded": "for=203.0.113.7"},
        {"Via": "1.1 proxy"},
        {"Host": "forecasts.example.org"},
        {"Host": "127.0.0.1.example.org"},
        {"Host": "localhost.example.org"},
        {"Host": "2130706433"},
        {"Host": ""},
    ],
    ids=str,
)
def test_what_a_proxy_hands_on_or_another_name_reaches_is_not_from_here(
    station: Station, headers: dict[str, str]
) -> None:
    problem(near(station.service).gets("/metrics", headers=headers), 401)


def test_a_caller_from_elsewhere_is_not_near_whatever_it_says(station: Station) -> None:
    browser = Browser(create_app(station.service, local=True), client=AFAR)
    problem(browser.gets("/metrics", headers={"Host": "localhost"}), 401)


def test_one_who_listens_everywhere_trusts_nobody_without_a_key(station: Station) -> None:
    problem(Browser(create_app(station.service, local=False)).gets("/metrics"), 401)


def test_the_configured_host_decides_where_nothing_else_does(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    station = Station(tmp_path, database, database_url, '[serve]\nhost = "0.0.0.0"\n')
    problem(Browser(create_app(station.service)).gets("/metrics"), 401)


@pytest.mark.parametrize("scope", ["read", "edit", "admin"])
def test_from_afar_a_key_that_may_read_reads(station: Station, scope: Scope) -> None:
    answer = afar(station.service).gets("/metrics", headers=bearer(station.service, scope))
    assert answer.status_code == 200


def test_a_feeders_key_reads_nothing(station: Station) -> None:
    answer = afar(station.service).gets("/metrics", headers=bearer(station.service, "ingest"))
    assert problem(answer, 403)["detail"] == "a key of scope ingest may not do this; it needs read"
    assert 'scope="read"' in answer.headers["www-authenticate"]


def test_no_key_is_answered_with_how_to_present_one(station: Station) -> None:
    answer = afar(station.service).gets("/metrics")
    assert problem(answer, 401)["detail"] == "this needs a key"
    assert answer.headers["www-authenticate"] == 'Bearer realm="posterity"'


@pytest.mark.parametrize("key", ["pk_unknown", "x", "pk_" + "x" * 43, "Bearer"])
def test_a_key_that_is_none_is_answered_alike_whatever_it_is(station: Station, key: str) -> None:
    answer = afar(station.service).gets("/metrics", headers={"Authorization": f"Bearer {key}"})
    assert problem(answer, 401)["detail"] == "this key is not known, or no longer in force"
    assert answer.headers["www-authenticate"] == 'Bearer realm="posterity", error="invalid_token"'
    assert key == "Bearer" or key not in answer.text


def test_a_revoked_key_is_refused_at_once(station: Station) -> None:
    browser, headers = afar(station.service), bearer(station.service, "read", "grafana")
    assert browser.gets("/metrics", headers=headers).status_code == 200
    keys.revoke(station.service, "grafana")
    problem(browser.gets("/metrics", headers=headers), 401)


def test_a_key_is_presented_in_no_other_way(station: Station) -> None:
    key = bearer(station.service, "read")["Authorization"].removeprefix("Bearer ")
    browser = afar(station.service)
    problem(browser.gets("/metrics", params={"access_token": key}), 401)
    problem(browser.gets("/metrics", headers={"Authorization": key}), 401)
    problem(browser.gets("/metrics", headers={"Authorization": f"Basic {key}"}), 401)
    problem(browser.gets("/metrics", headers={"Cookie": f"key={key}"}), 401)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost", "Localhost", "::1%lo"]
)
def test_what_can_only_mean_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["::", "", "10.0.0.1", "localhost.", "example.org", "127.0.0.1.nip.io", *ALL]
)
def test_what_may_mean_another(host: str) -> None:
    assert not is_loopback(host)
