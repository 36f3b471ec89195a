"""The words of a text, as patterns and the names of places are compared with them."""

import re
import unicodedata
from functools import lru_cache

LONGEST = 64  # letters of a word that count

_WORD = re.compile(
    r"([^\W\d_](?:\.[^\W\d_])+(?![^\W_])|[^\W_]+)"  # letters with dots between them are one word: U.S.
    r"(?:\.?['’ʼ＇][sS](?![^\W_]))?"  # and the 's of a possessive is none
)
_UNSEEN = re.compile("[\u0300-\u036f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


def words(text: str) -> list[str]:
    """Split a text into words as they were written: runs of letters and digits.

    Hyphens and apostrophes separate words, as all else does. Marks that are not seen, and accents that
    stand alone, are left out.
    """
    if not text.isascii():
        text = _UNSEEN.sub("", unicodedata.normalize("NFC", text))
    return _WORD.findall(text)


def folded(word: str) -> str:
    """Give a word as it is compared: without capitals and accents, ё as е, cut after `LONGEST` letters."""
    return _folded(word[:LONGEST])


@lru_cache(maxsize=65536)
def _folded(word: str) -> str:
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return "".join(filter(str.isalnum, apart.casefold()))
