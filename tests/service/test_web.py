"""The web application as a whole: what every answer has, and what no request brings about."""

import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from service.web import LARGEST_BODY, create_app
from storage.database import Database, open_database
from tests.service.browsing import Browser, afar, bearer, near, problem
from tests.service.stations import Station

pytestmark = pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere")

SUBSCRIBERS = "/api/v1/subscribers"
ONE = {"address": "ana@example.org"}
HEAVY = {"pymc", "pytensor", "nutpie", "arviz", "xarray", "pandas", "scipy", "matplotlib", "pyarrow"}
UNNEEDED = (HEAVY - {"scipy"}) | {"alembic", "apscheduler", "altair", "vl_convert", "psycopg"}
PROMISED = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
OF_PAGES = {"referrer-policy": "same-origin", "cache-control": "private, no-cache"}

HOSTILE_PATHS = [
    "/",
    "//",
    "/..;/metrics",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/%00",
    "/%ff%fe",
    "/metrics/",
    "/health",
    "/docs",
    "/redoc",
    "/unsubscribe/",
    "/unsubscribe/%00",
    "/unsubscribe/%ED%A0%80",
    "/unsubscribe/a%2Fb",
    "/unsubscribe/' OR 1=1 --",
    "/unsubscribe/" + "x" * 5000,
    "/unsubscribe/{token}",
    "/unsubscribe/\u202eabc",
    f"{SUBSCRIBERS}/",
    f"{SUBSCRIBERS}/%00@example.org",
    f"{SUBSCRIBERS}/a%0d%0aBcc:b@example.org",
    f"{SUBSCRIBERS}/%ED%A0%80@x",
    f"{SUBSCRIBERS}/{'a' * 3000}@example.org",
    f"{SUBSCRIBERS}/ana@example.org?x=%00",
]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "x" * 300]
HOSTILE_BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"\xff\xfe",
    b"[" * 30_000,
    b'{"address": "a@example.org", "moved_points": NaN}',
    b'{"address": "a@example.org", "moved_points": 1e400}',
    b'{"address": "a@example.org", "moved_points": ' + b"9" * 5000 + b"}",
    b'{"address": "a@example.org", "moved_points": -1}',
    b'{"address": "a@example.org", "moved_points": true}',
    b'{"address": "\\ud800@example.org"}',
    b'{"address": "a@example.org", "name": "\\ud800"}',
    b'{"address": "a@example.org", "name": "\\u0000\\u001b[31m"}',
    b'{"address": "a@example.org\\r\\nBcc: b@example.org"}',
    b'{"address": "a@example.org", "forecasts": ["\\u0000"]}',
    b'{"address": "a@example.org", "forecasts": "quiet"}',
    b'{"address": "a@example.org", "forecasts": [["quiet"]]}',
    b'{"address": {"$ne": null}}',
    b'{"\\ud800": 1}',
    b'{"address": "a@example.org", "' + b"k" * 20_000 + b'": 1}',
]
HOSTILE_HEADERS = [
    {"Authorization": "Bearer"},
    {"Authorization": "Bearer  "},
    {"Authorization": "Basic YTpi"},
    {"Authorization": "Bearer \xff\xfe".encode("latin-1")},
    {"Authorization": "Bearer " + "x" * 10_000},
    {"Content-Length": "-1"},
    {"Content-Length": "x"},
    {"Content-Length": "9" * 30},
    {"Content-Type": "application/json; charset=\xff".encode("latin-1")},
    {"Content-Type": "multipart/form-data"},
    {"Host": ""},
    {"Host": "[::1"},
    {"Host": "[]]:x"},
    {"Accept": "*/*;q=x"},
    {"X-Forwarded-For": "127.0.0.1"},
]


@pytest.fixture
def station(tmp_path: Path, database: Database, database_url: str) -> Station:
    return Station(tmp_path, database, database_url)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory, kept_database: Database, kept_url: str) -> Station:
    """A station where nothing is ever changed."""
    return Station(tmp_path_factory.mktemp("still"), kept_database, kept_url)


@pytest.fixture(scope="module", params=[near, afar])
def browser(request: pytest.FixtureRequest, still: Station) -> Browser:
    asking: Browser = request.param(still.service)
    return asking


@pytest.fixture(scope="module")
def allowed(still: Station) -> dict[str, str]:
    """The header that allows everything."""
    return bearer(still.service, "admin")


def refused_not_broken(response: httpx.Response) -> None:
    """Whether a hostile request met an answer that was thought of."""
    assert response.status_code < 500, response.text
    is_page = response.headers.get("content-type", "").startswith("text/html")
    for name, value in PROMISED.items():
        assert response.headers[name] in {value, OF_PAGES.get(name) if is_page else value}
    if response.status_code >= 400 and response.request.method != "HEAD" and not is_page:
        problem(response, response.status_code)


