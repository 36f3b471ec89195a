"""Fetching: what is asked, what comes back, redirects, further attempts, and what is said of failures."""

import subprocess
import sys
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
import stamina

from ingest.fetch import Response, conditional, fetch, validators
from model.errors import Unavailable
from tests.web_servers import Answer, Asked, Reply, Site, dropping, raw, redirect, replying

ROOT = Path(__file__).parents[2]
FEED: Reply = (200, {"Content-Type": "application/rss+xml; charset=utf-8", "ETag": '"v1"'}, b"<rss/>")


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({"/feed": FEED}) as made:
        yield made


@pytest.fixture
def unpaused() -> Iterator[None]:
    """Try again at once."""
    with stamina.set_testing(True, attempts=10, cap=True):
        yield


def refusal(url: str, **headers: str) -> str:
    with pytest.raises(Unavailable) as caught:
        fetch(url, headers=headers, allow_private=True)
    said = str(caught.value)
    assert said.isprintable()  # one line, too
    assert caught.value.__cause__ is None
    return said


def test_an_answer_has_status_address_headers_and_body(site: Site) -> None:
    answer = fetch(site.url("/feed"), allow_private=True)
    assert answer.status == 200
    assert answer.url == site.url("/feed")
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    assert answer.body == b"<rss/>"


def test_who_asks_says_so_and_offers_what_can_be_unpacked(site: Site) -> None:
    fetch(site.url("/feed?a=1&b=%20"), allow_private=True)
    [asked] = site.asked
    assert asked.method == "GET"
    assert asked.target == "/feed?a=1&b=%20"
    assert asked.headers["host"] == f"127.0.0.1:{site.port}"
    assert asked.headers["user-agent"].startswith("Posterity/0")
    assert asked.headers["user-agent"].endswith(" (+self-hosted forecast service)")
    assert asked.headers["accept-encoding"] == "gzip, deflate"


def test_own_headers_are_sent_whether_pairs_or_a_mapping(site: Site) -> None:
    fetch(site.url("/feed"), headers={"Accept": "text/xml"}, allow_private=True)
    fetch(site.url("/feed"), headers=[("Accept", "text/html")], allow_private=True)
    assert [asked.headers["accept"] for asked in site.asked] == ["text/xml", "text/html"]


def test_it_asks_over_ipv6(site: Site) -> None:
    del site
    with Site({"/feed": FEED}, host="::1") as other:
        assert fetch(other.url("/feed"), allow_private=True).body == b"<rss/>"
        assert other.asked[0].headers["host"] == f"[::1]:{other.port}"


def test_headers_that_come_twice_are_joined_and_lose_control_characters(site: Site) -> None:
    site.routes["/feed"] = raw(
        b"HTTP/1.1 200 OK\r\nVary: a\r\nVARY: b\r\nX-Name: Per\xc3\xba\r\nX-Old: Per\xfa\r\n"
        b"X-Odd: a\x7fb\r\nContent-Length: 0\r\n\r\n"
    )
    answer = fetch(site.url("/feed"), allow_private=True)
    assert answer.headers["vary"] == "a, b"
    assert answer.headers["x-name"] == answer.headers["x-old"] == "Perú"
    assert answer.headers["x-odd"] == "a b"


def test_it_asks_no_proxy_of_the_environment(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with Site() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url())
        assert fetch(site.url("/feed"), allow_private=True).status == 200
        assert proxy.connections == 0


# What is new


def changing(asked: Asked) -> Reply:
    unchanged = asked.headers.get("if-none-match") == '"v1"'
    return (304, {"ETag": '"v1"'}, b"") if unchanged else FEED


def test_a_cursor_asks_only_for_what_is_new(site: Site) -> None:
    site.routes["/feed"] = replying(changing)
    cursor = validators(fetch(site.url("/feed"), allow_private=True))
    assert cursor == {"etag": '"v1"'}
    again = fetch(site.url("/feed"), headers=conditional(cursor), allow_private=True)
    assert (again.status, again.body) == (304, b"")
    assert validators(again) == cursor


