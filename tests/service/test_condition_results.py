"""What is found about what the service gives, and about the disks and the inbox around it."""

import re
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from service.condition import Finding, findings
from service.condition_places import silence
from service.finding import lasting
from storage.database import Database
from storage.outbox import claim, dead, queue, sent
from storage.runs import Status
from tests.service.stations import DAY, HOUR, NOON, Station

pytestmark = pytest.mark.sqlite("what is computed and printed; its statements meet a server elsewhere")

MINUTE = timedelta(minutes=1)

Make = Callable[..., Station]


@pytest.fixture
def make(tmp_path: Path, database: Database, database_url: str) -> Make:
    def made(more: str = "") -> Station:
        return Station(tmp_path, database, database_url, more)

    return made


@pytest.fixture
def station(make: Make) -> Station:
    return make()


def found(station: Station, name: str) -> Finding:
    (one,) = [one for one in findings(station.service) if one.name == name]
    return one


# What the service gives


def test_a_forecast_is_as_old_as_its_run_in_force(make: Make) -> None:
    station = make("[alerts]\nstale_days = 2")
    station.ran(18)
    fresh = found(station, "forecast")
    assert (fresh.subject, fresh.state) == ("quiet", "ok")
    assert fresh.text == "run 1 of 2026-01-18 is in force, 2 d old"
    station.now += DAY
    stale = found(station, "forecast")
    assert (stale.state, stale.text) == ("failed", "run 1 of 2026-01-18 is in force, 3 d old: more than 2 d")


@pytest.mark.parametrize(("status", "how"), [("held", "was held"), ("failed", "failed")])
def test_a_forecast_whose_newest_run_came_to_nothing_is_a_warning(
    station: Station, status: Status, how: str
) -> None:
    station.ran(19)
    station.ran(20, status)
    forecast = found(station, "forecast")
    assert forecast.state == "warning"
    assert forecast.text == f"run 1 of 2026-01-19 is in force, 1 d old; run 2 of 2026-01-20 {how}"
    assert forecast.advice == "`posterity explain quiet --diagnostics` shows the checks"


def test_a_forecast_of_which_nothing_was_ever_published_is_said(station: Station) -> None:
    station.ran(20, "held")
    forecast = found(station, "forecast")
    assert (forecast.state, forecast.text) == (
        "failed",
        "nothing was ever published: run 1 of 2026-01-20 was held",
    )


def test_a_forecast_that_was_never_run_is_no_failure_and_one_that_has_not_opened_is_well(
    station: Station,
) -> None:
    assert (found(station, "forecast").state, found(station, "forecast").text) == ("warning", "was never run")
    station.now = datetime(2024, 12, 31, tzinfo=UTC)
    assert (found(station, "forecast").state, found(station, "forecast").text) == (
        "ok",
        "opens on 2025-01-01",
    )


def post(station: Station, key: str, recipient: str, kind: str = "digest") -> None:
    with station.service.database.session() as session:
        queue(
            session,
            kind=kind,
            key=key,
            recipient=recipient,
            message_id=f"<{kind}.{key}.{recipient}>",
            subject="s",
            document={},
            content="c",
            at=station.now,
        )


def sends(station: Station, most: int = 9, *, died: bool = False) -> None:
    """Have mails sent, or given up."""
    with station.service.database.session() as session:
        for one in claim(session, worker="w", at=station.now, until=station.now + HOUR, most=most):
            if died:
                assert dead(session, one.id, worker="w", error="550 no such user", at=station.now)
            else:
                sent(session, one.id, at=station.now)


def test_mail_may_wait_for_an_hour(station: Station) -> None:
    assert found(station, "outbox").text == "no mail is waiting"
    post(station, "1", "a@x")
    station.now += 60 * MINUTE
    assert (found(station, "outbox").state, found(station, "outbox").text) == (
        "ok",
        "mail has been waiting for 1 h",
    )
    station.now += MINUTE
    assert found(station, "outbox").state == "warning"
    sends(station)
    assert found(station, "outbox").text == "no mail is waiting"


def test_mail_that_was_given_up_is_said_for_a_week(station: Station) -> None:
    post(station, "1", "a@x")
    sends(station, died=True)
    given_up = found(station, "outbox")
    assert given_up.state == "failed"
    assert given_up.text == "1 given up in 7 d, the last to a@x: 550 no such user"
    station.now += 7 * DAY
    assert found(station, "outbox").state == "failed"
    station.now += MINUTE
    assert found(station, "outbox").state == "ok"


def test_a_digest_that_was_not_written_in_time_is_said(make: Make) -> None:
    station = make("[alerts]\ndigest_late_hours = 6")
    station.began(NOON - 10 * DAY)
    station.now = datetime(2026, 1, 19, 13, 0, tzinfo=UTC)  # a Monday, six hours after it was due
    assert found(station, "digest").state == "ok"
    station.now += MINUTE
    late = found(station, "digest")
    assert late.state == "failed"
    assert late.text == "the digest of 2026-W04 was due 6 h 1 min ago and has not been written"
    station.digest(4, "failed", "no chart")
    assert found(station, "digest").text.endswith("its writing ended failed: no chart")
    station.digest(4, "done")
    assert (found(station, "digest").state, found(station, "digest").text) == (
        "ok",
        "the digest of 2026-W04 is done",
    )


