"""`posterity panel`: the same figures as tables, CSV or JSON, and as a picture."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import fill
from types import MappingProxyType

from model.errors import UsageError
from service import printing
from service.panel_document import document
from service.panel_question import KINDS
from service.panel_values import Expected, Occurrences, Panel, Row, Transfers, Voting, years_of
from service.printing import MISSING, percent
from service.targets import target

_WIDTH = 100

type Cells = dict[str, str | int | float | None]


def show(found: Panel, form: str, output: Path | None) -> None:
    """Write a panel in one of the formats; what is not known is said on standard error.

    Raises
    ------
    UsageError
        The format is not known.
    Unavailable
        It cannot be written.
    """
    check_format(form)
    for line in found.missing:
        printing.note(line)
    if form == "csv":  # which has no place for them
        for line in found.notes:
            printing.note(line)
    with target(output) as stream:
        stream.write(_WRITERS[form](found).encode())


def check_format(form: str) -> None:
    """Refuse a format that is not known.

    Raises
    ------
    UsageError
        It is none of them.
    """
    if form not in _WRITERS:
        raise UsageError(f"format {form!r} is not known; write one of {', '.join(_WRITERS)}")


def draw(found: Panel, output: Path) -> None:
    """Write the picture.

    Raises
    ------
    Unavailable
        The file cannot be written.
    """
    from service.panel_charts import picture  # noqa: PLC0415 - only this needs the renderer

    content = picture(found)
    with target(output) as stream:
        stream.write(content)


# ---- tables --------------------------------------------------------------------------------------------


def _tables(found: Panel) -> str:
    return "".join(f"{part}\n" for part in _parts(found)).rstrip("\n") + "\n"


def _parts(found: Panel) -> Iterator[str]:
    partner, against = (printing.visible(found.names[one]) for one in (found.partner, found.against))
    yield f"Transfers of arms from {partner}, and stored events, {years_of(found.years)}"
    headings = ("country", "orders", "deliveries", "TIV millions", *KINDS)
    yield printing.table(headings, map(_record, found.rows), numeric=headings[1:])
    shown = f"Votes of the UN General Assembly with {partner} and {against}, trends in percentage points (pp)"
    yield f"{shown}\na year; and what counts in {found.forecast} since {found.opened}"
    votes = (found.partner, "trend, pp a year", found.against, "trend, pp a year")
    headings = ("country", *votes, "events", "base rate")
    yield printing.table(headings, (_now(found, one) for one in found.rows), numeric=headings[1:])
    yield "\n".join(_point(line) for line in _explained(found))


def _point(text: str) -> str:
    return fill(f"* {printing.visible(text)}", _WIDTH, subsequent_indent="  ", break_long_words=False)


def _explained(found: Panel) -> Iterator[str]:
    if found.register_years is not None:
        years = years_of(found.register_years)
        yield f"orders and deliveries of {years}; in brackets, how many are of a year that SIPRI estimates"
    recent = [one for row in found.rows for one in row.voting.values() if one]
    if recent:
        years = f"{min(one.first for one in recent)}–{max(one.last for one in recent)}"
        yield f"agreement and its trend (± standard error) are of {years}"
    if any(row.base_rate for row in found.rows):
        yield "base rate: orders to expect over the forecast's window by the record, in brackets 80 %"
    yield from found.notes


def _record(row: Row) -> tuple[object, ...]:
    volume = row.deliveries.volume if row.deliveries else None
    return (
        row.name,
        _transfers(row.orders),
        _transfers(row.deliveries),
        None if volume is None else f"{volume:,.1f}",
        *(one.total if (one := row.occurrences[kind]) else None for kind in KINDS),
    )


def _transfers(found: Transfers | None) -> str | None:
    return None if found is None else f"{found.total} ({found.of_estimated_years})"


def _now(found: Panel, row: Row) -> tuple[object, ...]:
    partner, against = row.voting[found.partner], row.voting[found.against]
    return (
        row.name,
        _agreement(partner),
        _trend(partner),
        _agreement(against),
        _trend(against),
        row.counting.total if row.counting else None,
        _rate(row.base_rate),
    )


def _agreement(voting: Voting | None) -> str:
    return percent(voting.agreement if voting else None)


def _trend(voting: Voting | None) -> str:
    if voting is None or voting.trend is None:
        return MISSING
    return f"{voting.trend.slope:+.2f} ± {voting.trend.standard_error:.2f}"


def _rate(rate: Expected | None) -> str | None:
    return None if rate is None else f"{rate.number:.2f} ({rate.low:g} to {rate.high:g})"


# ---- CSV -----------------------------------------------------------------------------------------------


def _csv(found: Panel) -> str:
    rows = [_cells(found, row) for row in found.rows]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _cells(found: Panel, row: Row) -> Cells:
    """Lay out a country; no cell holds text from outside, so none can be a formula."""
    years = found.register_years
    return {
        "country": row.country,
        "name": row.name,
        "first": found.years[0],
        "last": found.years[-1],
        "partner": found.partner,
        "against": found.against,
        "register_first": years[0] if years else None,
        "register_last": years[-1] if years else None,
        **_transfer_cells("orders", row.orders),
        "orders_undated": row.orders.undated if row.orders else None,
        **_transfer_cells("deliveries", row.deliveries),
        "deliveries_tiv": row.deliveries.volume if row.deliveries else None,
        **_occurrence_cells(row.occurrences),
        **_voting_cells("partner", row.voting[found.partner]),
        **_voting_cells("against", row.voting[found.against]),
        "events": row.counting.total if row.counting else None,
        "base_rate": row.base_rate.number if row.base_rate else None,
        "base_rate_low": row.base_rate.low if row.base_rate else None,
        "base_rate_high": row.base_rate.high if row.base_rate else None,
    }


def _transfer_cells(name: str, found: Transfers | None) -> Cells:
    return {
        name: found.total if found else None,
        f"{name}_estimated": found.of_estimated_years if found else None,
    }


def _occurrence_cells(found: Mapping[str, Occurrences | None]) -> Cells:
    cells: Cells = {}
    for kind, one in found.items():
        cells |= {kind: one.total if one else None, f"{kind}_doubtful": one.doubtful if one else None}
    return cells


def _voting_cells(name: str, voting: Voting | None) -> Cells:
    trend = voting.trend if voting else None
    return {
        f"{name}_agreement": voting.agreement if voting else None,
        f"{name}_votes": voting.votes if voting else None,
        f"{name}_first": voting.first if voting else None,
        f"{name}_last": voting.last if voting else None,
        f"{name}_trend": trend.slope if trend else None,
        f"{name}_trend_error": trend.standard_error if trend else None,
    }


def _json(found: Panel) -> str:
    return json.dumps(document(found), ensure_ascii=False, indent=2, allow_nan=False) + "\n"


_WRITERS: MappingProxyType[str, Callable[[Panel], str]] = MappingProxyType(
    {"table": _tables, "csv": _csv, "json": _json}
)
