import re
from datetime import timedelta
from pathlib import Path

import pytest

from service import keys
from service.sessions import COOKIE, LASTS
from storage.database import Database
from tests.service.browsing import Browser, afar, bearer, near
from tests.service.commands import quiet
from tests.service.digests import Newsroom
from tests.service.scenes import PAGE, csrf_of, signed_in

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere"),
]


@pytest.fixture
def room(tmp_path: Path, database: Database) -> Newsroom:
    return Newsroom(tmp_path, database, quiet())


def session_rows(room: Newsroom) -> int:
    with room.database.engine.connect() as connection:
        number: int = connection.exec_driver_sql("SELECT count(*) FROM web_session").scalar_one()
    return number


def test_a_key_is_exchanged_for_a_session_that_opens_the_pages(room: Newsroom) -> None:
    browser = afar(room.service)
    cookies = signed_in(room.service, browser, "read")
    answer = browser.gets("/", headers=PAGE | cookies)
    assert answer.status_code == 200
    assert "read-0" in answer.text
    assert "Sign out" in answer.text


def test_who_is_afar_and_signed_out_is_led_to_the_sign_in_and_back(room: Newsroom) -> None:
    browser = afar(room.service)
    answer = browser.gets("/forecasts/quiet?since=2025-01-02", headers=PAGE)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fforecasts%2Fquiet%3Fsince%3D2025-01-02"
    form = browser.gets(answer.headers["location"], headers=PAGE)
    assert 'name="next" value="/forecasts/quiet?since=2025-01-02"' in form.text


def test_a_program_without_a_key_is_told_what_it_lacks(room: Newsroom) -> None:
    answer = afar(room.service).gets("/")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_key_opens_pages_to_programs(room: Newsroom) -> None:
    assert afar(room.service).gets("/", headers=bearer(room.service, "read")).status_code == 200
    assert afar(room.service).gets("/", headers=bearer(room.service, "ingest")).status_code == 403


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "/a\nb",
        "/\t/evil",
    ],
)
def test_signing_in_never_leads_to_another_site(room: Newsroom, elsewhere: str) -> None:
    key = keys.create(room.service, "ana", "read")
    answer = afar(room.service).posts("/sign-in", data={"key": key, "next": elsewhere})
    assert answer.headers["location"] == "/"


def test_the_cookie_is_for_this_site_alone_and_no_script_can_read_it(room: Newsroom) -> None:
    key = keys.create(room.service, "ana", "read")
    cookie = afar(room.service).posts("/sign-in", data={"key": key}).headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/", "Secure", f"Max-Age={LASTS.total_seconds():.0f}"):
        assert part in cookie
    assert "Secure" not in near(room.service).posts("/sign-in", data={"key": key}).headers["set-cookie"]


def test_through_a_proxy_that_ends_https_the_cookie_is_secure_too(room: Newsroom) -> None:
    room.configure('[serve]\npublic_url = "https://forecasts.example.org"\n' + quiet())
    key = keys.create(room.service, "ana", "read")
    browser = Browser(afar(room.service).app, url="http://forecasts.example.org")
    assert "Secure" in browser.posts("/sign-in", data={"key": key}).headers["set-cookie"]


@pytest.mark.both("adds statements")
def test_the_store_holds_neither_the_key_nor_the_token(room: Newsroom) -> None:
    key = keys.create(room.service, "ana", "edit")
    token = near(room.service).posts("/sign-in", data={"key": key}).cookies[COOKIE]
    with room.database.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM web_session").all()
    assert len(rows) == 1
    assert token not in str(rows)
    assert key not in str(rows)


@pytest.mark.parametrize("key", ["", "pk_none", "x" * 5000, "pk_\N{SNOWMAN}"])
def test_what_is_no_key_begins_no_session(room: Newsroom, key: str) -> None:
    answer = near(room.service).posts("/sign-in", data={"key": key})
    assert answer.status_code == 403
    assert "not known" in answer.text
    assert COOKIE not in answer.cookies
    assert session_rows(room) == 0


def test_a_key_that_only_hands_in_begins_none(room: Newsroom) -> None:
    key = keys.create(room.service, "feeder", "ingest")
    answer = near(room.service).posts("/sign-in", data={"key": key})
    assert (answer.status_code, COOKIE in answer.cookies) == (403, False)
    assert "opens no page" in answer.text


