"""ArviZ's plots of a run's draws: drawn when somebody asks, by a process of its own, and kept.

What draws them takes half a minute and half a gigabyte, so there is one at a time, and the page looks
again by itself until they are there. The newest twenty runs that were asked for are kept.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Lock, Thread
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from model.domain import Forecast
from service import draw_plots, logs
from service.composition import Service
from service.forecast_shown import shown_run
from service.pages.access import reading
from service.pages.run import RunNumber
from service.pages.shell import Pages

_KEPT = 20
_NAME = re.compile(r"[\w.-]{1,200}\.svg")
_AGAIN = {"Refresh": "3"}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # a picture's styles are its own
_TITLES = {
    "ranks": "Ranks: every chain's line stays near 0 where the chains agree",
    "ess": "Effective draws at each quantile",
    "energy": "Energy: both curves cover the same range where the chains move freely",
    "counts": "Counts seen, and predicted by the fitted model",
}

type Shown = tuple[str, str, list[tuple[str, str]]]  # a scenario, its title, names and titles of plots

_log = logs.get("plots")


class Plotter:
    """Draws the plots of one run at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._drawing: int | None = None
        self._failed: dict[int, str] = {}

    def plots(self, run: int) -> Sequence[Path]:
        """List the plots of a run that are there."""
        return sorted((self._folder / str(run)).glob("*.svg"))

    def draw(self, run: int, draws: Path) -> str:
        """Begin to draw a run's plots, unless some are being drawn; say how it stands."""
        with self._lock:
            if run in self._failed:
                return self._failed.pop(run)
            if self._drawing is not None:
                return ""
            self._drawing = run
        Thread(target=self._draw, args=(run, draws), daemon=True).start()
        return ""

    def _draw(self, run: int, draws: Path) -> None:
        command = [sys.executable, "-m", "service.draw_plots", str(draws), str(self._folder / str(run))]
        try:
            done = subprocess.run(  # noqa: S603 - our own program
                command, capture_output=True, check=False, timeout=draw_plots.LIMIT, encoding="utf-8"
            )
            trouble = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no reason"])[-1]
        except (OSError, subprocess.SubprocessError) as error:
            trouble = f"drawing did not end ({type(error).__name__})"
        if trouble:
            _log.warning("plots failed", run=run, reason=trouble)
        with self._lock:
            self._drawing = None
            self._failed |= {run: trouble} if trouble else {}
        self._forget()

    def _forget(self) -> None:
        """Let go of the plots of runs that were asked for long ago."""
        kept = (
            [one for one in self._folder.iterdir() if one.name.isdecimal()] if self._folder.is_dir() else []
        )
        for old in sorted(kept, key=lambda one: one.stat().st_mtime, reverse=True)[_KEPT:]:
            shutil.rmtree(old, ignore_errors=True)


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes, pages = APIRouter(default_response_class=HTMLResponse), Pages(service)
    storage = service.configuration.storage
    plotter = Plotter(storage.draws.with_name("pages") / "plots")
    may_read = [Depends(reading(service))]

    @routes.get("/forecasts/{forecast}/runs/{run}/plots", dependencies=may_read)
    def plots(request: Request, forecast: str, run: RunNumber) -> HTMLResponse:
        """Show a run's plots; have them drawn where they are not there yet."""
        shown = shown_run(service, forecast, run)
        draws = storage.draws / shown.run.draws if shown.run.draws else None
        there = plotter.plots(run)
        kept = draws is not None and draws.is_file()
        trouble = plotter.draw(run, draws) if kept and draws and not there else ""
        response = pages.render(
            request,
            "plots.html",
            forecast=shown.forecast,
            run=shown.run,
            path=f"/forecasts/{quote(forecast, safe='')}",
            plots=by_scenario(there, shown.forecast),
            kept=kept,
            trouble=trouble,
        )
        if kept and not there and not trouble:
            response.headers.update(_AGAIN)
        return response

    @routes.get("/forecasts/{forecast}/runs/{run}/plots/{name}", dependencies=may_read)
    def plot(forecast: str, run: RunNumber, name: str) -> Response:
        """Send a plot."""
        shown_run(service, forecast, run)
        found = {one.name: one for one in plotter.plots(run)}
        if not _NAME.fullmatch(name) or name not in found:
            raise HTTPException(404, "there is no such plot")
        headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "private, max-age=86400"}
        return Response(found[name].read_bytes(), headers=headers, media_type="image/svg+xml")

    return routes


def by_scenario(plots: Sequence[Path], forecast: Forecast | None) -> list[Shown]:
    """Put plots below their scenarios, in the forecast's order; each has its file's name and its title."""
    found: dict[str, dict[str, str]] = {}
    for plot in plots:
        scenario, _, kind = plot.stem.rpartition("-")
        found.setdefault(scenario, {})[kind] = plot.name
    titles = {one.id: one.title for one in forecast.scenarios} if forecast else {}
    ordered = sorted(found, key=[*titles, *sorted(found.keys() - titles.keys())].index)
    return [
        (
            one,
            titles.get(one, one),
            [(found[one][kind], _TITLES[kind]) for kind in _TITLES if kind in found[one]],
        )
        for one in ordered
    ]
