"""How `posterity doctor` prints what it found."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from types import MappingProxyType

from service import printing
from service.finding import Finding, State

_SHOWN: Mapping[State, str] = MappingProxyType({"ok": "✓ ok", "warning": "! warning", "failed": "✗ failed"})
_UNKNOWN = "whether tonight will run cannot be said: the database is out of reach or of another release"


def show(found: Sequence[Finding], *, as_json: bool) -> None:
    """Print a table; in its last line, whether tonight will run."""
    tonight = next((one.text for one in found if one.name == "tonight"), _UNKNOWN)
    if as_json:
        printing.as_json({"findings": [asdict(one) for one in found], "tonight": tonight})
        return
    rows = [(_SHOWN[one.state], one.label, one.text, one.advice) for one in found if one.name != "tonight"]
    printing.block(printing.table(("", "what", "found", "what to do"), rows))
    printing.line(tonight)
