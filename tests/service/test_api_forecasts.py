"""Where forecasts stand over HTTP, their runs, what stands behind them, and what analysts changed."""

from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest

from model.definition import canonical
from storage.database import Database
from storage.forecasts import record_version
from tests.service.believing import CAUSE, EXPECTED, believed, days_of
from tests.service.browsing import Browser, near, problem
from tests.service.stations import Station

pytestmark = pytest.mark.sqlite("what is asked for and answered; its statements meet a server elsewhere")

API = "/api/v1/forecasts"
FIRST = date(2026, 1, 1)


def filled(made: Station) -> Station:
    """Nine published days of January and a held one, seen on the 20th; and a forecast of former days."""
    days_of(made, FIRST, [0.5, 0.52, 0.6, 0.6, 0.6, 0.6, 0.6, 0.61, 0.7])
    believed(made, date(2026, 1, 10), 0.9, status="held")
    believed(made, date(2026, 1, 5), 0.3, forecast="former")
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


def stated(station: Station, **changes: object) -> None:
    """Record a version of the forecast."""
    (forecast,) = station.service.configuration.forecasts
    definition = canonical(forecast) | changes
    with station.service.database.session() as session:
        record_version(session, "quiet", definition, f"sha256:{changes}", at=station.now)


def test_every_forecast_is_told_with_how_far_it_moved(browser: Browser) -> None:
    quiet, former = browser.gets(API).json()
    assert (quiet["id"], quiet["run"], quiet["as_of"], quiet["age_days"]) == ("quiet", 9, "2026-01-09", 11)
    assert (quiet["configured"], former["configured"]) == (True, False)
    assert [one["id"] for one in quiet["scenarios"]] == ["down", "up"]
    up = quiet["scenarios"][1]
    assert (up["probability"], up["prior"], up["word"]) == (0.7, 0.6, "likely")
    assert up["change"]["1"] == pytest.approx(9)
    assert up["change"]["7"] == pytest.approx(18)
    assert up["change"]["30"] is None
    assert quiet["newest"] == {
        "run": 10,
        "as_of": "2026-01-10",
        "known_at": "2026-01-11T02:15:00+00:00",
        "status": "held",
    }
    assert (quiet["next_run_at"] or "").startswith("2026-01-2")
    assert (former["id"], former["run"], former["next_run_at"], former["opened"]) == (
        "former",
        11,
        None,
        None,
    )


def test_a_forecast_of_which_nothing_was_published_has_no_numbers(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    station = Station(tmp_path, database, database_url)
    (never,) = near(station.service).gets(API).json()
    assert (never["run"], never["newest"], never["age_days"]) == (None, None, None)
    assert [one["probability"] for one in never["scenarios"]] == [None, None]
    assert [one["prior"] for one in never["scenarios"]] == [0.4, 0.6]
    believed(station, FIRST, 0.9, status="held")
    (held,) = near(station.service).gets(API).json()
    assert (held["run"], held["newest"]["status"]) == (None, "held")
    assert "no published run yet" in problem(near(station.service).gets(f"{API}/quiet/latest"), 404)["detail"]


@pytest.mark.both("adds statements")
@pytest.mark.parametrize(
    ("asked", "run", "age"),
    [
        ("as_of=2026-01-03", 3, 0),
        ("as_of=2026-01-31", 9, 22),
        ("known_at=2026-01-03", 2, 1),
        ("known_at=2026-01-03T02:14:00Z", 1, 2),
        ("as_of=2026-01-02&known_at=2026-01-09", 2, 0),
        ("known_at=2025-12-31", None, None),
    ],
)
def test_the_past_is_told_as_it_stood(still: Browser, asked: str, run: int | None, age: int | None) -> None:
    told = next(one for one in still.gets(f"{API}?{asked}").json() if one["id"] == "quiet")
    assert (told["run"], told["age_days"]) == (run, age)
    assert still.gets(f"{API}/quiet?{asked}").json()["run"] == run
    latest = still.gets(f"{API}/quiet/latest?{asked}")
    assert latest.status_code == (404 if run is None else 200)
    assert run is None or latest.json()["run"] == run


def test_one_forecast_is_told_with_all_that_was_stated(browser: Browser, station: Station) -> None:
    told = browser.gets(f"{API}/quiet").json()
    assert told["version"] is None
    assert told["definition"]["indicators"][0]["tags"] == ["deal"]
    stated(station, title="Deals")
    told = browser.gets(f"{API}/quiet").json()
    assert (told["version"], told["definition"]["title"]) == (1, "Deals")
    assert browser.gets(f"{API}/former").json()["definition"] is None


def test_the_latest_run_is_given_word_for_word(browser: Browser, station: Station) -> None:
    with station.service.database.reading() as session:
        from storage.runs import get_run  # noqa: PLC0415

        run = get_run(session, 9)
    assert run is not None
    assert browser.gets(f"{API}/quiet/latest").text == run.document
    assert browser.gets(f"{API}/quiet/runs/9").text == run.document


@pytest.mark.both("adds statements")
def test_runs_are_listed_the_latest_cutoff_first_and_page_by_page(browser: Browser, station: Station) -> None:
    believed(station, date(2026, 1, 11), None, status="failed")
    again = believed(station, date(2026, 1, 8), 0.62, known_at=datetime(2026, 1, 19, tzinfo=UTC))
    whole = [one["run"] for one in browser.gets(f"{API}/quiet/runs").json()]
    assert whole == [12, 10, 9, again, 8, 7, 6, 5, 4, 3, 2, 1]
    found, answer = [], browser.gets(f"{API}/quiet/runs?limit=5")
    found += answer.json()
    while link := answer.links.get("next"):
        answer = browser.gets(str(answer.url.join(link["url"])))
        found += answer.json()
    assert [one["run"] for one in found] == whole
    bounded = browser.gets(f"{API}/quiet/runs?from=2026-01-08&to=2026-01-09&known_at=2026-01-10T03:00:00Z")
    assert [one["run"] for one in bounded.json()] == [9, 8]
    assert browser.gets(f"{API}/former/runs").json()[0]["run"] == 11


@pytest.mark.parametrize("number", ["11", "999", "2147483647"])
def test_a_run_that_the_forecast_has_not_is_not_there(browser: Browser, number: str) -> None:
    for part in ("", "/reasons", "/outlook", "/trace.nc"):
        problem(browser.gets(f"{API}/quiet/runs/{number}{part}"), 404)


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "9" * 30, "2147483648", "%00"])
def test_a_number_that_no_run_has_is_refused(still: Browser, number: str) -> None:
    problem(still.gets(f"{API}/quiet/runs/{number}"), 422)


