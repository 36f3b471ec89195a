"""docs/api-evidence.md: every command in it is run, in its order."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from service.composition import opened
from storage.proposals import propose
from tests.service.commands import ROOT, Desk, quiet, report
from tests.service.test_web_process import key, served
from tests.storage.proposing import proposal
from tests.storage.samples import report as stored_report

pytestmark = pytest.mark.slow

MANUAL = (ROOT / "docs" / "api-evidence.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", MANUAL, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("curl")
]


@pytest.fixture
def desk(tmp_path: Path, database_kind: str) -> Desk:
    assert database_kind
    made = Desk(tmp_path, quiet().replace("2025-", "2026-"))
    told = [
        report("a", "2026-01-05", event="pe-helicopters", lang="es"),
        report("b", "2026-01-05", event="pe-helicopters"),
        report("c", "2026-01-06", event="pe-trucks"),
    ]
    made.types("ingest", made.write("told.jsonl", *told))
    made.types("run", "--as-of", "2026-01-20", "--no-ingest")
    with opened(tmp_path / "config.toml") as service, service.database.session() as session:
        waits = [stored_report(f"g{n}", "2026-01-07", tag="deal", country="PE") for n in range(4)]
        propose(session, [proposal(one) for one in waits], at=service.clock())
    return made


def test_every_command_of_the_manual_is_answered(desk: Desk) -> None:
    assert len(COMMANDS) > 15
    desk.write("reports.jsonl", report("d", "2026-01-08"), report("e", "2026-01-09"))
    presented = key(desk)["Authorization"].removeprefix("Bearer ")
    with served(desk) as server:
        environment = {**os.environ, "URL": server.address, "ID": "quiet", "KEY": presented}
        for command in COMMANDS:
            script = command.replace("curl ", "curl --silent --show-error --fail-with-body ", 1)
            done = subprocess.run(
                ["sh", "-c", script], cwd=desk.folder, env=environment, capture_output=True, check=False
            )
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            assert "csv" in command or json.loads(done.stdout), command


def test_the_manual_names_every_address_of_ours() -> None:
    parts = ("events", "reports", "amend", "retract", "merge", "split", "review", "accept", "reject")
    for part in (*parts, "what-if", "scores"):
        assert any(part in command for command in COMMANDS), part
