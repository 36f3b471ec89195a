"""A panel for tests: small files in the real formats, a forecast that names countries, and what is stored."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

from ingest.votes import Agreement, trend
from service.panel_question import KINDS, TAGS
from service.panel_values import Occurrences, Panel, Row, Transfers, Voting
from tests.ingest.registers import PREAMBLE, cells, export
from tests.service.commands import quiet, report

EXPORTED = (*PREAMBLE[:-1], "Data generated: 3 May 2025 9:16:02 PM")  # so that 2024 has been released
VOTERS = ("BOL", "BRA", "CHL", "COL", "MEX", "NIC", "PER", "RUS", "USA", "VEN")
FIRST_VOTES, LAST_VOTES, PER_YEAR = 2004, 2024, 9

# The indicators name Venezuela first, then Peru, then Brazil.
CONFIGURATION = (
    quiet().replace('tag = "deal"', 'tag = "deal"\ncountries = ["VE", "PE"]')
    + """
[[forecasts.indicators]]
id = "talks"
tag = "talks"
countries = ["PE", "BR"]
spread = 0
expected = { down = 1, up = 2 }
"""
)

TRANSFERS = (
    cells(id="1", recipient="Brazil", order_date="2009", delivery_year="2010", tiv_delivery_values="69"),
    cells(
        id="1",
        recipient="Brazil",
        order_date="2009",
        delivery_year="2012",
        delivery_year_is_estimate="Yes",
        tiv_delivery_values="34.5",
    ),
    cells(
        id="2",
        recipient="Peru",
        order_date="2013",
        order_date_is_estimate="Yes",
        delivery_year="2014",
        tiv_delivery_values="5",
    ),
    cells(id="3", recipient="Peru", supplier="France", order_date="2011", delivery_year="2012"),
    cells(id="4", recipient="Venezuela", order_date="2006", delivery_year="2006", tiv_delivery_values=""),
    cells(id="5", recipient="Venezuela", order_date="2006", delivery_year="2007", tiv_delivery_values="0"),
    cells(id="6", recipient="Venezuela", order_date="", delivery_year="2008", tiv_delivery_values="1.25"),
    cells(id="7", recipient="Chile", supplier="France", order_date="2011", delivery_year="2012"),
)


def told(identity: str, tag: str, country: str, occurred: str, **more: object) -> dict[str, object]:
    """Tell of an event of its own."""
    published = occurred if len(occurred) == 10 else f"{occurred[:4]}-12-31"
    fields = {"event": identity, "occurred_on": occurred, **more}
    return report(identity, published, tag=tag, country=country, **fields)


STORED = (
    told("accord-1", "defence_agreement", "VE", "2010-05-01"),
    told("accord-2", "defence_agreement", "VE", "2010-09"),
    told("accord-3", "defence_agreement", "PE", "2013"),
    told("visit", "high_level_visit", "PE", "2012-02-03", also=["BR"]),
    told("drill", "training_or_exercise", "VE", "2018-12-10"),
    told("drill-of-old", "training_or_exercise", "VE", "1999-12-10"),
    told("rumour", "training_or_exercise", "PE", "2011-06-01", grade="E4"),
    told("deal-ve", "deal", "VE", "2025-02-01"),
    told("deal-pe", "deal", "PE", "2025-03-01"),
    told("deal-co", "deal", "CO", "2025-03-01"),
    told("talks-pe", "talks", "PE", "2025-04-01", also=["BR"]),
    told("deal-before", "deal", "VE", "2024-12-01"),
)


def write_register(
    folder: Path, rows: Iterable[list[str]] = TRANSFERS, preamble: Sequence[str] = EXPORTED
) -> Path:
    """Write an export of the trade register of all countries from 2000 to 2024."""
    path = folder / "register.csv"
    path.write_bytes(export(*rows, preamble=preamble))
    return path


def write_votes(folder: Path, voters: Sequence[str] = VOTERS, *, last: int = LAST_VOTES) -> Path:
    """Write roll calls, some in each year."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["rcid", "session", "date", *voters])
    calls = [year for year in range(FIRST_VOTES, last + 1) for _ in range(PER_YEAR)]
    for number, year in enumerate(calls):
        votes = (cast(number, place) for place in range(len(voters)))
        table.writerow([number + 1, year - 1945, f"{year}-10-01", *votes])
    path = folder / "votes.csv"
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def cast(number: int, place: int) -> str:
    """Give a vote that looks like chance, and is always the same."""
    return ("yes", "yes", "no", "abstain", "yes", "absent", "")[crc32(f"{number}/{place}".encode()) % 7]


def counted(counts: Mapping[int, int], estimated: Mapping[int, int] | None = None) -> Transfers:
    """Transfers of 2000 to 2004 as these."""
    years = range(2000, 2005)
    return Transfers(
        counts={year: counts.get(year, 0) for year in years},
        estimated={year: (estimated or {}).get(year, 0) for year in years},
    )


def voted(*shares: float, first: int = 2000) -> Voting:
    by_year = {
        first + place: Agreement(identical=share, agreement=share, votes=70)
        for place, share in enumerate(shares)
    }
    return Voting(
        agreement=sum(shares) / len(shares),
        votes=70 * len(shares),
        first=first,
        last=first + len(shares) - 1,
        trend=trend(by_year),
        by_year=by_year,
    )


def row(country: str, name: str, **known: Any) -> Row:
    """A country of which nothing is known but this."""
    nothing: dict[str, Any] = {
        "orders": None,
        "deliveries": None,
        "occurrences": dict.fromkeys(KINDS),
        "voting": {"RU": None, "US": None},
        "counting": None,
        "base_rate": None,
    }
    return Row(country=country, name=name, **{**nothing, **known})


def happened(**counts: Mapping[int, int]) -> dict[str, Occurrences | None]:
    """Stored events of 2000 to 2005 by kind; those of other kinds are not known."""
    return {
        kind: Occurrences(counts={year: counts[kind].get(year, 0) for year in range(2000, 2006)}, doubtful=0)
        if kind in counts
        else None
        for kind in KINDS
    }


def made(*rows: Row, **more: Any) -> Panel:
    """A panel of 2000 to 2005 with these rows; the register tells of all years but the last."""
    usual: dict[str, Any] = {
        "forecast": "quiet",
        "opened": date(2025, 1, 1),
        "as_of": date(2025, 6, 30),
        "years": range(2000, 2006),
        "register_years": range(2000, 2005),
        "generated": None,
        "has_votes": True,
        "partner": "RU",
        "against": "US",
        "names": {"RU": "Russia", "US": "United States"},
        "tags": TAGS,
        "notes": (),
        "missing": (),
    }
    return Panel(rows=rows, **{**usual, **more})
