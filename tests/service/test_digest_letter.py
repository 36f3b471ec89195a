"""A digest as a letter: text and page say the same, nothing hostile acts, and the subject is the news."""

import copy
import io
import re
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from service.digest_letter import Press
from service.digest_page import change, subject
from service.mail import message
from storage.database import Database, open_database
from tests.service.andes import ANDES, FIRST, contract
from tests.service.commands import quiet
from tests.service.digests import THIS_WEEK, URL, WEEK, Newsroom, Shown, numbers, plain, reader, words

pytestmark = pytest.mark.sqlite("who is written what; its statements meet a server elsewhere")

PAGE_ALONE = {"lines", "shades", "diamonds", "bands", "each", "believed", "sources"}  # about the picture
TEXT_ALONE = {"event", "https", "paper", "example", "tanks"}  # the links' addresses
HOSTILE = (
    "<script>alert(1)</script>",
    "</td></table><img src=https://evil.example/x.png onerror=alert(1)>",
    "{{ 7 * 7 }} {% raw %} {# x #} ${7*7}",
    "Peru \u202esngis\u202c \u2066 \u200b \ufeff \u2028 x",
    "&lt;b&gt; &amp; \" ' `",
    "=?utf-8?q?subject?=",
    "x" * 300,
)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Newsroom]:
    """Only to be asked."""
    folder = tmp_path_factory.mktemp("letter")
    shutil.copy(migrated_sqlite, folder / "posterity.db")
    with open_database(f"sqlite:///{folder}/posterity.db") as database:
        room = Newsroom(folder, database)
        room.weeks()
        yield room


@pytest.fixture(scope="module")
def standing(room: Newsroom) -> Any:
    """What the edition says; only to be copied."""
    return room.edition()


@pytest.fixture
def fresh(database: Database, tmp_path: Path) -> Newsroom:
    return Newsroom(tmp_path, database)


def shown(html: str | None) -> Shown:
    assert html is not None
    return Shown(html)


@pytest.mark.slow
def test_text_and_page_say_the_same_words_and_the_same_numbers(room: Newsroom) -> None:
    letter = room.letter()
    page, text = shown(letter.html), plain(letter.text)
    assert words(page.shown) - words(text) <= PAGE_ALONE
    assert words(text) - words(page.shown) - words(" ".join(page.links)) <= TEXT_ALONE
    without_addresses = re.sub(r"https?://\S+", "", text)
    assert numbers(page.shown) == numbers(without_addresses)


@pytest.mark.slow
def test_text_and_page_lead_to_the_same_places(room: Newsroom) -> None:
    letter = room.letter()
    assert sorted(shown(letter.html).links) == sorted(re.findall(r"https?://\S+", letter.text))
    assert f"{URL}/events/c9" in letter.text
    assert "paper.example: https://paper.example/tanks?a=1&b=2" in letter.text


@pytest.mark.slow
def test_the_text_reads_well(room: Newsroom) -> None:
    text = room.letter().text
    assert text.startswith("POSTERITY, WEEK 27 OF 2025\nMonday, 2025-06-30\n\nDeals in the Andes: up 76 %")
    assert (
        "          now    a week ago       change       prior            band\n"
        "Retreat: less than 1 %\n"
        "        0.2 %         1.0 %      \N{MINUS SIGN}0.8 pp      30.0 %    0.1 to 0.4 %\n"
    ) in text
    assert "Now: the cutoff of 2025-06-30 (run 4); evidence: 10 events from 11 reports." in text
    assert "A week ago: the run that stood on 2025-06-23, the cutoff of 2025-06-23 (run\n3)." in text
    assert not [line for line in text.splitlines() if len(line) > 76 and "http" not in line]
    assert "\n\n\n" not in text


def test_where_no_run_stood_a_week_ago_there_is_a_dash_and_the_prior_is_named(fresh: Newsroom) -> None:
    fresh.night("2025-06-30", *FIRST)
    letter = fresh.letter()
    for said in (plain(letter.text), shown(letter.html).shown):
        assert (
            "A week ago, on 2025-06-23, no run stood; the change is from the prior of 2025-01-01 instead."
            in said
        )
        assert "now a week ago from prior prior band" in said
        assert re.search(r"Base ?: likely [\d.]+ % – \+[\d.]+ pp 50.0 %", said)
        assert re.search("what moved it from its prior", said, re.IGNORECASE)
    assert "from its prior)" in letter.subject


