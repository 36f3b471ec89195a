"""Fetching ends within its time and its bytes, however the other side drags on, floods or packs."""

import gzip
import socket
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from ingest.fetch import fetch
from ingest.web.answers import Trouble
from ingest.web.bodies import unpacked
from model.errors import Unavailable
from tests.web_names import PUBLIC, Internet, trusting
from tests.web_servers import (
    Answer,
    Asked,
    Misbehaviour,
    Site,
    Wire,
    certificate,
    dribbling,
    endless,
    head,
    stalling,
)

MEGABYTE = 1_000_000
SECONDS = 0.3
CHUNKED = head(200, {"Transfer-Encoding": "chunked"})
GZIP = {"Content-Encoding": "gzip"}


def gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)  # the same whenever it is made


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as made, stamina.set_testing(True, attempts=10, cap=True):
        yield made


def refusal(url: str, *, max_bytes: int = MEGABYTE, timeout: float = 60.0) -> str:
    with pytest.raises(Unavailable) as caught:
        fetch(url, allow_private=True, max_bytes=max_bytes, timeout=timeout)
    return str(caught.value)


# Time


def swallowing(wire: Wire, _: Asked) -> None:
    """Take up a reply with something said at each turn, none of which ends it."""
    while True:
        wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        wire.wait(0.02)


@pytest.mark.parametrize(
    "drags",
    [
        stalling(),
        stalling(b"HTTP/1.1 200 OK\r\nContent-Le"),
        stalling(head(200, {"Content-Length": "5"}) + b"abc"),
        stalling(CHUNKED + b"5\r\nabc"),
        dribbling(b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * 1000, seconds=0.01),
        dribbling(b"a", first=head(), seconds=0.01),
        dribbling(b"1\r\na\r\n", first=CHUNKED, seconds=0.01),
        dribbling(b"1;" + b"x" * 1000, first=CHUNKED, seconds=0.01),
        dribbling(gzipped(b""), first=head(200, GZIP), seconds=0.01),
        swallowing,
    ],
)
def test_who_drags_on_is_left_at_the_end_of_the_time(site: Site, drags: Misbehaviour) -> None:
    site.routes["/feed"] = drags
    assert "gives no whole answer within 0.3 s;" in refusal(site.url("/feed"), timeout=SECONDS)
    assert len(site.asked) == 1


@pytest.mark.slow
def test_redirects_and_further_attempts_share_the_time(site: Site) -> None:
    def slow(answer: tuple[int, dict[str, str], bytes]) -> Misbehaviour:
        def does(wire: Wire, _: Asked) -> None:
            wire.wait(0.3)
            status, headers, body = answer
            wire.send(head(status, headers) + body)

        return does

    slow_redirect = slow((302, {"Location": "/feed", "Content-Length": "0"}, b""))
    site.routes |= {"/feed": slow_redirect, "/broken": slow((503, {"Content-Length": "0"}, b""))}
    assert "within 1 s" in refusal(site.url("/feed"), timeout=1.0)
    assert len(site.asked) < 6
    site.asked.clear()
    with stamina.set_testing(False):
        assert "503" in refusal(site.url("/broken"), timeout=1.0)  # no time for a pause
    assert len(site.asked) == 1


def test_a_server_that_takes_no_connection_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(8)]
        try:
            for one in waiting:  # fill the queue, so that the system answers nobody more
                one.setblocking(False)
                one.connect_ex(address)
            url = f"http://127.0.0.1:{address[1]}/feed"
            assert "within 0.3 s" in refusal(url, timeout=SECONDS)
        finally:
            for one in waiting:
                one.close()


def test_a_server_that_never_shakes_hands_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"https://127.0.0.1:{mute.getsockname()[1]}/feed"
        assert "within 0.3 s" in refusal(url, timeout=SECONDS)


def test_name_servers_that_never_answer_are_left(site: Site) -> None:
    with Internet({"feeds.test": [PUBLIC]}, {PUBLIC: site}) as internet:
        internet.hush.clear()
        with pytest.raises(Unavailable, match=r"http://feeds\.test/: gives no whole answer within 0\.3 s"):
            fetch("http://feeds.test/", timeout=SECONDS)


def test_no_time_at_all_is_an_ordinary_failure(site: Site) -> None:
    assert "within 0 s" in refusal(site.url("/feed"), timeout=0)
    assert "within -1 s" in refusal(site.url("/feed"), timeout=-1)
    assert site.connections == 0


# Size


@pytest.mark.parametrize("length", ["1000001", "9" * 20])
def test_a_body_that_says_it_is_too_large_is_not_waited_for(site: Site, length: str) -> None:
    site.routes["/feed"] = stalling(head(200, {"Content-Length": length}))
    assert "sends more than 1,000,000 bytes" in refusal(site.url("/feed"))