def test_it_asks_by_the_date_too(site: Site) -> None:
    date = "Sun, 06 Nov 1994 08:49:37 GMT"
    site.routes["/feed"] = (200, {"Last-Modified": date}, b"")
    cursor = validators(fetch(site.url("/feed"), allow_private=True))
    assert cursor == {"last-modified": date}
    assert conditional(cursor) == {"if-modified-since": date}


def test_nothing_changed_is_no_answer_to_who_asked_for_everything(site: Site) -> None:
    site.routes["/feed"] = (304, {}, b"")
    assert "answers 304 (Not Modified)" in refusal(site.url("/feed"))


@pytest.mark.parametrize("text", ["", "x" * 501, "a\nb", "a\x00b", "é", "\x7f"])
def test_validators_that_are_not_fit_are_left_out(text: str) -> None:
    answer = Response(status=200, url="http://a.example/", headers={"etag": text}, body=b"")
    assert validators(answer) == {}
    assert conditional({"etag": text}) == {}


@pytest.mark.parametrize("value", [None, 1, ["a"], {}, True])
def test_a_cursor_that_holds_something_else_asks_for_everything(value: object) -> None:
    assert conditional({"etag": value, "seen": 3}) == {}


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location", ["/feed", "feed", "//{host}/feed", "http://{host}/feed#part", " ./feed "]
)
def test_redirects_are_followed(site: Site, status: int, location: str) -> None:
    site.routes["/old"] = redirect(location.format(host=f"127.0.0.1:{site.port}"), status)
    answer = fetch(site.url("/old"), allow_private=True)
    assert (answer.url, answer.body) == (site.url("/feed"), b"<rss/>")


def test_five_redirects_are_followed_and_six_are_not(site: Site) -> None:
    site.routes |= {f"/{n}": redirect(f"/{n - 1}") for n in range(1, 7)}
    site.routes["/0"] = FEED
    assert fetch(site.url("/5"), allow_private=True).body == b"<rss/>"
    site.asked.clear()
    assert "redirects more than 5 times" in refusal(site.url("/6"))
    assert site.paths() == ["/6", "/5", "/4", "/3", "/2", "/1"]


def test_a_circle_of_redirects_ends(site: Site) -> None:
    site.routes |= {"/a": redirect("/b"), "/b": redirect("/a")}
    assert "redirects more than 5 times" in refusal(site.url("/a"))
    assert len(site.asked) == 6


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("", "does not say where to"),
        ("http://[", "no URL"),
        ("http://[::1", "no URL"),
        ("http://a:b:c/", "no URL"),
        ("http://127.0.0.1:0/", "no URL"),
        ("http://127.0.0.1:65536/", "no URL"),
        ("http://127.0.0.1:99999999999999999999/", "no URL"),
        ("http://.127.0.0.1/", "no URL"),
        ("http://a..b/", "no URL"),
        ("http://" + "a" * 64 + ".example/", "no URL"),
        ("http://" + "a." * 200 + "example/", "no URL"),
        ("http://\xe2\x98\x83.example/", "no URL"),
        ("http://xn--\xff/", "no URL"),
        ("http://a b/", "no URL"),
        ("http://[fe80::1%25lo]/", "no URL"),
        ("http://%31%32%37.0.0.1/", "no URL"),
        ("/" + "a" * 70_000, "no URL"),
        ("file:///etc/passwd", "only http and https"),
        ("ftp://127.0.0.1/feed", "only http and https"),
        ("gopher://127.0.0.1:70/_x", "only http and https"),
        ("javascript:alert(1)", "only http and https"),
        ("mailto:ann@example.org", "only http and https"),
        ("unix:///run/docker.sock", "only http and https"),
    ],
)
def test_a_redirect_to_nowhere_is_refused(site: Site, location: str, said: str) -> None:
    site.routes["/old"] = redirect(location)
    assert said in refusal(site.url("/old"))


