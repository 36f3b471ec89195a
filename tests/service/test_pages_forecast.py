import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from model.words import word
from service import charts
from service.curves import in_force, style
from service.forecast_shown import Movements, moved_since, shown_forecast
from service.pages.chart import markers, specification
from service.pages.picture import picture
from service.pages.plots import Plotter
from service.show_whatif import document, supposing
from storage.database import Database, open_database
from storage.history import history
from tests.service.browsing import near
from tests.service.commands import quiet
from tests.service.digests import Newsroom
from tests.service.scenes import PAGE, scene

DAY = timedelta(days=1)
FORECAST = "/forecasts/andes"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite: Path) -> Iterator[Newsroom]:
    folder = tmp_path_factory.mktemp("forecast")
    (folder / "posterity.db").write_bytes(migrated_sqlite.read_bytes())
    with open_database(f"sqlite:///{folder}/posterity.db") as database:
        yield scene(folder, database)


def page(room: Newsroom, address: str = FORECAST) -> str:
    answer = near(room.service).gets(address, headers=PAGE)
    assert answer.status_code == 200, answer.text
    return answer.text


def section(html: str, name: str) -> str:
    return html[html.index(f'<section id="{name}"') :].partition("</section>")[0]


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split()).replace("\N{NO-BREAK SPACE}", " ")


def test_a_forecast_says_where_it_stands(room: Newsroom) -> None:
    shown = shown_forecast(room.service, "andes")
    assert shown.now is not None
    text = text_of(section(page(room), "stand"))
    for one in shown.now.run.posteriors:
        assert one.probability is not None
        if one.probability > 0.001:
            assert f"{100 * one.probability:.1f} %" in text
        assert word(one.probability) in text
        assert f"{100 * (one.band_low or 0):.0f} to {100 * (one.band_high or 0):.0f} %" in text


def test_the_table_has_what_the_history_has(room: Newsroom) -> None:
    html = section(page(room), "history")
    with room.database.reading() as session:
        rows = in_force(history(session, "andes", all_runs=True))
    assert f"The same as a table: {len({row.as_of for row in rows})} cutoffs" in html
    text = text_of(html[html.index("The same as a table") :])
    for row in rows:
        assert row.probability is not None
        if row.probability > 0.001:
            assert f"{100 * row.probability:.1f} %" in text
    assert 'href="/forecasts/andes/runs/1"' in html


def test_what_moved_it_is_told_since_a_week_or_any_day(room: Newsroom) -> None:
    week = text_of(section(page(room), "moved"))
    assert "From 23 Jun 2025" in week
    assert "From 15 Apr 2025" in text_of(section(page(room, f"{FORECAST}?since=2025-06-15"), "moved"))
    told = moved_since(room.service, Movements(), "andes", date(2025, 6, 23))
    assert told is not None
    largest = max(told.causes, key=lambda one: max(map(abs, one["points"].values())))
    shown = section(page(room), "moved")
    assert f'href="/events/{largest["event"]}"' in shown
    points = f"{largest['points']['up']:+.1f}".replace("-", "\N{MINUS SIGN}")
    assert points in text_of(shown)


def test_before_anything_was_published_nothing_moved(room: Newsroom) -> None:
    text = text_of(section(page(room, f"{FORECAST}?since=2025-02-01"), "moved"))
    assert "Nothing had been published as of 2025-02-01; the first cutoff is 2025-04-15." in text


def test_the_past_is_told_from_what_was_recorded_by_then(room: Newsroom) -> None:
    html = page(room, f"{FORECAST}?known_at=2025-06-20")
    assert "this page shows what was known by the end of" in html
    past = shown_forecast(room.service, "andes", known_at=datetime(2025, 6, 20, 23, 59, tzinfo=UTC))
    assert past.now is not None
    assert past.now.run.as_of == date(2025, 6, 16)
    assert f"run {past.now.run.run}" in html
    assert max(one.as_of for one in past.points) == date(2025, 6, 16)
    assert "was held" not in html
    assert len(past.versions) == 1


def test_before_its_first_night_the_past_holds_nothing(room: Newsroom) -> None:
    html = page(room, f"{FORECAST}?known_at=2025-01-20")
    assert "Nothing has been published yet" in html
    assert "run --forecast andes" in html


def test_a_forecast_that_never_ran_teaches(room: Newsroom) -> None:
    html = page(room, "/forecasts/new")
    assert "posterity run --forecast new" in html
    assert "It opens on 2025-08-01" in html


