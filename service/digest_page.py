"""A digest's words and figures, laid out once: the plain text and the page in HTML are filled from the same.

Everything in it is text that can be shown as it stands: what the eye would not see is written as its code.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from service.curves import style
from service.digest_record import lines
from service.printing import MISSING, count, percent, points, visible

MOST_CHANGES = 8
_LONGEST = 60  # characters of a title or a value that stands within a line
_SHOWN_DIGEST = 19  # characters of a digest
_UNITS, _TIED = re.compile(r"(?<=\d) (?=(?:%|pp|bits)(?:\W|$))"), "\N{NO-BREAK SPACE}"

type Said = Mapping[str, Any]
type Page = dict[str, Any]


def page(edition: Said, told: Sequence[Said], *, public_url: str) -> Page:
    """Lay out what an edition says of some forecasts.

    Parameters
    ----------
    told
        Of the edition's forecasts those that the reader wants.
    public_url
        Where the pages are; empty where there are none, and then nothing links to them.
    """
    day = date.fromisoformat(edition["day"])
    laid_out = {
        "name": f"Week {_week(edition['week'])}",
        "day": f"{day:%A}, {day}",
        "summary": [_summary(one) for one in told],
        "notices": [_notice(one, each, alone=len(told) == 1) for one in told for each in one["notices"]],
        "forecasts": [section(edition, one, public_url) for one in told],
        "record": lines(edition, told),
        "known_at": known_at(edition),
        "made_from": [f"{_title(one)}: {_made_from(one)}" for one in told if one["now"]],
    }
    return {"subject": subject(edition["week"], told), **seen(laid_out)}


def seen(value: Any) -> Any:
    """Write what the eye would not see as its code, and tie units to their numbers, in every text."""
    match value:
        case str():
            return _UNITS.sub(_TIED, visible(value))
        case Mapping():
            return {name: seen(item) for name, item in value.items()}
        case list() | tuple():
            return [seen(item) for item in value]
        case _:
            return value


def known_at(edition: Said) -> str:
    """Say up to when an edition knows, in the service's time zone."""
    moment = datetime.fromisoformat(edition["known_at"]).astimezone(ZoneInfo(edition["timezone"]))
    return f"{moment:%Y-%m-%d %H:%M %Z}"


def _week(week: str) -> str:
    year, number = week.split("-W")
    return f"{int(number)} of {year}"


# ---- the subject -------------------------------------------------------------------------------


def subject(week: str, told: Sequence[Said]) -> str:
    """State the news: of one forecast where it stands, of several which one moved the most."""
    name = f"Posterity, week {int(week.split('-W')[1])}"
    if len(told) == 1:
        return visible(f"{name}: {_news(told[0])}{_trouble(told)}")
    moved = [one for one in told if one["largest"]]
    if not moved:
        return visible(f"{name}: {count(len(told), 'forecast')}, no results{_trouble(told)}")
    most = max(moved, key=lambda one: abs(one["largest"]["points"]))
    move = most["largest"]
    news = f"largest move {change(move['points'])}: {_cut(move['title'])} {percent(move['now'], 0)}"
    return visible(f"{name}: {count(len(told), 'forecast')}, {news} ({_cut(_title(most))}){_trouble(told)}")


def _news(one: Said) -> str:
    """Name the most probable scenario, and how far it moved."""
    if not one["now"]:
        return f"no result for {_title(one)}"
    leading = max(one["scenarios"], key=lambda each: each["now"] or 0)
    moved = change(leading["points"]) if one["before"] else f"{change(leading['points'])} from its prior"
    return f"{_cut(leading['title'])} {percent(leading['now'], 0)} ({moved})"


def _trouble(told: Sequence[Said]) -> str:
    """Name what is wrong, for whoever reads no further."""
    kinds = {notice["kind"]: None for one in told for notice in one["notices"]}
    wrong = [_IN_SHORT[kind] for kind in kinds if kind in _IN_SHORT]
    return f"; {', '.join(wrong)}" if wrong else ""


