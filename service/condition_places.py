"""The condition of what is around the service: the disks, and what comes in."""

import math
import os
import shutil
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from service.composition import Service
from service.finding import Finding, State, existing
from storage.arrivals import arrival_days
from storage.vitals import file_of

_FEWEST_DAYS = 8  # of arrivals, before anything can be called unusual
_USUAL, _TIMES, _LEAST_DAYS = 0.9, 3, 2
_GIGABYTE = 1e9


def disks(service: Service) -> Iterator[Finding]:
    """Look how much is free on each disk that the service writes to."""
    for uses, folder in _disks(service).items():
        yield _disk(uses, folder, service.configuration.alerts.disk_free_percent)


def _disks(service: Service) -> dict[str, Path]:
    """Name each disk by what it is used for, with one of its folders."""
    file, configured = file_of(service.database), service.configuration
    places = {"draws": configured.storage.draws, "inbox": configured.ingest.drop_folder}
    if file is not None:
        places = {"database": file.parent, **places}
    on: dict[int, list[str]] = {}
    for use, folder in places.items():
        on.setdefault(existing(folder).stat().st_dev, []).append(use)
    return {", ".join(uses): existing(places[uses[0]]) for uses in on.values()}


def _disk(uses: str, folder: Path, least: float) -> Finding:
    usage = shutil.disk_usage(folder)
    percent = 100 * usage.free / max(1, usage.used + usage.free)
    text = f"{percent:.1f} % ({usage.free / _GIGABYTE:.2f} GB) is free on the disk of {folder}"
    if percent >= least:
        return Finding(name="disk", subject=uses, state="ok", text=text)
    advice = "free some space, or lower [storage] keep_draws_days"
    state: State = "warning" if usage.free else "failed"
    return Finding(
        name="disk", subject=uses, state=state, text=f"{text}, less than {least:g} %", advice=advice
    )


def inbox(service: Service, session: Session) -> Finding:
    """Look whether the inbox is there, and whether no reports have come for longer than usual."""
    folder = service.configuration.ingest.drop_folder
    if not (folder.is_dir() and os.access(folder, os.R_OK | os.W_OK | os.X_OK)):
        text = f"the folder {folder} is missing, or may not be read and written"
        return Finding(
            name="inbox", state="failed", text=text, advice="create it, or correct its permissions"
        )
    zone = ZoneInfo(service.configuration.schedule.timezone)
    return silence("inbox", "", arrival_days(session, zone), today=service.today())


def silence(name: str, subject: str, days: Sequence[date], *, today: date) -> Finding:
    """Judge whether something has been silent for longer than usual.

    Unusual is a silence of at least two days that is more than three times as long as nine out of ten
    of the earlier ones, where there were arrivals on at least eight days.

    Parameters
    ----------
    name, subject
        What is silent.
    days
        On which anything came, the latest first.
    """
    if not days:
        return Finding(name=name, subject=subject, state="ok", text="nothing has ever come")
    silent = (today - days[0]).days
    text = f"the last reports came on {days[0]}, {silent} d ago"
    if len(days) < _FEWEST_DAYS:
        few = f"{text}; too few days of arrivals ({len(days)}) to say what is usual"
        return Finding(name=name, subject=subject, state="ok", text=few)
    gaps = sorted((late - early).days for late, early in pairwise(days))
    usual = gaps[math.ceil(_USUAL * len(gaps)) - 1]
    text = f"{text}; 9 in 10 of the last {len(gaps)} intervals were of {usual} d or less"
    if silent < _LEAST_DAYS or silent <= _TIMES * usual:
        return Finding(name=name, subject=subject, state="ok", text=text)
    advice = "see whether what delivers the reports still runs, and whether it brings anything"
    return Finding(name=name, subject=subject, state="warning", text=text, advice=advice)
