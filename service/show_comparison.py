"""What `posterity compare` prints: as tables, CSV or JSON."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from model.bootstrap import Interval
from model.errors import UsageError
from service import printing
from service.comparing import REFERENCES, RULES, Comparison, Difference, Pair, Parted, Scored
from service.experiment_names import MOST_SHOWN
from service.printing import MISSING, percent
from storage.experiments import Summary

type Document = dict[str, Any]

FORMS = ("table", "csv", "json")
_NAMES = MappingProxyType({"brier": "Brier", "log": "log", "rps": "RPS"})
_COLUMNS = ("experiment", "as_of", "scenario", "probability")


def check_format(form: str) -> str:
    """Refuse a format that is not known with a `UsageError`."""
    if form not in FORMS:
        raise UsageError(f"format {form!r} is not known; write one of {', '.join(FORMS)}")
    return form


# ---- experiments ------------------------------------------------------------------------------------------


def show_experiments(found: Sequence[Summary], form: str) -> None:
    """List what there is to compare."""
    rows = [
        (
            one.name,
            one.forecast_id,
            one.engine,
            one.nights,
            one.first,
            one.last,
            f"{one.recorded_at:%Y-%m-%d}",
        )
        for one in found
    ]
    headings = ("experiment", "forecast", "engine", "nights", "first", "last", "begun")
    if form == "json":
        printing.as_json([dict(zip(headings, _plain(row), strict=True)) for row in rows])
    elif form == "csv":
        printing.block(_csv(headings, map(_plain, rows)))
    elif rows:
        printing.block(printing.table(headings, rows, numeric=("nights",)))
    else:
        printing.line("There is no experiment yet; `posterity replay` makes one.")


def _plain(row: Sequence[object]) -> list[object]:
    return [f"{cell}" if isinstance(cell, date) else cell for cell in row]


def _csv(headings: Sequence[str], rows: Iterator[Sequence[object]]) -> str:
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows(rows)
    return written.getvalue()


# ---- a comparison -----------------------------------------------------------------------------------------


def show(found: Comparison, form: str) -> None:
    """Print a comparison in one of the formats."""
    if form == "json":
        printing.as_json(document(found))
    elif form == "csv":
        printing.block(_csv(_COLUMNS, _long(found)))
    else:
        for part in _parts(found):
            printing.block(part)


def _long(found: Comparison) -> Iterator[Sequence[object]]:
    """One row for each name, day on which any of them says something new, and scenario."""
    for place, day in _news(found):
        for name, stood in found.probabilities.items():
            for scenario, probability in zip(found.forecast.scenario_ids, stood[place], strict=True):
                yield name, day.isoformat(), scenario, probability


def _news(found: Comparison) -> list[tuple[int, date]]:
    """Places of the first day and of those on which any line says something new."""
    new = {found.days[0], *(day for one in found.lines for day in one.cutoffs)}
    return [(place, day) for place, day in enumerate(found.days) if day in new]


def document(found: Comparison) -> Document:
    """Describe a comparison for machines; missing numbers are null."""
    ids = found.forecast.scenario_ids
    resolved = found.resolved
    return {
        "forecast": found.forecast.id,
        "experiments": [
            {
                "name": one.name,
                "engine": one.engine,
                "first": one.first.isoformat(),
                "last": one.last.isoformat(),
                "nights": len(one.cutoffs),
                "unpublished": one.unpublished,
                "prior": dict(zip(ids, one.prior, strict=True)),
            }
            for one in found.lines
        ],
        "from": found.days[0].isoformat(),
        "to": found.days[-1].isoformat(),
        "days": len(found.days),
        "resolved": resolved
        and {"scenario": resolved.scenario, "on": resolved.closed_on and resolved.closed_on.isoformat()},
        "nights": [
            {
                "as_of": day.isoformat(),
                "probabilities": {
                    name: dict(zip(ids, stood[place], strict=True))
                    for name, stood in found.probabilities.items()
                },
            }
            for place, day in _news(found)
        ],
        "scores": {one.name: _scores(one) for one in found.scored},
        "pairs": [_pair(one, ids, found.block) for one in found.pairs],
    }


def _scores(one: Scored) -> Document:
    means = {rule: _number(getattr(one.scores, rule)) for rule in RULES}
    return means | {"skill": {rule: dict(one.skill[rule]) for rule in RULES}}


def _pair(one: Pair, ids: Sequence[str], block: int) -> Document:
    return {
        "between": list(one.names),
        "apart": {"mean": one.mean, "widest": one.widest, "on": one.widest_on.isoformat()},
        "differences": {
            each.rule: {
                "mean": _number(each.mean),
                "interval": each.interval
                and {"low": each.interval.low, "high": each.interval.high, "level": each.interval.level},
                "block_days": block,
            }
            for each in one.differences
        },
        "partings": [_parting(each, one.names, ids) for each in one.partings],
    }


def _parting(each: Parted, names: Sequence[str], ids: Sequence[str]) -> Document:
    return {
        "as_of": each.day.isoformat(),
        "before": each.before,
        "after": each.after,
        "probabilities": {
            name: dict(zip(ids, stood, strict=True))
            for name, stood in zip(names, each.probabilities, strict=True)
        },
        "events": [
            {"event": key, "headline": each.headlines[key], "before": before, "after": after}
            for key, (before, after) in each.events.items()
        ],
    }


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


# ---- tables -----------------------------------------------------------------------------------------------


def _parts(found: Comparison) -> Iterator[str]:
    yield from _over_time(found)
    if found.scored:
        yield "\n" + _scores_table(found)
    for one in found.pairs:
        yield "\n" + "".join(f"{printing.visible(line)}\n" for line in _pair_lines(one, found))


def _over_time(found: Comparison) -> Iterator[str]:
    news = _news(found)
    shown, unit = _thinned(news)
    ids = found.forecast.scenario_ids
    headings = ("as of", *(f"{name}: {one}" for name in found.probabilities for one in ids))
    rows = (
        (day, *(percent(one) for stood in found.probabilities.values() for one in stood[place]))
        for place, day in shown
    )
    yield printing.table(headings, rows, numeric=headings[1:])
    if len(shown) < len(news):
        yield f"the last of each {unit} is shown, {len(shown)} of {len(news)}; --json has them all\n"


def _thinned(news: Sequence[tuple[int, date]]) -> tuple[list[tuple[int, date]], str]:
    """Choose the days to show: all of a few, else the last of each month, or of each year."""
    if len(news) <= MOST_SHOWN:
        return list(news), "day"
    months = {(day.year, day.month): (place, day) for place, day in news}
    if len(months) <= MOST_SHOWN:
        return list(months.values()), "month"
    return list({day.year: (place, day) for place, day in news}.values()), "year"


def _scores_table(found: Comparison) -> str:
    headings = ("experiment", *_NAMES.values(), *(f"skill: {one}" for one in REFERENCES))
    rows = [
        (
            one.name,
            *(_shown(getattr(one.scores, rule)) for rule in RULES),
            *(_shown(one.skill["brier"][reference]) for reference in REFERENCES),
        )
        for one in found.scored
    ]
    return f"{printing.visible(_lead(found))}\n{printing.table(headings, rows, numeric=headings[1:])}"


def _lead(found: Comparison) -> str:
    days = printing.count(len(found.days), "day")
    came = f"{found.resolved.scenario} came true on {found.resolved.closed_on}" if found.resolved else ""
    return f"{came}. Mean over the {days} from {found.days[0]} to {found.days[-1]}; 0 is best, skill 1 is."


def _pair_lines(one: Pair, found: Comparison) -> Iterator[str]:
    first, second = one.names
    widest = f"at most {100 * one.widest:.1f} pp on {one.widest_on}"
    yield f"{first} and {second}: on average {100 * one.mean:.1f} pp apart, {widest}"
    for each in one.differences:
        yield f"  {_NAMES[each.rule]}: {first} {_by(each)} {second}{_interval(each.interval)}"
    if one.differences:
        yield f"  Intervals: of these days (in blocks of {found.block}); they say nothing of other forecasts."
    for parted in one.partings:
        apart = f"from {100 * parted.before:.1f} to {100 * parted.after:.1f} pp apart"
        yield f"  {parted.day}: {apart}, {_because(parted)}"


def _by(each: Difference) -> str:
    if not math.isfinite(each.mean):
        return "has no mean difference from"
    return f"{abs(each.mean):.4f} {'worse' if each.mean > 0 else 'better'} than"


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return " (no interval: too few days, or scores without end)"
    level = f"{100 * interval.level:.0f} %"
    return f" ({level} interval of the difference: {interval.low:+.4f} to {interval.high:+.4f})"


def _because(parted: Parted) -> str:
    if not parted.events:
        return "by no event: time and silence"
    told = (f"{key} ({_change(*ends)}) {parted.headlines[key]}" for key, ends in parted.events.items())
    return "; ".join(told)


def _change(before: float, after: float) -> str:
    if not before:
        return f"new, {percent(after, 0)} credible"
    return f"from {percent(before, 0)} to {percent(after, 0)} credible" if after else "no longer counts"


def _shown(number: float | None) -> str:
    if number is None:
        return MISSING
    return f"{number:.3f}" if math.isfinite(number) else "∞"