def test_a_what_if_says_what_the_exact_engine_says(room: Newsroom) -> None:
    html = page(
        room, f"{FORECAST}?tag=treaty&country=pe&grade=b2&tag=&country=&grade=&silence_until=2025-09-01"
    )
    events = [{"tag": "treaty", "country": "PE", "grade": "B2"}]
    told = document(supposing(room.service, "andes", events, silence_until=date(2025, 9, 1), as_of=None))
    text = text_of(section(html, "what-if"))
    for scenario, probability in told["probabilities"].items():
        assert probability < 0.001 or f"{100 * probability:.1f} %" in text, scenario
    assert "credibility 0.80" in text
    assert "Nothing more until 1 Sep 2025" in text


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("tag=treatty&country=PE", "no indicator of andes counts the tag"),
        ("tag=treaty&country=PE&grade=Z9", "grade"),
        ("tag=treaty&country=Atlantis", "country"),
        ("silence_until=2020-01-01", "is not ahead"),
        ("tag=<script>", "&lt;script&gt;"),
    ],
)
def test_a_what_if_that_makes_no_sense_says_why_beside_the_form(
    room: Newsroom, asked: str, says: str
) -> None:
    html = section(page(room, f"{FORECAST}?{asked}"), "what-if")
    assert 'role="alert"' in html
    assert says in html
    assert "<script" not in html


def test_nothing_is_stored_by_a_what_if(room: Newsroom) -> None:
    tables = ("run", "evidence", "report_version", "event_membership", "forecast_version")

    def counts() -> list[int]:
        with room.database.engine.connect() as connection:
            return [
                connection.exec_driver_sql(f"SELECT count(*) FROM {one}").scalar_one()  # noqa: S608
                for one in tables
            ]

    before = counts()
    page(room, f"{FORECAST}?tag=treaty&country=PE")
    assert counts() == before


def test_downloads_and_the_feed_are_where_the_api_has_them(room: Newsroom) -> None:
    html = page(room)
    links = set(re.findall(r'href="(/api/v1[^"]+)"', html))
    assert f"/api/v1{FORECAST}/feed.atom" in links
    assert '<link rel="alternate" type="application/atom+xml"' in html
    for link in links:
        answer = near(room.service).gets(link.replace("&amp;", "&"))
        assert answer.status_code == 200, (link, answer.text[:300])


def test_a_held_run_is_shown_with_what_failed(room: Newsroom) -> None:
    number = shown_forecast(room.service, "andes").newest
    assert number is not None
    html = page(room, f"{FORECAST}/runs/{number.run}")
    assert "It was held" in html
    row = html[html.index("R-hat") :].partition("</tr>")[0]
    assert "1.034" in row
    assert "failed" in row


def test_a_failed_run_is_shown_with_its_reason(tmp_path: Path, database: Database) -> None:
    room = Newsroom(tmp_path, database, quiet().partition("[[forecasts.indicators]]")[0])
    room.night("2025-06-30")
    html = page(room, "/forecasts/quiet/runs/1")
    assert "It failed and came to no numbers" in html
    assert "has no indicators" in html


def test_a_run_of_another_forecast_is_not_found(room: Newsroom) -> None:
    browser = near(room.service)
    assert browser.gets("/forecasts/new/runs/1", headers=PAGE).status_code == 404
    assert browser.gets(f"{FORECAST}/runs/999", headers=PAGE).status_code == 404


def test_versions_are_told_with_what_each_changed(room: Newsroom) -> None:
    html = page(room, f"{FORECAST}/versions")
    assert html.index("Version 2") < html.index("Version 1")
    row = text_of(html[html.index("<tbody>") :].partition("</tbody>")[0])
    assert re.search(r"indicators.*pushback.*down 4(\.0)? 5(\.0)?", row), row
    assert "after evidence had been seen" in html


def test_runs_without_draws_have_no_plots(room: Newsroom) -> None:
    answer = near(room.service).gets(f"{FORECAST}/runs/1/plots", headers=PAGE)
    assert "There is nothing to plot" in answer.text
    assert "refresh" not in answer.headers
    assert near(room.service).gets(f"{FORECAST}/runs/1/plots/x.svg", headers=PAGE).status_code == 404


