"""Exports of GDELT for tests: rows of our own in the columns of the real ones, and where those are."""

import hashlib
import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.gdelt.coding import Coder, Coding

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "gdelt"
IN_2015, IN_2019 = "20151027220000.export.CSV", "20190121220000.export.CSV"
MANGLED = "20190121220000.export2.excel-mangled.csv"
NOW = datetime(2026, 2, 16, 12, tzinfo=UTC)
STAMP = "20260131221500"
URL = "https://www.example.org/world/russia-and-peru-sign-accord-on-helicopters-1234567"

NAMES = (
    *("GLOBALEVENTID", "SQLDATE", "MonthYear", "Year", "FractionDate"),
    *(
        f"Actor{number}{what}"
        for number in (1, 2)
        for what in (
            *(
                "Code",
                "Name",
                "CountryCode",
                "KnownGroupCode",
                "EthnicCode",
                "Religion1Code",
                "Religion2Code",
            ),
            *("Type1Code", "Type2Code", "Type3Code"),
        )
    ),
    *("IsRootEvent", "EventCode", "EventBaseCode", "EventRootCode", "QuadClass", "GoldsteinScale"),
    *("NumMentions", "NumSources", "NumArticles", "AvgTone"),
    *(
        f"{whose}Geo_{what}"
        for whose in ("Actor1", "Actor2", "Action")
        for what in ("Type", "FullName", "CountryCode", "ADM1Code", "ADM2Code", "Lat", "Long", "FeatureID")
    ),
    *("DATEADDED", "SOURCEURL"),
)
_ACCORD = {
    "GLOBALEVENTID": "1000000001",
    "SQLDATE": "20260131",
    "Actor1Code": "RUSGOV",
    "Actor1Name": "RUSSIA",
    "Actor1CountryCode": "RUS",
    "Actor1Type1Code": "GOV",
    "Actor2Code": "PER",
    "Actor2Name": "PERU",
    "Actor2CountryCode": "PER",
    "IsRootEvent": "1",
    "EventCode": "057",
    "GoldsteinScale": "8.0",
    "NumMentions": "4",
    "ActionGeo_Type": "4",
    "ActionGeo_FullName": "Lima, Lima, Peru",
    "ActionGeo_CountryCode": "PE",
    "DATEADDED": STAMP,
    "SOURCEURL": URL,
}


def cells(**changed: str) -> list[str]:
    """A row: Russia and Peru sign an accord in Lima, but for what is changed."""
    row = {**_ACCORD, **changed}
    row.setdefault("EventRootCode", row["EventCode"][:2])
    row.setdefault("EventBaseCode", row["EventCode"][:3])
    return [row.get(name, "") for name in NAMES]


def export(*rows: list[str], delimiter: str = "\t") -> bytes:
    """A file of rows."""
    return "".join(delimiter.join(row) + "\n" for row in rows).encode()


def zipped(body: bytes, name: str = f"{STAMP}.export.CSV") -> bytes:
    """An archive of one file."""
    return archive({name: body})


def archive(files: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression) as made:
        for name, body in files.items():
            made.writestr(name, body)
    return packed.getvalue()


def line(body: bytes, url: str) -> str:
    """A line of an update list."""
    return f"{len(body)} {hashlib.md5(body, usedforsecurity=False).hexdigest()} {url}\n"


def coder(*codings: Mapping[str, Any]) -> Coder:
    """Codings as a configuration has them."""
    return Coder([Coding.model_validate(coding) for coding in codings])
