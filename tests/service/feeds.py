"""Feeds of our own making, in files."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

type Entry = Mapping[str, str]


def entry(guid: str = "a", title: str = "Peru signs for helicopters", **fields: str) -> Entry:
    """An item; `pubDate` of 10 January 2026 unless it is given, and left out where that is empty."""
    dated = {"pubDate": "Sat, 10 Jan 2026 09:00:00 GMT"} | fields
    return {"guid": guid, "title": title, "link": f"https://example.org/{guid}"} | dated


def feed(*entries: Entry) -> str:
    """RSS of these items."""
    items = "".join(f"<item>{''.join(_element(*one) for one in each.items())}</item>" for each in entries)
    head = '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>News</title>'
    return f"{head}{items}</channel></rss>"


def _element(name: str, content: str) -> str:
    return f"<{name}>{escape(content)}</{name}>" if content else ""


def write(folder: Path, *entries: Entry, name: str = "news.xml") -> Path:
    """Write a feed into a folder."""
    path = folder / name
    path.write_text(feed(*entries), encoding="utf-8")
    return path
