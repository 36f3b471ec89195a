"""A forecast as an Atom feed (RFC 4287): an entry for each published run that moved it far.

A run is compared with the run that was in force before it, which its line names: what later runs or a
later configuration of the scenarios say changes no entry. Texts from outside are plain text with what
cannot be seen written out, so that a reader of feeds has nothing to interpret.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5
from xml.etree import ElementTree as ET

from model.domain import Forecast
from service.printing import percent, points, visible
from service.wording import title

MOST = 100  # entries
LOOKED_AT = 2000  # runs: five years of nights
CAUSES = 3
_OURS = UUID("6f1c2f8e-6a4b-5f0c-9f49-1a4f3f0e7f52")
_ATOM = "http://www.w3.org/2005/Atom"

type Line = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """What a feed says.

    Parameters
    ----------
    identity, forecast
        The forecast, and its definition where there is one.
    lines
        The runs that moved it, the newest first.
    documents
        What is stored of each of them, by number.
    updated
        When it last changed.
    public_url
        How others reach this service; empty where that is not known, so that links are relative.
    """

    identity: str
    forecast: Forecast | None
    lines: Sequence[Line]
    documents: Mapping[int, str]
    updated: str
    public_url: str = ""


def moves(lines: Sequence[str], move_points: float) -> list[Line]:
    """Pick the runs that moved a scenario by more than so many percentage points, at most a hundred."""
    found = (one for one in map(json.loads, lines) if _moved(one) > move_points)
    return [one for one, _ in zip(found, range(MOST), strict=False)]


def _moved(line: Line) -> float:
    """Give the largest change in percentage points; with other scenarios it was redefined, not moved."""
    now, before = line.get("probabilities") or {}, line.get("previous") or {}
    if now.keys() != before.keys():
        return 0.0
    both = [(now[one], before[one]) for one in now if None not in {now[one], before[one]}]
    return max((100 * abs(p - q) for p, q in both), default=0.0)


def written(feed: Feed) -> str:
    """Write a feed as XML."""
    root = ET.Element("feed", xmlns=_ATOM)
    name = (feed.forecast.title if feed.forecast else "") or feed.identity
    here = f"{feed.public_url.rstrip('/')}/forecasts/{feed.identity}"
    _put(root, "id", uuid5(_OURS, feed.identity).urn)
    _put(root, "title", name)
    _put(root, "updated", feed.updated)
    _put(ET.SubElement(root, "author"), "name", "Posterity")
    api = f"{feed.public_url.rstrip('/')}/api/v1/forecasts/{feed.identity}/feed.atom"
    ET.SubElement(root, "link", rel="self", type="application/atom+xml", href=api)
    ET.SubElement(root, "link", rel="alternate", type="text/html", href=here)
    for line in feed.lines:
        _entry(ET.SubElement(root, "entry"), feed, line, here)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _entry(entry: ET.Element, feed: Feed, line: Line, here: str) -> None:
    run = line["run"]
    made = uuid5(_OURS, f"{feed.identity}/{run}/{line['known_at']}")  # a store begun anew counts anew
    _put(entry, "id", made.urn)
    _put(entry, "title", _headline(feed.forecast, line))
    _put(entry, "updated", line["known_at"])
    _put(entry, "published", line["known_at"])
    ET.SubElement(entry, "link", rel="alternate", type="text/html", href=f"{here}/runs/{run}")
    _put(entry, "content", "\n".join(_lines(feed, line))).set("type", "text")


def _put(parent: ET.Element, name: str, text: str) -> ET.Element:
    element = ET.SubElement(parent, name)
    element.text = "\n".join(map(visible, text.split("\n")))
    return element


def _headline(forecast: Forecast | None, line: Line) -> str:
    """Name the scenario that moved the most."""
    now, before = line["probabilities"], line["previous"]
    most = max(now, key=lambda one: abs((now[one] or 0) - (before[one] or 0)))
    return f"{_named(forecast, most)} {percent(now[most])} ({points(now[most], before[most])})"


def _lines(feed: Feed, line: Line) -> Iterator[str]:
    words = line.get("words") or {}
    yield f"As of {line['as_of']} (run {line['run']}); changes are in percentage points (pp)."
    for one, now in line["probabilities"].items():
        change = points(now, line["previous"][one])
        yield f"{_named(feed.forecast, one)}: {percent(now)} ({change}), {words.get(one, '')}".rstrip(", ")
    told = json.loads(feed.documents.get(line["run"], "{}")).get("moved") or []
    if told:
        yield "What moved it most:"
    for cause in told[:CAUSES]:
        yield f"- {cause['text']}"


def _named(forecast: Forecast | None, scenario: str) -> str:
    return title(forecast, scenario) if forecast else scenario
