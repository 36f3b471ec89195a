"""The digest says how we have done: what was resolved this week, and everything together."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from service.digest import edition
from service.digest_letter import Press
from service.digest_record import lines, record
from service.letters import Letter
from service.resolving import resolve
from storage.database import Database
from storage.subscribers import Subscriber
from tests.service.andes import FIRST
from tests.service.archives import Archive
from tests.service.commands import quiet
from tests.service.digests import Newsroom, Shown, plain, reader

pytestmark = pytest.mark.sqlite("what is computed and printed; its statements meet a server elsewhere")

FRIDAY, MONDAY, NEXT = (datetime(2025, 6, day, 7, tzinfo=UTC) for day in (6, 9, 16))
WEEK = "2025-W24"


@pytest.fixture
def archive(tmp_path: Path, database: Database) -> Archive:
    return Archive(tmp_path, database, quiet() + quiet("other"))


def closed(archive: Archive, forecast: str = "quiet", at: datetime = FRIDAY) -> None:
    archive.clock.now = at
    resolve(archive.service, forecast, "up", on=date(2025, 1, 11), author="Ana", why="it came")


def letter(archive: Archive, at: datetime = MONDAY, **wishes: Any) -> Letter:
    said = edition(archive.service, WEEK, at)
    press = Press(edition=said, public_url="", sender="desk@example.org")
    whom: Subscriber = reader(**wishes)
    told = [one for one in said["forecasts"] if not whom.forecasts or one["forecast"] in whom.forecasts]
    return press.letter(whom, told)


def told(archive: Archive) -> list[str]:
    every = [{"forecast": one.id} for one in archive.service.configuration.forecasts]
    found = lines({"record": record(archive.service, MONDAY)}, every)
    return [one for one in found if "was resolved" not in one]


def both(one: Letter) -> tuple[str, str]:
    return plain(one.text), Shown(one.html or "").shown


def test_while_nothing_is_decided_there_is_no_such_section(archive: Archive) -> None:
    assert record(archive.service, MONDAY) is None
    text, page = both(letter(archive))
    assert "HOW WE HAVE DONE" not in text
    assert "How we have done" not in page


def test_what_was_resolved_this_week_is_told_with_its_score_in_text_and_page(archive: Archive) -> None:
    closed(archive)
    line = "quiet was resolved as up on 2025-01-11. Over the 10 days on which it was open"
    text, page = both(letter(archive))
    for shown in (text, page):
        assert line in shown
        assert "was 0.320, that of its prior 0.320." in shown
        assert "1 forecast resolved since the beginning: mean Brier score 0.320" in shown
        assert "So few prove little." in shown
    assert "HOW WE HAVE DONE" in text


def test_next_week_it_counts_in_the_mean_alone(archive: Archive) -> None:
    closed(archive)
    text, _ = both(letter(archive, at=NEXT))
    assert "was resolved as up on 2025-01-11. Over" not in text
    assert "1 forecast resolved since the beginning" in text


def test_who_reads_of_other_forecasts_is_told_of_the_mean_alone(archive: Archive) -> None:
    closed(archive)
    text, _ = both(letter(archive, forecasts=("other",)))
    assert "was resolved as up on 2025-01-11. Over" not in text
    assert "1 forecast resolved since the beginning" in text


def test_an_edition_knows_what_was_on_record_at_its_moment(archive: Archive) -> None:
    closed(archive, at=NEXT)
    assert record(archive.service, MONDAY) is None


def test_several_forecasts_have_an_interval(tmp_path: Path, database: Database) -> None:
    names = [f"f{place}" for place in range(5)]
    archive = Archive(tmp_path, database, "".join(map(quiet, names)))
    for place, name in enumerate(names):
        archive.publish("2025-01-01", 0.5 + 0.05 * place, forecast=name)
        closed(archive, name)
    (text,) = told(archive)
    assert "5 forecasts resolved since the beginning: mean Brier score" in text
    assert "(90 % interval 0." in text
    assert "So few" not in text


def test_outlooks_are_summed_up_since_the_beginning(archive: Archive) -> None:
    archive.publish("2025-01-05", 0.6, outlook={("deals", 7): 0.25})
    archive.clock.now = FRIDAY
    archive.comes_true({"deals": 1.0})
    (line,) = told(archive)
    assert line.startswith("1 outlook of 7 days, since the beginning: Brier score (0 to 1) 0.562")


def test_a_forecast_that_is_closed_is_said_to_be_so_and_not_to_be_stale(
    tmp_path: Path, database: Database
) -> None:
    room = Newsroom(tmp_path, database)
    room.night("2025-04-15", *FIRST)
    assert [one["kind"] for one in room.said()["notices"]] == ["stale"]
    room.clock.now = datetime(2025, 6, 27, tzinfo=UTC)
    resolve(room.service, "andes", "base", on=date(2025, 5, 1), author="Ana", why="it came")
    (notice,) = room.said()["notices"]
    assert notice["kind"] == "closed"
    assert notice["text"].startswith("It was resolved as Base on 2025-05-01, by Ana: it came.")
    sent = room.letter()
    assert "; closed" in sent.subject
    assert "Deals in the Andes was resolved as Base on 2025-05-01." in plain(sent.text)


def test_an_edition_of_an_earlier_program_is_still_made_into_letters(archive: Archive) -> None:
    said = edition(archive.service, WEEK, MONDAY)
    del said["record"]
    press = Press(edition=said, public_url="", sender="desk@example.org")
    assert "HOW WE HAVE DONE" not in press.letter(reader(), said["forecasts"]).text
