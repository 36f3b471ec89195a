"""Items out of feeds: which fields they have, and what is refused with which reason."""

import pytest

from ingest.feeds import MAX_SUMMARY
from ingest.items import NewsItem
from ingest.syndication.reduction import MAX_ITEMS
from model.dates import CoarseDate
from model.errors import InputRefused
from tests.ingest.feed_examples import RDF, atom, item, only, read, reason, refused, rss, taken

DAY = CoarseDate.parse("2026-02-17")
FULL = item(
    "Lima signs for eight helicopters",
    link="https://www.example.org/news/1?a=1&amp;b=2",
    guid="news-1",
    pubDate="Tue, 17 Feb 2026 21:00:00 GMT",
    description="The contract was signed &lt;b&gt;today&lt;/b&gt;.",
)
ENTRY = """<entry><id>tag:example.org,2026:1</id><title type="html">Perú &amp;amp; Chile</title>
  <link rel="enclosure" href="https://example.org/1.mp3"/><link href="/news/1"/>
  <published>2026-02-17T10:00:00Z</published><updated>2026-02-18T10:00:00Z</updated>
  <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Firman <b>hoy</b>.</p></div></content>
  </entry>"""


def test_an_item_of_rss_has_all_its_fields() -> None:
    found = only(
        rss(FULL, head="<title>W</title><link>https://www.example.org/</link><language>en-gb</language>")
    )
    assert found == NewsItem(
        key="news-1",
        line=1,
        published=DAY,
        headline="Lima signs for eight helicopters",
        summary="The contract was signed today.",
        url="https://www.example.org/news/1?a=1&b=2",
        publisher="example.org",
        lang="en-gb",
    )


def test_an_entry_of_atom_has_its_fields() -> None:
    found = only(atom(ENTRY))
    assert (found.key, found.headline, found.summary) == (
        "tag:example.org,2026:1",
        "Perú & Chile",
        "Firman hoy.",
    )
    assert (found.url, found.lang, found.publisher) == (
        "https://feeds.example.org/news/1",
        "es",
        "example.org",
    )
    assert found.published == DAY


def test_an_item_of_rdf_has_its_fields() -> None:
    found = only(RDF)
    assert (found.key, found.url, found.line) == ("https://example.org/1", "https://example.org/1", 8)
    assert (found.headline, found.lang) == ("Lima kauft acht Hubschrauber", "de")
    assert str(found.published) == "2026-02-18"  # in UTC


def test_a_feed_has_a_title_and_may_be_empty() -> None:
    found = read(rss(head="<title>World &amp;amp; more</title>"))
    assert (found.title, found.items, found.notes) == ("World & more", (), ())


def test_each_item_knows_its_line_in_the_feed() -> None:
    feed = '<?xml version="1.0"?>\n' + rss(*(f"\n\n{item(str(n), guid=str(n))}" for n in range(3)))
    assert [one.line for one in read(feed).items] == [4, 6, 8]


# ---- keys ----------------------------------------------------------------------------------------------


def test_without_an_id_the_link_is_the_key_and_without_that_a_digest_of_title_and_date() -> None:
    assert only(rss(item(link="https://example.org/1"))).key == "https://example.org/1"
    bare = only(rss(item(pubDate="17 Feb 2026"))).key
    assert bare.startswith("sha256:")
    assert only(rss(item(pubDate="17 Feb 2026", description="further"))).key == bare
    assert only(rss(item(pubDate="16 Feb 2026"))).key != bare
    assert only(rss(item("other", pubDate="17 Feb 2026"))).key != bare


def test_a_guid_that_is_an_address_serves_as_link_and_another_one_does_not() -> None:
    assert only(rss(item(guid="https://example.org/1"))).url == "https://example.org/1"
    assert only(rss(item(guid="12345"))).url is None
    assert (
        only(rss('<item><title>a</title><guid isPermaLink="false">https://example.org/1</guid></item>')).url
        is None
    )


def test_two_items_of_one_id_are_not_taken_for_one_another() -> None:
    feed = read(rss(item("first", guid="1"), item("other", guid="1"), item("first", guid="1")))
    assert [one.headline for one in taken(feed)] == ["first"]
    assert [one.reason for one in refused(feed)] == ["id: is that of the item on line 1, which was taken"] * 2


def test_an_endless_id_is_refused() -> None:
    assert reason(rss(item(guid="x" * 2001))) == "id: has more than 2,000 characters"


