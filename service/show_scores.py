"""`posterity scores`: the track record as tables, CSV, JSON, or the reliability diagram."""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from model.bootstrap import LEAST
from model.errors import UsageError
from model.reliability import Reliability
from model.scores import Scores
from service import printing
from service.closing import known_forecast, stands
from service.composition import Service
from service.printing import MISSING, count, figure, percent
from service.scores_csv import PARTS, as_csv
from service.scoring import track_record
from service.targets import target
from service.track_record import REFERENCES, RULES, Mean, Overall, ScoredForecast, TrackRecord

FORMS = ("table", "csv", "json")
_NAMES = {"brier": "Brier", "log": "log", "rps": "RPS"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Which part of the track record is wanted, and how."""

    forecasts: tuple[str, ...] = ()
    only: str | None = None
    known_at: datetime | None = None
    form: str = "table"


def show(service: Service, question: Question, output: Path | None) -> None:
    """Write the track record.

    Raises
    ------
    UsageError
        A forecast, a part or a format is not known, or there is nothing to draw.
    Unavailable
        The file cannot be written.
    """
    _check(service, question)
    found = track_record(service, question.known_at, forecasts=question.forecasts)
    if output is not None and output.suffix.lower() == ".png":
        content = _diagram(found)
    else:
        content = _WRITERS[question.form](found, question.only).encode()
    with target(output) as stream:
        stream.write(content)


def _check(service: Service, question: Question) -> None:
    if question.form not in FORMS:
        raise UsageError(f"format {question.form!r} is not known; write one of {', '.join(FORMS)}")
    if question.only is not None and question.only not in PARTS:
        raise UsageError(f"part {question.only!r} is not known; write one of {', '.join(PARTS)}")
    for one in question.forecasts:
        known_forecast(service, one)


def _diagram(found: TrackRecord) -> bytes:
    from service.charts import png  # noqa: PLC0415 - only a diagram needs Altair
    from service.reliability_chart import reliability_chart  # noqa: PLC0415

    if not found.reliability:
        raise UsageError("there is nothing to draw: no outlook that counts has been resolved yet")
    return png(reliability_chart(found.reliability))


def _as_json(found: TrackRecord, only: str | None) -> str:
    told = found.document(daily=only == "daily")
    chosen = told if only is None else told["forecasts" if only == "daily" else only]
    return json.dumps(chosen, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


# ---- tables --------------------------------------------------------------------------------------


def _as_table(found: TrackRecord, only: str | None) -> str:
    parts = [only] if only else [one for one in PARTS if one != "daily"]
    told = [text for part in parts if (text := _TABLES[part](found))]
    return "\n".join(told) if told else f"{printing.visible(_empty(found))}\n"


def _empty(found: TrackRecord) -> str:
    left_out = (
        f" {count(found.left_out, 'resolved outlook')} of runs that were recorded after the fact, or "
        "replaced, do not count."
        if found.left_out
        else ""
    )
    return (
        "Nothing is scored yet. A forecast is scored once `posterity resolve ID SCENARIO --on DATE "
        "--because TEXT` says what became of it. What nights expect of the next 7, 30 and 90 days is scored "
        "by itself, 30 days after those days are over: the first of it 37 days after the first night."
        f"{left_out}"
    )


def _forecasts_table(found: TrackRecord) -> str:
    if not found.resolved:
        return "".join(f"{printing.visible(one)}\n" for one in _annulled(found))
    headings = (
        *("forecast", "came true", "on", "days", "Brier", "log", "RPS"),
        *("skill: prior", "skill: uniform"),
    )
    rows = [_forecast_cells(one) for one in found.resolved]
    lead = "Resolved forecasts: the mean over the days on which each was open; 0 is best, skill 1 is.\n"
    grid = printing.table(headings, rows, numeric=headings[3:])
    said = [*_overall_lines(found.overall), *remarks(found), *_annulled(found)]
    return lead + grid + "".join(f"{printing.visible(line)}\n" for line in said)


def _forecast_cells(one: ScoredForecast) -> tuple[object, ...]:
    return (
        *(one.forecast, one.scenario_title, one.decision.closed_on, one.days),
        *_cells(one.scores),
        *(_skill(one.skill(reference, "brier")) for reference in REFERENCES),
    )


def summary_rows(one: ScoredForecast) -> list[tuple[object, ...]]:
    """Lay out a forecast's scores beside those of who knows nothing, and its skill."""
    return [
        ("what stood each day", *_cells(one.scores)),
        ("its static prior", *_cells(one.prior)),
        ("all equally probable", *_cells(one.uniform)),
        ("skill against the prior", *(_skill(one.skill("prior", rule)) for rule in RULES)),
        ("skill against all equal", *(_skill(one.skill("uniform", rule)) for rule in RULES)),
    ]


def _overall_lines(found: Overall | None) -> Iterator[str]:
    if found is None:
        return
    if found.number == 1:
        yield f"One forecast proves little; from {LEAST} on an interval is given."
        return
    means = ", ".join(f"{_NAMES[rule]} {mean_text(found.scores[rule])}" for rule in RULES)
    skills = ", ".join(
        f"{mean_text(found.skill[one]['brier'], '+.2f')} against {_AGAINST[one]}" for one in REFERENCES
    )
    yield f"All {found.number} together: {means}; skill by Brier {skills}."
    if found.number < LEAST:
        yield (
            f"No interval is given: across forecasts it needs at least {LEAST} that are resolved. "
            "So few prove little either way."
        )
    else:
        yield "In brackets: 90 % intervals, by resampling forecasts (percentile bootstrap)."


_AGAINST = {"prior": "the static prior", "uniform": "all equally probable"}


def mean_text(one: Mean, form: str = ".3f") -> str:
    """Show a mean over forecasts with its interval, where it has one."""
    if one.value is None:
        return MISSING
    interval = one.interval
    ends = f" [{figure(interval.low, form)}, {figure(interval.high, form)}]" if interval else ""
    return f"{figure(one.value, form)}{ends}"


def remarks(found: TrackRecord) -> Iterator[str]:
    """Say what else must be known of resolved forecasts: late priors, and what had been called impossible."""
    for one in found.resolved:
        if one.late_days:
            first = f"{one.first_recorded:%Y-%m-%d}"
            late = count(one.late_days, "day")
            yield f"{one.forecast}: its priors were first recorded on {first}, when {late} of it were over."
    if sure := [one.forecast for one in found.resolved if math.isinf(one.scores.log)]:
        yield f"Infinite, as what came true had been called impossible: {', '.join(sure)}."


def _annulled(found: TrackRecord) -> Iterator[str]:
    for one in found.annulled:
        yield f"{one.forecast_id} {stands(one)}, and is not scored: {one.why}"


def _daily_table(found: TrackRecord) -> str:
    headings = ("forecast", "from", "to", "days", "run", "said of it", "Brier", "log", "RPS")
    rows = [
        (
            *(one.forecast, spell.first, spell.last, spell.days, spell.run or "prior"),
            percent(spell.probabilities[one.decision.scenario or ""]),
            *_cells(spell.scores),
        )
        for one in found.resolved
        for spell in one.spells
    ]
    return printing.table(headings, rows, numeric=headings[3:]) if rows else ""


def _outlooks_table(found: TrackRecord) -> str:
    if not found.outlooks:
        return _left_out(found) if found.resolved else ""
    headings = (
        *("forecast", "indicator", "days", "resolved", "expected", "happened", "Brier"),
        *("always the mean", "log"),
    )
    rows = [
        (
            *(one.forecast, one.indicator, one.days, one.number),
            *(percent(one.mean_probability), percent(one.mean_outcome)),
            *(f"{one.brier:.3f}", f"{one.climatology:.3f}", figure(one.log)),
        )
        for one in found.outlooks
    ]
    lead = (
        "Outlooks: at least one further event within so many days (Brier 0 to 1, 0 is best; log in nats).\n"
    )
    grid = printing.table(headings, rows, numeric=headings[2:])
    return f"{lead}{grid}{_left_out(found)}"


def _left_out(found: TrackRecord) -> str:
    if not found.left_out:
        return ""
    others = count(found.left_out, "further outlook")
    return f"{others} do not count: their runs were recorded after the fact, or replaced in time.\n"


def _reliability_table(found: TrackRecord) -> str:
    return "\n".join(_horizon(one.days, one.reliability) for one in found.reliability)


def _horizon(days: int, found: Reliability) -> str:
    parts = found.decomposition
    lead = (
        f"Reliability of {count(found.number, 'outlook')} of {days} days: Brier {parts.score:.3f} = "
        f"miscalibration {parts.miscalibration:.3f} - discrimination {parts.discrimination:.3f} + "
        f"uncertainty {parts.uncertainty:.3f}.\n"
    )
    headings = ("stated", "outlooks", "mean", "happened", f"if calibrated ({percent(found.level, 0)})")
    rows = [
        (
            f"{percent(one.low)} to {percent(one.high)}",
            one.number,
            percent(one.stated),
            percent(one.happened),
            f"{percent(one.band_low, 0)} to {percent(one.band_high, 0)}",
        )
        for one in found.bins
    ]
    return lead + printing.table(headings, rows, numeric=headings[1:])


def _cells(found: Scores) -> tuple[str, ...]:
    return tuple(figure(getattr(found, rule)) for rule in RULES)


def _skill(number: float | None) -> str:
    return MISSING if number is None else figure(number, "+.2f")


_TABLES: Mapping[str, Callable[[TrackRecord], str]] = MappingProxyType(
    {
        "forecasts": _forecasts_table,
        "daily": _daily_table,
        "outlooks": _outlooks_table,
        "reliability": _reliability_table,
    }
)
_WRITERS: Mapping[str, Callable[[TrackRecord, str | None], str]] = MappingProxyType(
    {"table": _as_table, "csv": as_csv, "json": _as_json}
)
