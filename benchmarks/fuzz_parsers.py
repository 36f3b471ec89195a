"""Every parser of what comes from outside, as the fuzzer calls it, with what must hold of its results.

Each takes bytes, checks what it made of them, and tells how long that is; it may refuse with InputRefused.
"""

import io
import json
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

from ingest import feeds
from ingest.decoding import decode
from ingest.gdelt.batches import Batches
from ingest.gdelt.coding import Coder, Coding
from ingest.gdelt.files import named
from ingest.items import NewsItem, SourceItem
from ingest.markup import readable, visible
from ingest.moments import published
from ingest.records import Refused, Untagged, document, lines
from ingest.register import parse_register
from ingest.sheets import sheet
from ingest.tagging import Rule, Tagger
from ingest.votes import parse_votes
from model.errors import InputRefused, InvalidValue
from service.judging import Judged, by_rules

NOW = datetime(2026, 2, 18, 12, tzinfo=UTC)
_TODAY = NOW.date()
_CODER = Coder(
    [
        Coding.model_validate(
            {"code": ["05*"], "actor1": ["RU"], "actor2": ["PE"], "tag": "accord", "either_way": True}
        )
    ]
)
_TAGGER = Tagger([Rule(tag="deal", any_of=("sign*", "helicopter*"))])
_DECLARED = ("utf-8", "iso-8859-1", "windows-1251", "koi8-r", "gbk", "shift_jis", "utf-16", "x-user-defined")

type Parser = Callable[[bytes], int]


def _feeds(body: bytes) -> int:
    found = feeds.parse(body, content_type=None, url="https://example.org/feed", now=NOW)
    assert len(found.items) <= 2_000
    keys = [item.key for item in found.items if isinstance(item, NewsItem)]
    assert len(keys) == len(set(keys))
    return _items(found.items) + len(found.title)


def _items(items: Iterable[SourceItem | Untagged | Judged]) -> int:
    length = 0
    for item in items:
        if isinstance(item, Refused):
            assert item.reason
            assert visible(item.reason) == item.reason, item.reason
            length += len(item.reason) + len(item.text)
        elif isinstance(item, NewsItem):
            length += _item(item)
        elif isinstance(item, Untagged):
            length += _items([by_rules(item, _TAGGER, today=_TODAY)])
        elif isinstance(item, Judged):
            length += len(item.report.headline)
        else:
            length += len(item.report.headline)
    return length


def _item(item: NewsItem) -> int:
    assert item.headline
    assert item.key
    for text in (
        item.headline,
        item.summary,
        item.key,
        item.publisher or "",
        item.url or "",
        item.lang or "",
    ):
        assert visible(text) == text, text
        assert "\ufffd" not in text, text
        text.encode()
    assert len(item.headline) <= 2_000
    assert len(item.summary) <= 5_000
    assert item.url is None or item.url.lower().startswith(("http://", "https://"))
    assert item.published is None or date(1990, 1, 1) <= item.published.first <= date(2026, 2, 19)
    return len(item.headline) + len(item.summary) + len(item.key)


def _markup(body: bytes) -> int:
    try:
        text = readable(body.decode(errors="replace"))
    except InvalidValue:
        return 0
    assert text == " ".join(text.split())
    assert visible(text) == text
    return len(text)


def _moments(body: bytes) -> int:
    try:
        day = published(body.decode(errors="replace"), now=NOW)
    except InvalidValue as error:
        said = str(error)
    else:
        said = str(day)
        assert date(1990, 1, 1) <= day.first <= date(2026, 2, 19)
    assert said.isprintable()
    return len(said)


def _decoding(body: bytes) -> int:
    length = 0
    for declared in ((), *((name,) for name in _DECLARED)):
        try:
            found = decode(body, declared=declared)
        except InputRefused:
            continue
        found.text.encode()
        length = max(length, len(found.text))
    return length


def _jsonl(body: bytes) -> int:
    return _items(lines(io.BytesIO(body), today=_TODAY)) + _items(document(body, today=_TODAY))


def _csv(body: bytes) -> int:
    items, notes = sheet(body, today=_TODAY)
    return _items(items) + len("".join(notes))


def _gdelt(body: bytes) -> int:
    name = named("20260131221500.export.CSV")
    assert name
    batch = Batches.since({}, coder=_CODER, rules=True, now=NOW).batch(name, body)
    return _items(batch.items) + len(json.dumps(batch.cursor)) + len("".join(batch.notes))


def _register(body: bytes) -> int:
    found = parse_register(body)
    assert all(1900 <= one.year <= 2100 for one in found.deliveries)
    assert all(visible(note) == note for note in found.notes)
    return len(found.deals) + len(found.deliveries)


def _votes(body: bytes) -> int:
    return len(parse_votes(body).rcid)


PARSERS: dict[str, Parser] = {
    "feeds": _feeds,
    "markup": _markup,
    "moments": _moments,
    "decoding": _decoding,
    "jsonl": _jsonl,
    "csv": _csv,
    "gdelt": _gdelt,
    "register": _register,
    "votes": _votes,
}
