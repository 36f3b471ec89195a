"""The wheel that is published: all that the program needs at run time is in it, and nothing beside."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

from tests.service.commands import ROOT
from tests.service.test_web_process import Served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("hatchling") is None, reason="the build backend (hatchling) is not installed"
    ),
]
PACKAGES = ("model", "ingest", "storage", "service")
BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
POSTERITY = "from service.cli import main; main()"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-c", BUILD, folder], cwd=ROOT, check=True, capture_output=True, text=True
    )
    with zipfile.ZipFile(folder / built.stdout.split()[-1]) as found:
        yield found


@pytest.fixture(scope="module")
def unpacked(wheel: zipfile.ZipFile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    wheel.extractall(folder)
    return folder


def types(unpacked: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-c", POSTERITY, *arguments]
    environment = os.environ | {"PYTHONPATH": str(unpacked)}
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)


def test_every_file_of_the_packages_is_in_it_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    ours = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    within = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert within == ours
    assert any("entry_points.txt" in name for name in wheel.namelist())


def test_it_works_where_nothing_else_of_the_project_is(unpacked: Path, tmp_path: Path) -> None:
    helped = types(unpacked, tmp_path, "--help")
    assert (helped.returncode, helped.stderr) == (0, "")
    begun = types(unpacked, tmp_path, "init", "desk")
    assert begun.returncode == 0, begun.stderr
    desk = tmp_path / "desk"
    log = desk / "log"
    command = [sys.executable, "-P", "-c", POSTERITY, "serve", "--port", "0"]
    with log.open("wb") as stream:
        environment = os.environ | {"PYTHONPATH": str(unpacked)}
        process = subprocess.Popen(command, cwd=desk, env=environment, stderr=stream)
    try:
        address = Served(process, log).address
        pages = [httpx.get(address + path) for path in ("/", "/events", "/docs", "/sign-in", "/openapi.json")]
        assert [one.status_code for one in pages] == [200] * len(pages)
        linked = set(httpx.get(address).text.split('"'))
        files = [path for path in linked if path.startswith("/static/")]
        assert files
        assert [httpx.get(address + path).status_code for path in files] == [200] * len(files)
    finally:
        process.kill()
        process.wait()
