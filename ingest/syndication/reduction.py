"""What of a feed we read, kept tag by tag and written as a small well-formed feed. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from xml.sax.saxutils import escape, quoteattr

from ingest.syndication.vocabulary import (
    CONTENTS,
    ITEMS,
    NO_SCOPE,
    ROOTS,
    VALUES,
    Scope,
    attributes_read,
    local,
    name_in,
    scope_within,
)
from model.errors import InputRefused

MAX_ITEMS = 2_000
_MAX_FIELDS = 40  # of an item
_MAX_CONTENT, _MAX_VALUE = 100_000, 4_000  # characters of a field
_MAX_KEPT = 2_000  # characters of an item as it came
_TEXTUAL = ("text", "html", "xhtml", "application/xhtml")  # how the types of what can be read begin
_MANY = f"holds more than {MAX_ITEMS:,} items; the first {MAX_ITEMS:,} were read"
_ENDS = ITEMS | {"channel", "feed", "rss", "rdf"}  # whatever is open, ends with these
_OF_HTML = frozenset(["title", "link", "body", "summary"])  # names that HTML in a description may hold too
_OF_HOLDERS = ("xml:lang", "xml:base", "rdf:about", "url")
CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # XML has no place for them
_NO_FEED = "is neither RSS, Atom nor RDF; ask its publisher for the address of the feed"
_ATOM = "http://www.w3.org/2005/Atom"
_DECLARED = {
    "xmlns:rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    "xmlns:dcterms": "http://purl.org/dc/terms/",
    "xmlns:content": "http://purl.org/rss/1.0/modules/content/",
}

type _Spot = tuple[int, int, bool]  # where an item begins and ends, and whether it was cut off


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where an item stood.

    Parameters
    ----------
    line
        Where it begins, from 1.
    original
        The beginning of what stood there.
    cut
        The feed ends within it.
    """

    line: int
    original: str
    cut: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Reduced:
    """A well-formed feed of what is read, and where each of its items stood."""

    xml: bytes
    places: tuple[Place, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Field:
    """An element whose text is being read; `depth` counts those of its own tag within it."""

    tag: str
    name: str
    attributes: Mapping[str, str]
    room: int
    depth: int = 1
    pieces: list[str] = made_by(default_factory=list)

    def add(self, said: str) -> None:
        if self.room > 0:
            self.pieces.append(said[: self.room])
            self.room -= len(said)

    def xml(self) -> str:
        """Write it; nothing where it says nothing, or something else than text."""
        said = "".join(self.pieces).strip()
        if self.name in CONTENTS:
            kind = self.attributes.get("type", "text").strip().lower()
            told = {"type": "html"}
            said = said if kind.startswith(_TEXTUAL) and self.attributes.get("mode") != "base64" else ""
        elif self.name == "guid":
            is_link = said.lower().startswith(("http://", "https://"))
            told = {"isPermaLink": self.attributes.get("ispermalink", "true").lower() if is_link else "false"}
        else:
            told = dict(self.attributes)
        if not (said or "href" in told):
            return ""
        return _element(CONTENTS.get(self.name, self.name), told, escape(said))


@dataclass(slots=True)
class _Holder:
    """What holds fields: the feed, an item, or the feed from which an item was taken over."""

    name: str
    scope: Scope
    attributes: Mapping[str, str]
    at: int = 0
    fields: dict[str, str] = made_by(default_factory=dict)

    def keep(self, read: _Field) -> None:
        """Keep the first field of a name; of links all."""
        key = f"link {len(self.fields)}" if read.name == "link" else read.name
        if key not in self.fields and len(self.fields) < _MAX_FIELDS and (written := read.xml()):
            self.fields[key] = written

    def xml(self) -> str:
        told = {name: self.attributes[name] for name in _OF_HOLDERS if name in self.attributes}
        return _element(self.name, told, "".join(self.fields.values()))


def _element(name: str, attributes: Mapping[str, str], within: str) -> str:
    told = "".join(f" {key}={quoteattr(value[:_MAX_VALUE])}" for key, value in attributes.items())
    return f"<{name}{told}>{within}</{name}>"


class Reduction:
    """Takes tags and text in their order, and keeps of them what is read.

    Parameters
    ----------
    strict
        The tags are nested as they should be. Else whatever is open ends at the latest where the next
        item begins, or an item or the feed ends.
    """

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict
        self._feed: _Holder | None = None
        self._item: _Holder | None = None
        self._source: _Holder | None = None
        self._field: _Field | None = None
        self._left_out: tuple[str, int] | None = None  # a tag, and how many of its name are open
        self._items: list[str] = []
        self._spots: list[_Spot] = []
        self._is_full = False

    def start(self, tag: str, attributes: Mapping[str, str], at: int) -> None:
        """Take a tag that opens an element, at a place in the source."""
        if self._left_out and (self._strict or local(tag) not in ITEMS):
            name, depth = self._left_out
            self._left_out = (name, depth + (tag == name))
        elif self._field and (self._strict or not self._ends_field(tag, self._field)):
            self._field.depth += tag == self._field.tag
            self._field.add(f"<{local(tag)}>")
        else:
            self._settle()
            self._open(tag, attributes, at)

    def text(self, said: str) -> None:
        """Take characters."""
        if self._field and not self._left_out:
            self._field.add(said)

    def end(self, tag: str, at: int) -> None:
        """Take a tag that closes an element."""
        ends = not self._strict and local(tag) in _ENDS
        if self._left_out and not ends:
            name, depth = self._left_out
            depth -= tag == name
            self._left_out = (name, depth) if depth else None
        elif self._field and not ends:
            self._field.depth -= tag == self._field.tag
            if self._field.depth:
                self._field.add(f"</{local(tag)}>")
            else:
                self._settle()
        else:
            self._settle()
            self._close(tag, at)

    def result(self, source: str | bytes) -> Reduced:
        """Give what was kept.

        Raises
        ------
        InputRefused
            There was no feed.
        """
        self._settle()
        self._close_item(len(source), cut=True)
        if self._feed is None:
            raise InputRefused(_NO_FEED)
        notes = (_MANY,) if self._is_full else ()
        if isinstance(source, str):
            places = _places(source, "\n", self._spots)
        else:
            places = _places(source, b"\n", self._spots)
        return Reduced(xml=_document(self._feed, "".join(self._items)), places=places, notes=notes)

    def _ends_field(self, tag: str, read: _Field) -> bool:
        """Whether a tag within a field, which may hold HTML, tells that the field was never closed."""
        name = name_in(self._scope(), tag)
        if name in ITEMS:
            return True
        may_be_html = name in _OF_HTML and read.name in CONTENTS and read.name != "title"
        return (name in VALUES or name in CONTENTS) and name != read.name and not may_be_html

    def _scope(self) -> Scope:
        holder = self._source or self._item or self._feed
        return holder.scope if holder else NO_SCOPE

    def _settle(self) -> None:
        """End what is being read or left out."""
        self._left_out = None
        holder = self._source or self._item or self._feed
        if self._field and holder:
            holder.keep(self._field)
        self._field = None

    def _open(self, tag: str, attributes: Mapping[str, str], at: int) -> None:
        scope = scope_within(self._scope(), attributes)
        name, told = name_in(scope, tag), attributes_read(scope, attributes)
        if self._feed is None:
            self._begin(name, told, scope)
        if name in ROOTS and self._feed:
            self._feed.scope = scope  # a channel within its feed may declare prefixes too
            self._feed.attributes = {**self._feed.attributes, **told}
        elif name in ITEMS:
            self._open_item(_Holder(name, scope, told, at), tag)
        elif name == "source" and self._item and not self._source:
            self._source = _Holder(name, scope, told)
        elif name in CONTENTS or name in VALUES:
            room = _MAX_CONTENT if name in CONTENTS else _MAX_VALUE
            self._field = _Field(tag, name, told, room)
        elif self._feed:
            self._left_out = (tag, 1)

    def _begin(self, name: str, told: Mapping[str, str], scope: Scope) -> None:
        """Take the first tag; one that begins no feed is passed over if the feed may yet begin."""
        if name in ROOTS:
            self._feed = _Holder("feed" if name == "feed" else "channel", scope, told)
        elif name in ITEMS:
            self._feed = _Holder("channel", NO_SCOPE, {})
        elif self._strict or name == "html":
            raise InputRefused(f"{_NO_FEED}: it begins with <{name[:40]}>")

    def _open_item(self, item: _Holder, tag: str) -> None:
        if self._item and not self._strict:
            self._close_item(item.at)
        self._is_full = self._is_full or len(self._items) >= MAX_ITEMS
        if self._item or self._is_full:
            self._left_out = (tag, 1)
        else:
            self._item = item

    def _close(self, tag: str, at: int) -> None:
        name = name_in(self._scope(), tag)
        if name == "source" and self._source:
            self._close_source()
        elif name in ITEMS or name in ROOTS:
            self._close_item(at)

    def _close_source(self) -> None:
        if self._source and self._item:
            self._item.fields["source"] = self._source.xml()
        self._source = None

    def _close_item(self, at: int, *, cut: bool = False) -> None:
        self._close_source()
        if self._item:
            self._items.append(self._item.xml())
            self._spots.append((self._item.at, at, cut))
        self._item = None


def _document(feed: _Holder, items: str) -> bytes:
    within = "".join(feed.fields.values()) + items
    told = _DECLARED | {name: feed.attributes[name] for name in _OF_HOLDERS[:2] if name in feed.attributes}
    if feed.name == "feed":
        xml = _element("feed", {"xmlns": _ATOM, **told}, within)
    else:
        xml = _element("rss", {"version": "2.0", **told}, _element("channel", {}, within))
    return CONTROL.sub("", xml).encode()


def _places[S: (str, bytes)](source: S, newline: S, spots: Sequence[_Spot]) -> tuple[Place, ...]:
    """Tell the lines and originals of items by where they begin and end in the source."""
    places, line, counted = [], 1, 0
    for begin, end, cut in spots:
        line, counted = line + source.count(newline, counted, begin), begin
        original = source[begin : min(end, begin + 4 * _MAX_KEPT)]
        shown = original if isinstance(original, str) else original.decode(errors="replace")
        places.append(Place(line=line, original=shown[:_MAX_KEPT], cut=cut))
    return tuple(places)
