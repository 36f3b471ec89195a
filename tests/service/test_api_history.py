"""The history over HTTP: its forms, its pages, what was known then, and what is refused."""

import csv
import io
import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from service.keys import create
from service.nightly import state_version
from storage.database import Database
from storage.history import CHUNK
from storage.keys import Scope
from tests.service.believing import believed, days_of
from tests.service.browsing import Browser, afar, bearer, near, problem
from tests.service.stations import Station

pytestmark = pytest.mark.sqlite("what is asked for and answered; its statements meet a server elsewhere")

HISTORY = "/api/v1/forecasts/quiet/history"
FIRST = date(2026, 1, 1)
HEADER = (
    "forecast,as_of,run,status,engine,scenario,probability,prior,band_low,band_high,"
    "pymc_probability,monte_carlo_error,word,known_at"
)
NONSENSE_CURSORS = [
    "x",
    "W10",
    "WzFd",
    "WzEsMl0=x",
    "bnVsbA",
    "WzEsIngiXQ",
    "WzEsMS41XQ",
    "W3RydWUsMV0",
    "W1tdLDFd",
]


def filled(made: Station) -> Station:
    """Five published days, then a held one and a failed one; the second day was run again on the 18th."""
    state_version(made.service, made.service.configuration.forecasts[0])
    days_of(made, FIRST, [0.6, 0.62, 0.7, 0.5, 0.55])
    believed(made, date(2026, 1, 6), 0.9, status="held")
    believed(made, date(2026, 1, 7), None, status="failed")
    believed(made, date(2026, 1, 2), 0.65, known_at=datetime(2026, 1, 18, tzinfo=UTC))
    return made


@pytest.fixture
def station(tmp_path: Path, database: Database, database_url: str) -> Station:
    return filled(Station(tmp_path, database, database_url))


@pytest.fixture
def browser(station: Station) -> Browser:
    return near(station.service)


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory, kept_database: Database, kept_url: str) -> Browser:
    """A browser of a station where nothing is ever changed."""
    return near(filled(Station(tmp_path_factory.mktemp("still"), kept_database, kept_url)).service)


def runs(answer: httpx.Response) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [one["run"] for one in answer.json()]


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    return list(csv.DictReader(io.StringIO(answer.text)))


def all_pages(browser: Browser, path: str, **options: Any) -> list[httpx.Response]:
    """Follow the links from page to page."""
    found = [browser.gets(path, **options)]
    while link := found[-1].links.get("next"):
        found.append(browser.gets(str(found[-1].url.join(link["url"]))))
    return found


def test_json_has_each_run_word_for_word_in_brief(browser: Browser) -> None:
    answer = browser.gets(HISTORY)
    assert answer.headers["content-type"] == "application/json"
    assert runs(answer) == [1, 8, 3, 4, 5, 6]
    first = answer.json()[0]
    document = browser.gets("/api/v1/forecasts/quiet/runs/1").json()
    long = ("moved", "reasons", "outlook", "watch", "diagnostics")
    assert first == {name: value for name, value in document.items() if name not in long} | {
        "known_at": "2026-01-02T02:15:00+00:00"
    }


def test_bounds_of_the_cutoff_are_both_included(browser: Browser) -> None:
    assert runs(browser.gets(f"{HISTORY}?from=2026-01-03&to=2026-01-04")) == [3, 4]


def test_superseded_and_failed_runs_are_shown_where_all_are_asked_for(browser: Browser) -> None:
    assert runs(browser.gets(f"{HISTORY}?all_runs=true")) == [1, 2, 8, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "moment",
    ["2026-01-04", "2026-01-04T23:59:59.999999Z", "2026-01-05T01:00:00+01:00", "2026-01-05T02:14:59%2B00:00"],
)
def test_the_past_is_shown_as_it_was_known(still: Browser, moment: str) -> None:
    assert runs(still.gets(f"{HISTORY}?known_at={moment}")) == [1, 2, 3]