def test_plots_stand_below_their_scenarios_in_the_forecasts_order(room: Newsroom) -> None:
    folder = room.service.configuration.storage.draws.with_name("pages") / "plots" / "2"
    folder.mkdir(parents=True)
    for name in ("up-counts", "up-ranks", "down-energy", "down-ranks"):
        (folder / f"{name}.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    html = page(room, f"{FORECAST}/runs/2/plots")
    found = re.findall(r'<h2>If <bdi>(.*?)</bdi>|<img src="[^"]+/plots/([\w-]+)\.svg"', html)
    titles = {one.id: one.title for one in room.service.configuration.forecasts[0].scenarios}
    assert [title or name for title, name in found] == [
        *(titles["down"], "down-ranks", "down-energy"),
        *(titles["up"], "up-ranks", "up-counts"),
    ]
    assert near(room.service).gets(f"{FORECAST}/runs/2/plots/up-ranks.svg", headers=PAGE).status_code == 200


@pytest.mark.slow
def test_plots_that_cannot_be_drawn_say_why(tmp_path: Path) -> None:
    (tmp_path / "broken.nc").write_bytes(b"no draws")
    plotter = Plotter(tmp_path / "plots")
    assert plotter.draw(7, tmp_path / "broken.nc") == ""
    trouble = ""
    while not trouble:
        trouble = plotter.draw(7, tmp_path / "broken.nc")
    assert "cannot be read" in trouble
    assert plotter.plots(7) == []


def specified(room: Newsroom, **options: Any) -> Any:
    answer = near(room.service).gets(f"{FORECAST}/chart.json", params=options)
    assert answer.status_code == 200
    return answer.json()


def rows_of(specification: Any, layer: int) -> list[Any]:
    """The rows that a layer draws: Altair puts data that layers share in one place."""
    data = specification["layer"][layer]["data"]
    rows: list[Any] = data["values"] if "values" in data else specification["datasets"][data["name"]]
    return rows


def test_the_chart_is_the_one_that_mails_show(room: Newsroom) -> None:
    shown = shown_forecast(room.service, "andes")
    mailed = charts.history_chart(
        shown.points, shown.forecast.scenarios, opened=shown.forecast.opened, width=800, height=360
    ).to_dict()
    served = specified(room, width=800)
    assert served["layer"][:5] == mailed["layer"]
    assert served["config"] == mailed["config"]


def test_events_of_the_chart_lead_to_their_pages(room: Newsroom) -> None:
    served = specified(room)
    marks = served["layer"][5]
    places = {one["url"]: one["as_of"] for one in rows_of(served, 5)}
    assert places["/events/c9"] == "2025-06-25"
    assert marks["encoding"]["href"]["field"] == "url"
    assert near(room.service).gets("/events/c9", headers=PAGE).status_code == 200


def test_on_the_scale_of_log_odds_evidence_is_as_high_everywhere(room: Newsroom) -> None:
    shown = shown_forecast(room.service, "andes")
    served: Any = specification(shown, scale="log-odds", width=600)
    rows = rows_of(served, 1)
    domain = served["layer"][1]["encoding"]["y"]["scale"]["domain"]
    assert domain == pytest.approx([-6.907, 6.907], abs=1e-3)
    assert all(domain[0] <= row["probability_odds"] <= domain[1] for row in rows)
    half = charts._log_odds(0.5)
    assert half == 0
    assert charts._probability(charts._share(0.2, "log-odds"), "log-odds") == pytest.approx(0.2)


def test_the_picture_draws_every_scenario_and_event(room: Newsroom) -> None:
    shown = shown_forecast(room.service, "andes")
    drawn = picture(
        shown.points,
        shown.forecast.scenarios,
        opened=shown.forecast.opened,
        until=date(2025, 6, 30),
        markers=list(markers(shown)),
    )
    assert [one.name for one in drawn.curves] == ["Retreat", "Base", "up"]
    assert all(one.line.startswith("M") and one.band.endswith("Z") for one in drawn.curves)
    assert len(drawn.marks) == len(list(markers(shown)))
    assert len({one.label_y for one in drawn.curves}) == 3
    html = section(page(room), "history")
    assert html.count('class="line"') == 3
    assert style(1).dash != (1, 0)


@pytest.mark.parametrize("days", [1, 20, 70, 400, 3000, 40_000])
def test_ticks_are_few_and_within_the_axis(days: int) -> None:
    opened = date(2025, 1, 31)
    drawn = picture([], [], opened=opened, until=opened + days * DAY)
    assert 1 <= len(drawn.ticks) <= 9
    assert all(drawn.left <= x <= drawn.right for x, _ in drawn.ticks)
    assert len({text for _, text in drawn.ticks}) == len(drawn.ticks)


def test_the_chart_comes_but_once_while_it_is_the_same(room: Newsroom) -> None:
    browser = near(room.service)
    first = browser.gets(f"{FORECAST}/chart.json")
    again = browser.gets(f"{FORECAST}/chart.json", headers={"if-none-match": first.headers["etag"]})
    assert json.loads(first.text)["layer"]
    assert again.status_code == 304