def test_reasons_and_outlook_are_those_that_were_stored(still: Browser) -> None:
    assert still.gets(f"{API}/quiet/runs/9/reasons").json() == [CAUSE]
    assert still.gets(f"{API}/quiet/runs/9/outlook").json() == [EXPECTED]


def test_a_run_that_failed_has_nothing_to_say(browser: Browser, station: Station) -> None:
    run = believed(station, date(2026, 1, 12), None, status="failed")
    for part in ("reasons", "outlook"):
        detail = problem(browser.gets(f"{API}/quiet/runs/{run}/{part}"), 404)["detail"]
        assert detail == f"run {run} failed, so that there is nothing to be said about it"


def test_since_a_day_before_the_first_run_nothing_moved(still: Browser) -> None:
    errors = problem(still.gets(f"{API}/quiet/runs/9/reasons?since=2025-12-31"), 422)["errors"]
    assert errors[0]["at"] == "/since"


def test_draws_are_given_while_they_are_kept_and_then_said_to_be_gone(
    browser: Browser, station: Station
) -> None:
    folder = station.service.configuration.storage.draws / "quiet"
    folder.mkdir(parents=True)
    (folder / "2026-01-11-aa.nc").write_bytes(b"\x89HDF" + bytes(range(256)) * 100)
    run = believed(station, date(2026, 1, 11), 0.6, draws="quiet/2026-01-11-aa.nc")
    answer = browser.gets(f"{API}/quiet/runs/{run}/trace.nc", headers={"Accept-Encoding": "gzip"})
    assert answer.content == (folder / "2026-01-11-aa.nc").read_bytes()
    assert answer.headers["content-type"] == "application/x-netcdf"
    assert "content-encoding" not in answer.headers
    assert f'filename="quiet-2026-01-11-run-{run}.nc"' in answer.headers["content-disposition"]
    (folder / "2026-01-11-aa.nc").unlink()
    gone = browser.gets(f"{API}/quiet/runs/{run}/trace.nc")
    assert "kept for" in problem(gone, 410)["detail"]
    assert "nothing was sampled" in problem(browser.gets(f"{API}/quiet/runs/9/trace.nc"), 404)["detail"]


@pytest.mark.parametrize("draws", ["../secret.nc", "/etc/passwd", "quiet/../../config.toml", ""])
def test_draws_lie_in_their_folder_and_nowhere_else(browser: Browser, station: Station, draws: str) -> None:
    (station.folder / "secret.nc").write_text("secret")
    run = believed(station, date(2026, 1, 11), 0.6, draws=draws)
    problem(browser.gets(f"{API}/quiet/runs/{run}/trace.nc"), 410)