def test_the_picture_is_a_png_that_the_page_refers_to_and_says_in_words(room: Newsroom) -> None:
    letter = room.letter()
    page = shown(letter.html)
    assert page.images == ["cid:chart-1"]
    assert list(letter.images) == ["chart-1"]
    with Image.open(io.BytesIO(letter.images["chart-1"])) as picture:
        assert picture.format == "PNG"
    described = "Chart: Probabilities from 2025-04-15 to 2025-06-30, and their priors of 2025-01-01. Retreat:"
    assert described in page.shown
    assert described in plain(letter.text)


@pytest.mark.slow
def test_every_forecast_has_its_own_picture_and_one_without_a_result_has_none(fresh: Newsroom) -> None:
    fresh.configure(quiet("one") + quiet("new").replace("2025-01-01", "2025-08-01") + ANDES)
    fresh.night("2025-06-30", *FIRST)
    letter = fresh.letter()
    assert shown(letter.html).images == ["cid:chart-1", "cid:chart-3"]
    assert list(letter.images) == ["chart-1", "chart-3"]
    assert "There is no result of it; why is said at the top." in plain(letter.text)


def test_a_page_needs_nothing_but_itself(room: Newsroom) -> None:
    letter = room.letter()
    page = shown(letter.html)
    assert letter.html is not None
    assert not {tag for tag, _ in page.elements} & {"script", "link", "iframe", "object", "form", "base"}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert "url(" not in letter.html
    assert "@import" not in letter.html
    assert len(letter.html) < 60_000  # longer ones are clipped by some programs at 102 kB


def test_a_page_knows_light_and_dark(room: Newsroom) -> None:
    html = room.letter().html
    assert html is not None
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html


@pytest.mark.slow
def test_a_hostile_headline_is_shown_and_does_nothing(fresh: Newsroom) -> None:
    hostile = " ".join(HOSTILE)
    fresh.night("2025-06-23", *FIRST)
    fresh.night("2025-06-30", contract("c9", "2025-06-25", headline="Peru signs", publisher="x"))
    before = shown(fresh.letter().html)
    fresh.night(
        "2025-06-30", contract("c9", "2025-06-25", headline=f"Peru {hostile}", publisher=hostile[:99])
    )
    letter = fresh.letter()
    after = shown(letter.html)
    assert after.elements == before.elements
    assert set(after.links) == set(before.links)
    written = plain("".join(map(code, hostile)))
    for where in (after.shown, plain(letter.text)):
        assert f"Peru {written} (contract signed, Peru, 2025-06-25, credibility 0.80)" in where
        assert written[:90] in where.replace(f"Peru {written}", "")


def code(letter: str) -> str:
    return letter if letter.isprintable() else f"<U+{ord(letter):04X}>"


