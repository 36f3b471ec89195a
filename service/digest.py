"""The weekly digest: one edition a week, stored before anything is mailed, and a letter to each reader.

Every letter of a week is made from its edition alone, so no two readers, and no second attempt, are told
different numbers. A week may be sent again after a kill at any point: the edition stands, and a letter
that is in the outbox is not posted twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from model.errors import UsageError
from service.calendar import WEEK, digest_due, local_day, week_of
from service.composition import Service
from service.digest_entry import entry
from service.digest_letter import Press
from service.digest_notices import Moment
from service.digest_record import record
from service.mail import post
from service.printing import count
from service.problems import shown
from service.readers import listed
from storage.editions import get_edition, store_edition
from storage.subscribers import Subscriber

type Edition = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Posted:
    """What became of a week's letters.

    Parameters
    ----------
    posted, already
        How many went into the outbox, and how many had been there.
    unmoved
        How many readers wanted none, as nothing of theirs moved far enough.
    left_out
        Addresses of readers none of whose forecasts is in the edition.
    """

    week: str
    known_at: datetime
    posted: int = 0
    already: int = 0
    unmoved: int = 0
    left_out: tuple[str, ...] = ()

    def __str__(self) -> str:
        left_out = f", {len(self.left_out)} whose forecasts are not configured" if self.left_out else ""
        return (
            f"{self.week}: {count(self.posted, 'letter')} posted, {self.already} posted before, "
            f"{count(self.unmoved, 'reader')} of forecasts that did not move far enough{left_out}"
        )


def edition(service: Service, week: str, at: datetime) -> dict[str, Any]:
    """Put together what a week's digest says of every forecast, as it stands at a moment.

    Parameters
    ----------
    at
        What was recorded later is not seen; cutoffs after its day neither.
    """
    schedule = service.configuration.schedule
    moment = Moment(known_at=at, day=local_day(schedule, at))
    with service.database.reading() as session:
        forecasts = [entry(session, service, one, moment) for one in service.configuration.forecasts]
    return {
        "week": week,
        "day": moment.day.isoformat(),
        "week_before": (moment.day - WEEK).isoformat(),
        "known_at": at.isoformat(),
        "timezone": schedule.timezone,
        "forecasts": forecasts,
        "record": record(service, at),
    }


def moment_of(service: Service, week: str) -> datetime:
    """Give the moment at which a week's edition stands: now, or when it was due once the next one is.

    Raises
    ------
    UsageError
        The week has not begun.
    """
    schedule, now = service.configuration.schedule, service.clock()
    this_week = week_of(service.today())
    if week > this_week:
        raise UsageError(f"the week {week} has not begun; write a day of {this_week} or of an earlier one")
    due = digest_due(schedule, week)
    return now if now < due + WEEK else due


def preview(service: Service, week: str) -> Edition:
    """Give a week's edition, stored or not; nothing is stored."""
    with service.database.reading() as session:
        stored = get_edition(session, week)
    return stored.document if stored else edition(service, week, moment_of(service, week))


def stand(service: Service, week: str) -> Edition:
    """Give a week's edition, and store it where there is none yet; the first one stored is the one."""
    with service.database.reading() as session:
        stored = get_edition(session, week)
    if stored:
        return stored.document
    at = moment_of(service, week)
    made = edition(service, week, at)
    with service.database.session() as session:
        return store_edition(session, week, made, known_at=at, at=service.clock()).document


def only(known: Sequence[Subscriber], to: str | None) -> Sequence[Subscriber]:
    """Pick the reader of an address; all where none is named.

    Raises
    ------
    UsageError
        Nobody of this address is subscribed.
    """
    found = [one for one in known if to is None or one.address.lower() == to.lower()]
    if to is not None and not found:
        raise UsageError(f"{shown(to)} is not subscribed; `posterity subscribers list` shows who is")
    return found


def send_week(service: Service, week: str, *, to: str | None = None) -> Posted:
    """Post a week's letters to its readers, each in a transaction of its own; harmless to repeat.

    Parameters
    ----------
    week
        Such as ``2026-W47``.
    to
        Only this reader.

    Raises
    ------
    UsageError
        The week has not begun, or the reader is not subscribed.
    """
    chosen = only(listed(service), to)
    said = stand(service, week)
    press = press_of(service, said)
    fates = [_post(service, press, said, reader) for reader in chosen]
    left_out = (reader.address for reader, fate in zip(chosen, fates, strict=True) if fate == "left out")
    return Posted(
        week=week,
        known_at=datetime.fromisoformat(said["known_at"]),
        posted=fates.count("posted"),
        already=fates.count("already"),
        unmoved=fates.count("unmoved"),
        left_out=tuple(left_out),
    )


def press_of(service: Service, said: Edition) -> Press:
    """Set up what makes the letters of an edition."""
    configuration = service.configuration
    return Press(edition=said, public_url=configuration.serve.public_url, sender=configuration.digest.sender)


def of_interest(said: Edition, reader: Subscriber) -> list[Mapping[str, Any]]:
    """List what an edition says of a reader's forecasts."""
    wanted = reader.forecasts
    return [one for one in said["forecasts"] if not wanted or one["forecast"] in wanted]


def _post(service: Service, press: Press, said: Edition, reader: Subscriber) -> str:
    told = of_interest(said, reader)
    if not told:
        return "left out"
    if reader.moved_points is not None and not _moved(told, reader.moved_points):
        return "unmoved"
    letter = press.letter(reader, told)
    with service.database.session() as session:
        return "posted" if post(session, service, letter, at=service.clock()) else "already"


def _moved(told: Sequence[Mapping[str, Any]], limit: float) -> bool:
    changes = (one["largest"]["points"] for one in told if one["largest"])
    return any(abs(change) > limit for change in changes)
