"""A week's edition as a letter to one reader: the plain text, the page, and its charts."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from model.domain import Scenario
from service.charts import history_chart, png
from service.curves import described
from service.digest_page import Said, page, seen
from service.letters import Letter
from service.mail import unsubscribe_link
from storage.subscribers import Subscriber

CHART_WIDTH, CHART_HEIGHT, CHART_FONT = 440, 250, 15  # read on a telephone, where half as wide
_COLUMNS = (13, 14, 13, 12, 16)
_WIDTH = 76
_PAGE_ONLY = "history"  # points of the chart, which no reader is told one by one

_READING = (
    "Changes are in percentage points (pp), computed before rounding. Band: where it would be if what was "
    "stated were off by as much as it may be. The words are those of ICD 203."
)
_WATCHING = (
    "What the next 30 days of an indicator are expected to tell about the scenarios, in bits, and how "
    "probable it is that there is at least one further event."
)
_NOTHING = "There is no result of it; why is said at the top."
_HEADINGS = {
    "outlook": "What to expect",
    "watch": "What to watch",
    "alerts": "Told during the week",
    "changed": "What was changed",
    "warnings": "Notes",
    "record": "How we have done",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """A point of the chart, as an edition keeps it."""

    as_of: date
    scenario: str
    probability: float | None
    band_low: float | None
    band_high: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Chart:
    """A drawn chart, and what it shows in words."""

    content: bytes = field(repr=False)
    alt: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Press:
    """Makes the letters of one edition; each chart is drawn once for all readers.

    Parameters
    ----------
    public_url
        Where the pages are; empty where there are none, and then nothing links to them.
    sender
        To whom readers write who want no more of it.
    """

    edition: Said
    public_url: str
    sender: str
    _charts: dict[str, Chart] = field(default_factory=dict, repr=False)

    def letter(self, reader: Subscriber, told: Sequence[Said]) -> Letter:
        """Write to a reader what the edition says of some forecasts.

        Parameters
        ----------
        reader
            One with no token has not subscribed: the letter says that it is a preview.
        told
            Those of the edition's forecasts that the reader wants.
        """
        laid_out = page(self.edition, told, public_url=self.public_url)
        drawn = {f"chart-{place}": chart for place, chart in enumerate(map(self._chart, told), 1) if chart}
        for place, one in enumerate(laid_out["forecasts"], 1):
            chart = drawn.get(f"chart-{place}")
            one["chart"] = seen({"cid": f"chart-{place}", "alt": chart.alt}) if chart else None
        words = {"page": laid_out, "footer": self._footer(reader, laid_out)}
        return Letter(
            kind="digest",
            key=self.edition["week"],
            recipient=reader.mailbox,
            subject=laid_out["subject"],
            text=_filled("digest.txt", words).replace("\N{NO-BREAK SPACE}", " "),
            html=_filled("digest.html", words),
            images={name: chart.content for name, chart in drawn.items()},
            document=self._document(told),
            unsubscribe=reader.token or None,
        )

    def _document(self, told: Sequence[Said]) -> dict[str, Any]:
        shown = [{name: one[name] for name in one if name != _PAGE_ONLY} for one in told]
        return {**self.edition, "forecasts": shown}

    def _chart(self, one: Said) -> Chart | None:
        if not one["history"]:
            return None
        if one["forecast"] not in self._charts:
            self._charts[one["forecast"]] = _drawn(one, until=date.fromisoformat(self.edition["day"]))
        return self._charts[one["forecast"]]

    def _footer(self, reader: Subscriber, laid_out: Mapping[str, Any]) -> dict[str, Any]:
        lines = [*self._why(reader), f"Known at {laid_out['known_at']}.", *laid_out["made_from"]]
        linked = self.public_url and reader.token
        link = unsubscribe_link(self.public_url, reader.token) if linked else ""
        return {"lines": seen(lines), "unsubscribe": link}

    def _why(self, reader: Subscriber) -> list[str]:
        """Say why the reader gets this, and how to get no more of it."""
        if not reader.token:
            return ["A preview: nobody is subscribed under this address."]
        which = "these forecasts" if reader.forecasts else "all forecasts"
        moved = reader.moved_points
        when = (
            "every week" if moved is None else f"when one of them moved by more than {moved:g} pp in a week"
        )
        why = f"You get this because {reader.address} is subscribed to {which}, {when}."
        return [why] if self.public_url else [why, f"To unsubscribe, write to {self.sender}."]


def _drawn(one: Said, *, until: date) -> Chart:
    points = [Point(**each | {"as_of": date.fromisoformat(each["as_of"])}) for each in one["history"]]
    scenarios = [
        Scenario(id=each["scenario"], title=each["title"], prior=each["prior"]) for each in one["scenarios"]
    ]
    opened = date.fromisoformat(one["opened"])
    chart = history_chart(
        points,
        scenarios,
        opened=opened,
        until=until,
        width=CHART_WIDTH,
        height=CHART_HEIGHT,
        font_size=CHART_FONT,
    )
    return Chart(content=png(chart), alt=described(points, scenarios, opened=opened))


def _filled(template: str, words: Mapping[str, Any]) -> str:
    return (
        _templates()
        .get_template(template)
        .render(**words, heading=_HEADINGS, reading=_READING, watching=_WATCHING, nothing=_NOTHING)
    )


@cache
def _templates() -> Environment:
    found = Environment(
        loader=PackageLoader("service"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"wrapped": _wrapped, "hanging": _hanging, "figures": _figures}
    return found


def _wrapped(text: str) -> str:
    return _hanging(text, "")


def _hanging(text: str, mark: str) -> str:
    """Wrap a paragraph behind a mark; words and addresses stay whole."""
    return textwrap.fill(
        text,
        _WIDTH,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _figures(cells: Sequence[str]) -> str:
    return "".join(cell.rjust(width) for cell, width in zip(cells, _COLUMNS, strict=True))
