"""Every command explains itself by an example, and the example works."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from service.program import app
from tests.service.commands import EXAMPLES, ROOT, Answer, Desk
from tests.service.panels import write_register, write_votes

pytestmark = pytest.mark.sqlite("what is computed and printed; its statements meet a server elsewhere")

EXAMPLE = "Example: posterity "
COMMANDS = {
    command.name or getattr(command.callback, "__name__", ""): command for command in app.registered_commands
}
EXAMPLES_BY_NAME = {
    name: shlex.split((command.epilog or "").removeprefix(EXAMPLE)) for name, command in COMMANDS.items()
}
LASTING = {"serve"}  # goes on until it is stopped


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    """The shipped forecast, sure of its volumes so that nothing is sampled, and reports to take in."""
    text = (ROOT / "config.toml").read_text(encoding="utf-8").replace("coverage_sd = 0.25", "coverage_sd = 0")
    text = re.sub(r"^ *spread = .*\n", "", text, flags=re.MULTILINE)
    sure = re.sub(r"^( *)expected = ", r"\1spread = 0\n\g<0>", text, flags=re.MULTILINE)
    desk = Desk(tmp_path_factory.mktemp(f"prepared-{database_kind}"), sure)
    shutil.copy(EXAMPLES, desk.folder / "reports.jsonl")
    assert desk.types("ingest", desk.folder / "reports.jsonl").code == 0
    assert desk.types("run", "--as-of", "2025-11-30").code == 0
    write_register(desk.folder)
    write_votes(desk.folder)
    return desk


@pytest.mark.slow
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_shows_what_it_does_and_an_example(prepared: Desk, name: str) -> None:
    answer = prepared.types(name, "--help")
    assert (answer.code, answer.err) == (0, "")
    shown = " ".join(answer.out.split())
    assert f"{EXAMPLE}{name}" in shown
    assert COMMANDS[name].callback is not None
    assert (COMMANDS[name].callback.__doc__ or "").split(".")[0] in shown


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [one for one in COMMANDS if one != "serve"]
)  # which goes on until it is stopped
def test_the_example_works(
    prepared: Desk, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = EXAMPLES_BY_NAME[name]
    assert arguments[0] == name
    if "posterity.backup" in arguments:
        assert prepared.types("backup", prepared.folder / "posterity.backup").code == 0
    if name == "import":
        assert prepared.types("export", "russia-latin-america", prepared.folder / "russia.json").code == 0
    desk = Desk(tmp_path) if name == "restore" else prepared  # into a database that is empty
    monkeypatch.chdir(prepared.folder)
    answer = desk.types(*arguments)
    cut = "these are the latest 10; --limit N shows more\n"  # which is no complaint
    assert answer.code == (1 if name == "doctor" else 0)  # as nobody runs the schedule
    assert answer.err in {"", cut}


@pytest.mark.slow
def test_the_program_shows_what_it_does_and_an_example(prepared: Desk) -> None:
    answer = prepared.types("--help")
    assert answer.code == 0
    assert EXAMPLE in answer.out
    for name in COMMANDS:
        assert f"\n  {name} " in answer.out


def test_every_command_that_prints_a_result_offers_json(prepared: Desk) -> None:
    silent = {"init", *LASTING}
    offering = {name for name in COMMANDS if "--json" in prepared.types(name, "--help").out}
    assert offering == set(COMMANDS) - silent


@pytest.mark.slow
def test_a_new_folder_is_ready_to_be_checked_and_run(tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    outside = Desk(tmp_path)
    answer = outside.types("init", fresh)
    assert answer == Answer(0, f"wrote {fresh}/inbox/example.jsonl.txt\nwrote {fresh}/config.toml\n", "")
    checked = outside.process("--config", "fresh/config.toml", "check")
    assert (checked.code, checked.err) == (0, "")