anything = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(title=anything, question=anything, scenario=anything, cause=anything, source=anything, notice=anything)
def test_no_text_whatever_adds_an_element_an_attribute_or_a_line(standing: Any, **texts: str) -> None:
    plain_words, wild = letter_of(standing, **dict.fromkeys(texts, "x")), letter_of(standing, **texts)
    assert shown(wild.html).elements == shown(plain_words.html).elements
    assert shown(wild.html).links == shown(plain_words.html).links
    assert "\n" not in wild.subject
    kinds = {unicodedata.category(letter) for letter in wild.text if letter != "\n"}
    assert not kinds & {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


def letter_of(
    standing: Any, *, title: str, question: str, scenario: str, cause: str, source: str, notice: str
) -> Any:
    """A letter in which these texts stand; with no history there is nothing to draw."""
    said = copy.deepcopy(standing)
    (one,) = said["forecasts"]
    one |= {"title": title, "question": f"?{question}", "history": []}
    one["notices"] = [{"kind": "held", "text": notice}]
    one["scenarios"][0]["title"] = scenario
    one["movement"]["causes"][0] |= {
        "text": cause,
        "sources": [{"name": source, "url": "https://a.example/"}],
    }
    return Press(edition=said, public_url=URL, sender="Desk <desk@example.org>").letter(reader(), [one])


@pytest.mark.slow
def test_a_letter_says_who_gets_it_why_and_how_to_get_no_more_of_it(room: Newsroom) -> None:
    text = plain(room.letter().text)
    assert "You get this because ana@example.org is subscribed to all forecasts, every week." in text
    assert f"Unsubscribe: {URL}/unsubscribe/token-of-ana" in text
    moved = plain(room.letter(forecasts=("andes",), moved_points=2.5).text)
    assert "to these forecasts, when one of them moved by more than 2.5 pp in a week." in moved


def test_where_there_are_no_pages_nothing_links_to_them(room: Newsroom) -> None:
    letter = room.letter(public_url="")
    assert shown(letter.html).links == ["https://paper.example/tanks?a=1&b=2"]
    assert "To unsubscribe, write to Desk <desk@example.org>." in plain(letter.text)
    assert "token-of-ana" not in f"{letter.text}{letter.html}"


def test_who_has_not_subscribed_is_told_that_it_is_a_preview(room: Newsroom) -> None:
    letter = room.letter(token="")
    assert letter.unsubscribe is None
    assert "A preview: nobody is subscribed under this address." in plain(letter.text)
    assert "unsubscribe/" not in letter.text


def test_a_letter_names_the_runs_and_versions_that_it_was_made_from(room: Newsroom) -> None:
    text = plain(room.letter().text)
    versions = room.said()["versions"]
    assert "Known at 2025-06-30 07:00 UTC. Deals in the Andes: run 4 and 3; forecast sha256:" in text
    for name in ("forecast", "evidence", "code"):
        assert f"{name} {versions[name][:19]}" in text


def test_the_document_of_a_letter_has_its_numbers_and_not_the_readers_token(room: Newsroom) -> None:
    letter = room.letter()
    (said,) = letter.document["forecasts"]
    assert said["scenarios"] == room.said()["scenarios"]
    assert "history" not in said
    assert "token-of-ana" not in str(letter.document)


def test_a_letter_becomes_a_mail(room: Newsroom) -> None:
    mail = message(room.service, room.letter(), at=room.clock())
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    assert mail["Subject"] == "Posterity, week 27: up 76 % (+14.9 pp)"


def test_the_subject_of_one_forecast_is_its_most_probable_scenario_and_how_it_moved() -> None:
    one = said("Deals", {"Retreat": (0.38, -2.14), "Foothold": (0.62, 2.14)})
    assert subject(WEEK, [one]) == "Posterity, week 27: Foothold 62 % (+2.1 pp)"


def test_the_subject_of_several_forecasts_is_the_largest_move_of_any() -> None:
    several = [
        said("Deals", {"Retreat": (0.38, -2.1), "Foothold": (0.62, 2.1)}),
        said("Talks", {"Ruin": (0.3, -9.06), "Peace": (0.7, 9.04)}),
        said("New", {}),
    ]
    assert subject(WEEK, several) == (
        "Posterity, week 27: 3 forecasts, largest move \N{MINUS SIGN}9.1 pp: Ruin 30 % (Talks)"
    )
    assert subject(WEEK, several[2:] * 2) == "Posterity, week 27: 2 forecasts, no results"
    assert subject(WEEK, several[2:]) == "Posterity, week 27: no result for New"


def said(title: str, scenarios: dict[str, tuple[float, float]]) -> dict[str, Any]:
    listed: list[dict[str, Any]] = [
        {"scenario": name, "title": name, "now": now, "points": points}
        for name, (now, points) in scenarios.items()
    ]
    largest = max(listed, key=lambda one: abs(one["points"]), default=None)
    stands = {"run": 1} if scenarios else None
    return {
        "title": title,
        "now": stands,
        "before": stands,
        "scenarios": listed,
        "largest": largest,
        "notices": [],
    }


@pytest.mark.parametrize(
    ("points", "said"),
    [(None, "–"), (0.0, "0.0 pp"), (-0.04, "0.0 pp"), (0.06, "+0.1 pp"), (-12.34, "\N{MINUS SIGN}12.3 pp")],
)
def test_a_change_has_its_sign_and_a_missing_one_is_no_zero(points: float | None, said: str) -> None:
    assert change(points) == said


@pytest.mark.slow
def test_what_moved_by_nothing_that_shows_is_said_so(fresh: Newsroom) -> None:
    fresh.night("2025-06-23", *FIRST)
    assert "WHAT MOVED IT THIS WEEK\nNothing moved it.\n" in fresh.letter().text


@pytest.mark.slow
def test_what_was_changed_and_told_is_listed(fresh: Newsroom) -> None:
    fresh.night("2025-06-23", *FIRST)
    fresh.adjust("expected = { down = 4, base = 2, up = 1 }", "expected = { down = 5, base = 2, up = 1 }")
    fresh.night("2025-06-30", *THIS_WEEK)
    text = plain(fresh.letter().text)
    assert "WHAT WAS CHANGED * The forecast: indicators.pushback.stated.down was 4.0, is 5.0" in text
    assert "NOTES * Warning: the forecast was changed after evidence had been seen (version 2:" in text
