"""Files of reports: the ending tells the format, and what cannot be read is said in one line."""

import json
from datetime import date
from pathlib import Path

import pytest

from ingest import files
from ingest.files import read
from ingest.records import Item, Parsed, Refused
from ingest.sheets import GUESSED
from model.errors import Unavailable

TODAY = date(2026, 2, 16)
GOOD = {"published_on": "2025-07-02", "tag": "delivery", "country": "PE", "headline": "Two arrive"}
LINE = json.dumps(GOOD)
SHEET = "published_on,tag,country,headline\n2025-07-02,delivery,PE,Two arrive\n"
SHIPPED = Path(__file__).parents[2].parent / "shared" / "data" / "reports.jsonl"


def items_of(path: Path, content: str | bytes) -> list[Item]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read(path, today=TODAY).items)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", LINE),
        ("a.ndjson", LINE),
        ("a.JSONL", LINE),
        ("a.json", f"[{LINE}]"),
        ("a.json", LINE),
        ("a.csv", SHEET),
        ("a.Csv", SHEET),
    ],
)
def test_the_ending_tells_the_format(tmp_path: Path, name: str, content: str) -> None:
    (item,) = items_of(tmp_path / name, content)
    assert isinstance(item, Parsed)


def test_the_same_report_has_the_same_id_in_every_format(tmp_path: Path) -> None:
    found = items_of(tmp_path / "a.jsonl", LINE) + items_of(tmp_path / "a.csv", SHEET)
    assert len({item.report.id for item in found if isinstance(item, Parsed)}) == 1


@pytest.mark.parametrize("name", ["a.xlsx", "reports"])
def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path: Path, name: str) -> None:
    (item,) = items_of(tmp_path / name, LINE)
    assert isinstance(item, Refused)
    assert item.line == 0
    assert "name the file .jsonl, .ndjson, .json, .csv" in item.reason


def test_a_guessed_encoding_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(SHEET.replace("Two", "Perú").encode("latin-1"))
    assert read(path, today=TODAY).notes == (GUESSED,)


def test_too_large_a_document_is_refused_but_lines_under_its_name_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_WHOLE", 200)
    (item,) = items_of(tmp_path / "a.json", f"[{LINE}, {LINE}, {LINE}]")
    assert isinstance(item, Refused)
    assert "write JSON lines" in item.reason
    assert len(items_of(tmp_path / "b.json", f"{LINE}\n" * 9)) == 9


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_a_file_that_is_not_there_or_is_a_folder_is_out_of_reach(tmp_path: Path, name: str) -> None:
    with pytest.raises(Unavailable, match=f"{name}: cannot be read"):
        list(read(tmp_path / name, today=TODAY).items)
    (tmp_path / name).mkdir()
    with pytest.raises(Unavailable, match=f"{name}: cannot be read"):
        list(read(tmp_path / name, today=TODAY).items)


def test_the_shipped_reports_are_all_read() -> None:
    if not SHIPPED.exists():
        pytest.skip("the shared reports are absent")
    items = list(read(SHIPPED, today=date(2026, 11, 21)).items)
    assert len(items) == 273
    assert not [item for item in items if isinstance(item, Refused)]