def test_a_failure_after_a_redirect_names_both_addresses(site: Site) -> None:
    site.routes["/old"] = redirect("/gone?token=hush")
    site.routes["/gone"] = (410, {}, b"")
    said = refusal(site.url("/old?key=hush"))
    assert said == (
        f"{site.url('/old')}: leads to {site.url('/gone')}, which answers 410 (Gone); check the address"
    )


# Logins


def test_a_login_of_the_url_is_sent_and_shown_nowhere(site: Site) -> None:
    site.routes["/wrong"] = (401, {}, b"")
    answer = fetch(site.url("/feed", login="ann:s%40crét@"), allow_private=True)
    assert site.asked[0].headers["authorization"] == "Basic YW5uOnNAY3LDqXQ="  # ann:s@crét
    assert answer.url == site.url("/feed")
    said = refusal(site.url("/wrong", login="ann:s3cret@"))
    assert said.startswith(f"{site.url('/wrong')}: answers 401 (Unauthorized); check")


def test_a_login_follows_redirects_on_its_own_server_only(site: Site) -> None:
    with Site({"/feed": FEED, "/back": redirect(site.url("/feed"))}) as other:
        site.routes |= {"/here": redirect("/feed"), "/away": redirect(other.url("/feed"))}
        fetch(site.url("/here", login="ann:pw@"), allow_private=True)
        assert all("authorization" in asked.headers for asked in site.asked)
        fetch(site.url("/away", login="ann:pw@"), allow_private=True)
        assert "authorization" not in other.asked[0].headers


def test_headers_meant_for_one_server_do_not_reach_another(site: Site) -> None:
    own = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Api-Key": "k", "If-None-Match": '"v0"'}
    with Site({"/feed": FEED}) as other:
        site.routes["/away"] = redirect(other.url("/feed"))
        fetch(site.url("/away"), headers=own, allow_private=True)
        assert set(site.asked[0].headers) >= {"authorization", "cookie", "x-api-key", "if-none-match"}
        assert set(other.asked[0].headers) == {
            "host",
            "user-agent",
            "accept",
            "accept-encoding",
            "connection",
            "if-none-match",
        }


def test_a_login_of_somebody_else_in_a_redirect_is_not_used(site: Site) -> None:
    with Site({"/feed": FEED}) as other:
        for there in (site, other):
            site.routes["/old"] = redirect(there.url("/feed", login="eve:pw@"))
            fetch(site.url("/old"), allow_private=True)
            assert "authorization" not in there.asked[-1].headers


# Further attempts


