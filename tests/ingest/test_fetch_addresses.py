"""Whom fetching asks: the public internet only unless told otherwise, and the host that the URL names."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.fetch import fetch
from ingest.web.addresses import is_public
from ingest.web.urls import shown
from model.errors import Unavailable
from tests.web_names import ELSEWHERE, PUBLIC, Internet, trusting
from tests.web_servers import Reply, Site, certificate, dropping, redirect

FEED: Reply = (200, {}, b"<rss/>")
NOT_PUBLIC = "which is no address of the public internet; write allow_private = true for this source if that"
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # noqa: S104 - nothing listens there
    "0.1.2.3",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.1.1",
    "169.254.169.254",  # metadata of most clouds
    "100.64.0.1",
    "100.100.100.200",  # of Alibaba's
    "192.0.0.192",  # of Oracle's
    "168.63.129.16",  # of Azure's
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::1",  # 6to4
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",  # metadata of Amazon's
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
    "4000::1",
]


@pytest.fixture
def site() -> Iterator[Site]:
    with Site({"/feed": FEED, "*": FEED}) as made:
        yield made


def refusal(url: str, *, allow_private: bool = False) -> str:
    with pytest.raises(Unavailable) as caught:
        fetch(url, allow_private=allow_private)
    return str(caught.value)


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_known(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [PUBLIC, ELSEWHERE, "1.1.1.1", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_public_addresses_are_known(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[0:0:0:0:0:ffff:7f00:1]",
        "[::]",
        "localhost",
        "LOCALHOST",
    ],
)
def test_this_machine_is_not_asked_however_it_is_written(site: Site, host: str) -> None:
    assert NOT_PUBLIC in refusal(f"http://{host}:{site.port}/feed")
    assert site.connections == 0


@pytest.mark.parametrize(
    "host", ["0177.0.0.1", "127.0.0.1.", "127.0.0.1%00", "[::1%25lo]", "①②⑦.0.0.1", "１２７.0.0.1"]
)
def test_other_spellings_of_this_machine_are_no_host(site: Site, host: str) -> None:
    said = refusal(f"http://{host}:{site.port}/feed", allow_private=True)
    assert "is no URL that can be asked" in said or "has no address" in said
    assert site.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "localhost"])
def test_this_machine_is_asked_where_that_is_allowed(site: Site, host: str) -> None:
    assert fetch(f"http://{host}:{site.port}/feed", allow_private=True).body == b"<rss/>"


@pytest.mark.parametrize("address", [address for address in PRIVATE if "%" not in address])
def test_a_redirect_from_outside_leads_nowhere_inside(site: Site, address: str) -> None:
    host = f"[{address}]" if ":" in address else address
    site.routes["/old"] = redirect(f"http://{host}/latest/meta-data/")
    with Internet({"feeds.test": [PUBLIC]}, {PUBLIC: site}) as internet:
        said = refusal("http://feeds.test/old")
        assert internet.reached == [PUBLIC]
    assert said.startswith(
        f"http://feeds.test/old: leads to http://{host}/latest/meta-data/, which leads to "
    )
    assert NOT_PUBLIC in said


@pytest.mark.parametrize("address", [address for address in PRIVATE if "%" not in address])
def test_a_name_that_stands_for_something_inside_is_not_asked(site: Site, address: str) -> None:
    with Internet({"feeds.test": [address]}, {address: site}) as internet:
        said = refusal("http://feeds.test/feed")
        assert internet.reached == []
    assert said.startswith("http://feeds.test/feed: leads to ")
    assert NOT_PUBLIC in said


def test_a_name_is_asked_at_its_public_addresses_only(site: Site) -> None:
    with Internet({"feeds.test": ["10.0.0.1", "::1", PUBLIC, "127.0.0.1"]}, {PUBLIC: site}) as internet:
        assert fetch("http://feeds.test/feed").url == "http://feeds.test/feed"
        assert internet.reached == [PUBLIC]


def test_the_addresses_of_a_name_are_tried_in_turn(site: Site) -> None:
    with Internet({"feeds.test": [ELSEWHERE, "1.1.1.1", PUBLIC]}, {PUBLIC: site}) as internet:
        assert fetch("http://feeds.test/feed").body == b"<rss/>"
        assert internet.reached == [ELSEWHERE, "1.1.1.1", PUBLIC]


@pytest.mark.slow
def test_a_name_with_a_thousand_addresses_is_not_asked_at_each() -> None:
    many = [f"9.9.{n // 256}.{n % 256}" for n in range(1000)]
    with Internet({"feeds.test": many}, {}) as internet:
        assert "is out of reach (Connection refused)" in refusal("http://feeds.test/")
        assert len(internet.reached) == 24  # eight in each of three attempts


def test_a_name_that_changes_its_address_after_the_check_gains_nothing(site: Site) -> None:
    with Internet({"feeds.test": [[PUBLIC], ["127.0.0.1"]]}, {PUBLIC: site}) as internet:
        assert fetch("http://feeds.test/feed").body == b"<rss/>"
        assert internet.resolved == ["feeds.test"]
        assert internet.reached == [PUBLIC]


def test_a_name_that_changes_its_address_between_requests_is_checked_again(site: Site) -> None:
    site.routes |= {"/old": redirect("/feed"), "/lost": dropping()}
    for path in ("/old", "/lost"):
        with Internet({"feeds.test": [[PUBLIC], ["127.0.0.1"]]}, {PUBLIC: site}) as internet:
            assert NOT_PUBLIC in refusal(f"http://feeds.test{path}")
            assert internet.reached == [PUBLIC]


def test_a_name_that_nobody_knows_is_said_at_once() -> None:
    said = refusal("http://nowhere.invalid/feed")
    assert said.startswith("http://nowhere.invalid/feed: has no address (")


# TLS


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("tls"), "feeds.test")


def test_a_trusted_host_is_asked_over_tls(own: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(trusting(own))
        secured = stack.enter_context(Site({"/feed": FEED}, tls=own))
        stack.enter_context(Internet({"feeds.test": [PUBLIC]}, {PUBLIC: secured}))
        assert fetch("https://feeds.test/feed").body == b"<rss/>"
        assert secured.asked[0].headers["host"] == "feeds.test"


def test_a_certificate_of_another_host_is_not_trusted(own: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(trusting(own))
        secured = stack.enter_context(Site({"/feed": FEED}, tls=own))
        stack.enter_context(Internet({"other.test": [PUBLIC]}, {PUBLIC: secured}))
        said = refusal("https://other.test/feed")
        assert "shows a certificate that is not trusted (Hostname mismatch" in said
        assert secured.asked == []
        assert secured.connections == 1  # it would not pass


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(own: Path) -> None:
    with Site({"/feed": FEED}, tls=own) as secured:
        said = refusal(secured.url("/feed", name="localhost"), allow_private=True)
        assert "shows a certificate that is not trusted (self-signed certificate)" in said


def test_what_does_not_speak_tls_is_said(site: Site) -> None:
    said = refusal(site.url("/feed").replace("http:", "https:"), allow_private=True)
    assert "does not speak TLS with us (" in said


@pytest.mark.slow
def test_what_speaks_tls_where_it_should_not_is_said(own: Path) -> None:
    with Site({"/feed": FEED}, tls=own) as secured:
        said = refusal(secured.url("/feed").replace("https:", "http:"), allow_private=True)
    assert "does not answer in HTTP" in said or "is out of reach" in said or "breaks off" in said


def test_a_redirect_never_leaves_encryption(own: Path, site: Site) -> None:
    with ExitStack() as stack:
        stack.enter_context(trusting(own))
        secured = stack.enter_context(Site({"/old": redirect(site.url("/feed?token=x"))}, tls=own))
        stack.enter_context(Internet({"feeds.test": [PUBLIC]}, {PUBLIC: secured}))
        said = refusal("https://feeds.test/old", allow_private=True)
    assert said.startswith(
        f"https://feeds.test/old: redirects to {site.url('/feed')}, which is not encrypted; check"
    )
    assert site.connections == 0


def test_a_redirect_to_encryption_is_followed(own: Path) -> None:
    with trusting(own), Site({"/feed": FEED}, tls=own) as secured, Site() as plain:
        plain.routes["/old"] = redirect("https://feeds.test/feed")
        with Internet({"feeds.test": [PUBLIC], "old.test": [ELSEWHERE]}, {PUBLIC: secured, ELSEWHERE: plain}):
            assert fetch("http://old.test/old").url == "https://feeds.test/feed"


# What is shown of a URL

LETTERS = st.characters(exclude_characters="/?#", codec="utf-8")


@pytest.mark.slow
@given(user=st.text(LETTERS), password=st.text(LETTERS), query=st.text())
def test_logins_and_queries_are_never_shown(user: str, password: str, query: str) -> None:
    login, asked = f"{user}:«{password}»", f"¿{query}?"
    for rest in ("/feed", ":8080/feed", "", "/a b"):
        assert shown(f"http://{login}@example.org{rest}?{asked}#{asked}") == f"http://example.org{rest}"
    for wrong in (
        "http://{}@example.org:x/feed?{}",
        "http:{}@example.org?{}",
        "{}@example.org/?{}",
        "x://{}@?{}",
    ):
        assert not set("«»¿") & set(shown(wrong.format(login, asked)))


@given(text=st.text())
def test_whatever_is_written_for_a_url_is_shown_on_one_short_line(text: str) -> None:
    said = shown(text)
    assert len(said) <= 200
    assert said.isprintable()


@pytest.mark.slow
@given(
    text=st.text() | st.builds("http://{}{}".format, st.text(), st.sampled_from(["", "/", ":80/", "@h:x/"]))
)
def test_whatever_is_written_for_a_url_is_refused_in_one_line(text: str) -> None:
    with Internet({}, {}):
        said = refusal(text)
    assert said.isprintable()
    assert len(said) < 500