# ---- headlines and summaries ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("<![CDATA[Peru <b>signs</b> &amp; pays]]>", "Peru signs & pays"),
        ("Peru &lt;b&gt;signs&lt;/b&gt; &amp;amp; pays", "Peru signs & pays"),
        ("Peru &amp;lt;b&amp;gt;signs&amp;lt;/b&amp;gt; &amp;amp;amp; pays", "Peru signs & pays"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Peru signs", "Peru signs"),
        ("Peru\n   signs\t&#160; today", "Peru signs today"),
        ("Peru &lt;img src=x onerror=alert(1)&gt;signs", "Peru signs"),
        ("Peru &#x202E;sngis", "Peru <U+202E>sngis"),
        ("Peru&#x200B;vian", "Peru<U+200B>vian"),
        ("PerÃº firma", "Perú firma"),
        ("Ðîññèÿ è Ïåðó", "Россия и Перу"),
    ],
)
def test_a_headline_is_plain_text_in_one_line(title: str, shown: str) -> None:
    assert only(rss(item(title))).headline == shown


def test_without_a_title_the_text_begins_the_headline() -> None:
    found = only(rss(item("", description="word " * 100)))
    assert found.headline.endswith("word…")
    assert len(found.headline) <= 200
    assert reason(rss(item("", guid="1"))) == "title: is missing, and so is any text"


def test_a_headline_that_does_not_end_is_refused() -> None:
    assert reason(rss(item("x" * 2001))) == "title: has 2,001 characters; write at most 2,000"


def test_letters_that_were_lost_refuse_the_item() -> None:
    assert "could not be decoded" in reason(rss(item("Per� signs")))
    assert "question marks" in reason(rss(item("?????? ? ????")))
    assert only(rss(item("What? Why?"))).headline == "What? Why?"


def test_letters_that_cannot_be_repaired_refuse_the_item_and_no_other() -> None:
    feed = read(rss(item("voilÃ monsieur", guid="1"), item("sound", guid="2")))
    assert [one.headline for one in taken(feed)] == ["sound"]
    assert "wrong encoding" in refused(feed)[0].reason


def test_a_summary_is_cut_between_words() -> None:
    found = only(rss(item(description="word " * 3000)))
    assert len(found.summary) <= MAX_SUMMARY
    assert found.summary.endswith("word…")


def test_the_content_stands_in_for_a_missing_summary() -> None:
    head = "<title>World</title>"
    within = '<content:encoded xmlns:content="http://purl.org/rss/1.0/modules/content/">&lt;p&gt;x&lt;/p&gt;</content:encoded>'
    assert only(rss(f"<item><title>a</title>{within}</item>", head=head)).summary == "x"
    both = f"<item><title>a</title><description>short</description>{within}</item>"
    assert only(rss(both, head=head)).summary == "short"


def test_what_is_no_text_is_no_summary() -> None:
    picture = '<content type="image/png">iVBORw0KGgo=</content>'
    assert only(atom(f"<entry><id>1</id><title>a</title>{picture}</entry>")).summary == ""


def test_other_vocabularies_do_not_take_the_place_of_titles() -> None:
    media = 'xmlns:media="http://search.yahoo.com/mrss/"'
    group = f"<media:group {media}><media:title>clip</media:title><title>clip</title></media:group>"
    assert (
        only(rss(f"<item>{group}<title>news</title><media:title {media}>clip</media:title></item>")).headline
        == "news"
    )


# ---- addresses and publishers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://example.org/1",
        "feed://example.org/1",
        "mailto:a@example.org",
        "http:/",
        "http://",
        "https://[::1",
        "https://exa mple.org/",
    ],
)
def test_an_item_of_an_address_that_is_not_of_the_web_is_refused(link: str) -> None:
    assert reason(rss(item(link=link))).startswith("link: ")


def test_addresses_that_hold_what_cannot_be_seen_are_refused() -> None:
    told = reason(rss(item(link="https://example.org/&#x202E;txt.exe")))
    assert told == "link: 'https://example.org/<U+202E>txt.exe' holds characters that no address does"


def test_relative_addresses_belong_to_the_feed() -> None:
    feed = rss(item(link="../news/1 2"), head="<title>W</title>")
    assert only(feed).url == "https://feeds.example.org/news/1%202"
    assert only(rss(item(link="/1")), url=None).url == "https://www.example.org/1"
    assert "no address of the web" in reason(feed, url=None)


def test_an_item_may_have_no_address() -> None:
    assert only(rss(item())).url is None