def test_building_the_application_connects_to_nothing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/missing/posterity.db"
    with open_database(url) as database:
        service = Station(tmp_path, database, url).service
        create_app(service)
    assert list((tmp_path / "missing").iterdir()) == []


@pytest.mark.slow
def test_the_application_is_imported_without_what_only_nights_and_charts_need() -> None:
    listed = "import sys, service.web_server; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", listed], check=True, capture_output=True, text=True)
    assert not UNNEEDED & set(done.stdout.split())


@pytest.mark.parametrize(
    "path", ["/health/live", "/nowhere", "/metrics", "/unsubscribe/x", SUBSCRIBERS, "/openapi.json"]
)
def test_every_answer_keeps_a_browser_from_what_no_page_of_ours_needs(browser: Browser, path: str) -> None:
    headers = browser.gets(path).headers
    assert PROMISED.items() <= headers.items()
    policy = headers["content-security-policy"]
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy.split("; "))
    assert "unsafe" not in policy
    assert "script-src" not in policy


def test_an_unknown_path_is_a_problem_document(browser: Browser) -> None:
    assert problem(browser.gets("/nowhere"), 404)["title"] == "Not Found"


def test_a_method_that_a_path_does_not_know_is_a_problem_document(browser: Browser) -> None:
    answer = browser.posts("/health/live")
    assert problem(answer, 405)["title"] == "Method Not Allowed"
    assert answer.headers["allow"] == "GET"


def test_a_slash_too_much_is_not_redirected(browser: Browser) -> None:
    problem(browser.gets("/metrics/"), 404)


@pytest.mark.parametrize("path", ["/health/live", "/openapi.json", "/unsubscribe/x", "/nowhere"])
def test_head_is_get_without_the_body(browser: Browser, path: str) -> None:
    got, head = browser.gets(path), browser.asks("HEAD", path)
    assert head.content == b""
    assert (head.status_code, head.headers) == (got.status_code, got.headers)


def test_a_body_that_is_announced_too_large_is_refused_unread(station: Station) -> None:
    headers = bearer(station.service, "admin") | {"Content-Length": str(LARGEST_BODY + 1)}
    answer = near(station.service).posts(SUBSCRIBERS, headers=headers, content=b"{}")
    assert "larger than 65536 bytes" in problem(answer, 413)["detail"]


def test_a_body_that_grows_too_large_is_refused_while_it_comes(station: Station) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield b" " * 1000

    headers = bearer(station.service, "admin") | {"Content-Type": "application/json"}
    problem(near(station.service).posts(SUBSCRIBERS, headers=headers, content=endless()), 413)
    assert sent <= LARGEST_BODY + 2000


def test_the_largest_body_is_taken(station: Station) -> None:
    body = b'{"address": "ana@example.org"}'.ljust(LARGEST_BODY)
    headers = bearer(station.service, "admin") | {"Content-Type": "application/json"}
    assert near(station.service).posts(SUBSCRIBERS, headers=headers, content=body).status_code == 201


def test_the_description_is_open_to_all(browser: Browser) -> None:
    described = browser.gets("/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    assert {"/health/ready", "/metrics", "/unsubscribe/{token}", SUBSCRIBERS} <= set(described["paths"])
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


def test_every_operation_is_named_and_described(browser: Browser) -> None:
    operations = [
        one for path in browser.gets("/openapi.json").json()["paths"].values() for one in path.values()
    ]
    names = [one["operationId"] for one in operations]
    assert len(set(names)) == len(names) > 6
    assert all(one["description"].endswith(".") for one in operations)


@pytest.mark.parametrize("path", HOSTILE_PATHS, ids=lambda path: ascii(path)[:40])
def test_no_path_breaks_it(still: Station, allowed: dict[str, str], path: str) -> None:
    for method in METHODS:
        refused_not_broken(near(still.service).asks(method, path, headers=allowed))


@pytest.mark.slow
@pytest.mark.parametrize("body", HOSTILE_BODIES, ids=lambda body: ascii(body[:40]))
def test_no_body_breaks_it(still: Station, allowed: dict[str, str], body: bytes) -> None:
    browser, headers = near(still.service), allowed | {"Content-Type": "application/json"}
    for path in (SUBSCRIBERS, "/unsubscribe/token", "/metrics", f"{SUBSCRIBERS}/a@example.org"):
        for method in ("GET", "POST", "DELETE"):
            refused_not_broken(browser.asks(method, path, headers=headers, content=body))


@pytest.mark.parametrize("headers", HOSTILE_HEADERS, ids=lambda one: ascii(str(one))[:40])
def test_no_header_breaks_it(browser: Browser, headers: dict[str, str | bytes]) -> None:
    for path in ("/health/live", "/health/ready", "/metrics", SUBSCRIBERS, "/unsubscribe/token"):
        for method in ("GET", "POST"):
            refused_not_broken(browser.asks(method, path, headers=headers))
