"""What commands print for machines: results on standard output and nothing else, in the promised shapes."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from storage.revisions import HEAD
from tests.service.commands import CUTOFF, SURE, Answer, Desk, quiet, report, said_in_one_line

RUN_KEYS = [
    *("forecast", "as_of", "observed_until", "unobserved_days", "run", "status", "engine"),
    *("probabilities", "pymc", "prior", "previous", "band", "log_evidence", "words", "events", "reports"),
    *(
        "checks",
        "sample",
        "warnings",
        "moved",
        "reasons",
        "outlook",
        "watch",
        "diagnostics",
        "versions",
        "seconds",
    ),
]
HEADER = (
    "forecast,as_of,run,status,engine,scenario,probability,prior,band_low,band_high,pymc_probability,"
    "monte_carlo_error,word,known_at"
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    """Three cutoffs, the middle one run again after new evidence, and a forecast that fails."""
    desk = Desk(tmp_path_factory.mktemp(f"output-{database_kind}"), quiet() + SURE)
    desk.types("ingest", desk.write("r.jsonl", report(), report("b", tag="unheard_of")))
    for day in ("2025-04-30", "2025-05-31", CUTOFF):
        desk.types("run", "--as-of", day)
    desk.types("ingest", desk.write("more.jsonl", report("c", published="2025-05-20")))
    desk.types("run", "--as-of", "2025-05-31")
    return desk


def rows(answer: Answer) -> list[dict[str, str]]:
    assert (answer.code, answer.err) == (0, "")
    return list(csv.DictReader(io.StringIO(answer.out)))


def test_a_night_has_exactly_the_promised_keys_in_their_order(desk: Desk) -> None:
    published, failed = desk.types("run", "--as-of", CUTOFF, "--json").json
    assert list(published) == RUN_KEYS
    assert list(failed) == RUN_KEYS
    assert failed["status"] == "failed"
    assert list(published["versions"]) == ["forecast", "evidence", "code"]
    assert [list(check) for check in published["checks"]] == [["name", "figure", "threshold", "passed"]] * 7
    assert set(published["pymc"]) == {"probabilities", "monte_carlo_error"}


def test_a_night_names_what_was_believed_before_it(desk: Desk) -> None:
    documents = desk.types("history", "quiet", "--json").json
    assert [one["as_of"] for one in documents] == ["2025-04-30", "2025-05-31", CUTOFF]
    assert documents[0]["previous"] is None
    assert documents[2]["previous"] != documents[2]["probabilities"]


def test_the_last_run_of_the_same_cutoff_is_what_a_second_one_names(desk: Desk) -> None:
    first, second = desk.types(
        "history", "quiet", "--all-runs", "--json", "--from", "2025-05-31", "--to", "2025-05-31"
    ).json
    assert second["previous"] == first["probabilities"]


def test_a_stored_document_is_the_one_that_was_printed(desk: Desk) -> None:
    printed = desk.types("run", "--as-of", CUTOFF, "--forecast", "quiet", "--json").json[0]
    stored = desk.types("history", "quiet", "--from", CUTOFF, "--json").json[0]
    assert stored | {"status": printed["status"]} == printed
    assert list(stored) == RUN_KEYS


def test_the_other_commands_print_json_and_nothing_else(desk: Desk) -> None:
    taken = desk.types("ingest", desk.write("again.jsonl", report(), "{broken"), "--json")
    assert taken.code == 1
    assert taken.json == [
        {
            "file": f"{desk.folder}/again.jsonl",
            "accepted": 0,
            "amended": 0,
            "duplicate": 1,
            "waiting": 0,
            "refused": [{"line": 2, "reason": taken.json[0]["refused"][0]["reason"]}],
            "notes": [],
            "moved_to": None,
        }
    ]
    assert desk.types("ingest", "--json").json == []
    assert set(desk.types("check", "--json").json) == {"warnings", "problems", "previews"}
    assert {one["event"] for one in desk.types("events", "--json").json} >= {"pe-deal-2025-03-01-ca9781"}
    assert [one["id"] for one in desk.types("reports", "--json").json] == ["c", "b", "a"]
    migrated = desk.types("migrate", "--json").json
    assert migrated == {"database": desk.where, "revision": HEAD, "migrated": False, "dropped": {}}


def test_check_prints_its_problems_as_json_too(tmp_path: Path) -> None:
    other = Desk(tmp_path)
    other.inbox.rmdir()
    answer = other.types("check", "--json")
    assert said_in_one_line(answer, 3) == answer.json["problems"][0]


def test_one_event_shows_its_reports_and_where_it_counts(desk: Desk) -> None:
    shown = desk.types("events", "pe-deal-2025-03-01-ca9781", "--json").json
    assert shown["credibility"] == pytest.approx(0.8, abs=0.1)
    assert shown["counts"] == [{"forecast": "quiet", "indicator": "deals", "standing": "counts"}]
    assert [one["id"] for one in shown["reports"]] == ["a"]
    table = desk.types("events", "pe-deal-2025-03-01-ca9781")
    assert "quiet / deals: counts" in table.out


def test_one_report_shows_its_versions(desk: Desk) -> None:
    desk.types("ingest", desk.write("amended.jsonl", report("b", tag="unheard_of", headline="Corrected")))
    assert [one["headline"] for one in desk.types("reports", "b", "--json").json][-1] == "Corrected"
    assert "Corrected" in desk.types("reports", "b").out


def test_tags_that_nobody_claims_are_counted_in_one_line(desk: Desk) -> None:
    answer = desk.types("ingest", desk.folder / "r.jsonl")
    assert answer.out.count("unheard_of (1)") == 1


def test_a_history_as_csv_has_the_promised_header_and_the_newest_run_of_each_cutoff(desk: Desk) -> None:
    answer = desk.types("history", "quiet", "--format", "csv")
    assert answer.out.splitlines()[0] == HEADER
    found = rows(answer)
    assert [(row["as_of"], row["scenario"]) for row in found] == [
        (day, scenario) for day in ("2025-04-30", "2025-05-31", CUTOFF) for scenario in ("down", "up")
    ]
    assert all(0 < float(row["band_low"]) < float(row["band_high"]) < 1 for row in found)
    assert sum(float(row["probability"]) for row in found) == pytest.approx(3)


def test_all_runs_show_those_that_were_superseded_and_those_that_failed(desk: Desk) -> None:
    found = rows(desk.types("history", "quiet", "--format", "csv", "--all-runs"))
    assert len({row["run"] for row in found if row["as_of"] == "2025-05-31"}) == 2
    assert desk.types("history", "sure", "--json").json[0]["status"] == "published"
    failed = [
        one for one in desk.types("history", "sure", "--json", "--all-runs").json if one["status"] == "failed"
    ]
    assert failed
    assert {one["as_of"] for one in failed} == {CUTOFF}


def test_the_formats_hold_the_same_numbers(desk: Desk) -> None:
    path = desk.folder / "h.parquet"
    answer = desk.types("history", "quiet", "--all-runs", "--format", "parquet", "-o", path)
    assert answer == Answer(0, "", "")
    frame = pd.read_parquet(path)
    assert ",".join(frame.columns) == HEADER
    found = rows(desk.types("history", "quiet", "--all-runs", "--format", "csv"))
    assert frame["probability"].tolist() == [float(row["probability"]) for row in found]
    assert frame["known_at"].map(lambda moment: moment.isoformat()).tolist() == [
        row["known_at"] for row in found
    ]
    assert frame["as_of"].dt.strftime("%Y-%m-%d").tolist() == [row["as_of"] for row in found]
    assert frame["band_low"].tolist() == [float(row["band_low"]) for row in found]
    documents = desk.types("history", "quiet", "--all-runs", "--format", "json").json
    assert [p for one in documents for p in one["probabilities"].values()] == frame["probability"].tolist()


def test_a_history_goes_to_a_file_word_for_word_as_it_is_printed(desk: Desk) -> None:
    for form in ("table", "csv", "json"):
        path = desk.folder / f"history.{form}"
        path.write_text("what stood here before", encoding="utf-8")
        assert desk.types("history", "quiet", "--format", form, "-o", path) == Answer(0, "", "")
        assert path.read_text(encoding="utf-8") == desk.types("history", "quiet", "--format", form).out
    assert not list(desk.folder.glob(".*"))


def test_the_history_of_a_forecast_that_was_never_run_is_empty_and_says_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    for form, out in (("csv", HEADER + "\n"), ("json", "[]\n")):
        answer = desk.types("history", "quiet", "--format", form)
        assert (answer.code, answer.out) == (0, out)
        assert answer.err == "quiet has not been run yet; try `posterity run`\n"
    assert desk.types("history", "quiet", "--format", "parquet", "-o", tmp_path / "h.parquet").code == 0
    assert len(pd.read_parquet(tmp_path / "h.parquet")) == 0


def test_a_forecast_that_is_configured_no_longer_keeps_its_history(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.types("run", "--as-of", CUTOFF)
    desk.configure(quiet("another"))
    assert len(rows(desk.types("history", "quiet", "--format", "csv"))) == 2


def test_what_was_known_at_a_moment_is_what_stands_in_the_history_of_then(desk: Desk) -> None:
    first, second = desk.types("history", "quiet", "--all-runs", "--json", "--to", "2025-05-31").json[1:]
    recorded = rows(desk.types("history", "quiet", "--all-runs", "--format", "csv"))
    moments = {row["run"]: datetime.fromisoformat(row["known_at"]) for row in recorded}
    before = moments[str(second["run"])] - timedelta(microseconds=1)
    then = desk.types("history", "quiet", "--known-at", before.isoformat(), "--json").json
    assert [one["run"] for one in then if one["as_of"] == "2025-05-31"] == [first["run"]]
    now = desk.types("history", "quiet", "--json").json
    assert [one["run"] for one in now if one["as_of"] == "2025-05-31"] == [second["run"]]
    long_ago = desk.types("history", "quiet", "--known-at", "2001-01-01", "--json")
    assert long_ago.json == []
    assert datetime.fromisoformat(recorded[0]["known_at"]) <= datetime.now(UTC)


def test_a_run_that_keeps_no_number_is_still_json(desk: Desk) -> None:
    for document in desk.types("history", "sure", "--all-runs", "--json").json:
        assert "NaN" not in json.dumps(document)
    assert "failed" in desk.types("run", "--as-of", CUTOFF, "--forecast", "sure").out


def test_a_list_that_was_cut_says_so(desk: Desk) -> None:
    assert "these are the latest 1; --limit N shows more" in desk.types("reports", "--limit", "1").err
    assert desk.types("reports").err == ""
