"""Markup that need not be well-formed, taken apart in time that grows with its length and no faster. Pure."""

import html
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

_MOST_ATTRIBUTES = 50
_LONGEST_TAG = 20_000  # characters of attributes that are read

_MARK = re.compile(  # no quotation mark reaches past the next tag
    r"""<(?:
      (?P<opening>[A-Za-z_][\w:.-]*+)(?P<rest>(?:[^<>"']++|"[^"<]*"|'[^'<]*'|["'])*+)>
    | /(?P<closing>[A-Za-z_][\w:.-]*+)[^<>]*+>?
    | (?P<cdata>!\[CDATA\[)
    | (?P<comment>!--)
    | (?P<declaration>![A-Za-z][^<>]*+)>?
    | [!?][^<>]*+>?
    )""",
    re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([^\s=/"'<>]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>]+))?""")
_CDATA_ENDS = re.compile(r"\]\]>|(?=<!\[CDATA\[|</(?:\w{1,50}:)?(?:item|entry)\s*>)")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


class Text(NamedTuple):
    """Characters between tags, with what references to characters stand for."""

    said: str


class Opening(NamedTuple):
    """A tag that opens an element, and closes it at once where it ends in a slash."""

    at: int
    name: str
    attributes: Mapping[str, str]
    closes: bool


class Closing(NamedTuple):
    """A tag that closes an element."""

    at: int
    name: str


class Declaration(NamedTuple):
    """What begins like ``<!DOCTYPE``, up to the next tag or its own end."""

    said: str


type Token = Text | Opening | Closing | Declaration


def tokens(markup: str) -> Iterator[Token]:
    """Take markup apart, whatever it is: what is no tag is text, and comments are left out."""
    comments_end = markup.rfind("-->")
    at = 0
    while found := _MARK.search(markup, at):
        if found.start() > at:
            yield Text(resolved(markup[at : found.start()]))
        kind, at = found.lastgroup, found.end()
        if kind == "rest":
            rest = found["rest"]
            yield Opening(found.start(), found["opening"], _attributes(rest), rest.endswith("/"))
        elif kind == "closing":
            yield Closing(found.start(), found["closing"])
        elif kind == "cdata":
            end = _CDATA_ENDS.search(markup, at)
            yield Text(markup[at : end.start() if end else None])
            at = end.end() if end else len(markup)
        elif kind == "declaration":
            yield Declaration(found[0])
        elif kind == "comment" and at <= comments_end:
            at = markup.index("-->", at) + len("-->")
    if at < len(markup):
        yield Text(resolved(markup[at:]))


def _attributes(text: str) -> Mapping[str, str]:
    if not text.strip("/ "):
        return {}
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(text[:_LONGEST_TAG]):
        found.setdefault(match[1], resolved((match[2] or "").strip("\"'")))
        if len(found) == _MOST_ATTRIBUTES:
            break
    return found


def resolved(text: str) -> str:
    """Put characters in the place of references to them; what refers to none stays."""
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), text) if "&" in text else text
