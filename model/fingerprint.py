"""The digest by which a run says with what code it was made."""

import hashlib
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from model.digests import digest

NUMERICAL = ("numpy", "scipy", "pymc", "pytensor", "nutpie", "arviz-stats", "rapidfuzz", "publicsuffixlist")


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of this package's source and of the numerical packages' versions."""
    folder = Path(__file__).parent
    sources = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.py")}
    return digest({"sources": sources, "versions": {name: version(name) for name in NUMERICAL}})