_IN_SHORT = {
    "held": "last run held",
    "failed": "last run failed",
    "stale": "stale",
    "unobserved": "nobody watching",
    "due": "due for resolution",
    "closed": "closed",
}


def _summary(one: Said) -> str:
    return f"{_title(one)}: {_news(one)}." if one["now"] else f"{_title(one)}: no result."


def _notice(one: Said, notice: Said, *, alone: bool) -> Page:
    return {"about": "" if alone else _title(one), "text": notice["text"]}


# ---- a forecast --------------------------------------------------------------------------------


def section(edition: Said, one: Said, public_url: str) -> Page:
    """Lay out what is said of one forecast."""
    laid_out: Page = {"id": one["forecast"], "title": _title(one), "question": _line(one["question"])}
    if not one["now"]:
        return laid_out | {"now": False, "score": _score(one["score"])}
    return laid_out | {
        "now": True,
        "standing": _standing(edition, one),
        "columns": _columns(one),
        "rows": [_row(place, each) for place, each in enumerate(one["scenarios"])],
        "movement": _movement(one, public_url),
        "outlook": _outlook(one),
        "score": _score(one["score"]),
        "watch": _watch(one["watch"]),
        "changed": list(_changed(one)),
        "alerts": [_alert(each) for each in one["alerts"]],
        "warnings": [f"Warning: {each}" for each in one["warnings"] if not _is_notice(each)],
    }


def _title(one: Said) -> str:
    return _line(one["title"])


def _line(text: str) -> str:
    return " ".join(text.split())


def _standing(edition: Said, one: Said) -> list[str]:
    """Say which runs are compared."""
    now, before, day = one["now"], one["before"], edition["week_before"]
    evidence = f"{count(now['events'], 'event')} from {count(now['reports'], 'report')}"
    as_of = f"Now: the cutoff of {now['as_of']} (run {now['run']}); evidence: {evidence}."
    if before is None:
        prior = f"the change is from the prior of {one['opened']} instead"
        return [as_of, f"A week ago, on {day}, no run stood; {prior}."]
    same = "; it is the same run" if before["run"] == now["run"] else ""
    cutoff = f"the cutoff of {before['as_of']} (run {before['run']})"
    return [as_of, f"A week ago: the run that stood on {day}, {cutoff}{same}."]


def _columns(one: Said) -> list[str]:
    return ["now", "a week ago", "change" if one["before"] else "from prior", "prior", "band"]


def _row(place: int, each: Said) -> Page:
    return {
        "title": _line(each["title"]),
        "word": each["word"] or MISSING,
        "colour": style(place).colour,
        "cells": [
            percent(each["now"]),
            percent(each["before"]),
            change(each["points"]),
            percent(each["prior"]),
            _band(each["band_low"], each["band_high"]),
        ],
    }


def _band(low: float | None, high: float | None) -> str:
    """Show a band's two ends, finer where whole percentages would show nothing or all."""
    if low is None or high is None:
        return MISSING
    places = 0 if low >= 0.01 and high <= 0.99 else 1
    return f"{percent(low, places).removesuffix(' %')} to {percent(high, places)}"


def change(number: float | None) -> str:
    """Show percentage points with their sign; what rounds to nothing has none."""
    if number is None:
        return MISSING
    shown = points(number / 100, 0)
    return "0.0 pp" if float(shown.removesuffix(" pp")) == 0 else shown.replace("-", "\N{MINUS SIGN}")


def _movement(one: Said, public_url: str) -> Page:
    found, since = one["movement"], one["before"]
    heading = "What moved it this week" if since else "What moved it from its prior"
    causes = [_cause(each, public_url) for each in found["causes"]]
    more = f"and {count(found['more'], 'smaller cause')}" if causes and found["more"] else ""
    return {"heading": heading, "lead": _lead(found), "causes": causes, "more": more}


