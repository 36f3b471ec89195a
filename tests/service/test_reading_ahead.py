"""Long files are read in a process of their own: the same is taken, and nothing is left behind."""

import json
import multiprocessing
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from model.errors import Unavailable
from service import ahead
from service.ahead import is_long, read_ahead
from service.configuration import load
from tests.service.commands import EXAMPLES, Desk, report

pytestmark = pytest.mark.slow  # each starts a process
RULES = """
[[rules]]
tag = "deal"
any_of = ["buys"]
countries = ["PE"]
confidence = 0.95

[[rules]]
tag = "deal"
any_of = ["may"]
countries = ["PE"]
confidence = 0.3
"""
TAKEN = """
SELECT r.report_id, r.line, r.digest, r.content, m.event_key, m.why, m.score
FROM report_version AS r JOIN event_membership AS m ON m.report_id = r.report_id ORDER BY r.report_id, r.id
"""
DAY = date(2026, 1, 1)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text() + RULES)
    return desk


@pytest.fixture
def _everything_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "WORTH", 0)


def lines() -> Iterator[str]:
    yield from EXAMPLES.read_text(encoding="utf-8").splitlines()
    yield "{broken"
    for headline in ("Peru buys 3 ships", "Peru may think of ships", "Nothing of the kind"):
        yield json.dumps(
            {"id": headline, "published_on": "2025-02-01", "headline": headline, "more": {"a": 1}}
        )
    yield json.dumps(report("last"))


def taken(desk: Desk, monkeypatch: pytest.MonkeyPatch, *, worth: int) -> tuple[Any, Any]:
    monkeypatch.setattr(ahead, "WORTH", worth)
    found = desk.types("ingest", desk.write("r.jsonl", *lines()), "--json").json
    return found, desk.rows(TAKEN)


def test_a_long_file_is_taken_as_a_short_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    desks = []
    for name in ("short", "long"):
        (tmp_path / name).mkdir()
        desk = Desk(tmp_path / name)
        config = tmp_path / name / "config.toml"
        config.write_text(config.read_text() + RULES)
        desks.append(desk)
    (short, in_events), (long, in_the_same) = (
        taken(desk, monkeypatch, worth=worth) for desk, worth in zip(desks, (10**9, 0), strict=True)
    )
    assert short[0]["waiting"] == 1
    assert len(short[0]["refused"]) == 2
    assert [{**one, "file": ""} for one in long] == [{**one, "file": ""} for one in short]
    assert in_the_same == in_events


@pytest.mark.usefixtures("_everything_is_long")
def test_a_long_file_that_cannot_be_read_is_out_of_reach(desk: Desk) -> None:
    (desk.folder / "folder.jsonl").mkdir()
    told = desk.types("ingest", desk.folder / "folder.jsonl")
    assert told.code == 3
    assert "folder.jsonl: cannot be read" in told.err


@pytest.mark.usefixtures("_everything_is_long")
def test_a_reader_that_is_killed_is_noticed_and_the_file_can_be_taken_again(desk: Desk) -> None:
    path = desk.write("r.jsonl", *(report(f"r{n}") for n in range(20_000)))
    batches = read_ahead(load(desk.folder / "config.toml"), path, today=DAY, size=100)
    next(batches)
    for reader in multiprocessing.active_children():
        reader.kill()
    with pytest.raises(Unavailable, match="take the file in again"):
        list(batches)


@pytest.mark.usefixtures("_everything_is_long")
def test_a_taker_that_stops_early_leaves_no_process_behind(desk: Desk) -> None:
    path = desk.write("r.jsonl", *(report(f"r{n}") for n in range(20_000)))
    batches = read_ahead(load(desk.folder / "config.toml"), path, today=DAY, size=100)
    assert len(next(batches).items) == 100
    assert multiprocessing.active_children()
    del batches
    assert not multiprocessing.active_children()


def test_only_long_json_lines_are_read_ahead(tmp_path: Path) -> None:
    for name, size, long in (
        ("a.jsonl", ahead.WORTH, True),
        ("b.jsonl", 10, False),
        ("c.csv", ahead.WORTH, False),
    ):
        (tmp_path / name).write_bytes(b" " * size)
        assert is_long(tmp_path / name) is long
    assert not is_long(tmp_path / "none.jsonl")