@pytest.mark.parametrize(
    ("feed", "publisher"),
    [
        (
            rss('<item><title>a</title><source url="https://www.tass.com/rss">TASS</source></item>'),
            "tass.com",
        ),
        (rss(item()), "example.org"),
        (rss(item(), head="<title>W</title>"), "feeds.example.org"),
        (rss('<item><title>a</title><source url="javascript:x">TASS</source></item>'), "example.org"),
        (
            atom(
                "<entry><id>1</id><title>a</title><source><id>x</id><title>TASS</title>"
                '<link href="https://tass.com/"/><updated>2020-01-01T00:00:00Z</updated></source></entry>'
            ),
            "tass.com",
        ),
    ],
)
def test_the_publisher_is_the_host_of_the_source_or_of_the_feed(feed: str, publisher: str) -> None:
    found = only(feed)
    assert (found.publisher, found.headline, found.published) == (
        publisher,
        "Peru signs" if "Peru" in feed else "a",
        None,
    )


def test_without_any_address_there_is_no_publisher() -> None:
    assert only(rss(item(), head="<title>W</title>"), url=None).publisher is None


@pytest.mark.parametrize(
    ("told", "lang"), [("pt_BR", "pt-BR"), ("ru", "ru"), ("Spanish (Peru)", None), ("", None)]
)
def test_a_language_is_a_code_or_nothing(told: str, lang: str | None) -> None:
    assert only(rss(item(), head=f"<title>W</title><language>{told}</language>")).lang == lang


# ---- dates ---------------------------------------------------------------------------------------------


def test_an_item_without_a_date_is_taken_without_one() -> None:
    assert only(rss(item())).published is None
    assert only(rss(item(pubDate="  "))).published is None


@pytest.mark.parametrize(
    ("date", "said"),
    [
        ("Wed, 18 Feb 2099 10:00:00 GMT", "lies in the future"),
        ("0025-02-12T10:00:00Z", "lies before 1990"),
        ("02/03/2026", "may mean either of two days"),
        ("yesterday", "names no month"),
        ("1 " * 200, "is too long for a date"),
    ],
)
def test_an_item_with_a_wrong_date_is_refused_with_the_reason(date: str, said: str) -> None:
    feed = read(rss(item("wrong", guid="1", pubDate=date), item("sound", guid="2")))
    assert [one.headline for one in taken(feed)] == ["sound"]
    assert refused(feed)[0].reason.startswith("date: ")
    assert said in refused(feed)[0].reason


def test_the_first_date_that_can_be_read_counts() -> None:
    dc = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
    feed = f"<item><title>a</title><pubDate>soon</pubDate><dc:date {dc}>2026-02-17</dc:date></item>"
    assert only(rss(feed)).published == DAY


# ---- whole feeds ---------------------------------------------------------------------------------------


def test_everything_wrong_with_an_item_is_said_at_once_and_its_text_is_kept() -> None:
    (found,) = refused(read(rss(item("x" * 2001, link="data:x", pubDate="soon"))))
    assert {"title", "link", "date"} <= {part.partition(":")[0] for part in found.reason.split("; ")}
    assert found.text.startswith("<item><title>xxx")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" \n ",
        b"not a feed",
        b'{"items": []}',
        b"<html><head><title>x</title></head><body><item>x</item></body></html>",
        b"<!doctype html><html><p>broken<br></html>",
        b"<opml><body/></opml>",
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        b"<?xml version='1.0'?>",
    ],
)
def test_what_is_no_feed_is_refused_whole(body: bytes) -> None:
    with pytest.raises(InputRefused):
        read(body)


@pytest.mark.slow
def test_more_items_than_any_feed_holds_are_left_with_a_note() -> None:
    feed = read(rss(*(item(str(n), guid=str(n)) for n in range(MAX_ITEMS + 1))))
    assert len(feed.items) == MAX_ITEMS
    assert feed.notes == ("holds more than 2,000 items; the first 2,000 were read",)


def test_asking_again_gives_the_same_items() -> None:
    assert read(rss(FULL)) == read(rss(FULL))


def test_old_and_odd_formats_are_read() -> None:
    doctype = '<!DOCTYPE rss PUBLIC "-//Netscape//DTD RSS 0.91//EN" "x.dtd">'
    assert only(f'<?xml version="1.0"?>{doctype}<rss version="0.91">{FULL}</rss>').key == "news-1"
    third = (
        '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><entry><id>1</id>'
        '<title mode="escaped" type="text/html">a &amp;amp; b</title><issued>2026-02-17T10:00:00Z</issued>'
        "</entry></feed>"
    )
    assert (only(third).headline, only(third).published) == ("a & b", DAY)
    entry = "<a:entry><a:id>1</a:id><a:title>t</a:title></a:entry>"
    prefixed = f'<a:feed xmlns:a="http://www.w3.org/2005/Atom">{entry}</a:feed>'
    assert only(prefixed).headline == "t"
    assert only(rss(item("shouted")).replace("item", "ITEM").replace("title", "TITLE")).headline == "shouted"