def test_csv_has_a_row_for_each_run_and_scenario(browser: Browser) -> None:
    answer = browser.gets(f"{HISTORY}?format=csv")
    assert answer.text.splitlines()[0] == HEADER
    assert answer.text.splitlines()[1] == (
        "quiet,2026-01-01,1,published,exact,down,0.4,0.4,0.30000000000000004,0.5,,,unlikely,"
        "2026-01-02T02:15:00+00:00"
    )
    assert answer.headers["content-disposition"] == 'attachment; filename="quiet.csv"'
    assert [row["scenario"] for row in rows(answer)][:4] == ["down", "up", "down", "up"]


def test_csv_says_what_the_command_says(browser: Browser, station: Station) -> None:
    from service.show_history import Question, show  # noqa: PLC0415

    output = station.folder / "history.csv"
    show(station.service, Question(forecast="quiet"), "csv", output)
    assert browser.gets(f"{HISTORY}?format=csv").text == output.read_text(encoding="utf-8")


def test_parquet_has_the_types_that_the_command_writes(browser: Browser, station: Station) -> None:
    from service.show_history import Question, show  # noqa: PLC0415

    output = station.folder / "history.parquet"
    show(station.service, Question(forecast="quiet"), "parquet", output)
    answer = browser.gets(f"{HISTORY}?format=parquet")
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    frame = pd.read_parquet(io.BytesIO(answer.content))
    pd.testing.assert_frame_equal(frame, pd.read_parquet(output))
    assert len(frame) == 12
    assert str(frame["known_at"].dtype) == "datetime64[us, UTC]"
    assert frame["pymc_probability"].isna().all()


@pytest.mark.parametrize("form", ["csv", "parquet", "hubverse", "hubverse-parquet"])
def test_a_forecast_that_was_never_run_has_an_empty_history(
    tmp_path: Path, database: Database, database_url: str, form: str
) -> None:
    browser = near(Station(tmp_path, database, database_url).service)
    assert browser.gets(HISTORY).json() == []
    answer = browser.gets(f"{HISTORY}?format={form}")
    if form.endswith("parquet"):
        assert len(pd.read_parquet(io.BytesIO(answer.content))) == 0
    else:
        assert len(answer.text.splitlines()) == 1


def test_hubs_get_each_published_run_as_one_task_that_sums_to_one(browser: Browser) -> None:
    answer = browser.gets(f"{HISTORY}?format=hubverse")
    assert answer.headers["content-type"].startswith("text/csv")
    frame = pd.read_csv(io.StringIO(answer.text))
    assert list(frame.columns) == [
        *("reference_date", "location", "horizon", "target", "target_end_date"),
        *("output_type", "output_type_id", "value"),
    ]
    tasks = frame.groupby(["reference_date", "location", "horizon", "target", "target_end_date"])
    assert [len(task) for _, task in tasks] == [2] * 5
    assert all(math.isclose(task["value"].sum(), 1) for _, task in tasks)
    dates = frame[["reference_date", "target_end_date"]].apply(pd.to_datetime)
    assert ((dates["target_end_date"] - dates["reference_date"]).dt.days == frame["horizon"]).all()
    assert set(frame["output_type"]) == {"pmf"}
    assert frame.loc[frame["reference_date"] == "2026-01-02", "value"].tolist() == [0.35, 0.65]


def test_hubs_get_the_same_as_parquet(browser: Browser) -> None:
    answer = browser.gets(f"{HISTORY}?format=hubverse-parquet")
    frame = pd.read_parquet(io.BytesIO(answer.content))
    text = pd.read_csv(io.StringIO(browser.gets(f"{HISTORY}?format=hubverse").text))
    assert frame["value"].tolist() == text["value"].tolist()
    assert str(frame["reference_date"].dtype).startswith("datetime64")