@pytest.mark.parametrize(
    "floods",
    [
        endless(head(), b"x" * 65_536),
        endless(CHUNKED, b"10000\r\n" + b"x" * 65_536 + b"\r\n"),
        endless(head(200, GZIP), gzipped(b"")),
        endless(head(200, GZIP), gzipped(bytes(MEGABYTE))),
        endless(head(200, GZIP) + gzipped(b"")[:10], b"\x00\x00\x00\xff\xff"),  # blocks of nothing
        endless(head(200, {"Content-Encoding": "deflate"}), zlib.compress(bytes(MEGABYTE))[:-4]),
    ],
)
def test_a_body_without_end_is_cut_off(site: Site, floods: Misbehaviour) -> None:
    site.routes["/feed"] = floods
    said = refusal(site.url("/feed"), max_bytes=100_000)
    assert "sends more than 100,000 bytes, and was not read" in said
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "floods",
    [
        endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 100),
        endless(CHUNKED, b"1;" + b"x" * 10_000 + b"\r\na\r\n"),
    ],
)
def test_a_flood_beside_the_body_is_cut_off(site: Site, floods: Misbehaviour) -> None:
    site.routes["/feed"] = floods
    assert "sends too much beside what was asked for" in refusal(site.url("/feed"), max_bytes=100_000)
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "floods",
    [
        endless(b"HTTP/1.1 200 OK\r\n", b"X-Flood: and on it goes\r\n" * 100),
        endless(b"HTTP/1.1 200 OK\r\nX-Flood: ", b"x" * 1000),
        endless(b"HTTP/1.1 200 ", b"OK" * 1000),
        endless(b"", b"\x00" * 65_536),
        endless(CHUNKED, b"0" * 1000),
        endless(CHUNKED + b"0\r\n", b"X-Trailer: and on it goes\r\n" * 100),
        endless(b"HTTP/1.1 302 Found\r\nLocation: /", b"x" * 1000),
    ],
)
def test_a_flood_of_headers_is_cut_off(site: Site, floods: Misbehaviour) -> None:
    site.routes["/feed"] = floods
    assert "does not answer in HTTP" in refusal(site.url("/feed"))
    assert len(site.asked) == 1


def test_a_body_in_crumbs_is_cut_off(site: Site) -> None:
    site.routes["/feed"] = endless(CHUNKED, b"1\r\na\r\n" * 1000)
    assert "sends a body in more than 11,562 pieces" in refusal(site.url("/feed"), max_bytes=100_000)


def test_what_comes_with_refusals_and_redirects_is_not_read(site: Site) -> None:
    forever = b"x" * 65_536
    site.routes |= {
        "/old": endless(head(302, {"Location": "/feed"}), forever),
        "/feed": endless(head(404), forever),
    }
    assert "answers 404 (Not Found)" in refusal(site.url("/old"))


@pytest.mark.parametrize("size", [0, 1, 65_536, 100_000])
def test_a_body_of_just_the_size_is_taken(site: Site, size: int) -> None:
    packed = gzipped(bytes(size))
    site.routes |= {"/plain": (200, {}, bytes(size)), "/packed": (200, GZIP, packed)}
    for path in ("/plain", "/packed"):
        assert fetch(site.url(path), allow_private=True, max_bytes=100_000).body == bytes(size)


# Packed bodies


def bare_deflate(content: bytes) -> bytes:
    engine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return engine.compress(content) + engine.flush()


def in_members(content: bytes) -> bytes:
    return b"".join(gzipped(content[place : place + 1000]) for place in range(0, len(content), 1000))


PACKERS: dict[str, list[Callable[[bytes], bytes]]] = {
    "": [bytes],
    "identity": [bytes],
    "gzip": [gzipped, in_members, lambda content: gzipped(content) + b"\0" * 1000],
    "x-gzip": [gzipped],
    " GZip ": [gzipped],
    "deflate": [zlib.compress, bare_deflate, lambda content: zlib.compress(content, level=0)],
}
PACKED = [(encoding, packer) for encoding, packers in PACKERS.items() for packer in packers]


@pytest.mark.parametrize(("encoding", "packer"), PACKED)
def test_packed_bodies_are_unpacked(site: Site, encoding: str, packer: Callable[[bytes], bytes]) -> None:
    content = "<rss>Perú</rss>\n".encode() * 10_000
    site.routes["/feed"] = (200, {"Content-Encoding": encoding}, packer(content))
    assert fetch(site.url("/feed"), allow_private=True).body == content


