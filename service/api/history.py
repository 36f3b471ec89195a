"""The history of a forecast: as JSON, CSV or Parquet, or as forecasting hubs exchange it."""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from sqlalchemy.orm import Session

from service.api import caching, formats
from service.api.describing import binary, kept, text
from service.api.documents import RunLine
from service.api.formats import Form, Format
from service.api.named import ForecastId, newest_of
from service.api.paging import NONSENSE, cursor_of, next_link, position
from service.api.parameters import Cursor, From, KnownAt, Limit, To, refusal
from service.api.streaming import Streamed
from service.composition import Service
from service.history_files import Rows, csv_pieces, parquet_pieces
from service.history_parts import hub_page, hub_pages, line_pages, row_pages
from service.hubverse import HubRow
from service.web_access import reads
from storage.history import CHUNK, HistoryRow, Part, last_place, lines, place_of, rows

_CSV = (
    "forecast,as_of,run,status,engine,scenario,probability,prior,band_low,band_high,pymc_probability,"
    "monte_carlo_error,word,known_at\n"
    "russia-latin-america,2026-01-20,1,published,exact,base,0.75,0.6,0.562,0.864,,,likely,"
    "2026-01-20T02:15:00+00:00\n"
)
_TOLD = kept(
    "The history, by cutoff.",
    paged=True,
    content={"text/csv": text(_CSV), formats.PARQUET: binary()},
)

AllRuns = Annotated[
    bool, Query(description="Every run, held, failed and superseded ones too; not the newest of each cutoff.")
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request for a history: which part, in which form, and how many runs at most."""

    part: Part
    form: Form
    limit: int | None
    cursor: str | None
    headers: Mapping[str, str] = MappingProxyType({})


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix="/forecasts", tags=["forecasts"], dependencies=[Depends(reads(service))])

    @routes.get("/{forecast}/history", response_model=list[RunLine], responses=_TOLD)
    def read_history(  # noqa: PLR0913, PLR0917 - one parameter for each of the address
        request: Request,
        forecast: ForecastId,
        since: From = None,
        until: To = None,
        known_at: KnownAt = None,
        all_runs: AllRuns = False,
        limit: Limit = None,
        cursor: Cursor = None,
        form: Format = None,
    ) -> Response:
        """Give what was believed at each cutoff, by cutoff; all of it where no limit is stated.

        JSON has an object for each run, as `posterity run --json` prints it but for what is long. CSV and
        Parquet have a row for each run and scenario. The hubs' forms have only what was published.
        """
        chosen = formats.wanted(request, form)
        part = Part(forecast_id=forecast, first=since, last=until, known_at=known_at, all_runs=all_runs)
        _check(part, chosen)
        asked = Asked(part=part, form=chosen, limit=limit, cursor=cursor)
        with service.database.reading(mapped=chosen == "json") as session:
            return _answer(service, request, session, asked)

    return routes


def _check(part: Part, form: Form) -> None:
    if part.first and part.last and part.first > part.last:
        raise refusal("from", f"lies after `to`, {part.last}; write that day or an earlier one")
    if part.all_runs and form.startswith("hubverse"):
        raise refusal("all_runs", "does not go with this format: a hub takes one forecast of each day")


def _answer(service: Service, request: Request, session: Session, asked: Asked) -> Response:
    begins = position(asked.cursor, int, int)
    newest = newest_of(service, session, asked.part.forecast_id)
    tag = caching.tag("history", asdict(asked.part), asked.form, asked.limit, asked.cursor, newest)
    if known := caching.unchanged(request, tag):
        return known
    part = _begun(session, asked, begins or (newest.run if newest else 0, None))
    asked = replace(asked, part=part, headers=_headers(part, asked.form, tag))
    if asked.form == "json":
        return _array(service, request, session, asked)
    if asked.limit is None:
        return Streamed(_pieces(service, asked), formats.MEDIA_TYPES[asked.form], asked.headers)
    return _page(request, session, asked)


def _begun(session: Session, asked: Asked, begins: tuple[int, int | None]) -> Part:
    """Put in up to which run it counts, and after which run it begins."""
    upto, after = begins
    place = None if after is None else place_of(session, asked.part.forecast_id, after)
    if after is not None and place is None:
        raise refusal("cursor", NONSENSE)
    return replace(asked.part, upto=upto, after=place, published=asked.form.startswith("hubverse"))


def _headers(part: Part, form: Form, tag: str) -> dict[str, str]:
    if form == "json":
        return caching.headers(tag)
    name = f"{part.forecast_id}.{formats.SUFFIXES[form]}"
    return caching.headers(tag) | {"Content-Disposition": f'attachment; filename="{name}"'}


def _array(service: Service, request: Request, session: Session, asked: Asked) -> Response:
    """Give the lines of runs as they are stored; at once if they are few."""
    limit = asked.limit or CHUNK
    found = lines(session, asked.part, limit=limit)
    end = last_place(session, asked.part, limit=limit) if found.runs == limit else None
    if end and asked.limit is None:
        return Streamed(_streamed(service, asked.part), formats.JSON, asked.headers)
    link = _next(request, asked.part, end.run) if end else {}
    return Response(f"[{found.text}]\n", headers={**asked.headers, **link}, media_type=formats.JSON)


def _next(request: Request, part: Part, run: int) -> dict[str, str]:
    return next_link(request, cursor_of(part.upto or 0, run))


def _streamed(service: Service, part: Part) -> Generator[bytes]:
    separator = "["
    for page in line_pages(service, part):
        yield f"{separator}{page}".encode()
        separator = ",\n"
    yield b"]\n"


def _page(request: Request, session: Session, asked: Asked) -> Response:
    assert asked.limit is not None  # noqa: S101 - what has none is streamed
    found = rows(session, asked.part, limit=asked.limit)
    end = last_place(session, asked.part, limit=asked.limit)
    link = _next(request, asked.part, end.run) if end else {}
    shown = hub_page(session, found) if asked.part.published else found
    body = b"".join(_written(asked.form, [shown]))
    return Response(body, headers={**asked.headers, **link}, media_type=formats.MEDIA_TYPES[asked.form])


def _pieces(service: Service, asked: Asked) -> Generator[bytes]:
    pages = hub_pages(service, asked.part) if asked.part.published else row_pages(service, asked.part)
    return _written(asked.form, pages)


def _written(form: Form, pages: Iterable[Rows]) -> Generator[bytes]:
    kind = HubRow if form.startswith("hubverse") else HistoryRow
    if form in {"parquet", "hubverse-parquet"}:
        return parquet_pieces(kind, pages)
    return csv_pieces(kind._fields, pages)
