"""A panel as JSON: an object for each country, by year what is known by year, null what is not known."""

from collections.abc import Callable, Mapping
from typing import Any

from ingest.votes import Trend
from service.panel_question import KINDS
from service.panel_values import Counting, Expected, Occurrences, Panel, Row, Transfers, Voting

type Document = dict[str, Any]


def document(found: Panel) -> Document:
    """Describe a panel for JSON; trends are in percentage points a year."""
    years = found.register_years
    return {
        "forecast": found.forecast,
        "opened": found.opened.isoformat(),
        "as_of": found.as_of.isoformat(),
        "first": found.years[0],
        "last": found.years[-1],
        "partner": found.partner,
        "against": found.against,
        "tags": {kind: list(tags) for kind, tags in found.tags.items()},
        "register": {"first": years[0], "last": years[-1], "generated": found.generated} if years else None,
        "countries": [_country(row, found.years) for row in found.rows],
        "notes": list(found.notes),
        "missing": list(found.missing),
    }


def _country(row: Row, years: range) -> Document:
    return {
        "country": row.country,
        "name": row.name,
        "orders": _known(row.orders, lambda one: _orders(one, years)),
        "deliveries": _known(row.deliveries, lambda one: _deliveries(one, years)),
        **{kind: _known(row.occurrences[kind], lambda one: _occurrences(one, years)) for kind in KINDS},
        "voting": {
            who: _known(voting, lambda one: _voting(one, years)) for who, voting in row.voting.items()
        },
        "events": _known(row.counting, _counting),
        "base_rate": _known(row.base_rate, _expected),
    }


def _known[T](value: T | None, described: Callable[[T], Document]) -> Document | None:
    return None if value is None else described(value)


def _orders(found: Transfers, years: range) -> Document:
    return {**_transfers(found, years), "undated": found.undated}


def _deliveries(found: Transfers, years: range) -> Document:
    return {**_transfers(found, years), "tiv": found.volume, "tiv_by_year": _yearly(found.tiv, years)}


def _transfers(found: Transfers, years: range) -> Document:
    return {
        "count": found.total,
        "estimated": found.of_estimated_years,
        "by_year": _yearly(found.counts, years),
        "estimated_by_year": _yearly(found.estimated, years),
    }


def _occurrences(found: Occurrences, years: range) -> Document:
    return {"count": found.total, "doubtful": found.doubtful, "by_year": _yearly(found.counts, years)}


def _voting(found: Voting, years: range) -> Document:
    return {
        "agreement": found.agreement,
        "votes": found.votes,
        "first": found.first,
        "last": found.last,
        "trend": _known(found.trend, _trend),
        "by_year": _yearly({year: one.agreement for year, one in found.by_year.items()}, years),
        "votes_by_year": _yearly({year: one.votes for year, one in found.by_year.items()}, years),
    }


def _trend(found: Trend) -> Document:
    return {
        "slope": found.slope,
        "standard_error": found.standard_error,
        "first": found.first,
        "last": found.last,
        "years": found.years,
    }


def _counting(found: Counting) -> Document:
    return {"count": found.total, "by_indicator": dict(found.by_indicator)}


def _expected(rate: Expected) -> Document:
    return {"expected": rate.number, "low": rate.low, "high": rate.high}


def _yearly[T](by_year: Mapping[int, T], years: range) -> dict[str, T | None]:
    return {str(year): by_year.get(year) for year in years}
