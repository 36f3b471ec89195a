"""Feeds for tests: small ones of our own in every format, and where the real ones are."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from signal import ITIMER_REAL, SIGALRM, setitimer, signal
from types import FrameType

from ingest.feeds import Feed, parse
from ingest.items import NewsItem
from ingest.records import Refused

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "feeds"
NOW = datetime(2026, 2, 18, 12, tzinfo=UTC)
URL = "https://feeds.example.org/world/rss.xml"
ATOM_NAMESPACE = 'xmlns="http://www.w3.org/2005/Atom"'


def item(title: str = "Peru signs", **fields: str) -> str:
    """Write an item of RSS; an underscore in a name stands for a colon."""
    told = {"title": title, **fields}
    within = "".join(
        f"<{name.replace('_', ':')}>{text}</{name.replace('_', ':')}>" for name, text in told.items()
    )
    return f"<item>{within}</item>"


def rss(*items: str, head: str = "<title>World</title><link>https://www.example.org/</link>") -> str:
    """Write a feed of RSS 2.0."""
    return f'<rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'


def atom(*entries: str, head: str = '<title>World</title><link href="https://www.example.org/"/>') -> str:
    """Write a feed of Atom 1.0."""
    return f'<feed {ATOM_NAMESPACE} xml:lang="es">{head}{"".join(entries)}</feed>'


RDF = """<?xml version="1.0" encoding="UTF-8"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/">
  <channel rdf:about="https://example.org/feed.rdf">
    <title>World</title><link>https://www.example.org/</link><dc:language>de</dc:language>
    <items><rdf:Seq><rdf:li rdf:resource="https://example.org/1"/></rdf:Seq></items>
  </channel>
  <item rdf:about="https://example.org/1">
    <title>Lima kauft acht Hubschrauber</title><link>https://example.org/1</link>
    <description>Der Vertrag ist unterschrieben.</description><dc:date>2026-02-17T23:30:00-05:00</dc:date>
  </item>
</rdf:RDF>"""


def read(feed: str | bytes, *, url: str | None = URL, content_type: str | None = None) -> Feed:
    """Parse a feed."""
    body = feed.encode() if isinstance(feed, str) else feed
    return parse(body, content_type=content_type, url=url, now=NOW)


def taken(feed: Feed) -> list[NewsItem]:
    """Give the items of a feed that were taken."""
    return [one for one in feed.items if isinstance(one, NewsItem)]


def refused(feed: Feed) -> list[Refused]:
    """Give the items of a feed that were refused."""
    return [one for one in feed.items if isinstance(one, Refused)]


def only(feed: str | bytes, **how: str | None) -> NewsItem:
    """Parse a feed that holds one item, which is taken."""
    (found,) = read(feed, **how).items
    assert isinstance(found, NewsItem), found
    return found


def reason(feed: str | bytes, **how: str | None) -> str:
    """Parse a feed that holds one item, which is refused, and tell why."""
    (found,) = read(feed, **how).items
    assert isinstance(found, Refused), found
    return found.reason


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Fail what would not come to its end, instead of waiting for it for ever."""

    def out(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"not done within {seconds} s")

    before = signal(SIGALRM, out)
    setitimer(ITIMER_REAL, seconds)
    try:
        yield
    finally:
        setitimer(ITIMER_REAL, 0)
        signal(SIGALRM, before)
