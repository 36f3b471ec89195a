"""Operator alerts: one letter when something is wrong, few more however it flickers, none that is false."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Barrier

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlmodel import col

from model.errors import Unavailable
from service.alert_letters import KINDS
from service.condition import findings
from service.outbox import deliver
from service.watchdog import BREATH, PATIENCE, Change, Crier, attend
from storage.alerts import open_alerts
from storage.database import Database, open_database
from storage.service_tables import Message
from tests.service.smtp_peer import Peer
from tests.service.stations import DAY, HOUR, Station

MINUTE = timedelta(minutes=1)
OPERATORS = 'operators = ["Desk <desk@example.org>", "night@example.org"]'

Make = Callable[..., Station]


@pytest.fixture
def make(tmp_path: Path, database: Database, database_url: str) -> Make:
    def made(more: str = f"[alerts]\n{OPERATORS}") -> Station:
        station = Station(tmp_path, database, database_url, more)
        station.is_well()
        return station

    return made


@pytest.fixture
def station(make: Make) -> Station:
    return make()


def told(station: Station, recipient: str = "desk@example.org") -> list[str]:
    """The subjects of the letters to an operator, in order."""
    mine = select(col(Message.subject)).where(col(Message.recipient) == recipient).order_by(col(Message.id))
    with station.service.database.reading() as session:
        return list(session.scalars(mine))


def letters(station: Station, recipient: str = "desk@example.org") -> list[str]:
    """The letters themselves, as they will be sent."""
    mine = select(col(Message.content)).where(col(Message.recipient) == recipient).order_by(col(Message.id))
    with station.service.database.reading() as session:
        return list(session.scalars(mine))


def said(changes: list[Change]) -> list[tuple[str, str]]:
    return [(one.happened, one.alert.kind) for one in changes]


def loses_its_inbox(station: Station) -> None:
    (station.folder / "inbox").rmdir()


def has_its_inbox(station: Station) -> None:
    (station.folder / "inbox").mkdir()


def attended(station: Station, later: timedelta = timedelta(0)) -> list[tuple[str, str]]:
    """Let time pass, in which all else goes well, and look."""
    station.goes_on(later)
    return said(attend(station.service))


def test_where_all_is_well_nobody_is_written_to(station: Station) -> None:
    assert attended(station) == []
    assert told(station) == []


def test_a_night_that_failed_is_told_to_every_operator_once(station: Station) -> None:
    station.night(20, "failed", "quiet: no space left")
    assert attended(station) == [("raised", "night")]
    for _ in range(30):
        assert attended(station, 10 * MINUTE) == []
    wanted = ["Posterity: A night failed, was held, or is overdue"]
    assert told(station) == told(station, "night@example.org") == wanted


def test_the_letter_says_what_since_when_where_and_what_to_do(station: Station) -> None:
    station.night(20, "failed", "quiet: no space\r\nBcc: all@example.org left")
    attended(station)
    (letter,) = letters(station)
    head, _, body = letter.partition("\r\n\r\n")
    assert "Bcc" not in head
    assert "text/plain" in head
    text = " ".join(body.replace("=\r\n", "").split())
    assert "What the night of 2026-01-20 ended failed at 2026-01-20 12:00 UTC: quiet: no space Bcc:" in text
    assert "Since 2026-01-20 12:00 UTC" in text
    assert f"Where {socket.gethostname()}, database" in text
    assert "To do mend what the detail names, then `posterity run` does it again" in text
    assert 'docs/operations.md, "A night failed, was held, or is overdue"' in text


def test_no_letter_names_the_databases_password(station: Station) -> None:
    station.night(20, "failed")
    hidden = replace(station.service.database, where="postgresql+psycopg://posterity:***@db/posterity")
    attend(replace(station.service, database=hidden))
    (letter,) = letters(station)
    assert "posterity:***@db" in letter.replace("=\r\n", "")


def test_the_end_is_told_once(station: Station) -> None:
    station.night(20, "failed")
    attended(station)
    station.night(20, "done")
    assert attended(station, HOUR) == [("ended", "night")]
    for _ in range(10):
        assert attended(station, 10 * MINUTE) == []
    assert told(station)[1:] == ["Posterity: ended: A night failed, was held, or is overdue"]
    assert "Until 2026-01-20 13:00 UTC" in " ".join(letters(station)[1].split())


def test_a_held_night_is_told_by_one_alert_and_not_for_each_forecast(station: Station) -> None:
    station.ran(20, "held")
    station.night(20, "held", "quiet: rhat 1.2")
    assert attended(station) == [("raised", "night")]


def test_a_forecast_that_grows_stale_is_told_by_name(make: Make) -> None:
    station = make(f"[alerts]\nstale_days = 2\n{OPERATORS}")
    for changes in ([], [], [("raised", "forecast")]):
        station.goes_on(DAY, runs="held")
        assert said(attend(station.service)) == changes
    assert told(station) == ["Posterity: A forecast is stale: quiet"]


@pytest.mark.slow
def test_a_condition_that_flickers_makes_four_letters(station: Station) -> None:
    for _ in range(8):
        loses_its_inbox(station)
        attended(station, 40 * MINUTE)
        has_its_inbox(station)
        attended(station, 40 * MINUTE)
    assert told(station) == [
        "Posterity: No reports come in",
        "Posterity: ended: No reports come in",
        "Posterity: is back: No reports come in",
    ]
    attended(station, DAY - MINUTE)
    assert len(told(station)) == 3
    attended(station, MINUTE)
    assert told(station)[3:] == ["Posterity: stays away: No reports come in"]
    attended(station, HOUR)
    assert len(told(station)) == 4


def test_what_comes_back_later_than_a_day_is_told_anew(station: Station) -> None:
    for _ in range(2):
        loses_its_inbox(station)
        assert attended(station, DAY) == [("raised", "inbox")]
        has_its_inbox(station)
        assert attended(station, HOUR) == [("ended", "inbox")]
    once = ["Posterity: No reports come in", "Posterity: ended: No reports come in"]
    assert told(station) == once * 2


@pytest.mark.slow
def test_what_stays_is_told_again_once_a_week(station: Station) -> None:
    loses_its_inbox(station)
    for _ in range(4 * 21):
        attended(station, 6 * HOUR)
    # From one Tuesday to the third after it: after a week, and then in each week of the calendar.
    assert told(station) == ["Posterity: No reports come in", *["Posterity: still: No reports come in"] * 3]


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_however_it_flickers_letters_are_few_and_the_last_one_is_true(station: Station) -> None:
    random = Random(20261122)  # noqa: S311 - no secret
    for _ in range(12):
        before = len(told(station))
        lost = False
        for _ in range(random.randrange(1, 25)):
            if random.random() < 0.6:
                (has_its_inbox if lost else loses_its_inbox)(station)
                lost = not lost
            attended(station, random.randrange(1, 300) * MINUTE)
        new = told(station)[before:]
        assert len(new) <= 4
        assert len(set(new)) == len(new)
        if lost:
            assert new[-1].split(": ")[1] in {"No reports come in", "is back"}
            has_its_inbox(station)
        attended(station)
        attended(station, DAY)
        last = told(station)[before:][-1:]
        assert [one.split(": ")[1] for one in last] in [[], ["ended"], ["stays away"]]
        attended(station, 2 * DAY)


def test_where_no_operator_is_listed_alerts_are_kept_and_told_once_one_is(make: Make) -> None:
    station = make("")
    loses_its_inbox(station)
    assert attended(station) == [("raised", "inbox")]
    assert told(station) == []
    alerts = station.service.configuration.alerts.model_copy(update={"operators": ("desk@example.org",)})
    configuration = replace(station.service.configuration, alerts=alerts)
    station.service = replace(station.service, configuration=configuration)
    assert attended(station, HOUR) == []
    assert told(station) == ["Posterity: No reports come in"]


@pytest.mark.slow
def test_of_two_processes_that_look_at_once_one_raises_and_each_operator_is_told_once(
    station: Station, database_url: str
) -> None:
    loses_its_inbox(station)
    barrier = Barrier(4)

    def look(_: int) -> list[tuple[str, str]]:
        with open_database(database_url) as own:
            barrier.wait()
            return said(attend(replace(station.service, database=own)))

    with ThreadPoolExecutor(4) as pool:
        changes = list(pool.map(look, range(4)))
    assert sorted(changes) == [[], [], [], [("raised", "inbox")]]
    assert told(station) == told(station, "night@example.org") == ["Posterity: No reports come in"]


def test_an_alert_that_cannot_be_posted_is_not_raised_either(station: Station) -> None:
    loses_its_inbox(station)
    with station.service.database.session() as session:
        session.execute(text("ALTER TABLE message RENAME TO elsewhere"))
    with pytest.raises(ProgrammingError if not station.service.database.is_sqlite else OperationalError):
        attend(station.service)
    with station.service.database.session() as session:
        session.execute(text("ALTER TABLE elsewhere RENAME TO message"))
        assert open_alerts(session) == []


def test_a_database_out_of_reach_is_no_alert_but_raised(tmp_path: Path) -> None:
    folder = tmp_path / "else"
    folder.mkdir()
    with open_database(f"sqlite:///{folder}/gone.db") as database:
        station = Station(folder, database, f"sqlite:///{folder}/gone.db")
        with pytest.raises(Unavailable, match="there is no database"):
            attend(station.service)


def test_every_finding_that_is_told_has_a_heading(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    station = Station(tmp_path, database, database_url, '[[sources]]\nid = "s"\nkind = "rss"\npath = "x"\n')
    named = {one.name for one in findings(station.service)}
    assert set(KINDS) == named - {"database", "migrations", "tonight"}


@pytest.mark.slow
def test_the_letters_arrive(make: Make) -> None:
    with Peer() as peer:
        station = make(f"[alerts]\n{OPERATORS}\n[digest]\n{peer.settings()}")
        loses_its_inbox(station)
        attended(station)
        assert deliver(station.service, worker="w").sent == 2
    arrived = [(one.recipients, one.message["Subject"]) for one in peer.received]
    subject = "Posterity: No reports come in"
    assert sorted(arrived) == [(("desk@example.org",), subject), (("night@example.org",), subject)]
    assert all(one.message["List-Unsubscribe"] is None for one in peer.received)


class Stopwatch:
    """A monotonic clock that stands still, and with it a station's."""

    def __init__(self, station: Station) -> None:
        self.seconds, self.station = 1000.0, station

    def __call__(self) -> float:
        return self.seconds

    def passes(self, span: timedelta) -> None:
        self.seconds += span.total_seconds()
        self.station.now += span


