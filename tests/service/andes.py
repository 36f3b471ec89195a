"""A forecast with several kinds of indicators, nothing of it unknown but the scenario, and its tale."""

import json
import math
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from service.composition import opened
from storage.runs import RunRecord, StoredRun, get_run, store_run
from tests.service.commands import CUTOFF, Desk, report

ANDES = """
[[forecasts]]
id = "andes"
title = "Deals in the Andes"
question = "Which way will the Andes turn?"
opened = 2025-01-01
horizon = 2025-12-31
coverage_sd = 0

[[forecasts.scenarios]]
id = "down"
title = "Retreat"
prior = 0.3

[[forecasts.scenarios]]
id = "base"
title = "Base"
prior = 0.5

[[forecasts.scenarios]]
id = "up"
prior = 0.2

[[forecasts.indicators]]
id = "contracts"
tag = "contract_signed"
countries = ["PE", "BO"]
spread = 0
expected = { down = 0.5, base = 2, up = 6 }

[[forecasts.indicators]]
id = "visits"
tag = "state_visit"
spread = 0
burst_days = 0
expected = { down = 1, base = 3, up = 4 }

[[forecasts.indicators]]
id = "pushback"
tag = "us_pushback"
countries = ["VE"]
spread = 0
expected = { down = 4, base = 2, up = 1 }

[[forecasts.indicators]]
id = "treaty"
tag = "treaty"
recurs = false
probability = { down = 0.1, base = 0.3, up = 0.8 }
"""


def contract(identity: str = "c1", day: str = "2025-03-01", **fields: object) -> dict[str, object]:
    return report(identity, day, **{"tag": "contract_signed", "event": identity, **fields})


def visit(identity: str = "v1", day: str = "2025-03-10", **fields: object) -> dict[str, object]:
    return report(identity, day, **{"tag": "state_visit", "event": identity, **fields})


def pushback(identity: str = "p1", day: str = "2025-04-01", **fields: object) -> dict[str, object]:
    return report(identity, day, **{"tag": "us_pushback", "country": "VE", "event": identity, **fields})


def treaty(identity: str = "t1", day: str = "2025-05-01", **fields: object) -> dict[str, object]:
    return report(identity, day, **{"tag": "treaty", "event": identity, **fields})


EARLY, LATE = "2025-04-30", CUTOFF
SCENARIOS = ("down", "base", "up")
FIRST = (
    contract("c1", headline="Peru buys helicopters", grade="A1"),
    contract("c2", "2025-03-08", headline="Peru buys more of them"),
    visit("v1", country="*", headline="A minister travels"),
    visit("v2", "2025-03-20", headline="Another one travels", grade="C3"),
    pushback("p1", grade="E4"),
)
LATER = (
    contract("c9", "2025-05-20", country="BO", also=["PE"], headline="Bolivia and Peru buy radars"),
    treaty(headline="A treaty is signed", grade="C3"),
    treaty("t2", "2025-05-10", headline="Another treaty is signed", grade="B2"),
)


def told_of(folder: Path) -> Desk:
    """Two nights, with news before each of them."""
    desk = Desk(folder, ANDES)
    for name, reports, night in (("first", FIRST, EARLY), ("later", LATER, LATE)):
        assert desk.types("ingest", desk.write(f"{name}.jsonl", *reports)).code == 0
        assert desk.types("run", "--as-of", night).code == 0
    return desk


def explained(desk: Desk, *more: str, forecast: str = "andes") -> Any:
    answer = desk.types("explain", forecast, *more, "--json")
    assert (answer.code, answer.err) == (0, ""), answer
    return answer.json


def shown(desk: Desk, *more: str, forecast: str = "andes") -> str:
    answer = desk.types("explain", forecast, *more)
    assert (answer.code, answer.err) == (0, ""), answer
    return answer.out


def parts(told: Any) -> list[Any]:
    return list(told["moved"] if told["since"] else told["reasons"])


def adds_up(told: Any) -> None:
    """The parts sum to the whole, in bits and in percentage points."""
    causes = parts(told)
    assert causes
    for scenario, before in told["from"].items():
        now = told["to"][scenario]
        assert sum(one["points"][scenario] for one in causes) == pytest.approx(100 * (now - before), abs=1e-6)
        if before > 0 and now > 0:
            bits = sum(one["bits"][scenario] for one in causes)
            assert bits == pytest.approx(math.log2(now / before), abs=1e-6)


def size(cause: Any) -> float:
    known = [abs(bits) for bits in cause["bits"].values() if bits is not None]
    return math.inf if cause["scenario"] else max(known)


def sentences(told: Any, kind: str) -> list[str]:
    return [one["text"] for one in parts(told) if one["kind"] == kind]


def the_line(text: str, containing: str) -> str:
    return next(line for line in text.splitlines() if containing in line)


def tonight(desk: Desk, day: str = LATE) -> Any:
    (document,) = desk.types("run", "--as-of", day, "--json").json
    return document


def adjust(desk: Desk, old: str, new: str) -> None:
    before = (desk.folder / "config.toml").read_text(encoding="utf-8")
    assert old in before
    desk.configure(before.replace(old, new))


def tell(desk: Desk, *reports: Any) -> None:
    assert desk.types("ingest", desk.write("told.jsonl", *reports)).code == 0


def stored_without(desk: Desk, *names: str, **instead: object) -> int:
    """Store the second run once more, as a release would have that did not say these things, or others."""
    with opened(desk.folder / "config.toml") as service, service.database.session() as session:
        run = get_run(session, 2)
        assert run is not None
        document = {name: value for name, value in json.loads(run.document).items() if name not in names}
        again = {one.name: getattr(run, one.name) for one in fields(StoredRun)}
        again |= {"document": document | instead, "supersedes": again.pop("run")}
        return store_run(session, RunRecord(**again))
