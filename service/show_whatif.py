"""`posterity what-if`: the probabilities under events that nobody has reported, or under silence."""

import difflib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from ingest.reports import report_from
from model import exact
from model.credibility import CEILING, Grades, combine
from model.domain import Forecast, Report
from model.errors import PosterityError, UsageError
from model.evidence import Evidence
from model.whatif import Supposed, event, suppose
from model.words import word
from service import printing
from service.accounts import evidence_of, published_run
from service.composition import Service
from service.printing import MISSING, percent, points
from service.wording import country, tag_in_words
from storage.runs import StoredRun

KEYS = ("tag", "country", "also", "grade", "probability_true")

type _Said = tuple[str, Callable[[], Mapping[str, object]]]  # where it stands, and what reads it


@dataclass(frozen=True, kw_only=True, slots=True)
class Hypothesis:
    """What is supposed, on what, and what would come of it."""

    run: StoredRun
    evidence: Evidence
    supposed: tuple[Supposed, ...]
    then: Evidence

    @property
    def now(self) -> dict[str, float]:
        """Probabilities as things stand."""
        return exact.posterior(self.evidence)

    @property
    def would_be(self) -> dict[str, float]:
        """Probabilities if it were so."""
        return exact.posterior(self.then)


def hypothesis(
    service: Service,
    forecast_id: str,
    events: Sequence[str],
    *,
    silence_until: date | None,
    as_of: date | None,
) -> Hypothesis:
    """Suppose events as they are typed, and silence; nothing is stored.

    Parameters
    ----------
    events
        Each ``tag=…,country=…,grade=…``.

    Raises
    ------
    UsageError
        As `supposing` does, or nothing is supposed.
    """
    if not events and silence_until is None:
        raise UsageError("nothing is supposed; write --event tag=…,country=… or --silence-until DATE")
    said = [(f"--event {text}", lambda text=text: _record(text)) for text in events]
    return _supposing(service, forecast_id, said, silence_until=silence_until, as_of=as_of)


def supposing(
    service: Service,
    forecast_id: str,
    events: Sequence[Mapping[str, object]],
    *,
    silence_until: date | None,
    as_of: date | None,
) -> Hypothesis:
    """Suppose events, and silence, on top of what a published run knew; nothing is stored.

    Parameters
    ----------
    events
        Each with the fields of a report that `KEYS` names.

    Raises
    ------
    Unknown
        There is no such forecast, or no run of it by then.
    UsageError
        An event makes no sense, has a tag that no indicator counts, or the silence lies behind; or nothing
        is supposed at all.
    """
    if not events and silence_until is None:
        raise UsageError(
            "nothing is supposed; name at least one event, or a day until which there is silence"
        )
    said = [(f"events/{number}", lambda record=record: record) for number, record in enumerate(events)]
    return _supposing(service, forecast_id, said, silence_until=silence_until, as_of=as_of)


def _supposing(
    service: Service,
    forecast_id: str,
    events: Sequence[_Said],
    *,
    silence_until: date | None,
    as_of: date | None,
) -> Hypothesis:
    run = published_run(service, forecast_id, as_of=as_of)
    with service.database.reading() as session:
        evidence = evidence_of(session, run)
    grades = service.configuration.grades.worth()
    supposed = _read_all(evidence, events, grades)
    then = suppose(evidence, supposed, silent_until=silence_until)
    return Hypothesis(run=run, evidence=evidence, supposed=supposed, then=then)


def _read_all(evidence: Evidence, events: Sequence[_Said], grades: Grades) -> tuple[Supposed, ...]:
    """Read every event, or say of all of them what is wrong."""
    found, problems = [], []
    for place, record in events:
        try:
            found.append(_read(evidence, record(), grades))
        except PosterityError as error:
            problems.append(f"{place}: {error}")
    if problems:
        raise UsageError("\n".join(problems))
    return tuple(found)


def _read(evidence: Evidence, record: Mapping[str, object], grades: Grades) -> Supposed:
    known = {"published_on": evidence.observed_until.isoformat(), "headline": "supposed"}
    report = report_from({**record, **known}, today=evidence.as_of)
    _check_tag(evidence.forecast, report.tag)
    return Supposed(tag=report.tag, countries=report.countries, credibility=_credibility(report, grades))


