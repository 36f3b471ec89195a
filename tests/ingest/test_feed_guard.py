"""Broken and hostile feeds: what can be told of them is read, within bounds, and bombs are refused."""

import re
import sys
from collections.abc import Callable
from xml.parsers import expat

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest.syndication.guard import reduced
from model.errors import InputRefused
from tests.ingest.feed_examples import RDF, atom, item, patience, read, reason, refused, rss, taken

SOUND = '<?xml version="1.0" encoding="utf-8"?>\n' + rss(
    item("Peru signs", guid="1", link="https://example.org/1", description="&lt;p&gt;today&lt;/p&gt;"),
    item("Lima <![CDATA[& <b>Moscow</b>]]>", guid="2", pubDate="17 Feb 2026", author="a@example.org"),
    item("third", guid="3", content_encoded="<p>x</p>"),
).replace("<rss ", '<rss xmlns:content="http://purl.org/rss/1.0/modules/content/" ')
BOMB = "<!DOCTYPE rss [{}]>" + rss(item("&b;"))
MEGABYTE = 1_000_000


def headlines(feed: str | bytes) -> list[str]:
    return [one.headline for one in taken(read(feed))]


# ---- broken feeds --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        (rss(item("R&D", guid="1"), item("b", guid="2")), ["R&D", "b"]),
        (rss(item("&nbsp;&eacute;&foo;", guid="1"), item("b", guid="2")), ["é&foo;", "b"]),
        (rss(item("a < b", guid="1"), item("b", guid="2")), ["a < b", "b"]),
        (rss("<item><title>a<link>https://example.org/1</link></item>", item("b")), ["a", "b"]),
        (rss("<item><title>a</title><guid>1</guid>", item("b")), ["a", "b"]),
        (rss(item("a"), "</item></item></channel>", item("b")), ["a", "b"]),
        (rss(item("a", description="<p>x<br>y<img src=z></p>"), item("b")), ["a", "b"]),
        (rss(item("a", description="<title>x</title><link>y"), item("b")), ["a", "b"]),
        (rss(item("a", media_group="<media:title>x</media:title>"), item("b")), ["a", "b"]),
        (rss("<item><media:group><x><title>a</title></item>", item("b")).replace("<x>", ""), ["b"]),
        (rss("<item><title><![CDATA[a</title></item>", item("b")), ["a", "b"]),
        (rss("<item><!-- never closed <title>a</title></item>", item("b")), ["a", "b"]),
        (rss("<item a=1 b='2' c d=\"3><title>a</title></item>", item("b")), ["a", "b"]),
        ("Warning: x in y.php\n" + rss(item("a")), ["a"]),
        (rss(item("a")) + "<!-- x --><script>alert(1)</script>junk", ["a"]),
        ("\n\n  <?xml version='1.0'?>" + rss(item("a")), ["a"]),
        (item("a") + item("b"), ["a", "b"]),
        (rss(item("a\x00\x08b")), ["ab"]),
        (rss(item("a&#8;&#12;b")), ["ab"]),
    ],
)
def test_what_can_be_told_of_a_broken_feed_is_read(broken: str, expected: list[str]) -> None:
    assert headlines(broken) == expected


def test_a_broken_feed_says_where_it_is_broken() -> None:
    (note,) = read(rss(f"\n{item('R&D')}")).notes
    assert note.startswith("is not well-formed XML (line 2, column ")
    assert note.endswith("; what can be told of it was read")


def test_the_item_within_which_a_feed_ends_is_refused_alone() -> None:
    feed = read(rss(item("a", guid="1"), item("b", guid="2")).partition("b</title>")[0])
    assert [one.headline for one in taken(feed)] == ["a"]
    assert [one.reason for one in refused(feed)] == [
        "the feed ends within it; its publisher has to send the rest"
    ]


def test_an_item_with_letters_that_are_not_utf8_loses_no_other() -> None:
    feed = read(rss(item("año", guid="1"), item("?x?", guid="2")).encode().replace(b"?x?", b"caf\xe9"))
    assert [one.headline for one in taken(feed)] == ["año"]
    assert "could not be decoded" in refused(feed)[0].reason


def test_control_characters_are_left_out_with_a_note() -> None:
    assert "control characters in it were left out: 2" in read(rss(item("a\x01\x02b"))).notes


