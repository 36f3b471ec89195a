"""Exports of the trade register for tests: rows of our own in the real columns, and where real ones are."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from ingest.register.rows import FORM

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "sipri"
HEAD, RUSSIAN, LATIN = "trade_register_head.csv", "russia_to_8_latam.csv", "all_suppliers_to_8_latam.csv"
EIGHT = ("PE", "BO", "NI", "VE", "BR", "CL", "CO", "MX")

_SELECTED = (
    "Transfers of major conventional arms from All countries  to All countries . Deals with deliveries"
)
PREAMBLE = (
    f"{_SELECTED} made for year range '2000' to '2030' ",
    "A '?' in a column indicates uncertain data.",
    "",
    "Source: SIPRI Arms Transfers Database (c) SIPRI.",
    "Data generated: 3 Jan 2025 9:16:02 PM",
)
_HELICOPTERS = {
    "SIPRI AT Database ID": "36452",
    "Supplier": "Russia",
    "Recipient": "Brazil",
    "Designation": "Mi-35M",
    "Description": "combat helicopter",
    "Armament category": "Aircraft",
    "Order date": "2009",
    "Order date is estimate": "No",
    "Numbers delivered": "6",
    "Numbers delivered is estimate": "No",
    "Delivery year": "2010",
    "Delivery year is estimate": "No",
    "Status": "New",
    "SIPRI estimate": "11.5",
    "TIV deal unit": "11.5",
    "TIV delivery values": "69",
    "Local production": "No",
}


def cells(**changes: str) -> list[str]:
    """Six helicopters for Brazil, with changes: ``id``, or columns with underscores for spaces."""
    names = {name.lower().replace(" ", "_"): name for name in FORM.columns} | {"id": "SIPRI AT Database ID"}
    return list((_HELICOPTERS | {names[key.lower()]: value for key, value in changes.items()}).values())


def written(rows: Iterable[list[str]], *, header: Iterable[str] = FORM.columns) -> str:
    """A table as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([list(header), *rows])
    return text.getvalue()


def export(*rows: list[str], preamble: Iterable[str] = ()) -> bytes:
    """An export with these rows, or with the helicopters' alone."""
    before = "".join(f"{line}\r\n" for line in preamble)
    return (before + written(rows or (cells(),))).encode()
