"""A feed as a source: asked for what is new at an address, or read out of files."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import stamina
from pydantic import ValidationError

from ingest import sources
from ingest.items import Batch, NewsItem, Source, SourceItem
from ingest.records import Refused
from ingest.sources.feed import Feed
from model.errors import InputRefused, Unavailable
from tests.ingest.feed_examples import NOW, item, rss
from tests.web_servers import Asked, Reply, Site, redirect, replying

type Read = tuple[Batch, list[SourceItem]]

FEED = rss(
    item("Peru signs", guid="1", link="/news/1"), item("Lima pays", guid="2"), head="<title>W</title>"
).encode()
OTHER = rss(item("Quito buys", guid="3")).encode()


@pytest.fixture(autouse=True)
def _hastily() -> Iterator[None]:
    with stamina.set_testing(True, attempts=1):
        yield


def feed(**keys: Any) -> Feed:
    return Feed.model_validate({"id": "world", "allow_private": True, **keys})


def read(source: Source, cursor: Any = None) -> list[Read]:
    """Batches, each with a cursor as it comes back out of a database."""
    return [
        (batch, list(batch.items)) for batch in source.poll(json.loads(json.dumps(cursor or {})), now=NOW)
    ]


def headlines(found: list[Read]) -> list[str]:
    return [one.headline for _, items in found for one in items if isinstance(one, NewsItem)]


def says(body: bytes, **headers: str) -> Reply:
    return 200, {name.replace("_", "-"): text for name, text in headers.items()}, body


# ---- at an address -------------------------------------------------------------------------------------


def test_the_items_at_an_address_are_read_and_their_addresses_completed() -> None:
    with Site({"/rss": says(FEED)}) as site:
        ((batch, items),) = read(feed(url=site.url("/rss")))
    assert headlines([(batch, items)]) == ["Peru signs", "Lima pays"]
    assert isinstance(items[0], NewsItem)
    assert items[0].url == site.url("/news/1")
    assert items[0].publisher == "127.0.0.1"


def test_what_has_not_changed_is_not_sent_again() -> None:
    def answer(asked: Asked) -> Reply:
        same = asked.headers.get("if-none-match") == '"1"' and "if-modified-since" in asked.headers
        return (
            (304, {}, b"") if same else says(FEED, ETag='"1"', Last_Modified="Tue, 17 Feb 2026 10:00:00 GMT")
        )

    with Site({"/rss": replying(answer)}) as site:
        source = feed(url=site.url("/rss"))
        ((batch, _),) = read(source)
        assert read(source, batch.cursor) == []
        assert headlines(read(source)) == ["Peru signs", "Lima pays"]


def test_what_is_sent_again_unchanged_gives_nothing() -> None:
    with Site({"/rss": [says(FEED), says(FEED), says(OTHER)]}) as site:
        source = feed(url=site.url("/rss"))
        ((batch, _),) = read(source)
        assert read(source, batch.cursor) == []
        assert headlines(read(source, batch.cursor)) == ["Quito buys"]


def test_the_encoding_that_http_declares_is_heeded() -> None:
    body = rss(item("Россия и Перу", guid="1")).encode("koi8-r")
    with Site({"/rss": says(body, Content_Type="application/rss+xml; charset=koi8-r")}) as site:
        found = read(feed(url=site.url("/rss")))
    assert headlines(found) == ["Россия и Перу"]
    assert found[0][0].notes == ()


def test_relative_addresses_belong_to_where_a_redirect_led() -> None:
    with Site(
        {"/old": redirect("/new/rss"), "/new/rss": says(rss(item("a", link="1"), head="").encode())}
    ) as site:
        ((_, items),) = read(feed(url=site.url("/old")))
    assert isinstance(items[0], NewsItem)
    assert items[0].url == site.url("/new/1")


def test_what_is_no_feed_is_refused_with_the_address_but_not_with_its_secrets() -> None:
    with Site({"/rss": says(b"<html><p>Sign in</html>")}) as site, pytest.raises(InputRefused) as caught:
        read(feed(url=site.url("/rss?token=secret")))
    assert str(caught.value).startswith(f"{site.url('/rss')}: is neither RSS, Atom nor RDF")
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(feed(url="https://example.org/?token=secret"))


def test_a_source_out_of_reach_or_beyond_its_limits_is_unavailable() -> None:
    with Site({"/rss": says(b"x" * 20_000), "/gone": (410, {}, b"")}) as site:
        for keys in ({"url": site.url("/gone")}, {"url": site.url("/rss"), "max_bytes": 10_000}):
            with pytest.raises(Unavailable):
                read(feed(**keys))
        with pytest.raises(Unavailable):
            read(feed(url=site.url("/rss"), allow_private=False))


def test_a_publisher_and_a_language_that_are_configured_hold_for_every_item() -> None:
    with Site({"/rss": says(FEED)}) as site:
        ((_, items),) = read(feed(url=site.url("/rss"), publisher="tass.com", lang="ru"))
    assert {(one.publisher, one.lang) for one in items if isinstance(one, NewsItem)} == {("tass.com", "ru")}


# ---- files ---------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "b.xml").write_bytes(FEED)
    (tmp_path / "a.rss").write_bytes(OTHER)
    (tmp_path / "notes.txt").write_bytes(FEED)
    (tmp_path / ".c.xml").write_bytes(FEED)
    return tmp_path


def test_the_feeds_of_a_folder_are_read_by_name_and_only_what_has_changed_again(folder: Path) -> None:
    found = read(feed(path=folder))
    assert [batch.name for batch, _ in found] == ["a.rss", "b.xml"]
    assert headlines(found) == [
        "Quito buys",
        "Lima pays",
    ]
    (first, _), (last, _) = found
    assert [batch.name for batch, _ in read(feed(path=folder), first.cursor)] == ["b.xml"]
    assert read(feed(path=folder), last.cursor) == []
    (folder / "a.rss").write_bytes(FEED)
    (folder / "d.xml").write_bytes(OTHER)
    assert [batch.name for batch, _ in read(feed(path=folder), last.cursor)] == ["a.rss", "d.xml"]


def test_a_file_that_is_gone_leaves_the_cursor(folder: Path) -> None:
    *_, (last, _) = read(feed(path=folder))
    (folder / "b.xml").unlink()
    (folder / "a.rss").write_bytes(FEED)
    ((batch, _),) = read(feed(path=folder), last.cursor)
    assert list(json.loads(json.dumps(batch.cursor))["files"]) == ["a.rss"]


def test_a_file_that_is_no_feed_is_refused_and_hinders_no_other(folder: Path) -> None:
    (folder / "a.rss").write_bytes(b"<!DOCTYPE x [<!ENTITY b 'x'>]><rss>&b;</rss>")
    (folder / "aa.xml").write_bytes(b"<rss>" + b" " * 20_000 + b"</rss>")
    found = read(feed(path=folder, max_bytes=10_000))
    ((bomb,), (large,), _) = (items for _, items in found)
    assert isinstance(bomb, Refused)
    assert isinstance(large, Refused)
    assert (bomb.line, large.line) == (0, 0)
    assert bomb.reason.startswith("declares entities")
    assert large.reason == "is larger than 10,000 bytes; raise max_bytes, or split it"
    assert read(feed(path=folder, max_bytes=10_000), found[-1][0].cursor) == []


def test_one_file_may_be_named(folder: Path) -> None:
    assert headlines(read(feed(path=folder / "notes.txt")))[-1] == "Lima pays"


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="check the name and the permissions"):
        read(feed(path=tmp_path / "none"))
    assert read(feed(path=tmp_path)) == []


@pytest.mark.parametrize(
    "cursor", [{"files": None}, {"files": ["a"]}, {"files": {"b.xml": 1}}, {"digest": 1}, {"x": {}}]
)
def test_a_cursor_of_something_else_begins_from_the_start(folder: Path, cursor: object) -> None:
    assert len(read(feed(path=folder), cursor)) == 2


# ---- keys ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "needs a url or a path"),
        ({"url": "https://example.org", "path": "x"}, "needs a url or a path"),
        ({"path": "x", "max_bytes": 100}, "write a whole number of bytes, 10000 to 50000000"),
        ({"path": "x", "max_bytes": True}, "write a whole number of bytes"),
        ({"path": "x", "timeout_seconds": 0}, "write a number of seconds, 1 to 300"),
        ({"path": "x", "timeout_seconds": "20"}, "write a number of seconds"),
        ({"path": "x", "allow_private": "yes"}, "write true or false, without quotes"),
        ({"path": "x", "publisher": ""}, "is blank to the eye"),
        ({"path": "x", "lang": 5}, 'is a number; write text, such as "es"'),
        ({"path": "x", "colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_wrong_keys_are_refused_in_words(keys: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Feed.model_validate({"id": "world", **keys})
    assert said in str(caught.value)


@pytest.mark.slow
def test_the_kind_is_entered_and_the_parser_is_loaded_only_by_who_parses() -> None:
    assert sources.kind("rss") is Feed
    code = "import sys, ingest.sources.feed; print({'feedparser', 'httpx', 'stamina'} & sys.modules.keys())"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"
