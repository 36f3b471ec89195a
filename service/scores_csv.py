"""The track record in long form, for data frames: one table for each of its parts."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType

from service.track_record import REFERENCES, RULES, TrackRecord

PARTS = ("forecasts", "daily", "outlooks", "reliability")
_OF_REFERENCES = tuple((reference, rule) for reference in REFERENCES for rule in RULES)


def as_csv(found: TrackRecord, only: str | None) -> str:
    """Write one part, by default that of the forecasts; infinity is ``inf``, as data frames read it."""
    rows = list(_LONG[only or "forecasts"](found))
    headings = _HEADINGS[only or "forecasts"]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(headings)
    writer.writerows([one[name] for name in headings] for one in rows)
    return stream.getvalue()


def _forecast_rows(found: TrackRecord) -> Iterator[dict[str, object]]:
    for one in found.resolved:
        yield {
            "forecast": one.forecast,
            "scenario": one.decision.scenario,
            "opened": one.opened,
            "horizon": one.horizon,
            "resolved_on": one.decision.closed_on,
            "days": one.days,
            **{rule: getattr(one.scores, rule) for rule in RULES},
            **{f"{rule}_{of}": getattr(getattr(one, of), rule) for of, rule in _OF_REFERENCES},
            **{f"{rule}_skill_{of}": one.skill(of, rule) for of, rule in _OF_REFERENCES},
            "late_days": one.late_days,
        }


def _daily_rows(found: TrackRecord) -> Iterator[dict[str, object]]:
    for one in found.resolved:
        for spell in one.spells:
            yield {
                "forecast": one.forecast,
                "from": spell.first,
                "to": spell.last,
                "days": spell.days,
                "run": spell.run,
                "probability": spell.probabilities[one.decision.scenario or ""],
                **{rule: getattr(spell.scores, rule) for rule in RULES},
            }


def _outlook_rows(found: TrackRecord) -> Iterator[dict[str, object]]:
    for one in found.outlooks:
        yield {name: getattr(one, name) for name in _HEADINGS["outlooks"]}


def _reliability_rows(found: TrackRecord) -> Iterator[dict[str, object]]:
    for one in found.reliability:
        for each in one.reliability.bins:
            own = {name: getattr(each, name) for name in _HEADINGS["reliability"][1:-1]}
            yield {"days": one.days, **own, "level": one.reliability.level}


_HEADINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "forecasts": (
            *("forecast", "scenario", "opened", "horizon", "resolved_on", "days", *RULES),
            *(f"{rule}_{of}" for of, rule in _OF_REFERENCES),
            *(f"{rule}_skill_{of}" for of, rule in _OF_REFERENCES),
            "late_days",
        ),
        "daily": ("forecast", "from", "to", "days", "run", "probability", *RULES),
        "outlooks": (
            *("forecast", "indicator", "days", "number", "mean_probability", "mean_outcome"),
            *("brier", "climatology", "log"),
        ),
        "reliability": (
            *("days", "low", "high", "number", "stated", "happened", "band_low", "band_high", "level"),
        ),
    }
)
_LONG: Mapping[str, Callable[[TrackRecord], Iterable[Mapping[str, object]]]] = MappingProxyType(
    {
        "forecasts": _forecast_rows,
        "daily": _daily_rows,
        "outlooks": _outlook_rows,
        "reliability": _reliability_rows,
    }
)