# ---- bombs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "koi8-r"]
)
@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY a "1234567890"><!ENTITY b "&a;&a;&a;&a;">',
        '<!ENTITY a "123 &b;"><!ENTITY b "&a;">',
        '<!ENTITY b SYSTEM "file:///etc/passwd">',
        '<!ENTITY b SYSTEM "http://127.0.0.1:1/x">',
        '<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;',
        f'<!ENTITY b "{"x" * 50_000}">',
        '<!ATTLIST rss x CDATA "y">',
        "<!-- --><!entity b 'lower'>",
    ],
)
@pytest.mark.parametrize("spoil", ["", "&", "<br>"])
def test_a_feed_that_declares_anything_of_its_own_is_refused(
    declared: str, encoding: str, spoil: str
) -> None:
    bomb = BOMB.format(declared).replace("</item>", f"{spoil}</item>")
    with patience(30), pytest.raises(InputRefused, match="declares entities of its own"):
        read(bomb.encode(encoding), content_type=f"text/xml; charset={encoding}")


@pytest.mark.parametrize(
    "bomb", ["junk" + BOMB, BOMB.replace("<!DOCTYPE", "<!doctype"), "<!ENTITY b 'x'>" + rss(item())]
)
def test_a_bomb_in_a_broken_feed_is_refused(bomb: str) -> None:
    with pytest.raises(InputRefused):
        read(bomb.format("<!ENTITY b 'x'>"))


def test_an_article_about_bombs_is_none() -> None:
    assert headlines(rss(item("<![CDATA[the &lt;!ENTITY bomb]]>"))) == ["the"]
    assert headlines(rss(item("R&D <![CDATA[<!ENTITY x>]]> bomb"))) == ["R&D bomb"]


# ---- bounds --------------------------------------------------------------------------------------------


