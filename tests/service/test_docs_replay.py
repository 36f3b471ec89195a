"""The manual of replays: its commands work, and its options are those that there are."""

import re
import shlex
from pathlib import Path

import pytest

from tests.service.commands import EXAMPLES, ROOT, Desk

pytestmark = pytest.mark.slow

MANUAL = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    lines = re.findall(r"^    posterity ([^#\n…]+?)(?: +#.*)?$", MANUAL, re.MULTILINE)
    return [shlex.split(line) for line in lines]


@pytest.mark.sqlite("what it shows does not depend on the database")
def test_its_commands_work_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = (ROOT / "config.toml").read_text(encoding="utf-8")
    desk = Desk(tmp_path, shipped)
    assert desk.types("ingest", EXAMPLES).code == 0
    stated = shipped[shipped.index("[[forecasts]]") : shipped.index("# ---- Rules")]
    bold = stated.replace("base = 1.5, upside = 2.5", "base = 2.5, upside = 4.0")
    assert bold != stated
    (tmp_path / "bold.toml").write_text(bold, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    of_its_time = [
        one for one in commands() if "history" not in one
    ]  # tests/service/test_compare.py has that
    assert [one[0] for one in of_its_time] == ["replay"] * 3 + ["compare"] * 2
    for arguments in of_its_time:
        answer = desk.types(*arguments)
        assert (answer.code, answer.err) == (0, ""), arguments
    assert "contract_signed" in answer.out or "time and silence" in answer.out


@pytest.mark.sqlite("what it shows does not depend on the database")
def test_it_names_every_option_of_the_command(tmp_path: Path) -> None:
    shown = Desk(tmp_path).types("replay", "--help").out
    options = set(re.findall(r"^ +(--[a-z]+)", shown, re.MULTILINE))
    assert len(options) > 8
    assert options - {"--help"} <= set(re.findall(r"--[a-z]+", MANUAL))
