"""The command line as a person meets it: a folder with a configuration, arguments, and what comes back."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import Connection, NullPool, create_engine, inspect, make_url, text

from service.cli import main

ROOT = Path(__file__).parents[2]
PROGRAM = str(Path(sys.executable).with_name("posterity"))
EXAMPLES = ROOT / "examples" / "reports.jsonl"
CUTOFF = "2025-06-30"

Disk = Callable[[str], Path]  # of a size, where it is mounted

# Nothing in it is unknown but the scenario, so that a night of it samples nothing.
QUIET = """
[[forecasts]]
id = "{id}"
opened = 2025-01-01
horizon = 2025-12-31
coverage_sd = 0

[[forecasts.scenarios]]
id = "down"
prior = 0.4

[[forecasts.scenarios]]
id = "up"
prior = 0.6

[[forecasts.indicators]]
id = "deals"
tag = "deal"
spread = 0
expected = {{ down = 1, up = {up} }}
"""

# By its horizon it must have happened, whichever scenario is true: silence makes that impossible.
SURE = """
[[forecasts]]
id = "sure"
opened = 2025-01-01
horizon = 2025-06-30
coverage_sd = 0

[[forecasts.scenarios]]
id = "down"
prior = 0.4

[[forecasts.scenarios]]
id = "up"
prior = 0.6

[[forecasts.indicators]]
id = "treaty"
tag = "treaty"
recurs = false
probability = { down = 1, up = 1 }
"""

# With latent volumes and coverage: PyMC has something to sample.
VIVID = QUIET.replace("coverage_sd = 0", "coverage_sd = 0.25").replace("spread = 0", "spread = 0.5")


RESOLVES = 'resolves = "The count at the horizon says so."'


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be one JSON value and nothing else."""
        return json.loads(self.out)


class Desk:
    """A folder with a configuration, from which commands are typed.

    Its database is the one that is named, or else what `lend` lends, or else a SQLite file in the folder,
    which is a copy of `template` unless a bare folder is asked for.
    """

    lend: ClassVar[Callable[[], str] | None] = None
    template: ClassVar[Path | None] = None

    def __init__(
        self, folder: Path, configuration: str | None = None, *, url: str | None = None, bare: bool = False
    ) -> None:
        self.folder = folder
        self.url = url or (Desk.lend() if Desk.lend else f"sqlite:///{folder / 'var' / 'posterity.db'}")
        self._named = url is not None
        self.inbox.mkdir(parents=True, exist_ok=True)
        if Desk.template and not (bare or url or Desk.lend or self.database.exists()):
            self.database.parent.mkdir(exist_ok=True)
            shutil.copy(Desk.template, self.database)
        self.configure(quiet() if configuration is None else configuration)

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite:")

    @property
    def database(self) -> Path:
        """The file of a SQLite database; a test that asks for it is marked `sqlite`."""
        assert self.is_sqlite, "this desk's database is no file: mark the test `sqlite`, or ask `rows`"
        return Path(self.url.removeprefix("sqlite:///"))

    @property
    def where(self) -> str:
        """The database as commands name it."""
        return str(self.database) if self.is_sqlite else make_url(self.url).render_as_string()

    def configure(self, text: str) -> None:
        own = self.url == f"sqlite:///{self.folder / 'var' / 'posterity.db'}"
        stated = text if own else at(self.url, text)
        (self.folder / "config.toml").write_text(stated, encoding="utf-8")

    def write(self, name: str, *reports: Mapping[str, object] | str) -> Path:
        """Write a file of JSON lines; text stands as it is."""
        path = self.folder / name
        lines = (one if isinstance(one, str) else json.dumps(one) for one in reports)
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        return path

    def types(self, *arguments: str | Path) -> Answer:
        """Run a command within this process."""
        assert self._named or self.is_sqlite is (Desk.lend is None), "its fixture asks for `database_kind`"
        before = sys.argv
        sys.argv = ["posterity", "--config", f"{self.folder}/config.toml", *map(str, arguments)]
        try:
            return _answer()
        finally:
            sys.argv = before

    def process(self, *arguments: str | Path, **environment: str) -> Answer:
        """Run a command in a process of its own, from within the folder."""
        done = subprocess.run(
            [PROGRAM, *arguments],
            cwd=self.folder,
            env={**os.environ, **environment},
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        return Answer(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a command in a process of its own, and do not wait for it."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def counts(self) -> dict[str, int]:
        """How many rows each table holds; the database is sound, or this fails."""
        with self._connected() as connection:
            if self.is_sqlite:
                assert connection.exec_driver_sql("PRAGMA integrity_check").all() == [("ok",)]
                assert connection.exec_driver_sql("PRAGMA foreign_key_check").all() == []
            return dict(_sizes(connection))

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a statement finds; days as text, as SQLite has them."""
        with self._connected() as connection:
            found = connection.execute(text(statement)).all()
        return [tuple(str(cell) if isinstance(cell, date) else cell for cell in row) for row in found]

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.connect() as connection:
            yield connection


def at(url: str, configuration: str) -> str:
    """Put another database into a configuration."""
    stated = f'[storage]\nurl = "{url}"\n'
    bare = configuration.replace(f"\n{stated}", "")  # where it has been put in before
    changed, count = re.subn(r"^\[storage\]\n(url = .*\n)?", stated, bare, flags=re.MULTILINE)
    return changed if count else f"{bare}\n{stated}"


def quiet(identity: str = "quiet", up: float = 3) -> str:
    return QUIET.format(id=identity, up=up)


def decidable(configuration: str) -> str:
    """State of every scenario what resolves it."""
    return re.sub(r"(?m)^prior = .*$", rf"\g<0>\n{RESOLVES}", configuration)


def vivid(identity: str = "vivid", up: float = 3) -> str:
    return VIVID.format(id=identity, up=up)


def report(identity: str = "a", published: str = "2025-03-01", **fields: object) -> dict[str, object]:
    headline = f"Peru signs, says {identity}"
    needed = {"published_on": published, "tag": "deal", "country": "PE", "headline": headline}
    return {"id": identity, **needed, "grade": "B2", **fields}


def said_in_one_line(answer: Answer, code: int) -> str:
    """The complaint of a command that failed, which must be one line and no traceback."""
    assert answer.code == code, answer
    assert answer.err.startswith("posterity: "), answer
    assert answer.err.count("\n") == 1, answer
    assert answer.err.endswith("\n")
    return answer.err.removeprefix("posterity: ").rstrip("\n")


def _answer() -> Answer:
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Answer(code, _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    content = stream.detach()
    assert isinstance(content, io.BytesIO)
    return content.getvalue().decode()


def _sizes(connection: Connection) -> Iterator[tuple[str, int]]:
    for name in inspect(connection).get_table_names():
        yield name, connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()  # noqa: S608 - our tables