def grown(piece: str, before: str = "", after: str = "</channel></rss>") -> str:
    head = '<rss version="2.0"><channel><title>World</title>' + item("sound")
    return head + before + piece * (MEGABYTE // len(piece)) + after


def numbered(form: str) -> str:
    return "".join(form.format(number) for number in range(MEGABYTE // len(form)))


HOSTILE: dict[str, Callable[[], str]] = {
    "an author": lambda: grown("a", "<item><author>"),
    "categories": lambda: rss(f"<item><title>a</title>{numbered('<category>{}</category>')}</item>"),
    "attributes": lambda: rss(f"<item {numbered(' a{}="1"')}><title>a</title></item>"),
    "namespaces": lambda: rss(f"<item>{numbered('<x{0}:a xmlns:x{0}="u{0}"/>')}<title>a</title></item>"),
    "links": lambda: rss(f"<item><title>a</title>{numbered('<link>https://a.example/{}</link>')}</item>"),
    "a base": lambda: rss(f'<item xml:base="http://a/{"b/" * 300_000}">{"<a/>" * 100_000}</item>'),
    "a title": lambda: rss(item("a" * MEGABYTE)),
    "blank markup": lambda: atom(f"<entry><content type='xhtml'>{' <b/>' * 200_000}</content></entry>"),
    "items": lambda: grown("<item><title>a</title></item>"),
    "names": lambda: rss(f"<item><{'a' * MEGABYTE}/><title>a</title></item>"),
    "open quotes": lambda: grown('<a "'),
    "open tags": lambda: grown("<a"),
    "tags": lambda: grown("<a>", "&<item><title>a</title>"),
    "titles": lambda: grown("<title>", "&<item>"),
    "items in items": lambda: grown("&<item>"),
    "channels": lambda: grown('&<channel xmlns:a="b">'),
    "comments": lambda: grown("<!--"),
    "literals": lambda: grown("<![CDATA["),
    "instructions": lambda: grown("<?"),
    "ends": lambda: grown("</a"),
    "lesser than": lambda: grown("<", "<item><title>"),
    "ampersands": lambda: grown("&", "<item><title>"),
    "escaped tags": lambda: rss(item("a", description="&lt;b " * 150_000)),
    "spoiled letters": lambda: rss(item("Ã©" * 500_000)),
    "dates": lambda: rss(item("a", pubDate="1 " * 500_000)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_of_anything_is_read_or_refused_before_long(name: str) -> None:
    feed = HOSTILE[name]()
    with patience(60):
        try:
            found = read(feed)
        except InputRefused:
            return
    assert len(found.items) <= 2000
    assert all(len(one.headline) <= 2000 and len(one.summary) <= 5000 for one in taken(found))


def test_a_feed_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(InputRefused, match="nested more than 200 deep"):
        read(rss("<item>" + "<a>" * sys.getrecursionlimit() + "</a>" * sys.getrecursionlimit() + "</item>"))


@pytest.mark.slow
def test_a_broken_feed_of_too_many_tags_is_refused() -> None:
    with pytest.raises(InputRefused, match="holds more than 300,000 tags"):
        read(grown("</a", "&") * 3)


# ---- what is handed on to the parser -------------------------------------------------------------------


def names(xml: bytes) -> list[str]:
    return re.findall("<([a-z:]+)", xml.decode())


@pytest.mark.parametrize("feed", [SOUND, RDF, atom("<entry><id>1</id><title>a &amp; b</title></entry>")])
def test_a_sound_feed_is_read_alike_by_the_reader_of_broken_ones(feed: str) -> None:
    broken = reduced(f"{feed}<")
    assert (broken.xml, broken.places) == (reduced(feed).xml, reduced(feed).places)
    assert broken.notes != reduced(feed).notes


def test_only_what_is_read_is_handed_on() -> None:
    found = names(reduced(SOUND).xml)
    assert found.count("item") == 3
    assert set(found) == {
        "rss",
        "channel",
        "item",
        "title",
        "link",
        "guid",
        "description",
        "pubdate",
        "content:encoded",
    }


PIECES = [
    *(
        "<rss>",
        "<channel>",
        "</channel>",
        "<item>",
        "</item>",
        "<title>",
        "</title>",
        "<link>",
        "</link>",
        "<link/>",
    ),
    *(
        "<feed>",
        "<entry>",
        "</entry>",
        "<source>",
        "</source>",
        "<guid>",
        "<description>",
        "</description>",
        "<x:y>",
    ),
    *(
        '<a xmlns="http://www.w3.org/2005/Atom" href=\'&#12;"\'>',
        "<![CDATA[",
        "]]>",
        "<!--",
        "-->",
        "&amp;",
        "&#x1;",
    ),
    *(
        "&#12;",
        "\x01",
        "\ufffe",
        '"',
        "'",
        "<",
        ">",
        "http://[",
        "2026-02-17",
        "<pubDate>",
        "</rss>",
        "&",
        "=",
        " ",
    ),
]
SOUP = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=40).map("".join)


@pytest.mark.slow
@example('<item rdf:about="&#12;">')
@given(SOUP)
def test_whatever_comes_a_sound_feed_is_handed_on(soup: str) -> None:
    try:
        found = reduced(soup)
    except InputRefused:
        return
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.Parse(found.xml, True)
    assert names(found.xml).count("item") + names(found.xml).count("entry") == len(found.places)


@pytest.mark.slow
@settings(deadline=None)
@given(SOUP)
def test_a_feed_of_anything_is_read_or_refused(soup: str) -> None:
    try:
        found = read(f"<rss>{soup}")
    except InputRefused:
        return
    assert all(one.reason for one in refused(found))
    assert all(one.headline.isprintable() or one.headline for one in taken(found))


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.sampled_from([SOUND, RDF, atom("<entry><id>1</id><title>a</title></entry>")]),
    st.lists(st.tuples(st.integers(0, 1500), st.integers(0, 30), st.binary(max_size=6)), max_size=6),
)
def test_a_feed_of_which_bytes_were_lost_or_changed_is_read_or_refused(
    feed: str, changes: list[tuple[int, int, bytes]]
) -> None:
    body = feed.encode()
    for at, length, instead in changes:
        body = body[:at] + instead + body[at + length :]
    try:
        read(body)
    except InputRefused:
        return


@settings(deadline=None)
@given(st.binary(max_size=300))
@example(b"<item>")
def test_of_any_bytes_no_report_is_made(body: bytes) -> None:
    try:
        found = read(body)
    except InputRefused:
        return
    assert not taken(found)


def test_a_refused_item_shows_where_it_stood_in_the_feed() -> None:
    feed = read("\n" + rss("\n" + item("a", link="data:x"), "\n" + item("R&D", link="data:y")))
    assert [(one.line, one.text[:20]) for one in refused(feed)] == [
        (3, "<item><title>a</titl"),
        (4, "<item><title>R&D</ti"),
    ]
    assert reason(rss(item("a", link="data:x"))).startswith("link: 'data:x'")
