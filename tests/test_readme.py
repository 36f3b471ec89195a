"""The README's commands do what it shows."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```console\n\$ (?P<command>.+?)\n(?P<output>.*?)```", re.DOTALL)
MASKS = (  # what changes from day to day, or lies within PyMC's stated error
    (re.compile(r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2})?"), "DATE"),
    (re.compile(r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) DATE"), "DATE"),
    (re.compile(r"week \d+"), "WEEK"),
    (re.compile(r"\d+ days"), "DAYS"),
    (re.compile(r"\d+\.\d % ± \d+\.\d+"), "PYMC"),
    (re.compile(r"(\d+\.\d %)(?=\s+(un)?likely|\s+very|\s+roughly)"), "PYMC"),
    (re.compile(r"(?<=\s)[+-]\d+\.\d\d(?=\s)"), "BITS"),  # of an event on the day of the preview
    (re.compile(r"─+"), "RULE"),
    (re.compile(r"[ \t]+"), " "),
)


def blocks() -> list[tuple[str, str]]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [(found["command"], found["output"]) for found in BLOCK.finditer(text)]


def masked(output: str) -> list[str]:
    for pattern, replacement in MASKS:
        output = pattern.sub(replacement, output)
    lines = (line.strip() for line in output.splitlines())
    return [line for line in lines if line and not line.startswith("installing ")]


@pytest.mark.slow
def test_every_command_of_the_readme_prints_what_it_shows(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    of_make = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}  # where make itself runs the tests
    environment = {name: value for name, value in os.environ.items() if name not in of_make} | {
        "POSTERITY__STORAGE__URL": f"sqlite:///{tmp_path / 'readme.db'}",
        "POSTERITY__STORAGE__DRAWS": str(tmp_path / "draws"),
        "POSTERITY__INGEST__DROP_FOLDER": str(tmp_path / "inbox"),
        "COLUMNS": "200",
    }
    shown = blocks()
    assert [command.split()[0] for command, _ in shown][:1] == ["make"]
    for command, expected in shown:
        done = subprocess.run(
            command, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert masked(done.stdout) == masked(expected), command


def test_the_track_record_has_the_figures_of_the_page_that_tells_how_they_came_about() -> None:
    shown = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("## Track record")[2].partition("##")[0]
    )
    page = re.sub(" +", " ", (ROOT / "docs" / "track-record.md").read_text(encoding="utf-8"))
    rows = re.findall(r"^\| [^|]+ (\| \d.+ \|)$", shown, re.MULTILINE)
    assert len(rows) == 5
    assert [row for row in rows if row not in page] == []
