"""Digests by which a run says what it was made from: evidence, elicitation, code."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from model.credibility import Grades
from model.digests import digest
from model.domain import Event
from model.evidence import Evidence

NUMERICAL = ("numpy", "scipy", "pymc", "pytensor", "nutpie", "arviz-stats", "rapidfuzz", "publicsuffixlist")


def snapshot(evidence: Evidence, grades: Grades) -> dict[str, object]:
    """Everything that the likelihood and its explanation rest on, as JSON values.

    The cutoff itself is not in it: the same evidence may be seen on two nights.
    """
    return {
        "observed_until": evidence.observed_until.isoformat(),
        "events": {event.key: _event(event) for event in evidence.events},
        "indicators": {
            seen.indicator.id: {
                "counted": [event.key for event in seen.counted],
                "folded": [event.key for event in seen.folded],
                "exposure": seen.exposure,
            }
            for seen in evidence.indicators
        },
        "uncounted": {
            one.event.key: {"reason": one.reason, **_event(one.event)} for one in evidence.uncounted
        },
        "grades": {
            "reliability": dict(grades.reliability),
            "credibility": dict(grades.credibility),
            "corroboration": grades.corroboration,
        },
    }


def _event(event: Event) -> Mapping[str, object]:
    plain = asdict(event)
    del plain["key"]
    for name in ("occurred", "begins", "first_published"):
        plain[name] = plain[name].isoformat()
    return plain


@lru_cache(maxsize=1)
def code_digest() -> str:
    """Digest of this package's source and of the numerical packages' versions."""
    folder = Path(__file__).parent
    sources = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.py")}
    return digest({"sources": sources, "versions": {name: version(name) for name in NUMERICAL}})
