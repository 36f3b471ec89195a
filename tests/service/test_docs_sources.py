import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from ingest import sources
from tests.service.commands import ROOT, Desk, quiet

MANUAL = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
CONFIGURED = """
[[sources]]
id = "consulate"
kind = "bulletins"
path = "bulletins"

[[rules]]
tag = "deal"
countries = ["PE"]
all_of = ["sign*"]
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk of a program to which the manual's example was added."""
    (program,) = re.findall(r"```python\n(\"\"\".*?)```", MANUAL, flags=re.DOTALL)
    module = ModuleType("bulletins")
    monkeypatch.setitem(sys.modules, "bulletins", module)
    exec(compile(program, "bulletins.py", "exec"), module.__dict__)  # noqa: S102 - our own manual
    monkeypatch.setattr(sources, "KINDS", {**sources.KINDS, "bulletins": "bulletins:Bulletins"})
    return Desk(tmp_path, CONFIGURED + quiet())


def test_the_source_that_the_manual_shows_is_polled_from_its_cursor(desk: Desk) -> None:
    folder = desk.folder / "bulletins"
    folder.mkdir()
    (folder / "2025-03-01.txt").write_text("Peru signs for helicopters\nMore to follow.\n", encoding="utf-8")
    assert "consulate: 1 accepted" in desk.types("ingest").out
    (folder / "2025-03-02.txt").write_text("Rain in Lima\n", encoding="utf-8")
    assert "consulate: 0 accepted, 0 amended, 0 duplicate" in desk.types("ingest").out
    (stored,) = desk.types("reports", "--json").json
    assert stored["id"] == "consulate:2025-03-01"


def test_the_source_that_the_manual_shows_says_what_it_misses(desk: Desk) -> None:
    answer = desk.types("ingest")
    assert answer.code == 3
    assert "no such folder; create it, or correct [[sources]] path" in answer.err


def test_the_line_that_enters_a_source_is_the_one_of_the_program() -> None:
    (line,) = re.findall(r"```python\n(\{.*?\})\n```", MANUAL, flags=re.DOTALL)
    entered = {**sources.KINDS, "bulletins": "ingest.sources.bulletins:Bulletins"}
    assert eval(line) == entered  # noqa: S307 - our own manual
