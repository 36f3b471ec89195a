import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest

from service.pages import overview
from service.pages.overview import age
from service.pages.sparklines import HEIGHT, WIDTH, strokes
from service.standings import WINDOW, Standings
from storage.database import Database, open_database
from tests.service.browsing import near
from tests.service.commands import quiet
from tests.service.digests import Newsroom
from tests.service.scenes import HELD_ON, PAGE, scene

pytestmark = pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere")

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Newsroom]:
    folder = tmp_path_factory.mktemp("overview")
    (folder / "posterity.db").write_bytes(migrated_sqlite.read_bytes())
    with open_database(f"sqlite:///{folder}/posterity.db") as database:
        yield scene(folder, database)


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split()).replace("\N{NO-BREAK SPACE}", " ")


def entry(html: str, forecast: str) -> str:
    return html[html.index(f'id="{forecast}"') :].partition("</article>")[0]


def test_each_forecast_stands_in_its_own_order_with_words_and_changes(room: Newsroom) -> None:
    html = near(room.service).gets("/", headers=PAGE).text
    standing = Standings(room.service).all()[0]
    shown = text_of(entry(html, "andes"))
    places = [shown.index(one.title) for one in standing.scenarios]
    assert [one.id for one in standing.scenarios] == ["down", "base", "up"]
    assert places == sorted(places)
    up = standing.scenarios[2]
    assert up.probability is not None
    week_ago = up.before[7]
    assert week_ago is not None
    assert f"{100 * up.probability:.1f} %" in shown
    assert str(up.word) in shown
    assert f"{100 * (up.probability - week_ago):+.1f}".replace("-", "\N{MINUS SIGN}") in shown
    assert "as of 30 Jun 2025" in shown
    assert "yesterday" in shown
    assert "next night 2 Jul 2025, 02:15 UTC" in text_of(html)


@pytest.mark.both("adds statements")
def test_where_there_is_nothing_to_compare_with_stands_a_dash(tmp_path: Path, database: Database) -> None:
    room = Newsroom(tmp_path, database, quiet())
    room.night("2025-06-30")
    (standing,) = Standings(room.service).all()
    assert [one.before for one in standing.scenarios] == [{1: None, 7: None, 30: None}] * 2
    shown = entry(near(room.service).gets("/", headers=PAGE).text, "quiet")
    assert shown.count('class="number flat">–<') == 6
    assert "0.0" not in text_of(shown)


def test_a_change_is_told_from_what_stood_so_many_days_before_the_number(room: Newsroom) -> None:
    standing = Standings(room.service).all()[0]
    known = dict(standing.scenarios[0].curve)
    assert standing.as_of == date(2025, 6, 30)
    assert standing.scenarios[0].before == {
        1: known[date(2025, 6, 29)],
        7: known[date(2025, 6, 23)],
        30: known[date(2025, 4, 15)],
    }


def test_a_held_night_is_loud_and_what_stood_before_it_stands(room: Newsroom) -> None:
    html = near(room.service).gets("/", headers=PAGE).text
    assert "was held, for it failed 2 checks" in entry(html, "andes")
    assert f"as of {HELD_ON}" in entry(html, "andes")
    assert "Needs a look" in html
    assert Standings(room.service).all()[0].status == "held"


def test_staleness_is_loud(tmp_path: Path, database: Database) -> None:
    room = Newsroom(tmp_path, database, quiet())
    room.night("2025-06-30")
    browser = near(room.service)
    assert "Stale" not in browser.gets("/", headers=PAGE).text
    room.clock.now += 4 * DAY
    html = browser.gets("/", headers=PAGE).text
    assert "Stale: nothing was published in 4 days" in html
    assert '<span class="status stale">stale</span>' in html


def test_a_failed_night_is_loud(tmp_path: Path, database: Database) -> None:
    room = Newsroom(tmp_path, database, quiet().partition("[[forecasts.indicators]]")[0])
    room.night("2025-06-30")
    html = near(room.service).gets("/", headers=PAGE).text
    assert '<span class="status failed">failed</span>' in html
    assert "has no indicators" in html


def test_a_new_run_is_seen_by_the_next_visitor(tmp_path: Path, database: Database) -> None:
    room = Newsroom(tmp_path, database, quiet())
    browser = near(room.service)
    assert "It has not been run yet" in browser.gets("/", headers=PAGE).text
    etags = set()
    for day in ("2025-06-28", "2025-06-29"):
        room.night(day)
        answer = browser.gets("/", headers=PAGE)
        assert f"as of {int(day[-2:])} Jun 2025" in text_of(answer.text)
        etags.add(answer.headers["etag"])
    assert len(etags) == 2


def test_a_forecast_that_left_the_configuration_is_still_shown(tmp_path: Path, database: Database) -> None:
    room = Newsroom(tmp_path, database, quiet() + quiet("other"))
    room.night("2025-06-30")
    room.configure(quiet("other"))
    standings = Standings(room.service).all()
    assert [(one.forecast, one.configured) for one in standings] == [("other", True), ("quiet", False)]
    assert "no longer in the configuration" in entry(near(room.service).gets("/", headers=PAGE).text, "quiet")


def test_a_search_finds_all_of_its_words(room: Newsroom) -> None:
    found = near(room.service).gets("/?q=andes+DEALS", headers=PAGE).text
    assert 'id="andes"' in found
    assert 'id="new"' not in found
    assert "Nothing found" in near(room.service).gets("/?q=atlantis", headers=PAGE).text


def test_many_forecasts_stand_on_pages_each_on_one(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "PAGE", 2)
    names = [f"trade-{number}" for number in range(5)]
    room = Newsroom(tmp_path, database, "".join(quiet(name) for name in names))
    browser, address, seen = near(room.service), "/", []
    while address:
        html = browser.gets(address, headers=PAGE).text
        seen.append(re.findall(r'<article class="forecast" id="([^"]+)"', html))
        assert "5 forecasts" in text_of(html)
        following = re.search(r'rel="next" href="([^"]+)"', html)
        address = following[1] if following else ""
    assert seen == [names[:2], names[2:4], names[4:]]
    found = browser.gets("/?q=trade-3", headers=PAGE).text
    assert 'id="trade-3"' in found
    assert "Show more" not in found
    assert f'id="{names[0]}"' in browser.gets("/?after=gone", headers=PAGE).text


def test_ages_are_said_in_days() -> None:
    today = date(2025, 7, 1)
    assert [age(today - days * DAY, today) for days in (0, 1, 2)] == ["today", "yesterday", "2 days ago"]
    assert age(None, today) == ""


def test_a_curve_steps_at_its_cutoffs_within_its_frame() -> None:
    last = date(2025, 6, 30)
    (stroke, none) = strokes(
        [[(last - WINDOW, 0.0), (last - WINDOW / 2, 1.0), (last, 1.0)], []], last=last, window=WINDOW
    )
    assert none is None
    assert stroke is not None
    assert (stroke.x, stroke.y) == (WIDTH - 2, 2)
    assert stroke.path == f"M2 {HEIGHT - 2}H{WIDTH // 2}V2H{WIDTH - 2}"


def test_a_curve_of_one_night_is_a_point_and_of_nothing_new_a_line() -> None:
    last = date(2025, 6, 30)
    one, flat = strokes(
        [[(last, 0.5)], [(last - 9 * DAY, 0.5), (last - DAY, 0.501), (last, 0.5)]], last=last, window=WINDOW
    )
    assert one is not None
    assert one.path == f"M{WIDTH - 2} 20H{WIDTH - 2}"
    assert flat is not None
    assert flat.path.count("H") == 1
