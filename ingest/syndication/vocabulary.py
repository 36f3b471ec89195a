"""The names of elements that we read in feeds, whatever prefix a feed gives them. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

_BASE = ""
_UNKNOWN = "?"
_MAX_PREFIXES = 200

_NAMESPACES = MappingProxyType({
    "": _BASE,
    "http://www.w3.org/2005/atom": _BASE,
    "http://purl.org/atom/ns#": _BASE,
    "http://purl.org/rss/1.0/": _BASE,
    "http://my.netscape.com/rdf/simple/0.9/": _BASE,
    "http://channel.netscape.com/rdf/simple/0.9/": _BASE,
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf",
    "http://www.w3.org/1999/xhtml": "xhtml",
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://purl.org/rss/1.0/modules/content/": "content",
})  # fmt: skip
_BASE_BEGINS = ("http://backend.userland.com/rss", "http://blogs.law.harvard.edu/tech/rss")
_BY_CUSTOM = MappingProxyType({
    "rss": _BASE, "atom": _BASE, "rdf": "rdf", "dc": "dc", "dcterms": "dcterms", "content": "content"
})  # fmt: skip

ROOTS = frozenset(["rss", "feed", "rdf:rdf", "channel"])
ITEMS = frozenset(["item", "entry"])
CONTENTS = MappingProxyType({  # what holds text with markup, and as what it is handed on
    "title": "title",
    "dc:title": "dc:title",
    "description": "description",
    "dc:description": "dc:description",
    "abstract": "abstract",
    "dcterms:abstract": "abstract",
    "summary": "summary",
    "content": "content",
    "content:encoded": "content:encoded",
    "body": "content:encoded",
    "xhtml:body": "content:encoded",
})  # fmt: skip
VALUES = frozenset(
    """
    link guid id pubdate published issued updated modified created language
    dc:date dc:language dcterms:created dcterms:issued dcterms:modified
    """.split()  # noqa: SIM905 - quotation marks would hide the list
)
_ATTRIBUTES = frozenset(
    ["rel", "href", "url", "type", "mode", "ispermalink", "rdf:about", "xml:lang", "xml:base"]
)

type Scope = Mapping[str, str]  # a prefix, and the vocabulary that it stands for

NO_SCOPE: Scope = MappingProxyType({})


def scope_within(outer: Scope, attributes: Mapping[str, str]) -> Scope:
    """Give what prefixes stand for inside an element with these attributes."""
    declared = {
        name.removeprefix("xmlns").removeprefix(":").lower(): _vocabulary(uri)
        for name, uri in attributes.items()
        if name == "xmlns" or name.startswith("xmlns:")
    }
    return {**outer, **declared} if declared and len(outer) + len(declared) <= _MAX_PREFIXES else outer


def _vocabulary(uri: str) -> str:
    lowered = uri.strip().lower()
    return _BASE if lowered.startswith(_BASE_BEGINS) else _NAMESPACES.get(lowered, _UNKNOWN)


def name_in(scope: Scope, tag: str) -> str:
    """Give the name by which we know an element: ``dc:date``, ``item``, or one that we do not read."""
    prefix, _, local = tag.lower().rpartition(":")
    by_custom = _BY_CUSTOM.get(prefix, _UNKNOWN) if prefix else _BASE
    vocabulary = scope.get(prefix, by_custom)
    return f"{vocabulary}:{local}" if vocabulary else local


def local(tag: str) -> str:
    """Give the name of an element without its prefix."""
    return tag.rpartition(":")[2].lower()


def attributes_read(scope: Scope, attributes: Mapping[str, str]) -> dict[str, str]:
    """Keep of an element's attributes those that we read, by the names by which we know them."""
    known = (
        (name.lower() if name.lower().startswith("xml:") or ":" not in name else name_in(scope, name), value)
        for name, value in attributes.items()
    )
    return {name: value for name, value in known if name in _ATTRIBUTES}