@pytest.mark.both("adds statements")
def test_what_is_in_force_stays_in_a_hub_when_a_later_run_of_its_day_is_held(
    browser: Browser, station: Station
) -> None:
    believed(station, date(2026, 1, 5), 0.99, status="held", known_at=datetime(2026, 1, 19, tzinfo=UTC))
    frame = pd.read_csv(io.StringIO(browser.gets(f"{HISTORY}?format=hubverse&from=2026-01-05").text))
    assert frame["value"].tolist() == pytest.approx([0.45, 0.55])
    assert runs(browser.gets(f"{HISTORY}?from=2026-01-05&to=2026-01-05")) == [9]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("text/csv", "text/csv"),
        ("application/json;q=0.5, text/csv;q=0.9", "text/csv"),
        ("TEXT/CSV", "text/csv"),
        ("text/*", "text/csv"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ('text/csv; profile="hubverse"', "text/csv"),
        ("text/csv;q=x", "text/csv"),
    ],
)
def test_the_form_is_that_which_the_client_likes_best(still: Browser, accept: str, kind: str) -> None:
    answer = still.gets(HISTORY, headers={"Accept": accept})
    assert answer.headers["content-type"].partition(";")[0] == kind
    if "hubverse" in accept:
        assert answer.text.startswith("reference_date,")


def test_a_client_that_takes_none_of_the_forms_is_told_which_there_are(still: Browser) -> None:
    answer = still.gets(HISTORY, headers={"Accept": "image/png, text/csv;q=0"})
    assert "text/csv" in problem(answer, 406)["detail"]


@pytest.mark.both("adds statements")
@pytest.mark.parametrize("form", ["json", "csv", "parquet", "hubverse"])
def test_pages_put_together_are_the_whole(still: Browser, form: str) -> None:
    asked = "&all_runs=true" if form in {"json", "csv", "parquet"} else ""
    whole = still.gets(f"{HISTORY}?format={form}{asked}")
    pages = all_pages(still, f"{HISTORY}?format={form}&limit=2{asked}")
    assert len(pages) == (4 if asked else 3)
    if form == "json":
        assert [one for page in pages for one in page.json()] == whole.json()
    elif form == "parquet":
        frames = [pd.read_parquet(io.BytesIO(page.content)) for page in pages]
        found = pd.concat([frame for frame in frames if len(frame)], ignore_index=True)
        pd.testing.assert_frame_equal(found, pd.read_parquet(io.BytesIO(whole.content)))
    else:
        assert [one for page in pages for one in page.text.splitlines()[1:]] == whole.text.splitlines()[1:]


@pytest.mark.both("about what a transaction sees")
def test_pages_are_of_one_state_whatever_is_stored_meanwhile(browser: Browser, station: Station) -> None:
    first = browser.gets(f"{HISTORY}?limit=3")
    believed(station, date(2026, 1, 1), 0.1, known_at=datetime(2026, 1, 19, tzinfo=UTC))
    believed(station, date(2026, 1, 4), 0.1, known_at=datetime(2026, 1, 19, tzinfo=UTC))
    second = browser.gets(str(first.url.join(first.links["next"]["url"])))
    assert runs(first) + runs(second) == [1, 8, 3, 4, 5, 6]
    assert runs(browser.gets(HISTORY)) == [9, 8, 3, 10, 5, 6]


def test_the_last_page_leads_nowhere(browser: Browser) -> None:
    assert "link" not in browser.gets(f"{HISTORY}?limit=6").headers
    assert "link" in browser.gets(f"{HISTORY}?limit=5").headers


@pytest.mark.parametrize(
    "cursor", [*NONSENSE_CURSORS, "WzEsOTk5XQ"]
)  # the last names a run that is not there
def test_a_cursor_that_no_list_gave_is_refused(still: Browser, cursor: str) -> None:
    answer = still.gets(HISTORY, params={"cursor": cursor})
    (error,) = problem(answer, 422)["errors"]
    assert error == {
        "in": "query",
        "at": "/cursor",
        "detail": "is none that this list gave; begin without one",
    }


@pytest.mark.slow
def test_a_history_longer_than_what_is_read_at_once_is_whole(browser: Browser, station: Station) -> None:
    days_of(station, date(2020, 1, 1), [0.5] * (2 * CHUNK))
    given = {
        form: browser.gets(f"{HISTORY}?format={form}") for form in ("json", "csv", "parquet", "hubverse")
    }
    assert len(given["json"].json()) == 2 * CHUNK + 6
    assert len(given["csv"].text.splitlines()) == 1 + 2 * (2 * CHUNK + 6)
    assert len(given["hubverse"].text.splitlines()) == 1 + 2 * (2 * CHUNK + 5)
    assert len(pd.read_parquet(io.BytesIO(given["parquet"].content))) == 2 * (2 * CHUNK + 6)


