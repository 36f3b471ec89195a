"""What addresses name: forecasts and their runs, looked up or refused with what there is."""

from typing import Annotated

from fastapi import HTTPException, Path
from sqlalchemy.orm import Session

from model.domain import Forecast
from service.composition import Service
from service.problems import nearest, shown
from storage.history import Newest, newest_run
from storage.runs import StoredRun, forecast_ids_with_runs, get_run

LARGEST = 2**31 - 1  # a number of a run

ForecastId = Annotated[
    str, Path(max_length=64, description="The forecast's id.", examples=["russia-latin-america"])
]
RunNumber = Annotated[int, Path(ge=1, le=LARGEST, description="The run's number.", examples=[1])]


def configured(service: Service, identity: str) -> Forecast | None:
    """Give a forecast as it is configured; None where it is not, or no longer."""
    return next((one for one in service.configuration.forecasts if one.id == identity), None)


def newest_of(service: Service, session: Session, identity: str) -> Newest | None:
    """Look up a forecast's newest run; None where it has not been run yet.

    Raises
    ------
    HTTPException
        404: there is no such forecast, and never was.
    """
    found = newest_run(session, identity) if "\0" not in identity else None
    if found is None and configured(service, identity) is None:
        ids = {one.id for one in service.configuration.forecasts} | set(forecast_ids_with_runs(session))
        advice = nearest(identity, sorted(ids)[:20]) if ids else "none has been configured yet"
        raise HTTPException(404, f"no forecast is called {shown(identity)}; {advice}")
    return found


def run_of(session: Session, identity: str, number: int) -> StoredRun:
    """Look up a run of a forecast.

    Raises
    ------
    HTTPException
        404: the forecast has no run of this number.
    """
    run = get_run(session, number) if "\0" not in identity else None
    if run is None or run.forecast_id != identity:
        raise HTTPException(
            404, f"{shown(identity)} has no run {number}; `runs` beside it lists what there is"
        )
    return run