def _record(text: str) -> dict[str, object]:
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    wrong = ["".join(pair) for pair in pairs if pair[0].strip() not in KEYS or not pair[1]]
    if wrong:
        raise UsageError(f"cannot read {', '.join(wrong)}; write {'=…, '.join(KEYS)}=…")
    record: dict[str, object] = {name.strip(): value.strip() for name, _, value in pairs}
    if len(record) < len(pairs):
        raise UsageError("says something twice; further countries go into also=…")
    with suppress(KeyError, ValueError):  # what is no number is refused with the rest
        record["probability_true"] = float(str(record["probability_true"]))
    return record


def _check_tag(forecast: Forecast, tag: str) -> None:
    if tag in forecast.tags:
        return
    known = sorted(forecast.tags)
    close = difflib.get_close_matches(tag, known, n=3, cutoff=0.3)
    near = f"the nearest: {', '.join(close)}" if close else f"write one of {', '.join(known)}"
    raise UsageError(f"no indicator of {forecast.id} counts the tag {tag!r}; {near}")


def _credibility(report: Report, grades: Grades) -> float:
    """Weigh it as one report; without a grade it is as certain as news can be."""
    if report.grade is None and report.probability_true is None:
        return CEILING
    return combine([grades.log_odds(report)], [], grades.corroboration)


def document(told: Hypothesis) -> dict[str, Any]:
    """Describe a hypothesis for JSON."""
    now, then = told.now, told.would_be
    return {
        "forecast": told.run.forecast_id,
        "as_of": told.run.as_of.isoformat(),
        "run": told.run.run,
        "observed_until": told.then.observed_until.isoformat(),
        "events": [
            {
                "tag": one.tag,
                "countries": list(one.countries),
                "credibility": one.credibility,
                "counts_in": _counted_in(told, number),
            }
            for number, one in enumerate(told.supposed)
        ],
        "now": now,
        "probabilities": then,
        "points": {one: 100 * (then[one] - now[one]) for one in now},
        "bits": {one: _bits(now[one], then[one]) for one in now},
    }


def _bits(now: float, then: float) -> float | None:
    return math.log2(then / now) if now > 0 and then > 0 else None


def _counted_in(told: Hypothesis, number: int) -> list[str]:
    """List the indicators in which a supposed event would count."""
    key = _key(told, number)
    return [
        seen.indicator.id
        for seen in told.then.indicators
        if any(counted.key == key for counted in seen.counted)
    ]


def _key(told: Hypothesis, number: int) -> str:
    return event(told.evidence, told.supposed[number], number).key


def show(told: Hypothesis) -> None:
    """Print what would come of it."""
    forecast = told.evidence.forecast
    printing.line(forecast.title or forecast.id)
    printing.line(f"{forecast.id} as of {told.run.as_of} (run {told.run.run}), supposing:")
    for line in _supposed(told):
        printing.line(f"  {line}")
    now, then = told.now, told.would_be
    rows = (
        (
            one.title or one.id,
            percent(now[one.id]),
            percent(then[one.id]),
            points(then[one.id], now[one.id]),
            _shown(_bits(now[one.id], then[one.id])),
            word(then[one.id]),
        )
        for one in forecast.scenarios
    )
    headings = ("scenario", "now", "then", "change", "bits", "in words")
    printing.block(printing.table(headings, rows, numeric=headings[1:-1]))
    printing.line("Nothing was stored.")


def _shown(bits: float | None) -> str:
    return MISSING if bits is None else f"{bits:+.2f}"


def _supposed(told: Hypothesis) -> Iterator[str]:
    for number, one in enumerate(told.supposed):
        counted = _counted_in(told, number)
        where = f"counts in {', '.join(counted)}" if counted else _why_not(told, number)
        yield (
            f"{tag_in_words(one.tag)} in {', '.join(map(country, one.countries))} "
            f"on {told.evidence.observed_until}, "
            f"credibility {one.credibility:.2f}: {where}"
        )
    if told.then.observed_until > told.evidence.observed_until:
        yield f"nothing more until {told.then.observed_until}"
        yield from _known_before(told)


def _why_not(told: Hypothesis, number: int) -> str:
    key = _key(told, number)
    folded = [seen for seen in told.then.indicators if any(one.key == key for one in seen.folded)]
    if folded:
        return f"adds nothing in {folded[0].indicator.id}, where an occasion is still open"
    return "counts in no indicator, as none with this tag names that country"


def _known_before(told: Hypothesis) -> Iterator[str]:
    """Name the events that are known already and come to count as observation goes on."""
    before = {one.key for one in told.evidence.events}
    supposed = {_key(told, number) for number in range(len(told.supposed))}
    for one in told.then.events:
        if one.key not in before | supposed:
            yield f"but for what is known already: {one.headline or one.key} ({one.occurred})"
