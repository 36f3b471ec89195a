"""`posterity base-rates`: what the record suggests, as a table and as JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from model.base_rates import suggest
from model.domain import Indicator
from service import printing
from service.base_rates import Answer, Question

_HEADINGS = ("from", "countries", "record", "occasions", "expected", "80 % interval", "spread")
_NUMERIC = ("occasions", "expected", "80 % interval", "spread")


def show(asked: Question, found: Sequence[Answer]) -> None:
    """Print the base rates, and what they make of the indicators that refer to them."""
    forecast = asked.forecast
    printing.line(
        f"Occasions to expect within the {asked.days} days from {forecast.opened} to {forecast.horizon}, "
        "by the record alone"
    )
    printing.block(printing.table(_HEADINGS, map(_row, found), numeric=_NUMERIC))
    for one in found:
        for line in _doubts(one):
            printing.line(line)
    for indicator in forecast.indicators:
        if stated := _stated(asked, indicator, found):
            printing.line(f"{indicator.id}: expected = {{ {stated} }}")


def _stated(asked: Question, indicator: Indicator, found: Sequence[Answer]) -> str:
    """Write the numbers of an indicator that refers to one of these base rates."""
    of = asked.referring.get(indicator.id)
    if of is None:
        return ""
    same = (one.rate for one in found if one.rate.kind == of.kind)
    rate = next((one for one in same if set(one.countries) == set(indicator.countries)), None)
    if rate is None:
        return ""
    return ", ".join(f"{name} = {value:.3g}" for name, value in suggest(rate, of.factor).items())


def _row(one: Answer) -> tuple[object, ...]:
    rate = one.rate
    return (
        rate.kind,
        " ".join(rate.countries),
        one.years,
        one.occasions,
        f"{rate.expected:.2f}",
        f"{rate.low} to {rate.high}",
        f"{rate.spread:.2f}",
    )


def _doubts(one: Answer) -> Iterator[str]:
    failed = [check for check in one.fitted.checks if check.passed is False]
    if failed:
        said = ", ".join(
            f"{check.name} {check.figure:.3g} (threshold {check.threshold:.3g})" for check in failed
        )
        yield f"Warning: the fit of {one.rate.kind} failed its checks: {said}"


def document(asked: Question, found: Sequence[Answer]) -> dict[str, Any]:
    """Describe them for JSON."""
    return {
        "forecast": asked.forecast.id,
        "opened": asked.forecast.opened.isoformat(),
        "horizon": asked.forecast.horizon.isoformat(),
        "days": asked.days,
        "base_rates": [_document(one) for one in found],
    }


def _document(one: Answer) -> dict[str, Any]:
    rate = one.rate
    history = one.fitted.history
    return {
        "from": rate.kind,
        "countries": list(rate.countries),
        "expected": rate.expected,
        "expected_low": rate.expected_low,
        "expected_high": rate.expected_high,
        "low": rate.low,
        "high": rate.high,
        "spread": rate.spread,
        "expected_error": rate.expected_error,
        "spread_error": rate.spread_error,
        "record": {
            "years": list(history.years),
            "counts": {name: history.counts[row].tolist() for row, name in enumerate(history.countries)},
        },
        "sound": rate.sound,
        "checks": [asdict(check) for check in one.fitted.checks],
        "predicted": [asdict(check) for check in one.fitted.predicted],
    }
