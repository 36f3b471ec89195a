import os
import re
from functools import partial
from pathlib import Path

import pytest

from service.panel_question import Question
from service.panel_shown import Panels
from storage.database import Database
from tests.service.browsing import afar
from tests.service.commands import Desk
from tests.service.digests import Newsroom, Shown
from tests.service.panels import CONFIGURATION, STORED, TRANSFERS, write_register, write_votes
from tests.service.visiting import HOSTILE, Visitor, asked, inert
from tests.storage.test_query_plans import SCANNED, plans

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere"),
]

FILES = """
[panel]
register = "register.csv"
votes = "votes.csv"
"""


def filled(folder: Path, database: Database) -> Newsroom:
    write_register(folder)
    write_votes(folder)
    room = Newsroom(folder, database, FILES + CONFIGURATION)
    room.night("2025-06-30", *STORED)
    return room


@pytest.fixture
def room(tmp_path: Path, database: Database) -> Newsroom:
    return filled(tmp_path, database)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory, kept_database: Database) -> Visitor:
    """A visitor of a room where nothing is ever changed."""
    return Visitor(filled(tmp_path_factory.mktemp("still"), kept_database).service)


@pytest.fixture
def visitor(room: Newsroom) -> Visitor:
    return Visitor(room.service)


def plots(html: str) -> dict[str, str]:
    """Each plot by what it says of itself."""
    found = re.findall(r'<svg class="plot".*?aria-label="([^"]+)">(.*?)</svg>', html, re.DOTALL)
    return dict(found)


def of(html: str, begins: str) -> tuple[str, str]:
    (found,) = [(label, body) for label, body in plots(html).items() if label.startswith(begins)]
    return found


def test_each_country_has_its_plots_which_say_what_they_show(visitor: Visitor) -> None:
    html = visitor.opens("/panel").text
    assert [label.partition(",")[0] for label in plots(html)][::4] == ["Venezuela", "Peru", "Brazil"]
    label, body = of(html, "Brazil, deliveries")
    assert label == "Brazil, deliveries: 2 deliveries in 2000–2024, 1 of estimated years, most in 2010: 1"
    assert len(re.findall(r'class="bar-mark s0"', body)) == 1
    assert len(re.findall(r'class="bar-mark s0 estimated"', body)) == 1
    votes, _ = of(html, "Peru, Agreement")
    assert "with Russia" in votes
    assert "percentage points a year" in votes


def test_the_same_numbers_stand_in_tables(visitor: Visitor) -> None:
    words = visitor.reads("/panel")
    assert "Venezuela 2 3 –" in words
    assert "Brazil 1 2 (1) 103.5" in words
    by_year = words.partition("Brazil, year by year")[2]
    assert "2010 0 1 69.0" in by_year
    assert "2012 0 1 (1) 34.5" in by_year
    assert "2011 0 0 –" in by_year or "2011 0 0 0.0" in by_year


def test_what_is_not_known_is_grey_and_a_dash_and_never_none(room: Newsroom) -> None:
    (room.folder / "register.csv").unlink()
    write_register(room.folder, rows=TRANSFERS[:2])
    write_votes(room.folder, ("BRA", "PER", "RUS", "USA", "VEN"), last=2019)
    html = Visitor(room.service).opens("/panel?countries=BR,CO&first=2000&last=2024").text
    label, body = of(html, "Colombia, Agreement")
    assert label.endswith("not known")
    assert '<rect class="unknown"' in body
    assert ">not known</text>" in body
    assert "bar-mark" not in body
    _, brazil = of(html, "Brazil, Agreement")
    assert '<rect class="unknown"' in brazil


def test_choices_narrow_the_page_down(visitor: Visitor) -> None:
    html = visitor.opens(
        "/panel?countries=pe,BR&first=2010&last=2014&show=orders&forecast=quiet&partner="
    ).text
    assert [label.partition(":")[0] for label in plots(html)] == ["Peru, orders", "Brazil, orders"]
    assert "2010–2014" in Shown(html).shown
    other = visitor.reads("/panel?partner=US&against=RU&countries=PE&show=votes")
    assert "Whom United States delivers arms to" in other


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("countries=XX", "XX"),
        ("countries=" + ",".join(["PE"] * 10 + ["Atlantis"]), "Atlantis"),
        ("first=2020&last=2010", "write the earlier one first"),
        ("last=2199", "is yet to come"),
        ("first=1900", "1946"),
        ("partner=PE", "compared with itself"),
        ("nations=PE", "countries"),
        ("first=x", "integer"),
    ],
)
def test_what_cannot_be_asked_is_said(still: Visitor, query: str, said: str) -> None:
    assert said in still.reads(f"/panel?{query}", 422)


def test_files_that_cannot_be_read_are_named_without_their_folder(room: Newsroom) -> None:
    (room.folder / "register.csv").write_text("nothing,of,the,kind\n", encoding="utf-8")
    html = Visitor(room.service).opens("/panel", 422).text
    assert "register.csv" in html
    assert str(room.folder) not in html
    (room.folder / "register.csv").unlink()
    gone = Visitor(room.service).opens("/panel", 422).text
    assert "register.csv" in gone
    assert str(room.folder) not in gone


def test_a_file_that_changes_is_read_again(room: Newsroom, visitor: Visitor) -> None:
    before, _ = of(visitor.opens("/panel").text, "Brazil, deliveries")
    write_register(room.folder, rows=TRANSFERS[2:])
    os.utime(room.folder / "register.csv", ns=(1, 1))
    after, _ = of(visitor.opens("/panel").text, "Brazil, deliveries")
    assert "2 deliveries" in before
    assert after == "Brazil, deliveries: 0 deliveries in 2000–2024"


def test_news_that_comes_in_is_counted_at_once(room: Newsroom, visitor: Visitor) -> None:
    before = visitor.reads("/panel")
    told = {**STORED[0], "id": "accord-9", "event": "accord-9", "occurred_on": "2012-03-01"}
    room.night("2025-06-30", {**told, "published_on": "2012-03-02"})
    assert "2 agreements" in before
    assert "3 agreements" in visitor.reads("/panel")


def test_without_a_record_the_page_says_where_to_get_one(tmp_path: Path, database: Database) -> None:
    words = Visitor(Newsroom(tmp_path, database, CONFIGURATION).service).reads("/panel")
    for taught in ("No record is configured yet", 'register = "register.csv"', "SIPRI", "Voeten"):
        assert taught in words


def test_hostile_questions_are_shown_as_words(visitor: Visitor) -> None:
    for text in HOSTILE:
        answer = visitor.gets("/panel", params={"countries": text}, headers={"accept": "text/html"})
        assert answer.status_code == 422
        inert(answer.text)


def test_strangers_are_not_shown_it(room: Newsroom) -> None:
    assert afar(room.service).gets("/panel").status_code == 401


def test_the_page_scans_no_table(room: Newsroom) -> None:
    panels = Panels(room.service)
    look = partial(panels.of, room.service.configuration.forecasts[0], Question())
    plan = plans(room.database, partial(asked, look))
    assert not SCANNED.search(plan), plan


def test_the_command_reads_the_files_that_the_configuration_names(tmp_path: Path) -> None:
    desk = Desk(tmp_path, FILES + CONFIGURATION)
    write_register(desk.folder)
    write_votes(desk.folder)
    found = desk.types("panel", "--json").json
    assert found["register"] == {"first": 2000, "last": 2024, "generated": "3 May 2025 9:16:02 PM"}
    assert found["countries"][0]["voting"]["RU"]