@pytest.fixture
def crying(make: Make) -> Iterator[tuple[Peer, Stopwatch, Callable[[], bool]]]:
    with Peer() as peer:
        station = make(f"[alerts]\n{OPERATORS}\n[digest]\n{peer.settings()}")
        watch = Stopwatch(station)
        cry = Crier(watch)
        yield peer, watch, lambda: cry(station.service, "the database db does not answer")


type Crying = tuple[Peer, Stopwatch, Callable[[], bool]]


def test_trouble_that_is_over_within_minutes_wakes_nobody(crying: Crying) -> None:
    peer, watch, cry = crying
    for _ in range(12):
        assert not cry()
        watch.passes(PATIENCE / 12)
    watch.passes(timedelta(hours=1))
    assert not cry()
    assert peer.received == []


def test_trouble_that_lasts_is_told_directly_once_an_hour(crying: Crying) -> None:
    peer, watch, cry = crying
    heard = []
    for minute in range(130):
        if cry():
            heard.append(minute)
        watch.passes(MINUTE)
    assert heard == [2, 62, 122]
    assert sorted(one.recipients for one in peer.received[:2]) == [
        ("desk@example.org",),
        ("night@example.org",),
    ]
    first = peer.received[0].message
    assert first["Subject"] == "Posterity cannot work: the database db does not answer"
    assert 'docs/operations.md, "The database is out of reach"' in first.get_content()
    assert len({one.message_id for one in peer.received}) == 6


def test_a_cry_that_nobody_heard_is_tried_again_in_minutes_and_raises_nothing(crying: Crying) -> None:
    peer, watch, cry = crying
    cry()
    peer.refuse()
    watch.passes(PATIENCE)
    assert not cry()
    peer.listen()
    assert not cry()
    watch.passes(5 * MINUTE)
    assert cry()
    peer.wait_for(2)


def test_where_nobody_is_listed_nobody_is_cried_to(make: Make) -> None:
    station = make("")
    watch = Stopwatch(station)
    cry = Crier(watch)
    cry(station.service, "x")
    watch.passes(BREATH)
    assert not cry(station.service, "x")
