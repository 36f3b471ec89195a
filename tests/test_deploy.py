"""The files to deploy with, and the operators' manual: what they name exists, and what can check them has."""

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.registry import Collector

from service.alert_letters import KINDS, MANUAL, UNREACHABLE
from service.composition import opened
from service.configuration import load
from service.metrics import Figures
from tests.service.commands import ROOT, Desk

DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
PROGRAM = "/opt/posterity/.venv/bin/posterity"
MANUAL_TEXT = (ROOT / MANUAL).read_text(encoding="utf-8")
ANALYSER = shutil.which("systemd-analyze")
SETTING = re.compile(r"\bPOSTERITY__[A-Z_]+\b")
WORST = 20  # tenths of systemd's measure of exposure, which begins at 10.0 for a unit with no hardening

analysed = pytest.mark.skipif(ANALYSER is None, reason="systemd is not installed here")


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The units as they would be where the program is installed here."""
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8")
        assert PROGRAM in text
        here = str(Path(sys.executable).with_name("posterity"))
        (tmp_path / unit.name).write_text(text.replace(PROGRAM, here), encoding="utf-8")
    return sorted(tmp_path.glob("*.service"))


def test_there_is_a_unit_for_each_process() -> None:
    assert [unit.name for unit in UNITS] == ["posterity-schedule.service", "posterity-serve.service"]


@analysed
@pytest.mark.slow
def test_systemd_finds_nothing_wrong_with_the_units(units: list[Path]) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@analysed
@pytest.mark.slow
def test_systemd_does_find_what_is_wrong(units: list[Path]) -> None:
    wrong = units[0].read_text(encoding="utf-8").replace("Restart=on-failure", "Restart=sometimes")
    units[0].write_text(wrong, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", units[0]], capture_output=True, text=True, check=False
    )
    assert "sometimes" in done.stderr


@analysed
@pytest.mark.slow
def test_the_units_expose_little(units: list[Path]) -> None:
    for unit in units:
        command = ["systemd-analyze", "security", "--offline=true", f"--threshold={WORST}", str(unit)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_units_agree_but_for_what_they_run() -> None:
    """What one of them may not do, the other may not either, but for what PyMC needs."""
    schedule, serve = (set(unit.read_text(encoding="utf-8").splitlines()) for unit in UNITS)
    settings = {line for line in schedule ^ serve if re.match(r"[A-Z]\w+=", line)}
    assert {line.partition("=")[0] for line in settings} == {
        *("Description", "ExecStart", "KillMode", "TimeoutStopSec", "Environment"),
        *("CacheDirectory", "CacheDirectoryMode"),
        *("MemoryDenyWriteExecute", "ProcSubset", "SystemCallFilter"),
    }


@pytest.mark.slow
def test_the_compose_file_follows_its_specification() -> None:
    checker = str(Path(sys.executable).with_name("check-jsonschema"))
    command = [checker, "--builtin-schema", "vendor.compose-spec", str(DEPLOY / "compose.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_the_image_copies_is_there_and_is_let_through() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = re.findall(r"^COPY (?!--)(.*) \S+$", text, flags=re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert names == {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert all((ROOT / name).exists() for name in names)


def test_the_image_does_not_run_as_root_and_checks_every_hash() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (.*)$", text, flags=re.MULTILINE) == ["10001:10001"]
    assert "--require-hashes -r requirements.txt" in text
    version = (ROOT / ".python-version").read_text(encoding="utf-8").strip()
    assert set(re.findall(r"^FROM (\S+)", text, flags=re.MULTILINE)) == {f"python:{version}-slim"}
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert re.findall(r"uv==(\S+)", text) == re.findall(r"^UV_VERSION := (.*)$", makefile, flags=re.MULTILINE)


def named_settings() -> list[str]:
    files = [path for path in DEPLOY.iterdir() if path.is_file()]
    texts = [path.read_text(encoding="utf-8") for path in files]
    return sorted({name for text in texts for name in SETTING.findall(text)} - {"POSTERITY__SECTION__KEY"})


VALUES = {
    "POSTERITY__STORAGE__URL": "sqlite:///x.db",
    "POSTERITY__SERVE__HOST": "::1",
    "POSTERITY__DIGEST__SMTP__PASSWORD": "secret",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", named_settings())
def test_every_setting_that_is_named_is_understood(name: str) -> None:
    configuration = load(ROOT / "config.toml", {name: VALUES.get(name, "value")})
    assert configuration != load(ROOT / "config.toml", {})


def commands_in(text: str) -> Iterator[tuple[str, ...]]:
    """What is typed after `posterity`, in prose, at prompts, and in a container."""
    prose = re.findall(r"`posterity ([^`]+)`", text)
    typed = re.findall(r"^(?:\$ |)posterity (.+)$", text, flags=re.MULTILINE)
    contained = re.findall(r"docker compose (?:exec|run --rm) \w+ (?:posterity )?([a-z][^`\n]*)", text)
    units = re.findall(rf"{PROGRAM} --config \S+ (.+)$", text, flags=re.MULTILINE)
    in_compose = (line.replace(",", " ") for line in re.findall(r"^ +command: \[(.*)\]$", text, re.MULTILINE))
    for command in (*prose, *typed, *contained, *units, *in_compose):
        yield tuple(shlex.split(command, comments=True))


SOURCES = [ROOT / MANUAL, DEPLOY / "README.md", DEPLOY / "compose.yaml", *UNITS]
COMMANDS = sorted({found for path in SOURCES for found in commands_in(path.read_text(encoding="utf-8"))})


def test_commands_are_found_in_every_file() -> None:
    assert len(COMMANDS) > 20
    assert {("schedule", "--log", "json"), ("serve", "--log", "json"), ("migrate",), ("doctor",)} <= set(
        COMMANDS
    )


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("deploy"))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_that_is_named_parses(desk: Desk, command: tuple[str, ...]) -> None:
    answer = desk.types(*command, "--help")
    assert (answer.code, answer.err) == (0, "")
    assert f"posterity {command[0]}" in answer.out


def test_a_command_with_an_option_that_there_is_not_would_be_found(desk: Desk) -> None:
    assert desk.types("doctor", "--heal", "--help").code == 2


def headings(text: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)


@pytest.mark.parametrize("heading", [*KINDS.values(), UNREACHABLE])
def test_every_alert_has_its_heading_in_the_manual(heading: str) -> None:
    assert headings(MANUAL_TEXT).count(heading) == 1


@pytest.mark.slow
def test_the_manual_names_no_metric_that_there_is_not(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.types("run", "--as-of", "2025-06-30").code == 0
    with opened(tmp_path / "config.toml") as service:
        collector: Collector = Figures(service)
        known = {metric.name for metric in collector.collect()}
    named = set(re.findall(r"\bposterity_[a-z_]+\b", MANUAL_TEXT))
    assert named
    assert named <= known


def test_the_manual_links_to_files_that_are_there() -> None:
    for path in (ROOT / MANUAL, DEPLOY / "README.md"):
        for link in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / link).exists(), link


def test_what_the_manual_says_was_tried_has_its_study_or_its_test() -> None:
    assert "What was tried" in headings(MANUAL_TEXT)
    tried = MANUAL_TEXT.partition("## What was tried")[2]
    studies, tests = re.findall(r"python -m benchmarks\.(\w+)", tried), re.findall(r"test_\w+\.py", tried)
    assert len(studies) >= 3
    assert len(tests) >= 10
    assert all((ROOT / "benchmarks" / f"{name}.py").exists() for name in studies)
    assert all((ROOT / "tests" / "service" / name).exists() for name in tests)


def test_settings_that_the_manual_shows_are_valid(tmp_path: Path) -> None:
    shown = "\n".join(re.findall(r"```toml\n(.*?)```", MANUAL_TEXT, flags=re.DOTALL))
    forecasts = (ROOT / "config.toml").read_text(encoding="utf-8").partition("[[forecasts]]")[2]
    (tmp_path / "config.toml").write_text(f"{shown}\n[[forecasts]]{forecasts}", encoding="utf-8")
    configuration = load(tmp_path / "config.toml", {})
    assert configuration.storage.draws == Path("/var/lib/posterity/draws")
    for section, key in re.findall(r"`\[(\w+)\] (\w+)", MANUAL_TEXT):
        assert hasattr(getattr(configuration, section), key), key
