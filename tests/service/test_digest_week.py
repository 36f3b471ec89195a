"""A week's letters: everyone gets the numbers of its one edition, once, whatever happens in between."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from model.errors import UsageError
from service.digest import moment_of, preview, send_week, stand
from storage.database import Database, open_database
from storage.editions import get_edition
from storage.subscribers import unsubscribe
from tests.service.andes import ANDES, FIRST
from tests.service.commands import quiet
from tests.service.digests import MONDAY, THIS_WEEK, WEEK, Newsroom

pytestmark = pytest.mark.sqlite("who is written what; its statements meet a server elsewhere")


@pytest.fixture
def room(database: Database, tmp_path: Path) -> Newsroom:
    """Two nights a week apart, and three readers."""
    room = Newsroom(tmp_path, database)
    room.night("2025-06-23", *FIRST)
    room.night("2025-06-30", *THIS_WEEK)
    room.clock.now = MONDAY
    for name in ("ana", "ben", "cleo"):
        room.subscribes(f"{name}@example.org")
    return room


def fates(room: Newsroom, **options: Any) -> tuple[int, int, int, tuple[str, ...]]:
    done = send_week(room.service, WEEK, **options)
    return done.posted, done.already, done.unmoved, done.left_out


@pytest.mark.slow
def test_every_reader_gets_one_letter_of_the_week_and_a_second_time_nothing(room: Newsroom) -> None:
    assert fates(room) == (3, 0, 0, ())
    before = room.mails()
    assert [(recipient, key) for recipient, key, _ in before] == [
        ("ana@example.org", WEEK),
        ("ben@example.org", WEEK),
        ("cleo@example.org", WEEK),
    ]
    room.clock.now += timedelta(hours=1)
    assert fates(room) == (0, 3, 0, ())
    assert room.mails() == before


@pytest.mark.slow
def test_all_readers_are_told_the_numbers_of_the_edition_though_a_new_run_comes_in_between(
    room: Newsroom,
) -> None:
    assert fates(room, to="Ana@Example.org") == (1, 0, 0, ())
    room.adjust("expected = { down = 4, base = 2, up = 1 }", "expected = { down = 9, base = 2, up = 1 }")
    (new,) = room.night("2025-06-30", recorded=MONDAY + timedelta(minutes=5))
    assert fates(room) == (2, 1, 0, ())
    stated = [document["forecasts"] for _, _, document in room.mails()]
    assert stated[0] == stated[1] == stated[2]
    assert stated[0][0]["now"]["run"] != new["run"]


@pytest.mark.slow
def test_who_subscribes_after_the_others_were_written_to_gets_the_same(room: Newsroom) -> None:
    fates(room)
    room.subscribes("zoe@example.org")
    assert fates(room) == (1, 3, 0, ())


@pytest.mark.slow
def test_who_has_unsubscribed_gets_nothing(room: Newsroom) -> None:
    with room.database.session() as session:
        unsubscribe(session, "ben@example.org", origin="test", at=MONDAY)
    assert fates(room) == (2, 0, 0, ())


@pytest.mark.slow
def test_the_configured_recipients_are_readers_too(room: Newsroom) -> None:
    text = (room.folder / "config.toml").read_text(encoding="utf-8")
    room.configure(f'[digest]\nrecipients = ["Desk <desk@example.org>"]\n{text}')
    assert fates(room) == (4, 0, 0, ())


@pytest.mark.slow
def test_a_letter_says_only_what_its_reader_wants_in_the_configurations_order(room: Newsroom) -> None:
    room.configure(quiet("one") + ANDES + quiet("two"))
    room.subscribes("ben@example.org", forecasts=("two", "one"))
    fates(room)
    stated = [[one["forecast"] for one in document["forecasts"]] for _, _, document in room.mails()]
    assert stated == [["one", "andes", "two"], ["one", "two"], ["one", "andes", "two"]]


@pytest.mark.slow
def test_a_reader_of_forecasts_that_are_not_configured_gets_nothing_and_is_named(room: Newsroom) -> None:
    room.subscribes("ben@example.org", forecasts=("gone",))
    assert fates(room) == (2, 0, 0, ("ben@example.org",))
    assert "ben" not in str(send_week(room.service, WEEK))  # an address is no matter for a log


@pytest.mark.slow
@pytest.mark.parametrize(("limit", "written"), [(0.1, True), (90, False)])
def test_who_wants_moves_only_gets_a_digest_only_of_a_week_that_moved_so_far(
    room: Newsroom, limit: float, written: bool
) -> None:
    room.subscribes("ben@example.org", moved_points=limit)
    assert fates(room) == ((3, 0, 0, ()) if written else (2, 0, 1, ()))


@pytest.mark.slow
def test_a_move_is_measured_before_it_is_rounded_and_must_be_larger(room: Newsroom) -> None:
    moved = abs(room.said()["largest"]["points"])
    room.subscribes("ana@example.org", moved_points=moved)
    room.subscribes("ben@example.org", moved_points=moved - 1e-9)
    room.subscribes("cleo@example.org", moved_points=moved)
    assert fates(room) == (1, 0, 2, ())


def test_a_forecast_with_no_result_has_not_moved(room: Newsroom) -> None:
    room.configure(quiet("new"))
    room.subscribes("ben@example.org", moved_points=1)
    assert fates(room) == (2, 0, 1, ())


def test_nobody_else_may_be_written_to(room: Newsroom) -> None:
    with pytest.raises(
        UsageError, match=r'"who@example.org" is not subscribed; `posterity subscribers list`'
    ):
        send_week(room.service, WEEK, to="who@example.org")
    assert room.mails() == []


def test_a_preview_stores_nothing(room: Newsroom) -> None:
    assert preview(room.service, WEEK)["forecasts"][0]["now"]["as_of"] == "2025-06-30"
    with room.database.reading() as session:
        assert get_edition(session, WEEK) is None


@pytest.mark.slow
def test_a_preview_of_a_week_that_was_sent_says_what_was_sent(room: Newsroom) -> None:
    sent = stand(room.service, WEEK)
    room.night("2025-07-01", recorded=MONDAY + timedelta(days=1))
    assert preview(room.service, WEEK) == stand(room.service, WEEK) == sent


def test_an_edition_stands_where_it_is_made_until_the_next_is_due_and_then_where_it_was(
    room: Newsroom,
) -> None:
    for now, expected in (
        (MONDAY - timedelta(hours=3), MONDAY - timedelta(hours=3)),
        (MONDAY + timedelta(days=6, hours=23), MONDAY + timedelta(days=6, hours=23)),
        (MONDAY + timedelta(days=7), MONDAY),
        (MONDAY + timedelta(days=300), MONDAY),
    ):
        room.clock.now = now
        assert moment_of(room.service, WEEK) == expected


def test_a_week_that_has_not_begun_has_no_digest(room: Newsroom) -> None:
    with pytest.raises(UsageError, match="the week 2025-W28 has not begun; write a day of 2025-W27"):
        send_week(room.service, "2025-W28")


def test_the_day_of_an_edition_is_that_of_the_schedules_time_zone(room: Newsroom) -> None:
    text = (room.folder / "config.toml").read_text(encoding="utf-8")
    room.configure(f'[schedule]\ntimezone = "Pacific/Auckland"\n{text}')
    late = datetime(2025, 6, 29, 19, 30, tzinfo=UTC)  # 7:30 on Monday in Auckland
    said = room.edition(late)
    assert (said["day"], said["week_before"]) == ("2025-06-30", "2025-06-23")


@pytest.mark.both("two at once")
@pytest.mark.slow
def test_two_processes_that_send_a_week_at_once_write_to_everyone_once(
    room: Newsroom, database_url: str
) -> None:
    sides = 3
    ready = Barrier(sides)

    def send_alone(_: int) -> tuple[int, int]:
        with open_database(database_url) as database:
            service = replace(room.service, database=database)
            ready.wait()
            done = send_week(service, WEEK)
            return done.posted, done.already

    with ThreadPoolExecutor(sides) as pool:
        done = list(pool.map(send_alone, range(sides)))
    assert (sum(posted for posted, _ in done), sum(already for _, already in done)) == (3, 6)
    stated = [document for _, _, document in room.mails()]
    assert stated[0] == stated[1] == stated[2]