@pytest.mark.parametrize(
    ("asked", "at", "says"),
    [
        ("form=csv", "/form", "form is no parameter here; did you mean format?"),
        ("knownat=2026-01-01", "/knownat", "did you mean known_at?"),
        (
            "format=xml",
            "/format",
            "Input should be 'json', 'csv', 'parquet', 'hubverse' or 'hubverse-parquet'",
        ),
        ("from=2026-1-1", "/from", "is no day; write it as 2026-01-31"),
        ("from=2026-02-30", "/from", "is no day"),
        ("from=20260101", "/from", "is no day"),
        ("to=0000-01-01", "/to", "is no day"),
        ("to=now", "/to", "is no day"),
        ("known_at=1767225600", "/known_at", "is no moment with its zone"),
        ("known_at=2026-01-01T00:00:00", "/known_at", "is no moment with its zone"),
        ("known_at=2026-01-01T25:00:00Z", "/known_at", "is no moment with its zone"),
        ("known_at=0001-01-01T00:00:00%2B14:00", "/known_at", "is no moment with its zone"),
        ("limit=0", "/limit", "greater than or equal to 1"),
        ("limit=1001", "/limit", "less than or equal to 1000"),
        ("limit=1e3", "/limit", "valid integer"),
        ("limit=" + "9" * 5000, "/limit", "as an integer"),
        ("cursor=" + "a" * 501, "/cursor", "at most 500 characters"),
        ("cursor=%00", "/cursor", "holds the character NUL"),
        ("all_runs=perhaps", "/all_runs", "valid boolean"),
        ("limit=1&limit=2", "/limit", "is stated twice; write it once"),
        ("from=2026-01-05&to=2026-01-04", "/from", "lies after `to`"),
        ("format=hubverse&all_runs=true", "/all_runs", "does not go with this format"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_write(
    still: Browser, asked: str, at: str, says: str
) -> None:
    errors = problem(still.gets(f"{HISTORY}?{asked}"), 422)["errors"]
    assert [one["at"] for one in errors] == [at]
    assert says in errors[0]["detail"]


@pytest.mark.both("adds statements")
@pytest.mark.parametrize(
    "asked", ["to=9999-12-31", "from=0001-01-01", "known_at=9999-12-31", "known_at=0001-01-01"]
)
def test_any_day_may_be_asked_for(still: Browser, asked: str) -> None:
    assert still.gets(f"{HISTORY}?{asked}").status_code == 200


@pytest.mark.parametrize("identity", ["quite", "QUIET", "%00", "..", "%ED%A0%80", "x" * 64, "' OR 1=1 --"])
def test_a_forecast_that_is_none_is_answered_with_those_there_are(still: Browser, identity: str) -> None:
    answer = still.gets(f"/api/v1/forecasts/{identity}/history")
    assert "quiet" in problem(answer, 404).get("detail", "quiet")


def test_from_afar_a_key_that_may_read_is_needed(station: Station) -> None:
    browser = afar(station.service)
    problem(browser.gets(HISTORY), 401)
    problem(browser.gets(HISTORY, headers=bearer(station.service, "ingest")), 403)
    assert len(runs(browser.gets(HISTORY, headers=bearer(station.service, "read")))) == 6


def test_a_browser_that_signed_in_reads_what_its_key_allows(station: Station) -> None:
    from service.sessions import COOKIE, sign_in  # noqa: PLC0415

    browser = afar(station.service)
    allowed: dict[Scope, int] = {"read": 200, "edit": 200, "ingest": 401}
    for scope, status in allowed.items():
        signed = sign_in(station.service, create(station.service, f"b-{scope}", scope))
        assert signed is not None
        answer = browser.gets(HISTORY, headers={"Cookie": f"{COOKIE}={signed[0]}"})
        assert answer.status_code == status
    problem(browser.gets(HISTORY, headers={"Cookie": f"{COOKIE}=x"}), 401)
