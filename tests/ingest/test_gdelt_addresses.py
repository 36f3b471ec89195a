"""Addresses of articles: the same article however its address is written, and the words in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import fields
from ingest.gdelt.addresses import MAX_HEADLINE, source, words
from model.errors import InvalidValue

ARTICLE = "https://www.example.org/world/article?id=5"


@pytest.mark.parametrize(
    "written",
    [
        "http://example.org/world/article?id=5",
        "HTTPS://WWW.Example.ORG/world/article/?id=5",
        "https://www.example.org:443/world/article?id=5#comments",
        "https://example.org./world/article?utm_source=rss&id=5&fbclid=x",
        "https://example.org/world/article/?id=5&utm_medium=a%20b",
    ],
)
def test_the_ways_to_write_the_address_of_one_article_have_one_key(written: str) -> None:
    assert source(written).key == source(ARTICLE).key == "example.org/world/article?id=5"
    assert source(written).publisher == "example.org"


@pytest.mark.parametrize(
    "other",
    [
        "https://example.org/world/article?id=6",
        "https://example.org/world/Article?id=5",
        "https://news.example.org/world/article?id=5",
        "https://example.org:8080/world/article?id=5",
        "https://example.org/world/article",
        "https://example.org/world/article?id=5#!/page/2",
    ],
)
def test_the_addresses_of_other_articles_have_other_keys(other: str) -> None:
    assert source(other).key != source(ARTICLE).key


def test_letters_beyond_ascii_are_one_whether_encoded_or_not() -> None:
    plain, encoded = "https://example.org/perú?a=ñ", "https://example.org/per%c3%ba?a=%C3%B1"
    assert source(plain).key == source(encoded).key == "example.org/per%C3%BA?a=%C3%B1"


def test_the_order_of_what_is_asked_is_no_difference() -> None:
    assert source("https://a.org/?x=1&y=2").key == source("https://a.org/?y=2&x=1").key


def test_the_address_is_kept_without_what_follows_readers_around() -> None:
    assert (
        source("http://www.example.org/a/?utm_source=x&id=5&gclid=y#top").url
        == "http://www.example.org/a/?id=5"
    )
    assert source(ARTICLE).url == ARTICLE


def test_a_citation_is_a_publisher_without_an_address() -> None:
    found = source("BBC Monitoring Latin America")
    assert (found.url, found.publisher) == (None, "BBC Monitoring Latin America")


@pytest.mark.parametrize(
    "text",
    [
        "ftp://example.org/a",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://",
        "https:///a",
        "http://[::1/a",
        "https://example.org:port/a",
        "https://reuters.com@evil.example/a",
        "https://example.org/a b",
        "https://example.org/<script>",
        "https://evil.example\\@good.example/",
        "https://example.org/\u202egnp.a",
        "https://example.org/\x00",
        "//example.org/a",
        "www.example.org/a",
        "BBC <b>Monitoring</b>",
        "B" * 101,
        "https://example.org/" + "a" * 2040,
        "",
    ],
)
def test_what_is_neither_an_address_of_the_web_nor_a_citation_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        source(text)


@pytest.mark.parametrize(
    ("url", "headline"),
    [
        ("https://a.org/2026/01/31/peru-signs-for-helicopters-1234567.html", "Peru signs for helicopters"),
        (
            "https://a.org/news/Peru_signs_for_8_helicopters/article_fbd37891-c3a4-5ea5-9ce1-d6482b015886.html",
            None,
        ),
        ("https://a.org/news/Peru_signs_for_8_helicopters", "Peru signs for 8 helicopters"),
        (
            "https://a.org/peru-signs-a-deal-for-helicopters/article/99.cms",
            "Peru signs a deal for helicopters",
        ),
        ("https://a.org/news/17374356.lavrov-arrives-in-caracas", "Lavrov arrives in caracas"),
        ("https://a.org/lavrov-llega-a-per%C3%BA", "Lavrov llega a perú"),
        ("https://a.org/россия-и-перу-подписали", "Россия и перу подписали"),
        ("https://a.org/रूस-और-पेरू-समझौता", "रूस और पेरू समझौता"),
        ("https://a.org/lavrov%E2%80%99s-visit-to-lima", "Lavrov’s visit to lima"),
        ("https://a.org/arms%C2%A0to-peru-again", "Arms to peru again"),
        ("https://a.org/World/Off_the_Wire/2019-01/22/content_74395961.htm", None),
        ("https://a.org/news/business-46945712", None),
        ("https://a.org/story_49963.jsp", None),
        ("https://a.org/index.php?title=peru-signs-for-helicopters", None),
        ("https://a.org/2026-01-31-11-24-16", None),
        ("https://a.org/one-%E2%80%AEtwo-three-four", None),
        ("https://a.org/one-%00-two-three-four", None),
        ("https://a.org/peru-signs-%3Cscript%3E-four", None),
        ("https://a.org/peru-%FF%FE-signs-four-five", None),
        ("https://a.org/per%C3%83%C2%BA-firma-acuerdo", "Perú firma acuerdo"),
        ("https://a.org/", None),
        ("https://a.org", None),
    ],
)
def test_a_headline_is_made_of_an_address_where_it_is_words(url: str, headline: str | None) -> None:
    assert words(url) == headline


def test_a_headline_is_never_longer_than_a_line() -> None:
    found = words("https://a.org/" + "-".join(["helicopters"] * 40))
    assert found is not None
    assert len(found) <= MAX_HEADLINE + 2
    assert found.endswith("helicopters …")
    assert words("https://a.org/" + "-".join(["helicopters"] * 60)) is None


@given(st.text(max_size=120))
def test_no_text_breaks_the_reading_of_addresses(text: str) -> None:
    for written in (text, f"https://{text}", f"https://a.org/{text}", f"http://a.org/b?{text}"):
        try:
            found = source(written)
        except InvalidValue:
            continue
        assert found.key.isprintable()
        if found.url is None:
            continue
        assert source(found.url).key == found.key
        assert fields.address(found.url) == found.url
        headline = words(found.url)
        assert headline is None or fields.headline(headline) == headline
