"""The guard before the parser of feeds: any text becomes a small well-formed feed, or is refused. Pure.

feedparser takes time that grows with the square of an author's name, of the number of categories, of
attributes, of namespaces or of nested tags, so that a feed of 100 kB can stop it for minutes. Here a feed
loses whatever is not read, and what is left is bounded; that takes time and memory that grow with its
length and no faster, whatever is in it.
"""

import re
from dataclasses import replace
from xml.parsers import expat

from ingest import soup
from ingest.syndication.reduction import CONTROL, Reduced, Reduction
from model.errors import InputRefused

_MAX_DEPTH = 200
_ENTITIES = "declares entities of its own, which may be a bomb; ask its publisher for a feed without them"
_MAX_TAGS = 300_000  # of a broken feed, which is taken apart more slowly
_MANY_TAGS = f"is not well-formed XML, and holds more than {_MAX_TAGS:,} tags; ask its publisher to mend it"
_DEEP = f"is nested more than {_MAX_DEPTH} deep, as no feed is; check the address"
_XML = re.compile(r"\A\s*<\?xml\s[^<>]*\?>")  # says the encoding, which is known by now


def reduced(text: str) -> Reduced:
    """Reduce a feed to what is read of it; where it is not well-formed, to what can be told of it.

    Raises
    ------
    InputRefused
        It is no feed, or declares entities, or is nested without end.
    """
    text, controls = CONTROL.subn("", text)
    text = _XML.sub(lambda found: "\n" * found[0].count("\n"), text, count=1)
    notes: tuple[str, ...] = ()
    if controls:
        notes = (f"control characters in it were left out: {controls:,}",)
    try:
        found = _strictly(text.encode())
    except expat.ExpatError as error:
        found = _loosely(text)
        where = f"line {error.lineno}, column {error.offset + 1}: {expat.ErrorString(error.code)}"
        notes += (f"is not well-formed XML ({where}); what can be told of it was read",)
    return replace(found, notes=notes + found.notes)


def _strictly(body: bytes) -> Reduced:
    reduction, depth = Reduction(strict=True), 0
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MAX_DEPTH:
            raise InputRefused(_DEEP)
        reduction.start(tag, attributes, parser.CurrentByteIndex)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        reduction.end(tag, parser.CurrentByteIndex)

    def doctype(_name: str, _system: str | None, _public: str | None, declares: int) -> None:
        if declares:
            raise InputRefused(_ENTITIES)

    def undeclared(name: str, is_parameter: int) -> None:
        if not is_parameter:
            reduction.text(soup.resolved(f"&{name};"))

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = reduction.text
    parser.StartDoctypeDeclHandler = doctype
    parser.SkippedEntityHandler = undeclared
    parser.Parse(body, True)
    return reduction.result(body)


def _loosely(text: str) -> Reduced:
    reduction = Reduction(strict=False)
    for number, token in enumerate(soup.tokens(text)):
        if number > 2 * _MAX_TAGS:  # and the texts between them
            raise InputRefused(_MANY_TAGS)
        match token:
            case soup.Text(said=said):
                reduction.text(said)
            case soup.Opening(at=at, name=name, attributes=attributes, closes=closes):
                reduction.start(name, attributes, at)
                if closes:
                    reduction.end(name, at)
            case soup.Closing(at=at, name=name):
                reduction.end(name, at)
            case soup.Declaration(said=said):
                _refuse_entities(said.lower())
    return reduction.result(text)


def _refuse_entities(declaration: str) -> None:
    if declaration.startswith("<!entity") or (declaration.startswith("<!doctype") and "[" in declaration):
        raise InputRefused(_ENTITIES)
