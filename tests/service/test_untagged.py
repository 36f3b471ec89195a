"""Reports that name no tag: rules may give them one, or an editor, and nothing is dropped without a word."""

import json
from pathlib import Path
from typing import Any

import pytest

from service.submissions import submit
from storage.database import Database
from storage.reports import list_reports
from tests.service.commands import Desk, quiet, report
from tests.service.stations import Station

RULES = """
[[rules]]
tag = "deal"
any_of = ["signs for"]

[[rules]]
tag = "visit"
any_of = ["visits"]
confidence = 0.4
"""
SURE, UNSURE, NEITHER = "Peru signs for eight helicopters", "Minister visits Lima in Peru", "Rain in Peru"


def untagged(name: str, headline: str, **changes: Any) -> dict[str, object]:
    plain = report(name, headline=headline, **changes)
    return {key: value for key, value in plain.items() if key not in {"tag", "country"} or key in changes}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, quiet() + RULES)


def test_what_a_rule_is_sure_of_is_a_report_what_it_is_not_sure_of_waits_and_the_rest_is_refused(
    desk: Desk,
) -> None:
    said = [untagged("a", SURE), untagged("b", UNSURE), untagged("c", NEITHER), report("d")]
    answer = desk.types("ingest", desk.write("r.jsonl", *said), "--json")
    (one,) = answer.json
    assert {name: one[name] for name in ("accepted", "waiting", "duplicate")} == {
        "accepted": 2,
        "waiting": 1,
        "duplicate": 0,
    }
    (refused,) = one["refused"]
    assert refused["line"] == 3
    assert refused["reason"].startswith("tag: is missing; write the kind of event")
    assert refused["reason"].endswith("; no rule tells its kind of event")
    assert answer.code == 1
    assert desk.rows("SELECT report_id, tag, country FROM report_version ORDER BY report_id") == [
        ("a", "deal", "PE"),
        ("d", "deal", "PE"),
    ]
    assert [each["report"]["id"] for each in desk.types("review", "--json").json] == ["b"]


def test_what_was_said_once_is_nothing_new(desk: Desk) -> None:
    file = desk.write("r.jsonl", untagged("a", SURE), untagged("b", UNSURE))
    assert "1 accepted, 0 amended, 0 duplicate, 1 waiting for review" in desk.types("ingest", file).out
    assert "0 accepted, 0 amended, 2 duplicate, 0 waiting for review" in desk.types("ingest", file).out


def test_a_country_of_its_own_stays(desk: Desk) -> None:
    desk.types("ingest", desk.write("r.jsonl", untagged("a", SURE, country="BO")))
    assert desk.rows("SELECT country FROM report_version") == [("BO",)]


def test_everything_wrong_with_it_is_said(desk: Desk) -> None:
    file = desk.write("r.jsonl", untagged("a", SURE, published_on="soon"), {"tag": " ", "headline": 7})
    (one,) = desk.types("ingest", file, "--json").json
    first, second = (each["reason"] for each in one["refused"])
    assert first.startswith("published_on: ")
    for name in ("published_on: is missing", "tag: is missing", "country: is missing", "headline: "):
        assert name in second


@pytest.mark.parametrize(
    "sheet",
    [
        f"id,published_on,tag,country,headline\na,2025-02-01,,,{SURE}\n",
        f"id,published_on,headline\na,2025-02-01,{SURE}\n",
    ],
)
def test_an_empty_cell_of_a_sheet_is_no_tag_and_a_sheet_without_tags_is_left_to_the_rules(
    desk: Desk, sheet: str
) -> None:
    file = desk.folder / "r.csv"
    file.write_text(sheet, encoding="utf-8")
    desk.types("ingest", file)
    assert desk.rows("SELECT tag, country FROM report_version") == [("deal", "PE")]


def test_a_program_is_answered_the_same(tmp_path: Path, database: Database, database_url: str) -> None:
    station = Station(tmp_path, database, database_url, RULES)
    said = [untagged("a", SURE), untagged("b", UNSURE), untagged("c", NEITHER)]
    body = "".join(f"{json.dumps(one)}\n" for one in said).encode()
    answers = submit(station.service, body, origin="desk", many=True)
    assert [one["outcome"] for one in answers] == ["accepted", "waiting", "refused"]
    assert answers[0]["event"] is not None
    with station.service.database.reading() as session:
        assert [one.report.tag for one in list_reports(session)] == ["deal"]