@given(
    content=st.binary(max_size=300)
    | st.builds(lambda byte, size: byte * size, st.binary(min_size=1, max_size=3), st.integers(0, 300_000)),
    way=st.sampled_from(PACKED),
    step=st.integers(1, 70_000),
)
def test_packed_bodies_are_the_same_however_they_are_cut(
    content: bytes, way: tuple[str, Callable[[bytes], bytes]], step: int
) -> None:
    encoding, packer = way
    packed = packer(content)
    step = max(step, len(packed) // 500)
    pieces = [packed[place : place + step] for place in range(0, len(packed), step)]
    assert unpacked(pieces, encoding, most=MEGABYTE, check=bool) == content


def test_what_the_unpacking_engine_still_holds_at_the_end_is_not_lost() -> None:
    for size in range(65_536, 65_800):
        assert unpacked([bare_deflate(bytes(size))], "deflate", most=MEGABYTE, check=bool) == bytes(size)


@given(content=st.binary(max_size=500), encoding=st.sampled_from(list(PACKERS)), cut=st.integers(1, 50))
def test_what_is_not_packed_as_it_says_is_refused_or_unpacked(
    content: bytes, encoding: str, cut: int
) -> None:
    pieces = [content[:cut], b"", content[cut:]]
    with suppress(Trouble):
        assert len(unpacked(pieces, encoding, most=2000, check=bool)) <= 2000


@pytest.mark.parametrize(
    ("encoding", "body", "said"),
    [
        ("gzip", b"<rss/>", "packed wrongly"),
        ("gzip", gzipped(b"<rss/>")[:-9], "ends in the middle"),
        ("gzip", gzipped(b"<rss/>")[:-8] + b"\0" * 8, "packed wrongly"),
        ("gzip", gzipped(b"<rss/>") + b"\x1f\x8b\x08", "ends in the middle"),
        ("deflate", b"x", "ends in the middle"),
        ("deflate", b"\xff\xff\xff", "packed wrongly"),
        ("gzip, gzip", gzipped(gzipped(b"<rss/>")), "not asked for (gzip, deflate)"),
        ("br", b"\x0b\x02\x80<rss/>\x03", "not asked for"),
        ("zstd", b"(\xb5/\xfd", "not asked for"),
        ("\x7f" + "x" * 1000, b"", "not asked for"),
    ],
)
def test_a_body_that_cannot_be_unpacked_is_refused(site: Site, encoding: str, body: bytes, said: str) -> None:
    site.routes["/feed"] = (200, {"Content-Encoding": encoding}, body)
    assert said in refusal(site.url("/feed"))
    assert len(site.asked) == 1


def test_an_empty_body_may_be_called_packed(site: Site) -> None:
    site.routes |= {"/gzip": (200, GZIP, b""), "/deflate": (200, {"Content-Encoding": "deflate"}, b"")}
    assert fetch(site.url("/gzip"), allow_private=True).body == b""
    assert fetch(site.url("/deflate"), allow_private=True).body == b""


# Bombs


def layers(content: bytes, times: int) -> bytes:
    for _ in range(times):
        content = gzipped(content)
    return content


ZEROS = bytes(10 * MEGABYTE)


def deflated(times: int) -> bytes:
    engine = zlib.compressobj(9)
    return b"".join(engine.compress(ZEROS) for _ in range(times))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: (200, GZIP, layers(ZEROS, 1)), "sends more than"),
        (lambda: (200, GZIP, layers(ZEROS, 1) * 50), "sends more than"),
        (lambda: (200, {"Content-Encoding": "deflate"}, deflated(5)), "sends more than"),
        (lambda: (200, {"Content-Encoding": "gzip, gzip, gzip"}, layers(ZEROS, 3)), "not asked for"),
        (lambda: endless(head(200, GZIP), layers(ZEROS, 1)), "sends more than"),
    ],
)
def test_a_bomb_takes_no_more_memory_than_a_body_may(
    site: Site, make: Callable[[], Answer], said: str
) -> None:
    site.routes |= {"/warm": (200, GZIP, gzipped(b"")), "/bomb": make()}
    fetch(site.url("/warm"), allow_private=True)
    tracemalloc.start()
    try:
        assert said in refusal(site.url("/bomb"), max_bytes=MEGABYTE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * MEGABYTE


def test_layers_that_nobody_declared_stay_packed(site: Site) -> None:
    site.routes["/feed"] = (200, GZIP, layers(ZEROS, 3))
    assert fetch(site.url("/feed"), allow_private=True).body == layers(ZEROS, 2)


# Over TLS


@pytest.mark.parametrize("drags", [stalling(), dribbling(b"x", first=head(), seconds=0.01)])
def test_who_drags_on_over_tls_is_left_too(tmp_path: Path, drags: Misbehaviour) -> None:
    own = certificate(tmp_path)
    with trusting(own), Site({"/": drags}, tls=own) as secured:
        assert "within 0.3 s" in refusal(secured.url("/", name="localhost"), timeout=SECONDS)


def test_floods_over_tls_are_cut_off_too(tmp_path: Path) -> None:
    own = certificate(tmp_path)
    with trusting(own), Site({"/": endless(head(), b"x" * 65_536)}, tls=own) as secured:
        assert "sends more than" in refusal(secured.url("/", name="localhost"))