def test_versions_are_told_with_what_each_changed(browser: Browser, station: Station) -> None:
    assert browser.gets(f"{API}/quiet/versions").json() == []
    stated(station, title="Deals")
    stated(station, title="Deals in Peru", coverage_sd=0.5)
    first, second = browser.gets(f"{API}/quiet/versions").json()
    assert (first["version"], first["difference"], second["version"]) == (1, [], 2)
    changed = [
        {"path": "title", "old": "Deals", "new": "Deals in Peru"},
        {"path": "coverage_sd", "old": 0.0, "new": 0.5},
    ]
    assert sorted(second["difference"], key=str) == sorted(changed, key=str)
    told = browser.gets(f"{API}/quiet/versions/2").json()
    assert told["definition"]["title"] == "Deals in Peru"
    backwards = browser.gets(f"{API}/quiet/versions/1?since=2").json()["difference"]
    assert {"path": "title", "old": "Deals in Peru", "new": "Deals"} in backwards
    assert "there are 1 to 2" in problem(browser.gets(f"{API}/quiet/versions/3"), 404)["detail"]
    problem(browser.gets(f"{API}/quiet/versions/1?since=9"), 404)


PATHS = [
    "",
    "/quiet",
    "/quiet/latest",
    "/quiet/history",
    "/quiet/runs",
    "/quiet/runs/9",
    "/quiet/runs/9/reasons",
]
PATHS += ["/quiet/runs/9/outlook", "/quiet/versions", "/quiet/feed.atom", "/quiet/history?format=csv"]


@pytest.mark.both("adds statements")
@pytest.mark.parametrize("path", PATHS)
def test_what_a_client_has_is_not_sent_again_until_it_changes(
    browser: Browser, station: Station, path: str
) -> None:
    stated(station, title="Deals")
    first = browser.gets(f"{API}{path}", headers={"Accept-Encoding": "identity"})
    assert first.status_code == 200
    assert first.headers["cache-control"] == "private, no-cache"
    assert {"Accept", "Accept-Encoding", "Authorization", "Cookie"} <= set(first.headers["vary"].split(", "))
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*", f'{tag[:-1]}-gzip"'):
        again = browser.gets(f"{API}{path}", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"].startswith(tag[:-1])
    assert browser.gets(f"{API}{path}", headers={"If-None-Match": '"other"'}).status_code == 200
    believed(station, date(2026, 1, 15), 0.2)
    stated(station, title="Deals in Peru")
    changed = browser.gets(f"{API}{path}", headers={"If-None-Match": tag})
    assert changed.status_code == (304 if "/runs/9" in path else 200)
    assert changed.status_code == 304 or changed.headers["etag"] != tag


@pytest.mark.parametrize("path", ["/quiet/history", "/quiet/history?format=csv", "/quiet/runs"])
def test_text_is_compressed_for_who_takes_it(still: Browser, path: str) -> None:
    plain = still.gets(f"{API}{path}", headers={"Accept-Encoding": "identity"})
    small = still.gets(f"{API}{path}", headers={"Accept-Encoding": "br, gzip;q=0.5"})
    assert small.headers["content-encoding"] == "gzip"
    assert small.content == plain.content
    assert "content-encoding" not in plain.headers
    assert small.headers["etag"] == f'{plain.headers["etag"][:-1]}-gzip"'
    assert (
        "content-encoding" not in still.gets(f"{API}{path}", headers={"Accept-Encoding": "gzip;q=0"}).headers
    )


@pytest.mark.parametrize("path", ["/quiet/history?format=parquet", "/quiet/history?limit=1&to=2020-01-01"])
def test_what_is_compressed_already_or_short_is_left_as_it_is(browser: Browser, path: str) -> None:
    answer = browser.gets(f"{API}{path}", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert "content-encoding" not in answer.headers


@pytest.mark.both("adds statements")
@pytest.mark.parametrize("path", [*PATHS, "/quiet/history?format=parquet", "/nowhere", "/quiet?x=1"])
def test_head_has_the_headers_of_get(still: Browser, path: str) -> None:
    def kept(answer: httpx.Response) -> dict[str, str]:
        return dict(answer.headers)

    for encoding in ("identity", "gzip"):
        got, head = (
            still.asks(one, f"{API}{path}", headers={"Accept-Encoding": encoding}) for one in ("GET", "HEAD")
        )
        assert head.content == b""
        assert (head.status_code, kept(head)) == (got.status_code, kept(got))
