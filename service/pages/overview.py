"""The first page: where every forecast stands, and how far it moved.

What is shown of a forecast is rendered once, and again when something of it has changed.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from threading import Lock
from typing import NamedTuple

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from service.calendar import DAY, next_night
from service.composition import Service
from service.pages.access import reading
from service.pages.parameters import After, Search
from service.pages.shell import Pages, environment, query
from service.pages.sparklines import HEIGHT, WIDTH, strokes
from service.standings import WINDOW, ScenarioStanding, Standing, Standings
from service.stands import AGO

PAGE = 40  # forecasts
_SEARCHED = 12  # forecasts from which on a search helps
_MOVERS, _LEAST_POINTS, _WEEK = 4, 1.0, 7


class Move(NamedTuple):
    """The scenario of a forecast that moved the most within a week, in percentage points."""

    of: Standing
    scenario: ScenarioStanding
    points: float


def router(service: Service) -> APIRouter:
    """Make the route."""
    routes, pages = APIRouter(default_response_class=HTMLResponse), Pages(service)
    standings, entries = Standings(service), Entries()

    @routes.get("/", dependencies=[Depends(reading(service))])
    def overview(request: Request, q: Search = "", after: After = "") -> HTMLResponse:
        """Show where every forecast stands, page by page; what matters most stands on the first."""
        today, known = service.today(), standings.all()
        found = [one for one in known if _matches(one, q)]
        shown = _following(found, after)
        page, rest = shown[:PAGE], shown[PAGE:]
        loud = [] if len(shown) < len(found) else found
        return pages.render(
            request,
            "overview.html",
            entries=[entries.of(one, today) for one in page],
            known=len(known),
            q=q,
            searched=len(known) >= _SEARCHED,
            trouble=[one for one in loud if any(note["kind"] in _TROUBLE for note in one.notices)],
            movers=_movers(loud),
            week=_WEEK * DAY,
            next=query("/", q=q or None, after=page[-1].forecast) if rest else None,
            next_night=next_night(service.configuration.schedule, service.clock()),
        )

    return routes


def _following(found: Sequence[Standing], after: str) -> Sequence[Standing]:
    """Give what follows a forecast; all of it where that is not among them, or is not any more."""
    return found[next((place for place, one in enumerate(found, 1) if one.forecast == after), 0) :]


_TROUBLE = ("held", "failed", "stale")


class Entries:
    """What is shown of each forecast, kept while it holds; safe to share between threads."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Standing, date, Markup]] = {}
        self._lock = Lock()

    def of(self, standing: Standing, today: date) -> Markup:
        """Give a forecast's entry."""
        with self._lock:
            kept = self._kept.get(standing.forecast)
        if kept and kept[0] is standing and kept[1] == today:
            return kept[2]
        made = _entry(standing, today)
        with self._lock:
            self._kept[standing.forecast] = standing, today, made
        return made


def _entry(standing: Standing, today: date) -> Markup:
    last = standing.as_of or today
    text = (
        environment()
        .get_template("pages/overview_entry.html")
        .render(
            one=standing,
            strokes=strokes([one.curve for one in standing.scenarios], last=last, window=WINDOW),
            size=(WIDTH, HEIGHT),
            window=WINDOW.days,
            ago=AGO,
            age=age(standing.as_of, today),
        )
    )
    return Markup(text)  # noqa: S704 - the template has escaped what is in it


def age(day: date | None, today: date) -> str:
    """Say how old a number is."""
    days = (today - day).days if day else None
    if days is None:
        return ""
    return {0: "today", 1: "yesterday"}.get(days, f"{days} days ago")


def _matches(standing: Standing, q: str) -> bool:
    """Whether all words of a search are in what a forecast says of itself."""
    said = " ".join((standing.forecast, standing.title, standing.question)).casefold()
    return all(word in said for word in q.casefold().split())


def _movers(standings: Iterable[Standing]) -> Sequence[Move]:
    """Pick the forecasts that moved the most within a week."""
    return sorted(_moves(standings), key=lambda one: -abs(one.points))[:_MOVERS]


def _moves(standings: Iterable[Standing]) -> Iterator[Move]:
    for standing in standings:
        largest = max(
            (
                Move(standing, one, 100 * (one.probability - then))
                for one in standing.scenarios
                if one.probability is not None and (then := one.before[_WEEK]) is not None
            ),
            key=lambda move: abs(move.points),
            default=None,
        )
        if largest and abs(largest.points) >= _LEAST_POINTS:
            yield largest
