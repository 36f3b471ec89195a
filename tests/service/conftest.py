import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from model.errors import ConfigurationError
from service.configuration import Configuration, load
from tests.databases import *  # noqa: F403 - pytest finds fixtures by their names
from tests.databases import KINDS, Server
from tests.service.commands import Desk, Disk
from tests.service.configurations import VALID, Load, Refused

OWN = {
    "database",
    "database_url",
    "empty_url",
    "kept_database",
    "kept_url",
    "new_url",
}  # fixtures of tests that see to it themselves


MADE = {"database_url", "empty_url", "kept_url"}  # of them, those that are made of either kind


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "sqlite(reason): runs on SQLite alone")
    config.addinivalue_line("markers", "both(reason): runs on both kinds, though its module is marked sqlite")


@pytest.hookimpl(tryfirst=True)  # before pytest looks whether a test chooses its fixtures' parameters
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what types commands on both kinds of database; what is marked `sqlite`, on that alone.

    A module is marked where every statement of it meets a server in other tests too. A test in there is
    marked `both` where it adds one, or is about what differs: transactions, locks, processes that are killed.
    """
    alone = (marked := metafunc.definition.get_closest_marker)("sqlite") and not marked("both")
    own = OWN & set(metafunc.fixturenames)
    for name in sorted(own & MADE) if alone else ():
        metafunc.definition.add_marker(pytest.mark.parametrize(name, ["sqlite"], indirect=True))
    if hasattr(metafunc.module, "Desk") and not (alone or own):
        metafunc.parametrize("database_kind", KINDS, indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def database_kind(request: pytest.FixtureRequest) -> Iterator[str]:
    """The kind of database that desks have; a module's fixture that makes a desk asks for it."""
    chosen = getattr(request, "param", "sqlite")
    with ExitStack() as stack:
        if chosen == "postgresql":
            stack.enter_context(_lending(*request.getfixturevalue("postgresql")))
        yield chosen


@pytest.fixture(scope="session", autouse=True)
def _template(migrated_sqlite: Path) -> None:
    """Spare desks the making of every table."""
    Desk.template = migrated_sqlite


@pytest.fixture(autouse=True)
def _own_databases(database_kind: str, request: pytest.FixtureRequest) -> Iterator[None]:
    """Take back after each test what was lent to its own desks."""
    with ExitStack() as stack:
        if database_kind == "postgresql":
            stack.enter_context(_lending(*request.getfixturevalue("postgresql")))
        yield


@contextmanager
def _lending(server: Server, template: str) -> Iterator[None]:
    """Lend every desk that is made within it a migrated database of its own."""
    before = Desk.lend
    with ExitStack() as lent:
        Desk.lend = lambda: lent.enter_context(server.lent(template))
        try:
            yield
        finally:
            Desk.lend = before


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of its own, of a given size, where the system lets us mount one."""
    place = tmp_path / "disk"

    def mount(size: str) -> Path:
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
        done = subprocess.run(command, capture_output=True, check=False)
        if done.returncode:
            pytest.skip("this system lets us mount no disk")
        return place

    try:
        yield mount
    finally:
        with suppress(FileNotFoundError):
            subprocess.run(["umount", place], capture_output=True, check=False)


@pytest.fixture
def loaded(tmp_path: Path) -> Load:
    def load_text(text: str = VALID, **environ: str) -> Configuration:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return load(path, environ)

    return load_text


@pytest.fixture
def refused(loaded: Load) -> Refused:
    def refuse_text(text: str = VALID, **environ: str) -> list[str]:
        with pytest.raises(ConfigurationError) as caught:
            loaded(text, **environ)
        assert all("\n" not in line for line in caught.value.problems)
        return list(caught.value.problems)

    return refuse_text
