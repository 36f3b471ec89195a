"""What the manual of snapshots shows is what the program does."""

import json
import re
import shlex
from pathlib import Path

import pytest

from service import snapshot_lines
from tests.service.commands import ROOT, Desk, quiet, report
from tests.service.snapshots import lines_in

MANUAL = (ROOT / "docs" / "snapshots.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"```console\n\$ posterity (.+?)\n(.*?)\n```", MANUAL, re.DOTALL))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(tmp_path / "here")
    made.types("ingest", made.write("a.jsonl", report("a"), report("b", "2025-03-20", country="CL")))
    for day in ("2025-03-10", "2025-04-10"):
        assert made.types("run", "--as-of", day).code == 0
    monkeypatch.chdir(made.folder)
    return made


def test_the_commands_that_it_shows_print_what_it_shows(desk: Desk, tmp_path: Path) -> None:
    there = Desk(tmp_path / "there", quiet("other"))
    for command, shown in SHOWN.items():
        answer = (there if command.startswith("import") else desk).types(*shlex.split(command))
        assert answer.code == 0
        assert answer.out.startswith(shown), command
    assert len(SHOWN) == 2


def test_it_names_every_kind_of_line() -> None:
    kinds = re.findall(r"^\| `(\w+)` \|", MANUAL.partition("## The format")[2], re.MULTILINE)
    assert kinds[1:] == [
        one.model_fields["kind"].default for one in (*snapshot_lines.KINDS, snapshot_lines.End)
    ]


def test_the_limits_that_it_states_are_kept() -> None:
    most, longest = snapshot_lines.LARGEST >> 30, snapshot_lines.LONGEST >> 20
    assert f"A file may have {most} GiB, a line {longest} MiB." in MANUAL


def test_what_it_asks_jq_for_is_there(desk: Desk) -> None:
    assert desk.types("export", "quiet", "quiet.json").code == 0
    runs = [one for one in lines_in(desk.folder / "quiet.json") if one["kind"] == "run"]
    assert [one["as_of"] for one in runs] == ["2025-03-10", "2025-04-10"]
    assert all(0 < one["document"]["probabilities"]["up"] < 1 for one in runs)
    assert json.loads(Path("quiet.json").read_text(encoding="ascii"))[-1]["kind"] == "end"


def test_every_option_that_it_names_is_there(tmp_path: Path) -> None:
    helps = "".join(Desk(tmp_path).types(one, "--help").out for one in ("export", "import", "history"))
    for option in set(re.findall(r"--[a-z][a-z-]*", MANUAL)):
        assert option in helps, option
