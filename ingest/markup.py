"""Markup becomes plain text, in which everything can be seen. Pure; time grows with the length."""

import re
import unicodedata

from ingest import soup
from ingest.mojibake import repaired

_MOST_LAYERS = 3  # times over that markup may be escaped
_NO_TEXT = frozenset(
    """
    script style template noscript iframe object embed applet svg head title canvas audio video
    """.split()  # noqa: SIM905 - quotation marks would hide the list
)
_WITHIN_LINES = frozenset(
    """
    a abbr acronym b bdi bdo big blink cite code data del dfn em font i ins kbd mark nobr q rb ruby s samp
    small span strike strong sub sup time tt u var wbr
    """.split()  # noqa: SIM905 - as above
)
_BLOCKS = frozenset(
    """
    address area article aside base basefont bgsound blockquote body br button caption center col colgroup dd
    details dialog dir div dl dt fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 h5 h6
    header hgroup hr html image img input isindex label legend li link listing main map marquee math menu meta
    meter multicol nav nextid noembed noframes ol optgroup option output p param picture plaintext pre
    progress rp rt search section select slot source spacer summary table tbody td textarea tfoot th thead tr
    track ul xmp
    """.split()  # noqa: SIM905 - as above
)
_HTML = _NO_TEXT | _WITHIN_LINES | _BLOCKS
_ESCAPED_AGAIN = re.compile(r"&(?:amp;)+(?=#?\w)")
_MARKUP = re.compile(r"<[A-Za-z/!]|&(?:#\w{1,8}|[A-Za-z]\w{1,31});")
_SPACES = re.compile(r"\s+")

_UNSEEN = frozenset(["Cc", "Cf", "Co", "Cs", "Zl", "Zp"])  # control, format (bidirectional too), private
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0]")  # letters that show nothing
_SELECTORS = re.compile("[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_JOINERS = "\u200c\u200d"
_JOINED = re.compile(  # scripts to whose spelling they belong: Arabic to Sinhala, Tibetan, Khmer, Mongolian
    "[\u0600-\u0dff\u0f00-\u109f\u1780-\u18af\ua840-\ua87f\ufb50-\ufdff\ufe70-\ufefc]"
)
_SOFT_HYPHEN = "\u00ad"  # says where a line may break, and is no part of a word


def readable(markup: str) -> str:
    """Give what markup says, in one line of plain text in which everything can be seen.

    Raises
    ------
    InvalidValue
        Its letters were read in a wrong encoding, beyond repair.
    """
    return visible(_SPACES.sub(" ", repaired(plain(markup)).replace(_SOFT_HYPHEN, "")).strip())


def plain(markup: str) -> str:
    """Give the text of markup, without its scripts; also of markup that was escaped several times over."""
    before, text = "", markup
    for _ in range(_MOST_LAYERS):
        if text == before or not _MARKUP.search(text):
            break
        before, text = text, _text(list(soup.tokens(_ESCAPED_AGAIN.sub("&", text))))
    return text


def _text(tokens: list[soup.Token]) -> str:
    closed = {token.name.lower() for token in tokens if isinstance(token, soup.Closing)}
    pieces: list[str] = []
    silent = ""  # the element within which nothing is text
    for token in tokens:
        match token:
            case soup.Closing(name=name) if silent:
                silent = "" if name.lower() == silent else silent
            case soup.Text(said=said) if not silent:
                pieces.append(said)
            case soup.Opening(name=name) if not silent:
                pieces.append(_in_place_of(token, closed))
                silent = name.lower() if name.lower() in _NO_TEXT and not token.closes else ""
            case soup.Closing(name=name):
                pieces.append(_between(name.lower()))
    return "".join(pieces)


def _in_place_of(tag: soup.Opening, closed: set[str]) -> str:
    """Give what stands for a tag; itself where it can hardly be one, as in "use <T> in Java"."""
    name = tag.name.lower()
    if name in _HTML or name in closed or tag.closes or not name.isalnum() or any(tag.attributes.values()):
        return _between(name)
    return f"<{' '.join([tag.name, *tag.attributes])}>"


def _between(name: str) -> str:
    return " " if name in _BLOCKS or name in _NO_TEXT else ""


def visible(text: str) -> str:
    """Show characters that the eye cannot see as their code: ``<U+202E>``.

    Joiners stay between letters of scripts that are spelt with them and within emoji, and so does one
    selector of a character's variant.
    """
    if text.isprintable() and not _BLANK.search(text) and not _SELECTORS.search(text):
        return text
    letters = set(text)
    shown = {letter: letter if _shows(letter) else f"<U+{ord(letter):04X}>" for letter in letters}
    depends = {letter for letter in letters if letter in _JOINERS or _SELECTORS.match(letter)}
    return "".join(
        letter if letter in depends and _fits(text, at) else shown[letter] for at, letter in enumerate(text)
    )


def _fits(text: str, at: int) -> bool:
    """Tell whether a joiner or a selector stands where it belongs."""
    if text[at] in _JOINERS:
        return _joins(text, at)
    return at > 0 and not text[at - 1].isspace() and _shows(text[at - 1])


def _shows(letter: str) -> bool:
    """Tell whether a character shows something by itself."""
    if unicodedata.category(letter) in _UNSEEN or _BLANK.match(letter) or _SELECTORS.match(letter):
        return False
    return ord(letter) & 0xFFFE != 0xFFFE and not "\ufdd0" <= letter <= "\ufdef"  # those are no characters


def _joins(text: str, at: int) -> bool:
    before, after = text[max(0, at - 1) : at], text[at + 1 : at + 2]
    if not (before and after and _shows(after)):
        return False
    if _JOINED.match(before) and _JOINED.match(after) and _shows(before):
        return True
    emoji = text[max(0, at - 2)] if before == "\ufe0f" else before
    shows = _shows(emoji) and unicodedata.category(emoji) in {"So", "Sk"}
    return text[at] == "\u200d" and shows and unicodedata.category(after) == "So"
