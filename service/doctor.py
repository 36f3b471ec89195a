"""`posterity doctor`: everything that `condition` finds, and what costs more to look at.

The mail server is spoken to, clocks are compared, the compilation cache is looked for, and the draws of
what is in force are read from end to end.
"""

import os
from collections.abc import Iterator, Mapping
from configparser import ConfigParser, Error
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.orm import Session

from model.errors import Unavailable
from service.composition import Service
from service.condition import findings
from service.finding import Finding, existing, lasting, may_write
from service.sections import Smtp
from service.smtp import check
from storage.alerts import open_alerts
from storage.draws_kept import draws_in_force, newest_draws
from storage.subscribers import subscribers
from storage.vitals import newest_record, server_clock

_APART = timedelta(seconds=10)  # clocks that differ by more confuse who works and what is late
_AHEAD = timedelta(minutes=1)


def examine(service: Service) -> list[Finding]:
    """Look at everything, the costly things too."""
    found = findings(service)
    if not _sound(found):
        return [*found, *_alone(service)]
    try:
        with service.database.reading() as session:
            stored = list(_stored(service, session))
    except Unavailable as error:
        stored = [Finding(name="database", state="failed", text=str(error))]
    return [*found, *stored, *_alone(service)]


def out_of_reach(found: list[Finding]) -> bool:
    """Whether the database was."""
    return any(one.name == "database" and one.state == "failed" for one in found)


def _sound(found: list[Finding]) -> bool:
    return all(one.state == "ok" for one in found if one.name in {"database", "migrations"})


def _stored(service: Service, session: Session) -> Iterator[Finding]:
    """Look at what needs the database."""
    readers = len(subscribers(session))
    yield _clock(service, session)
    yield from _draws(service, session)
    yield _alerts(service, session)
    yield _address(service, readers)
    yield _mail(service, readers)


def _alone(service: Service) -> Iterator[Finding]:
    """Look at what needs no database."""
    yield _operators(service)
    yield _zone(service)
    yield _cache(compilation_cache(os.environ))


def _clock(service: Service, session: Session) -> Finding:
    """Compare this machine's clock with the server's, and with the newest record."""
    now, theirs, newest = service.clock(), server_clock(session), newest_record(session)
    if newest is not None and newest - now > _AHEAD:
        text = f"the newest record lies {lasting(newest - now)} in the future: the clock was set back"
        advice = "set the clock right; what is due waits until the time has come again"
        return Finding(name="clock", state="failed", text=text, advice=advice)
    apart = abs(now - theirs) if theirs else timedelta(0)
    if apart > _APART:
        text = f"this machine's clock and the database server's are {lasting(apart)} apart"
        advice = "have both follow one time server (NTP)"
        return Finding(name="clock", state="warning", text=text, advice=advice)
    compared = "the database server's agrees" if theirs else "no record is newer"
    return Finding(name="clock", state="ok", text=f"it is {now:%Y-%m-%d %H:%M:%S} UTC; {compared}")


def _zone(service: Service) -> Finding:
    name = service.configuration.schedule.timezone
    try:
        local = service.clock().astimezone(ZoneInfo(name))
    except ZoneInfoNotFoundError:
        advice = "install the tzdata package, of the system or of Python"
        return Finding(name="timezone", state="failed", text=f"{name} is not known here", advice=advice)
    return Finding(name="timezone", state="ok", text=f"in {name} it is {local:%H:%M}, UTC{local:%:z}")


def _mail(service: Service, readers: int) -> Finding:
    """Speak to the mail server, where anybody is to be written to."""
    configuration = service.configuration
    listed = readers or configuration.alerts.operators or configuration.digest.recipients
    if not listed and configuration.digest.smtp.host == Smtp().host:
        return Finding(name="mail", state="ok", text="nobody is to be written to")
    try:
        return Finding(name="mail", state="ok", text=check(service))
    except Unavailable as error:
        what, _, advice = str(error).rpartition("; ")
        return Finding(name="mail", state="failed", text=what or advice, advice=advice if what else "")


def _operators(service: Service) -> Finding:
    listed = service.configuration.alerts.operators
    if listed:
        return Finding(name="operators", state="ok", text=f"{', '.join(listed)} will be told of alerts")
    text = "nobody is told when something is wrong"
    advice = 'write operators = ["you@example.org"] under [alerts]'
    return Finding(name="operators", state="warning", text=text, advice=advice)