@pytest.mark.usefixtures("unpaused")
@pytest.mark.parametrize(
    "trouble",
    [
        (500, {}, b""),
        (502, {}, b""),
        (503, {}, b""),
        (429, {}, b""),
        dropping(),
        dropping(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
        raw(b""),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
    ],
)
def test_what_may_pass_is_tried_again(site: Site, trouble: Answer) -> None:
    site.routes["/feed"] = [trouble, trouble, FEED]
    assert fetch(site.url("/feed"), allow_private=True).body == b"<rss/>"
    assert len(site.asked) == 3


@pytest.mark.usefixtures("unpaused")
def test_it_gives_up_after_three_attempts(site: Site) -> None:
    site.routes["/feed"] = (503, {}, b"")
    said = refusal(site.url("/feed"))
    assert said.endswith("answers 503 (Service Unavailable); try again later, or tell its owner")
    assert len(site.asked) == 3


@pytest.mark.parametrize("status", [204, 206, 300, 400, 401, 403, 404, 410, 418, 451, 600, 999])
def test_what_will_not_pass_is_not_tried_again(site: Site, status: int) -> None:
    site.routes["/feed"] = (status, {}, b"")
    assert f"answers {status}" in refusal(site.url("/feed"))
    assert len(site.asked) == 1


@pytest.mark.slow
def test_it_waits_as_long_as_the_server_asks(site: Site) -> None:
    dates = {
        "Date": formatdate(1_000_000_000, usegmt=True),
        "Retry-After": formatdate(1_000_000_001, usegmt=True),
    }
    site.routes["/feed"] = [(429, {"Retry-After": "1"}, b""), (503, dates, b""), FEED]
    assert fetch(site.url("/feed"), allow_private=True).status == 200
    moments = [asked.at for asked in site.asked]
    assert moments[1] - moments[0] >= 1
    assert moments[2] - moments[1] >= 1


@pytest.mark.parametrize("after", ["3600", "999999999", formatdate(4_000_000_000, usegmt=True)])
def test_it_does_not_wait_longer_than_it_has(site: Site, after: str) -> None:
    now = formatdate(1_000_000_000, usegmt=True)
    site.routes["/feed"] = (429, {"Retry-After": after, "Date": now}, b"")
    assert "asks to be left alone for" in refusal(site.url("/feed"))
    assert len(site.asked) == 1


@pytest.mark.usefixtures("unpaused")
@pytest.mark.parametrize(
    "after", ["", "soon", "-1", "1e9", "9" * 5000, "٣", "Sun, 31 Feb 2027 00:00:00 GMT", "Sun, 99 Nov 1994"]
)
def test_a_wait_that_makes_no_sense_is_none(site: Site, after: str) -> None:
    date = formatdate(1_000_000_000, usegmt=True)
    site.routes["/feed"] = [
        raw(f"HTTP/1.1 503 -\r\nDate: {date}\r\nRetry-After: {after}\r\n\r\n".encode()),
        FEED,
    ]
    assert fetch(site.url("/feed"), allow_private=True).status == 200


@pytest.mark.usefixtures("unpaused")
def test_nobody_there_is_said(site: Site) -> None:
    url = site.url("/feed")
    site.__exit__(None, None, None)
    assert "is out of reach (Connection refused)" in refusal(url)
    site.__enter__()


# What is said


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("example.org/feed", "example.org/feed"),
        ("file:///etc/passwd", "file:///etc/passwd"),
        ("ftp://ann:pw@example.org/x?y", "ftp://example.org/x"),
        ("http://", "http://"),
        ("http:///feed", "http:///feed"),
        ("ann:pw@example.org/feed", "…"),
        ("http:/ann:pw@example.org//feed", "…"),
        ("HTTP://ann:pw@/feed", "HTTP://…"),
        ("http://ann:p?w@example.org:x/feed", "http://…"),
        ("http://ann:p/w#@example.org/feed", "http://…"),
        ("http://ann:pw@example.org:x/feed?@token", "http://…"),
        ("http://example.org:port/feed?token=x", "http://example.org:port/feed"),
        ("http://exam\nple.org\u202e/\x1b[31m", "http://example.org/[31m"),
        ("http://☃.example/", "http://☃.example/"),
        ("http://[::1]x/", "http://[::1]x/"),
        ("http://example.org:1234567/", "http://example.org:1234567/"),
        ("http://[v1.x]/" + "a" * 300, "http://[v1.x]/" + "a" * 185 + "…"),
    ],
)
def test_what_is_no_url_is_named_without_secrets_and_never_asked(url: str, shown: str) -> None:
    with pytest.raises(Unavailable) as caught:
        fetch(url)
    said, _, advice = str(caught.value).rpartition(": ")
    assert said == shown
    assert "write http:// or https://, a host and a path" in advice


@pytest.mark.parametrize("text", ["a\r\nX-Evil: 1", "a\x00b", "é", "\udcff", "a\nb"])
def test_headers_that_cannot_be_sent_are_not(site: Site, text: str) -> None:
    assert "cannot be asked with these headers" in refusal(site.url("/feed"), **{"If-None-Match": text})
    assert site.asked == []


@pytest.mark.slow
def test_importing_it_loads_no_client() -> None:
    heavy = {"httpx", "httpcore", "stamina", "ssl", "socket", "email"}
    code = f"import sys, ingest.fetch; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
