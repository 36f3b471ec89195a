"""Bytes become text: rightly, or not at all. Pure."""

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ingest.mojibake import cyrillic, legible, likeness
from model.errors import InputRefused

UNDECODED = "\ufffd"  # stands where bytes mean no letter
_MOST_UNDECODED = 0.01  # share of a text in UTF-16 or UTF-32; more is no text
_NEARLY = 0.1  # how much less like Russian letters may be that are declared
_LETTERS_PER_FAULT = 2  # sound letters of UTF-8 for each fault; what is in another encoding has far fewer
_FEW_FAULTS = 3  # may be a text of few letters, or of ASCII alone that says it is UTF-8

_MARKS = (  # the longer ones first
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = (  # how markup begins without a mark: the zeros beside its first two characters
    (re.compile(rb"[^\0]\0\0\0[^\0]\0\0\0"), "utf-32-le"),
    (re.compile(rb"\0\0\0[^\0]\0\0\0[^\0]"), "utf-32-be"),
    (re.compile(rb"[^\0]\0[^\0]\0"), "utf-16-le"),
    (re.compile(rb"\0[^\0]\0[^\0]"), "utf-16-be"),
)
_LATIN = frozenset(
    """
    windows-1250 windows-1252 windows-1254 windows-1257 windows-1258 iso8859-2 iso8859-3 iso8859-4 iso8859-10
    iso8859-13 iso8859-14 iso8859-15 iso8859-16 mac-roman
    """.split()  # noqa: SIM905 - quotation marks would hide the list
)
_CYRILLIC = frozenset(["windows-1251", "iso8859-5", "koi8-r", "koi8-u", "mac-cyrillic", "cp866"])
_FURTHER = frozenset(
    ["windows-1253", "windows-1255", "windows-1256", "iso8859-6", "iso8859-7", "iso8859-8", "cp874"]
)
_SEVERAL = frozenset(["gb18030", "big5hkscs", "euc_jp", "cp932", "cp949"])  # bytes for a letter
_READ_AS = MappingProxyType({
    "ascii": "windows-1252",  # as browsers do: the names stand for the larger sets
    "iso8859-1": "windows-1252",
    "iso8859-9": "windows-1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "tis-620": "cp874",
})  # fmt: skip
_KNOWN = MappingProxyType(
    {codecs.lookup(name).name: name for name in _LATIN | _CYRILLIC | _FURTHER | _SEVERAL}
)
_SHIFTING = ("iso-2022", "utf-7", "unicode-1-1-utf-7", "hz")
_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_XML = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})""", re.IGNORECASE)
_BEYOND = re.compile("[^\0-\x7f\ufffd]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """A text, the encoding in which it was read, and what its owner should know of that."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def declared_encodings(body: bytes, content_type: str | None) -> tuple[str, ...]:
    """Give the names of the encodings that HTTP and XML declare, in this order."""
    http = _CHARSET.search((content_type or "")[:1000])
    xml = _XML.match(body[:1000].removeprefix(codecs.BOM_UTF8))
    return tuple([http[1]] if http else []) + tuple([xml[1].decode()] if xml else [])