def test_a_session_ends_after_twelve_hours(room: Newsroom) -> None:
    browser = afar(room.service)
    cookies = signed_in(room.service, browser)
    room.clock.now += LASTS - timedelta(seconds=1)
    assert browser.gets("/", headers=PAGE | cookies).status_code == 200
    room.clock.now += timedelta(seconds=1)
    assert browser.gets("/", headers=PAGE | cookies).status_code == 303


def test_sessions_that_have_ended_are_forgotten_when_another_begins(room: Newsroom) -> None:
    browser = near(room.service)
    signed_in(room.service, browser)
    room.clock.now += LASTS
    signed_in(room.service, browser)
    assert session_rows(room) == 1


def test_a_session_ends_with_its_key(room: Newsroom) -> None:
    browser = afar(room.service)
    cookies = signed_in(room.service, browser)
    keys.revoke(room.service, "edit-0")
    assert browser.gets("/", headers=PAGE | cookies).status_code == 303


@pytest.mark.both("adds statements")
def test_signing_out_ends_the_session_wherever_its_token_was_copied(room: Newsroom) -> None:
    browser = afar(room.service)
    cookies = signed_in(room.service, browser)
    token = csrf_of(browser.gets("/", headers=PAGE | cookies).text)
    answer = browser.posts("/sign-out", data={"csrf": token}, headers=cookies)
    assert answer.status_code == 303
    assert re.search(rf'{COOKIE}="";.*Max-Age=0', answer.headers["set-cookie"])
    assert browser.gets("/", headers=PAGE | cookies).status_code == 303
    assert session_rows(room) == 0


def test_following_a_link_signs_nobody_out(room: Newsroom) -> None:
    browser = afar(room.service)
    cookies = signed_in(room.service, browser)
    assert browser.gets("/sign-out", headers=PAGE | cookies).status_code == 405
    assert browser.gets("/", headers=PAGE | cookies).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "AAAA", "é", "A" * 88])
def test_a_form_that_no_page_of_the_session_gave_is_refused(room: Newsroom, token: str) -> None:
    browser = afar(room.service)
    cookies = signed_in(room.service, browser)
    answer = browser.posts("/sign-out", data={"csrf": token}, headers=PAGE | cookies)
    assert answer.status_code == 403
    assert browser.gets("/", headers=PAGE | cookies).status_code == 200


def test_a_form_of_one_session_is_none_of_another(room: Newsroom) -> None:
    browser = afar(room.service)
    mine, others = signed_in(room.service, browser), signed_in(room.service, browser)
    token = csrf_of(browser.gets("/", headers=PAGE | others).text)
    assert browser.posts("/sign-out", data={"csrf": token}, headers=mine).status_code == 403


def test_a_form_carries_another_mask_each_time_and_each_is_good(room: Newsroom) -> None:
    browser = afar(room.service)
    cookies = signed_in(room.service, browser)
    first, second = (csrf_of(browser.gets("/", headers=PAGE | cookies).text) for _ in range(2))
    assert first != second
    assert browser.posts("/sign-out", data={"csrf": first}, headers=cookies).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}],
)
def test_a_form_of_another_site_signs_nobody_in(room: Newsroom, headers: dict[str, str]) -> None:
    key = keys.create(room.service, "ana", "read")
    answer = near(room.service).posts("/sign-in", data={"key": key}, headers=headers)
    assert (answer.status_code, COOKIE in answer.cookies) == (403, False)


def test_a_page_says_the_same_to_a_session_that_has_it_already(room: Newsroom) -> None:
    browser = afar(room.service)
    cookies = signed_in(room.service, browser)
    etag = browser.gets("/", headers=PAGE | cookies).headers["etag"]
    again = browser.gets("/", headers=PAGE | cookies | {"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_writes_of_the_api_take_no_cookie(room: Newsroom) -> None:
    browser = near(room.service)
    cookies = signed_in(room.service, browser, "admin")
    assert (
        browser.posts("/api/v1/subscribers", json={"address": "a@b.example"}, headers=cookies).status_code
        == 401
    )
