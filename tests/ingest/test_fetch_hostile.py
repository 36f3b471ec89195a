"""Whatever bytes a server answers with, fetching gives a response or says in one line why there is none."""

from collections.abc import Iterator

import pytest
import stamina
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.fetch import Response, conditional, fetch, validators
from model.errors import Unavailable
from tests.web_servers import Site, head, raw

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with Site() as made, stamina.set_testing(True, attempts=1):
        yield made


def answered(site: Site, content: bytes) -> Response | str:
    site.routes["*"] = raw(content)
    try:
        response = fetch(site.url("/feed"), headers={"If-None-Match": '"v0"'}, allow_private=True)
    except Unavailable as unavailable:
        return str(unavailable)
    return response


def hold(site: Site, content: bytes) -> None:
    came = answered(site, content)
    if isinstance(came, str):
        assert came.isprintable()
        assert came.startswith(f"{site.url('/feed')}: ")
        assert len(came) < 600
    else:
        assert came.status in {200, 304}
        assert all(text.isprintable() for text in came.headers.values())
        assert conditional(validators(came)) is not None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\r\n",
        b"\x00",
        b"<rss/>",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 2OO OK\r\n\r\n",
        b"HTTP/1.1 000 -\r\n\r\n",
        b"HTTP/1.1 099 -\r\n\r\n",
        b"HTTP/1.1 1000 -\r\n\r\n",
        b"HTTP/1.1 -200 -\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX\x00: y\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: \x00\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: first\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail.example.org ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02\x28",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 1, 2\r\n\r\nab",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        OK + "Content-Length: ٣\r\n\r\nabc".encode(),
        OK + b"Content-Length: 0x3\r\n\r\nabc",
        OK + b"Content-Length: 5\r\n\r\nabc",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: rubbish\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nab\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nab",
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\nab",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nbad trailer\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://\xff\xfe/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: a\r\nLocation: b\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://\xf0\x9f\x92\xa9.example:port/\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nabcde",
    ],
)
def test_answers_that_break_the_rules_are_refused_in_one_line(site: Site, content: bytes) -> None:
    hold(site, content)
    if b"302" not in content and b"304" not in content and b"\n folded" not in content:
        assert isinstance(answered(site, content), str)


def test_what_follows_an_answer_is_no_part_of_it(site: Site) -> None:
    second = head(200, {"Content-Length": "4"}) + b"evil"
    came = answered(site, head(200, {"Content-Length": "4"}) + b"good" + second)
    assert isinstance(came, Response)
    assert came.body == b"good"


LINES = st.sampled_from(
    [
        b"Content-Length: 3",
        b"Content-Length: 30",
        b"Transfer-Encoding: chunked",
        b"Content-Encoding: gzip",
        b"Content-Encoding: deflate",
        b"Connection: keep-alive",
        b'ETag: "x"',
        b"Last-Modified: \xff",
        b"Location: /feed",
        b"Retry-After: 1",
        b" folded",
        b"Date: x",
    ]
)
STARTS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 304 -",
        b"HTTP/1.1 302 -",
        b"HTTP/1.1 100 -",
        b"HTTP/1.1 503",
    ]
)
BODIES = st.binary(max_size=60) | st.sampled_from(
    [b"3\r\nabc\r\n0\r\n\r\n", b"abc", b"\x1f\x8b\x08\0\0\0\0\0\0\x03"]
)
LIKELY = st.builds(
    lambda start, lines, body: b"\r\n".join([start, *lines, b"", body]),
    STARTS,
    st.lists(LINES | st.binary(max_size=20), max_size=5),
    BODIES,
)


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(content=st.binary(max_size=200) | LIKELY | st.builds(lambda rest: OK + rest, st.binary(max_size=200)))
@example(content=OK + b"\r\n" + bytes(range(256)))
def test_any_bytes_are_answered_or_refused_in_one_line(site: Site, content: bytes) -> None:
    hold(site, content)