def _alerts(service: Service, session: Session) -> Finding:
    still, now = open_alerts(session), service.clock()
    if not still:
        return Finding(name="alerts", state="ok", text="none is open")
    listed = (f"{one.kind} {one.subject}".rstrip() + f" for {lasting(now - one.raised_at)}" for one in still)
    return Finding(name="alerts", state="warning", text=f"open: {', '.join(listed)}")


def _address(service: Service, readers: int) -> Finding:
    """Look whether readers can unsubscribe in one click."""
    public = service.configuration.serve.public_url
    if not readers or public.startswith("https://"):
        text = f"readers reach {public}" if readers else "nobody has subscribed"
        return Finding(name="address", state="ok", text=text)
    what = "is no https address" if public else "is not set"
    text = f"[serve] public_url {what}, so that readers cannot unsubscribe in one click"
    return Finding(
        name="address", state="warning", text=text, advice="write the address of `posterity serve`"
    )


def compilation_cache(environ: Mapping[str, str]) -> Path:
    """Tell where PyTensor keeps what it compiled, as it would decide, without loading it.

    Parameters
    ----------
    environ
        Of which PYTENSOR_FLAGS goes before the file that PYTENSORRC names.
    """
    home = Path(environ.get("HOME") or Path.home())
    flags = dict(one.strip().partition("=")[::2] for one in environ.get("PYTENSOR_FLAGS", "").split(","))
    chosen = flags.get("base_compiledir") or _from_files(environ, home) or str(home / ".pytensor")
    return Path(chosen).expanduser()


def _from_files(environ: Mapping[str, str], home: Path) -> str | None:
    named = environ.get("PYTENSORRC", str(home / ".pytensorrc")).split(os.pathsep)
    file = ConfigParser(interpolation=None)
    with suppress(Error, OSError, UnicodeError):
        file.read([Path(one).expanduser() for one in named])
    return file.get("global", "base_compiledir", fallback=None)


def _cache(folder: Path) -> Finding:
    if not may_write(folder / "numba"):
        text = f"{folder} may not be written, so that PyMC cannot compile"
        advice = "set PYTENSOR_FLAGS=base_compiledir=FOLDER to a folder that may"
        return Finding(name="cache", state="failed", text=text, advice=advice)
    compiled = sum(1 for _ in (folder / "numba").glob("*.nbc"))
    if not compiled:
        text = f"{folder} is empty: the next night compiles first, for half a minute"
        return Finding(name="cache", state="ok", text=text)
    return Finding(name="cache", state="ok", text=f"{compiled} compiled functions in {existing(folder)}")


def _draws(service: Service, session: Session) -> Iterator[Finding]:
    """Read the draws of each forecast's newest run, and of what is in force."""
    since = service.clock() - timedelta(days=service.configuration.storage.keep_draws_days)
    for forecast in service.configuration.forecasts:
        newest = newest_draws(session, forecast.id, since=since)
        for name in sorted({newest, draws_in_force(session, forecast.id)} - {None}, key=str):
            yield _file(service, forecast.id, str(name))


def _file(service: Service, forecast: str, name: str) -> Finding:
    folder = service.configuration.storage.draws
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        text = f"the store names draws outside their folder: {name}"
        return Finding(name="draws", subject=forecast, state="failed", text=text)
    if not path.is_file():
        text, advice = f"{path} is missing", "put it back from a backup; the numbers stand without it"
        return Finding(name="draws", subject=forecast, state="warning", text=text, advice=advice)
    trouble = damage(path)
    if trouble is None:
        return Finding(name="draws", subject=forecast, state="ok", text=f"{path} can be read")
    text = f"{path} is damaged ({trouble})"
    advice = "check the disk, then put the file back from a backup; the numbers stand without it"
    return Finding(name="draws", subject=forecast, state="failed", text=text, advice=advice)


def damage(path: Path) -> str | None:
    """Read a file of draws from end to end; say what keeps it from being read, None where nothing does."""
    import h5py  # type: ignore[import-untyped]  # noqa: PLC0415 - loads numpy, and carries no annotations

    def read(_name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset):
            item[()]

    try:
        with h5py.File(path, "r", locking=False) as file:
            if "posterior" not in file:
                return "it holds no posterior"
            file.visititems(read)
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        return " ".join(str(error).split())[:200]
    return None
