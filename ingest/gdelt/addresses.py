"""The address of an article: what makes it the same article, who published it, and the words in it. Pure."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from ingest.mojibake import repaired
from model.errors import InvalidValue

MAX_ADDRESS = 2048  # characters, as of a report's address
MAX_HEADLINE = 200
_MAX_SEGMENT = 600  # characters of a part of an address that may be words
_MAX_CITATION = 100

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CITATION = re.compile(r"[^\W\d_][\w .,&'()-]*")
_HOST = re.compile(r"[\w.-]*\w|[0-9a-f:.]+")
_NEVER = re.compile(r'[\s<>"\\]')
_TRACKING = re.compile(
    r"utm_.*|fbclid|[gdy]clid|gbraid|wbraid|msclkid|twclid|igshid|mc_[ce]id|ocid|cmp(id)?|ncid|ito|smid|ref_src",
    re.IGNORECASE,
)
_USUAL_PORT = {"http": 80, "https": 443}
_ENCODED = re.compile("%[0-9a-fA-F]{2}")
_ENDING_AT_END = re.compile(r"\.[a-z]{2,6}$", re.IGNORECASE)
_GAP = re.compile(r"[-_+\s]+|(?<=\d{5})\.(?=[^\W\d])")  # 1234567.may-says: a number and its words
_NUMBERED = re.compile(r"[\d.,]{5,}|[a-z]{0,3}\d{5,}|(?=.*\d)[\da-f]{8,}", re.IGNORECASE)
_FEWEST, _FEWEST_BEFORE = 3, 5  # words that make a headline: in the last part of an address, and before it


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where a row's article stands.

    Parameters
    ----------
    key
        The same for every way in which the address of one article is written.
    url
        As GDELT has it, without what follows readers around; None for a citation, which names the
        publisher of an article but not the article.
    """

    key: str
    url: str | None
    publisher: str


@lru_cache(maxsize=4096)
def source(text: str) -> Source:
    """Read ``SOURCEURL``: an address of the web, or a citation such as "BBC Monitoring".

    Raises
    ------
    InvalidValue
        Neither: nothing at all, an address of another kind, or one that cannot be shown.
    """
    if not text:
        raise InvalidValue("is missing; without it nobody knows which article it is")
    if len(text) > MAX_ADDRESS:
        raise InvalidValue(f"has {len(text):,} characters; addresses have at most {MAX_ADDRESS:,}")
    if not text.isprintable():
        raise InvalidValue("holds a character that cannot be shown")
    if text.lower().startswith(("http://", "https://")):
        return _address(text)
    if _SCHEME.match(text) or not _CITATION.fullmatch(text) or len(text) > _MAX_CITATION:
        raise InvalidValue(f"{text[:60]!r} is neither an address of http or https nor a publisher's name")
    return Source(key=text.lower(), url=None, publisher=text)


def _address(text: str) -> Source:
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise InvalidValue(f"{text[:60]!r} is not an address") from None
    if not _HOST.fullmatch(host) or _NEVER.search(text):
        raise InvalidValue(f"{text[:60]!r} is not an address")
    if "@" in parts.netloc:
        raise InvalidValue("is an address with a user's name before the host's, as forged ones have")
    asks = [ask for ask in parts.query.split("&") if ask and not _TRACKING.fullmatch(ask.partition("=")[0])]
    route = (
        parts.fragment if parts.fragment.startswith(("!", "/")) else ""
    )  # part of the address on some sites
    at = "" if port in (None, _USUAL_PORT[parts.scheme]) else f":{port}"
    written = urlunsplit(("", "", _encoded(parts.path).rstrip("/"), _encoded("&".join(sorted(asks))), route))
    return Source(
        key=host.removeprefix("www.") + at + written,
        url=urlunsplit(parts._replace(query="&".join(asks), fragment=route)),
        publisher=host.removeprefix("www."),
    )


def _encoded(text: str) -> str:
    """Write letters beyond ASCII, and codes of letters, in one way."""
    return _ENCODED.sub(lambda found: found[0].upper(), quote(text, safe="/%:@!$&'()*+,;=~?"))


@lru_cache(maxsize=4096)
def words(url: str) -> str | None:
    """Make a headline of the words in an address, such as ``/news/peru-signs-for-helicopters-1234.html``.

    Returns
    -------
    str or None
        None where no part of the address is words: numbers, names of sections, text that cannot be shown.
    """
    try:
        *before, last = urlsplit(url).path.strip("/").split("/")
    except ValueError:
        return None
    for part, fewest in [(last, _FEWEST), *((part, _FEWEST_BEFORE) for part in reversed(before))]:
        found = _sentence(part, fewest)
        if found:
            return found
    return None


def _sentence(part: str, fewest: int) -> str | None:
    """Make a sentence of one part of an address, or nothing where it is not made of words."""
    try:
        text = repaired(unicodedata.normalize("NFC", unquote(part[:_MAX_SEGMENT], errors="replace")))
    except InvalidValue:
        return None
    text = text.replace("\xa0", " ")
    tokens = [token for token in _GAP.split(_ENDING_AT_END.sub("", text)) if token]
    if len(part) > _MAX_SEGMENT or not text.isprintable() or not all(map(_is_plain, tokens)):
        return None
    told = [token for token in tokens if not _NUMBERED.fullmatch(token)]
    if sum(map(_is_word, told)) < max(fewest, len(told) / 2):
        return None
    sentence = " ".join(told)
    shown = sentence[:1].upper() + sentence[1:]
    return shown if len(shown) <= MAX_HEADLINE else shown[:MAX_HEADLINE].rpartition(" ")[0] + " …"


def _is_plain(token: str) -> bool:
    """Whether it has only letters, figures, and marks that stand in words or numbers."""
    return all(
        sign.isalnum() or sign in "'‘’“”.,&%$!" or unicodedata.category(sign)[0] == "M" for sign in token
    )


def _is_word(token: str) -> bool:
    return token.isalpha() or any(unicodedata.category(sign)[0] == "M" for sign in token)
