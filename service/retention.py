"""Retention: draws older than `keep_draws_days` are deleted, except those of what is in force.

What is deleted is found in the folder, never named by the store: a plain file below a forecast's own
folder, called as `service.draws` calls its files, whose runs are all old enough. Links, and files that
are called otherwise or that no run has, stay. Whatever it had deleted when it was killed, the next time
deletes the rest.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from model.errors import Unavailable
from service.composition import Service
from storage.draws_kept import draws_in_force, draws_of

_DRAFTS_FOR = timedelta(days=1)
_FORECAST = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_DRAWS = re.compile(r"(\d{4}-\d{2}-\d{2})-[0-9a-f]{16}\.nc", re.ASCII)
_DRAFT = re.compile(r"\d{4}-\d{2}-\d{2}-[0-9a-f]{16}\.\d+\.tmp", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleared:
    """What was deleted."""

    files: int = 0
    bytes: int = 0


def clear(service: Service) -> Cleared:
    """Delete draws that are old enough, and what killed runs left; harmless to repeat.

    Raises
    ------
    Unavailable
        The database is out of reach, or files could not be deleted; the others were.
    """
    files, size, refused = 0, 0, []
    for path, length in _due(service):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            refused.append(f"{path} ({error.strerror})")
        else:
            files, size = files + 1, size + length
    if refused:
        more = f" and {len(refused) - 1} more" if refused[1:] else ""
        raise Unavailable(f"old draws cannot be deleted: {refused[0]}{more}; check the permissions")
    return Cleared(files=files, bytes=size)


def _due(service: Service) -> Iterator[tuple[Path, int]]:
    """List the files to delete, with their sizes."""
    storage, now = service.configuration.storage, service.clock()
    oldest = now - timedelta(days=storage.keep_draws_days)
    for folder in _folders(storage.draws):
        files = dict(_files(folder))
        yield from _old_drafts(files, before=now - _DRAFTS_FOR)
        yield from _old_draws(service, folder.name, files, before=oldest)


def _old_drafts(files: Mapping[Path, os.stat_result], *, before: datetime) -> Iterator[tuple[Path, int]]:
    for path, facts in files.items():
        if _DRAFT.fullmatch(path.name) and datetime.fromtimestamp(facts.st_mtime, UTC) < before:
            yield path, facts.st_size


def _old_draws(
    service: Service, forecast: str, files: Mapping[Path, os.stat_result], *, before: datetime
) -> Iterator[tuple[Path, int]]:
    cutoffs = {path: cutoff for path in files if (cutoff := _cutoff(path.name))}
    if not cutoffs:
        return
    with service.database.reading() as session:
        recorded = draws_of(session, forecast, cutoffs.values())
        kept = draws_in_force(session, forecast)
    for path in cutoffs:
        name = f"{forecast}/{path.name}"
        if name != kept and name in recorded and recorded[name] < before:
            yield path, files[path].st_size


def _cutoff(name: str) -> date | None:
    found = _DRAWS.fullmatch(name)
    try:
        return date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def _folders(draws: Path) -> list[Path]:
    """List the forecasts' folders; links are none."""
    return [folder for folder, _ in _listed(draws, folders=True) if _FORECAST.fullmatch(folder.name)]


def _files(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    return _listed(folder, folders=False)


def _listed(folder: Path, *, folders: bool) -> Iterator[tuple[Path, os.stat_result]]:
    try:
        with os.scandir(folder) as entries:
            for one in entries:
                wanted = one.is_dir(follow_symlinks=False) if folders else one.is_file(follow_symlinks=False)
                if wanted:
                    yield Path(one.path), one.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    except OSError as error:
        raise Unavailable(f"{folder} cannot be read ({error.strerror}); check its permissions") from error
