"""A forecast that was lived with, its snapshot, and snapshots that somebody has tampered with."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from service.snapshot_lines import End
from tests.service.commands import Desk, quiet, report

type Lines = list[dict[str, Any]]

SECRET = "tr0ub4dor-and-3"  # noqa: S105 - to be looked for
HOSTILE = 'Завод \U0001f600 <script>alert(1)</script> \\ "so" {{ 7 * 7 }}'
RESOLVES = quiet().replace('id = "up"\n', 'id = "up"\nresolves = "a \\"deal\\"\\nis\\tsigned \\\\ é"\n')


def lived(desk: Desk) -> Desk:
    """Two nights and their outlooks, an amendment, a denial, a retraction, a merge, a new elicitation."""
    desk.configure(RESOLVES)
    desk.types("ingest", desk.write("a.jsonl", report("a"), report("b", "2025-01-20", headline=HOSTILE)))
    assert desk.types("run", "--as-of", "2025-02-01").code == 0
    changed = report("a", headline="Peru signs, but later", grade="C3", note={"kept": [1, None, "é"]})
    denied = report("c", "2025-03-02", event="b-event", denies=True)
    desk.types("ingest", desk.write("b.jsonl", changed, denied, report("d", "2025-03-09", country="CL")))
    desk.types("retract", "d", "--because", "not so", "--by", "Ana")
    desk.configure(RESOLVES.replace("up = 3", "up = 3.25"))
    assert desk.types("run", "--as-of", "2025-04-30").code == 0
    return desk


def snapshot(desk: Desk, path: Path, forecast: str = "quiet") -> Path:
    """Export a forecast to a file."""
    assert desk.types("export", forecast, path).code == 0
    return path


def lines_in(path: Path) -> Lines:
    """The lines of a snapshot but its last, which tells their digest."""
    found: Lines = json.loads(path.read_text(encoding="ascii"))
    return found[:-1]


def signed(path: Path, lines: Lines) -> Path:
    """Write lines as a snapshot whose digest matches them, as whoever forges one would."""

    body = "[\n" + "".join(f"{json.dumps(line, separators=(',', ':'))},\n" for line in lines)
    end = End(lines=len(lines), sha256=hashlib.sha256(body.encode("ascii")).hexdigest())
    path.write_text(f"{body}{end.model_dump_json()}\n]\n", encoding="ascii")
    return path


def forged(path: Path, change: Callable[[Lines], object]) -> Path:
    """Change the lines of a snapshot, and sign what comes of it."""
    lines = lines_in(path)
    change(lines)
    return signed(path.with_name("forged.json"), lines)


def of_kind(lines: Lines, kind: str) -> Lines:
    """The lines of a kind."""
    return [line for line in lines if line["kind"] == kind]


def stream(path: Path) -> io.BytesIO:
    """A file's bytes, to be read as one."""
    return io.BytesIO(path.read_bytes())
