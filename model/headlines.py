"""Headlines as they are compared."""

import unicodedata
from functools import lru_cache

from rapidfuzz import utils


@lru_cache(maxsize=65536)
def normalised(headline: str) -> str:
    """Strip a headline of capitals, accents and punctuation."""
    apart = unicodedata.normalize("NFKD", headline)
    return utils.default_process("".join(letter for letter in apart if not unicodedata.combining(letter)))