def test_a_digest_that_was_written_and_not_sent_is_said(station: Station) -> None:
    station.began(NOON - 10 * DAY)
    station.digest(4, "done")
    for reader in "abc":
        post(station, "2026-W04", f"{reader}@x")
    post(station, "2026-W03", "d@x")
    sends(station, most=1)
    late = found(station, "digest")
    assert (late.state, late.text) == (
        "failed",
        "the digest of 2026-W04 was due 1 d 5 h ago and 2 of 3 mails were not sent",
    )
    sends(station)
    assert found(station, "digest").state == "ok"


def test_no_digest_is_owed_before_a_scheduler_first_worked(station: Station) -> None:
    station.began(NOON - HOUR)
    assert found(station, "digest").text == "no digest was due since a scheduler first ran here"


# What is around it


def test_a_disk_is_looked_at_once_for_all_that_it_holds(station: Station) -> None:
    disk = found(station, "disk")
    kept = "draws, inbox" if not station.service.database.is_sqlite else "database, draws, inbox"
    assert disk.subject == kept
    assert disk.state == "ok"
    said = re.fullmatch(r"(.+) % \((.+) GB\) is free on the disk of (.+)", disk.text)
    assert said is not None
    usage = shutil.disk_usage(said[3])
    assert float(said[1]) == pytest.approx(100 * usage.free / (usage.used + usage.free), abs=1)
    assert float(said[2]) == pytest.approx(usage.free / 1e9, rel=0.05)


def test_a_disk_with_less_free_than_wanted_is_a_warning(make: Make) -> None:
    station = make("[alerts]\ndisk_free_percent = 100")
    disk = found(station, "disk")
    assert disk.state == "warning"
    assert disk.text.endswith("less than 100 %")


def test_disks_of_their_own_are_looked_at_one_by_one(
    make: Make, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = Path("/dev/shm")  # noqa: S108 - only its disk is looked at
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == tmp_path_factory.getbasetemp().stat().st_dev:
        pytest.skip("there is but one disk here")
    station = make(f'[storage]\nurl = "sqlite:///x"\ndraws = "{elsewhere}/posterity-none/draws"')
    subjects = [one.subject for one in findings(station.service) if one.name == "disk"]
    assert "draws" in subjects
    assert len(subjects) == 2


def test_an_inbox_that_is_missing_is_said(station: Station) -> None:
    (station.folder / "inbox").rmdir()
    inbox = found(station, "inbox")
    assert inbox.state == "failed"
    assert str(station.folder / "inbox") in inbox.text


def test_the_inbox_is_judged_by_the_days_on_which_reports_were_recorded(station: Station) -> None:
    assert found(station, "inbox").text == "nothing has ever come"
    station.received(*range(1, 9))
    station.now = datetime(2026, 1, 11, 12, tzinfo=UTC)
    assert found(station, "inbox").state == "ok"
    station.now += DAY
    silent = found(station, "inbox")
    assert silent.state == "warning"
    assert silent.text == (
        "the last reports came on 2026-01-08, 4 d ago; 9 in 10 of the last 7 intervals were of 1 d or less"
    )


def back(*gaps: int) -> list[date]:
    """Days with such gaps between them, the latest first."""
    days = [date(2026, 1, 1)]
    for gap in gaps:
        days.append(days[-1] - timedelta(days=gap))
    return days


@pytest.mark.parametrize(
    ("gaps", "silent", "state"),
    [
        ([1] * 6, 300, "ok"),  # seven days of arrivals are too few
        ([1] * 7, 3, "ok"),
        ([1] * 7, 4, "warning"),
        ([1] * 9 + [30], 4, "warning"),  # one long silence in ten is an exception
        ([1] * 8 + [30] * 2, 90, "ok"),  # two are not
        ([1] * 8 + [30] * 2, 91, "warning"),
        ([7] * 20, 21, "ok"),
        ([7] * 20, 22, "warning"),
    ],
)
def test_a_silence_is_unusual_where_it_is_thrice_the_longest_of_nine_in_ten(
    gaps: list[int], silent: int, state: str
) -> None:
    today = date(2026, 1, 1) + timedelta(days=silent)
    assert silence("source", "gdelt", back(*gaps), today=today).state == state


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(hours=3, minutes=12), "3 h 12 min"),
        (timedelta(hours=24), "1 d"),
        (timedelta(days=2, hours=3, minutes=59), "2 d 3 h"),
        (timedelta(seconds=-5), "0 s"),
    ],
)
def test_a_time_is_said_in_its_two_largest_units(span: timedelta, said: str) -> None:
    assert lasting(span) == said
