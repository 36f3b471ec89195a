"""The description of the reading API: every example in it is asked, and answers as it is described."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from model.definition import canonical, forecast_digest
from service.api import documents
from service.composition import Service
from service.configuration import load
from storage.database import Database
from storage.forecasts import record_version
from tests.service.believing import believed
from tests.service.browsing import Browser, near
from tests.service.stations import Station

pytestmark = pytest.mark.sqlite("what is asked for and answered; its statements meet a server elsewhere")

ID = "russia-latin-america"
MODELS = [
    one
    for one in vars(documents).values()
    if isinstance(one, type)
    and issubclass(one, BaseModel)
    and one is not BaseModel
    and "examples" in one.model_json_schema()
]


OURS = ("forecasts", "runs")  # tags


@pytest.fixture
def browser(tmp_path: Path, database: Database, database_url: str) -> Browser:
    """A store in which there is what the examples name: the forecast, its run 1, its version 1, its draws."""
    station = Station(tmp_path, database, database_url)
    path = station.folder / "config.toml"
    path.write_text(path.read_text().replace('"quiet"', f'"{ID}"'))
    service = Service(configuration=load(path, {}), database=database, clock=station.service.clock)
    draws = service.configuration.storage.draws / ID
    draws.mkdir(parents=True)
    (draws / "2026-01-01-aa.nc").write_bytes(b"\x89HDF")
    (forecast,) = service.configuration.forecasts
    with database.session() as session:
        record_version(session, ID, canonical(forecast), forecast_digest(forecast), at=station.now)
    for day in range(1, 21):
        believed(station, date(2026, 1, day), day / 25, forecast=ID, draws=f"{ID}/2026-01-01-aa.nc")
    believed(station, date(2026, 1, 21), None, forecast=ID, status="failed")
    return near(service)


def operations(described: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operations that read forecasts and runs."""
    for path, operation in described["paths"].items():
        if "get" in operation and set(operation["get"].get("tags", ())) & set(OURS):
            yield path, operation["get"]


def examples(operation: dict[str, Any], place: str) -> dict[str, Any]:
    """The examples of its parameters."""
    told = [one for one in operation.get("parameters", ()) if one["in"] == place]
    shown = {one["name"]: one.get("examples") or one["schema"].get("examples") for one in told}
    return {name: found[0] for name, found in shown.items() if found}


def asked(path: str, operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The address of an operation by its examples, then with each of its parameters' examples."""
    address = path.format(**examples(operation, "path"))
    yield address, {}
    for name, value in examples(operation, "query").items():
        yield address, {name: value}


@pytest.mark.both("adds statements")
def test_every_example_is_answered_as_it_is_described(browser: Browser) -> None:
    described = browser.gets("/openapi.json").json()
    number = 0
    for path, operation in operations(described):
        for address, query in asked(path, operation):
            answer = browser.gets(address, params=query)
            assert answer.status_code == 200, (address, query, answer.text)
            told = operation["responses"]["200"]["content"]
            kind = answer.headers["content-type"].partition(";")[0]
            assert kind in told, (address, kind)
            if kind == "application/json":
                fits(answer.json(), told[kind]["schema"], described)
            number += 1
    assert number > 25


def fits(value: Any, schema: dict[str, Any], described: dict[str, Any]) -> None:
    """Whether a document is as its schema says."""
    whole = {**schema, "components": described["components"]}
    found = [error.message for error in Draft202012Validator(whole).iter_errors(value)]
    assert not found, found[:3]


def test_every_parameter_is_described_and_every_operation_has_an_example(browser: Browser) -> None:
    described = browser.gets("/openapi.json").json()
    for path, operation in operations(described):
        assert operation["description"].endswith(".")
        for one in operation.get("parameters", ()):
            assert one.get("description"), (path, one["name"])
        assert examples(operation, "path").keys() == {
            one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"
        }
        assert {"200", "304", "default"} <= set(operation["responses"])


def test_a_refusal_is_the_problem_that_is_described(browser: Browser) -> None:
    described = browser.gets("/openapi.json").json()
    for path, operation in operations(described):
        answer = browser.gets(path.format(**examples(operation, "path")), params={"nonsense": "1"})
        assert answer.status_code == 422
        schema = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
        fits(answer.json(), schema, described)


@pytest.mark.parametrize("model", MODELS, ids=lambda one: one.__name__)
def test_the_example_of_a_document_is_one(model: type[BaseModel]) -> None:
    for example in model.model_json_schema()["examples"]:
        model.model_validate_json(json.dumps(example))


def test_a_stored_run_has_all_that_is_described(browser: Browser) -> None:
    run = browser.gets(f"/api/v1/forecasts/{ID}/runs/1").json()
    assert run.keys() == documents.RunDocument.model_fields.keys()
    (line,) = browser.gets(f"/api/v1/forecasts/{ID}/history?to=2026-01-01").json()
    assert line.keys() == documents.RunLine.model_fields.keys()
