"""Digests of plain data: the same for two values exactly if their canonical JSON is the same."""

import hashlib
import json

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


def digest(value: object) -> str:
    """``sha256:`` and the 64 digits of a value in canonical JSON: sorted, ASCII, no spaces, no NaN."""
    return f"sha256:{hashlib.sha256(_canonical(value).encode('ascii')).hexdigest()}"