def decode(body: bytes, *, declared: Sequence[str]) -> Decoded:
    """Read bytes in the encoding that they are in, which need not be the one that is declared.

    A mark at the beginning decides. Else it is UTF-8 if it can be; then what is declared, if that makes
    words; then UTF-8 with faults, whose places hold U+FFFD; then Cyrillic or Western letters, if those make
    words.

    Parameters
    ----------
    declared
        Names of encodings, those that count more first; unknown ones are left aside.

    Raises
    ------
    InputRefused
        It is in none of these.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return _marked(body[len(mark) :], encoding)
    for beginning, encoding in _WIDE:
        if beginning.match(body):
            return _marked(body, encoding)
    try:
        return _utf8(body.decode(), declared)
    except UnicodeDecodeError:
        return _other(body, declared)


def _marked(body: bytes, encoding: str) -> Decoded:
    text = body.decode(encoding, "replace").lstrip("\ufeff")
    faults = text.count(UNDECODED)
    if encoding != "utf-8" and faults > max(1, _MOST_UNDECODED * len(text)):
        raise InputRefused(f"begins as {encoding.upper()} and is not; save it as UTF-8")
    return Decoded(text=text, encoding=encoding, notes=_faulty(faults))


def _faulty(faults: int) -> tuple[str, ...]:
    if not faults:
        return ()
    places = "1 place means" if faults == 1 else f"{faults:,} places mean"
    return (f"{places} no letter in its encoding; what holds one is refused",)


def _utf8(text: str, declared: Sequence[str]) -> Decoded:
    names = [name for name in map(_codec, declared) if name]
    shifting = next((name for name in declared if name.lower().startswith(_SHIFTING)), None)
    if shifting and ("\x1b" in text or not shifting.lower().startswith("iso-2022")):
        return _shifted(text.encode(), shifting)
    wrong = names and "utf-8" not in names and not text.isascii()
    note = (f"says that it is in {declared[0]}, and is in UTF-8: read as that",) if wrong else ()
    return Decoded(text=text.lstrip("\ufeff"), encoding="utf-8", notes=note)


def _shifted(body: bytes, name: str) -> Decoded:
    """Read an encoding that hides letters behind ASCII, as those of Japanese and Korean mail do."""
    if name.lower() not in {"iso-2022-jp", "iso-2022-kr"}:
        raise InputRefused(f"says that it is in {name[:40]}, which is not read; save it as UTF-8")
    try:
        return Decoded(text=body.decode(name), encoding=name.lower())
    except UnicodeDecodeError:
        raise InputRefused(f"says that it is in {name[:40]}, and is not; save it as UTF-8") from None


def _codec(name: str) -> str | None:
    """Give our name of an encoding, where it is one that the web knows."""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    found = codecs.lookup(_READ_AS.get(found, found)).name
    return found if found == "utf-8" else _KNOWN.get(found)


def _other(body: bytes, declared: Sequence[str]) -> Decoded:
    """Read what is not wholly UTF-8."""
    names = [name for name in map(_codec, declared) if name]
    faulty = body.decode("utf-8", "replace").lstrip("\ufeff")
    faults, sound = faulty.count(UNDECODED), len(_BEYOND.findall(faulty))
    few = faults <= _FEW_FAULTS and (sound >= faults or (not sound and "utf-8" in names[:1]))
    utf8 = Decoded(text=faulty, encoding="utf-8", notes=_faulty(faults))
    if few or sound >= _LETTERS_PER_FAULT * faults:
        return utf8
    several = _declared(body, [name for name in names if name in _SEVERAL])
    single = _declared(body, [name for name in names if name not in _SEVERAL])
    return several or (utf8 if sound >= faults else single) or _guessed(body, declared)


def _declared(body: bytes, names: Sequence[str]) -> Decoded | None:
    """Read bytes in the first of these encodings that they may be in."""
    for name in names:
        text = _read(body, name)
        if text is not None and _fits(text, name, body):
            return Decoded(text=text, encoding=name, notes=_faulty(text.count(UNDECODED)))
    return None


def _read(body: bytes, name: str) -> str | None:
    """Read bytes in an encoding that leaves hardly any of them without a meaning."""
    text = body.decode(name, "replace")
    faults = text.count(UNDECODED)
    return text if faults <= _MOST_UNDECODED * (len(_BEYOND.findall(text)) if faults else 0) else None


def _fits(text: str, name: str, body: bytes) -> bool:
    """Tell whether a text makes words, and no other encoding of its letters makes better ones."""
    if name in _SEVERAL:
        return True
    better = cyrillic(body) if name in _LATIN or name in _CYRILLIC else None
    return legible(text) and (better is None or likeness(text) > likeness(better[1]) - _NEARLY)


def _guessed(body: bytes, declared: Sequence[str]) -> Decoded:
    said = f"says that it is in {declared[0][:40]}, and is not" if declared else "does not say its encoding"
    if found := cyrillic(body):
        encoding, text = found
        return Decoded(text=text, encoding=encoding, notes=(f"{said}: read as {encoding}",))
    western = _read(body, "windows-1252")
    if western is not None and legible(western):
        notes = (f"{said}: read as Windows-1252 (Latin-1)", *_faulty(western.count(UNDECODED)))
        return Decoded(text=western, encoding="windows-1252", notes=notes)
    raise InputRefused(f"{said}, and its letters make no words in any other; save it as UTF-8")
