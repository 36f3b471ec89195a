"""Runs: each as it was stored, what moved it, what it expects, and PyMC's draws."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import FileResponse
from sqlalchemy.orm import Session

from model.errors import PosterityError
from service.api import caching
from service.api.answers import JSON, made, stored
from service.api.describing import binary, kept
from service.api.documents import Cause, Expected, RunDocument, RunLine
from service.api.named import ForecastId, RunNumber, newest_of, run_of
from service.api.paging import NONSENSE, cursor_of, next_link, position
from service.api.parameters import Cursor, Day, From, KnownAt, Limit, To, refusal
from service.composition import Service
from service.web_access import reads
from storage.history import Part, Place, last_place, lines, place_of
from storage.runs import StoredRun, latest_published

PAGE = 100
NETCDF = "application/x-netcdf"
_SINCE = "What moved the probabilities since the run in force on that day; else, from the prior."

Since = Annotated[Day | None, Query(description=_SINCE)]


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/forecasts", tags=["runs"], dependencies=[Depends(reads(service))])

    @routes.get(
        "/{forecast}/runs", response_model=list[RunLine], responses=kept("A page of runs.", paged=True)
    )
    def list_runs(  # noqa: PLR0913, PLR0917 - one parameter for each of the address
        request: Request,
        forecast: ForecastId,
        since: From = None,
        until: To = None,
        known_at: KnownAt = None,
        limit: Limit = None,
        cursor: Cursor = None,
    ) -> Response:
        """List runs in brief, published, held and failed ones, the latest cutoff first."""
        part = Part(forecast_id=forecast, first=since, last=until, known_at=known_at, all_runs=True)
        with service.database.reading() as session:
            newest = newest_of(service, session, forecast)
            tag = caching.tag("runs", forecast, since, until, known_at, limit, cursor, newest)
            if known := caching.unchanged(request, tag):
                return known
            part = replace(part, after=_place(session, forecast, cursor), latest_first=True)
            return _page(request, session, part, limit or PAGE, caching.headers(tag))

    @routes.get("/{forecast}/runs/{run}", response_model=RunDocument, responses=kept("The run, as stored."))
    def read_run(request: Request, forecast: ForecastId, run: RunNumber) -> Response:
        """Give a run with all that was stored of it, word for word."""
        with service.database.reading() as session:
            found = run_of(session, forecast, run)
        return stored(request, _tag("run", found), lambda: found.document)

    _add_parts(routes, service)
    return routes


def _add_parts(routes: APIRouter, service: Service) -> None:
    @routes.get("/{forecast}/runs/{run}/reasons", response_model=list[Cause], responses=kept("The causes."))
    def read_reasons(request: Request, forecast: ForecastId, run: RunNumber, since: Since = None) -> Response:
        """Say what moved a run's probabilities, the largest cause first."""
        with service.database.reading() as session:
            found = run_of(session, forecast, run)
            before = latest_published(session, forecast, at_most=since) if since else None
            if since and before is None:
                raise refusal("since", "lies before the first published run; write a later day")
            tag = _tag("reasons", found, before.run if before else None)
            return made(request, tag, lambda: _reasons(session, found, before))

    @routes.get(
        "/{forecast}/runs/{run}/outlook", response_model=list[Expected], responses=kept("The outlook.")
    )
    def read_outlook(request: Request, forecast: ForecastId, run: RunNumber) -> Response:
        """Say what a run expects of each indicator in the days after its cutoff."""
        with service.database.reading() as session:
            found = run_of(session, forecast, run)
            return made(request, _tag("outlook", found), lambda: _outlook(session, found))

    @routes.get(
        "/{forecast}/runs/{run}/trace.nc",
        response_class=FileResponse,
        responses=kept("NetCDF, for ArviZ.", content={NETCDF: binary()})
        | {404: {"description": "Nothing was sampled."}, 410: {"description": "The draws were let go of."}},
    )
    def read_trace(request: Request, forecast: ForecastId, run: RunNumber) -> Response:
        """Give the draws of PyMC, as long as they are kept."""
        with service.database.reading() as session:
            found = run_of(session, forecast, run)
        tag = _tag("trace", found, found.draws)
        if known := caching.unchanged(request, tag):
            return known
        path, name = _draws(service, found), f"{forecast}-{found.as_of}-run-{run}.nc"
        return FileResponse(path, headers=caching.headers(tag), media_type=NETCDF, filename=name)


def _tag(what: str, run: StoredRun, *more: object) -> str:
    return caching.tag(what, run.run, run.recorded_at, *more)


def _place(session: Session, identity: str, cursor: str | None) -> Place | None:
    begins = position(cursor, int)
    place = place_of(session, identity, begins[0]) if begins else None
    if begins and place is None:
        raise refusal("cursor", NONSENSE)
    return place


def _page(request: Request, session: Session, part: Part, limit: int, headers: dict[str, str]) -> Response:
    found = lines(session, part, limit=limit)
    end = last_place(session, part, limit=limit) if found.runs == limit else None
    link = next_link(request, cursor_of(end.run)) if end else {}
    return Response(f"[{found.text}]\n", headers={**headers, **link}, media_type=JSON)


def _reasons(session: Session, run: StoredRun, before: StoredRun | None) -> list[dict[str, Any]]:
    if before is None and (told := json.loads(run.document).get("reasons")) is not None:
        return list(told)
    from service.accounts import evidence_of, movement_lines, stored_reasons  # noqa: PLC0415 - loads SciPy

    after = _asked(run, lambda: evidence_of(session, run))
    if before is None:
        return _asked(run, lambda: stored_reasons(run, after))
    earlier = evidence_of(session, before)
    return _asked(run, lambda: movement_lines(earlier, after))


def _outlook(session: Session, run: StoredRun) -> list[dict[str, Any]]:
    if (told := json.loads(run.document).get("outlook")) is not None:
        return list(told)
    from service.accounts import evidence_of, stored_outlook  # noqa: PLC0415 - loads SciPy

    evidence = _asked(run, lambda: evidence_of(session, run))
    return _asked(run, lambda: stored_outlook(run, evidence))


def _asked[T](run: StoredRun, question: Callable[[], T]) -> T:
    """Ask the evidence of a run again, unless the run failed: then there is nothing to be said."""
    if run.status == "failed":
        raise HTTPException(404, f"run {run.run} failed, so that there is nothing to be said about it")
    try:
        return question()
    except ArithmeticError as error:
        raise PosterityError(f"run {run.run} cannot be computed again: {error}") from error


def _draws(service: Service, run: StoredRun) -> Path:
    """Find the file of a run's draws, below the folder of draws and nowhere else."""
    if run.draws is None:
        raise HTTPException(404, f"run {run.run} kept no draws: nothing was sampled")
    folder = service.configuration.storage.draws.resolve()
    path = (folder / run.draws).resolve()
    if not path.is_relative_to(folder) or not path.is_file():
        days = service.configuration.storage.keep_draws_days
        raise HTTPException(410, f"the draws of run {run.run} were let go of; they are kept for {days} days")
    return path