def _lead(found: Said) -> str:
    if found["unsaid"]:
        return f"It cannot be said: {found['unsaid']}."
    if not found["causes"]:
        small = (
            f": {count(found['more'], 'cause')}, none of them as large as 0.005 bits" if found["more"] else ""
        )
        return f"Nothing moved it{small}."
    return "The largest causes. A bit for a scenario doubles its probability, a bit against it halves it."


def _cause(each: Said, public_url: str) -> Page:
    moved = f" ({change(each['points'])})" if each["points"] is not None else ""
    event = f"{public_url}/events/{quote(each['event'], safe='')}" if public_url and each["event"] else ""
    return {
        "text": each["text"],
        "effect": f"{each['effect']}{moved}",
        "event": event,
        "sources": [{"name": _line(one["name"]), "url": one["url"] or ""} for one in each["sources"]],
        "more": f"and {each['more_sources']} more" if each["more_sources"] else "",
    }


def _outlook(one: Said) -> Page:
    found = one["outlook"]
    if found is None:
        return {"lead": "The horizon has passed: nothing more is expected.", "lines": [], "more": ""}
    order = "the most probable first" if found["more"] else "in the forecast's order"
    return {
        "lead": f"How probable at least one further event is in the 30 days to {found['until']}, {order}.",
        "lines": [
            {"what": each["what"], "number": percent(each["probability"], 0)} for each in found["lines"]
        ],
        "more": f"and {count(found['more'], 'less probable one')}" if found["more"] else "",
    }


def _score(found: Said | None) -> str:
    name = "How earlier outlooks of 30 days did"
    if found is None:
        return f"{name}: nothing to score yet."
    number, happened = found["number"], f"{found['happened']:.1f} of {found['number']}"
    expected, came = percent(found["mean_probability"]), percent(found["mean_outcome"])
    decided = f"{count(number, 'expectation')} came to be decided in the last 31 days"
    return (
        f"{name}: {decided}. Expected were {expected} on average, and {came} happened ({happened}). "
        f"Their Brier score, of which 0 is the best, is {found['brier']:.3f}; always stating {came} would "
        f"have scored {found['climatology']:.3f}."
    )


def _watch(found: Iterable[Said]) -> list[Page]:
    return [
        {"what": each["what"], "number": f"{each['bits']:.4f} bits, {percent(each['probability'], 0)}"}
        for each in found
    ]


def _changed(one: Said) -> Iterator[str]:
    changes, code = one["changed"]["definition"], one["changed"]["code"]
    for each in changes[:MOST_CHANGES]:
        yield f"The forecast: {each['path']} was {_value(each['old'])}, is {_value(each['new'])}"
    if len(changes) > MOST_CHANGES:
        yield f"and {count(len(changes) - MOST_CHANGES, 'further change')} of the forecast"
    if code:
        versions = f"{_short(code['old'])} to {_short(code['new'])}"
        yield f"The program: its code or its numerical packages, {versions}"


def _value(value: object) -> str:
    return "nothing" if value is None else _cut(str(value))


def _cut(text: str) -> str:
    shown = _line(text)
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}…"


def _alert(each: Said) -> str:
    bits = "" if each["bits"] is None else f" ({each['bits']:.3f} bits of Jeffreys divergence)"
    far = MISSING if each["points"] is None else f"{each['points']:.1f} pp"
    return f"{each['as_of']}: run {each['run']} moved by {far}{bits} from run {each['since_run']}"


def _is_notice(warning: str) -> bool:
    """Whether a run's warning is said at the top already."""
    return warning.startswith("past its horizon")


def _made_from(one: Said) -> str:
    versions = one["versions"]
    named = (f"{name} {_short(versions[name])}" for name in ("forecast", "evidence", "code"))
    runs = [one["now"]["run"], *([one["before"]["run"]] if one["before"] else [])]
    numbers = " and ".join(str(run) for run in dict.fromkeys(runs))
    return f"run {numbers}; {', '.join(named)}"


def _short(digest: str | None) -> str:
    return MISSING if digest is None else digest[:_SHOWN_DIGEST]
