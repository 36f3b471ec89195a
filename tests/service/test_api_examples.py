"""The examples of the API's description: what they show is what happens."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from service.api import corrections, outcomes, review, shapes, whatif
from storage.database import Database
from tests.service.offices import Office, deal

pytestmark = pytest.mark.sqlite("what is asked for and answered; its statements meet a server elsewhere")

BODIES: dict[str, tuple[type[BaseModel], str]] = {
    "amend": (corrections.Amendment, "/reports/a/amend"),
    "retract": (corrections.Reason, "/reports/a/retract"),
    "merge": (corrections.Merger, "/events/one/merge"),
    "split": (corrections.Division, "/events/one/split"),
    "accept": (review.Acceptance, "/review/1/accept"),
    "accept all": (review.Acceptances, "/review/accept"),
    "reject": (review.Rejection, "/review/3/reject"),
    "reject all": (review.Rejections, "/review/reject"),
    "what if": (whatif.Hypothesis, "/forecasts/quiet/what-if"),
}
ANSWERS = [
    shapes.StoredReport,
    shapes.Member,
    shapes.EventSummary,
    outcomes.Submitted,
    outcomes.Corrected,
    outcomes.Regrouped,
    outcomes.Accepted,
    outcomes.WhatIf,
    outcomes.Scores,
]


def examples(model: type[BaseModel]) -> list[Any]:
    found: list[Any] = model.model_json_schema()["examples"]
    assert found
    return found


@pytest.fixture
def office(tmp_path: Path, database: Database, database_url: str) -> Office:
    found = Office(tmp_path, database, database_url)
    found.hands_in(deal("a", event="one"), deal("b", event="one"), deal("c", event="deal-pe-2025-03-01-2"))
    found.guesses("g1", "g2", "g3")
    found.runs()
    return found


@pytest.mark.parametrize("name", BODIES)
def test_the_example_of_a_body_is_taken(office: Office, name: str) -> None:
    model, path = BODIES[name]
    for body in examples(model):
        office.does(path, body)


def test_the_examples_of_reports_are_taken(office: Office) -> None:
    description = office.browser.gets("/openapi.json").json()
    content = description["paths"]["/api/v1/reports"]["post"]["requestBody"]["content"]
    for one in content["application/json"]["examples"].values():
        assert office.posts("/reports", one["value"]).json()["counts"]
    for one in content["application/x-ndjson"]["examples"].values():
        headers = {"Content-Type": "application/x-ndjson"}
        answer = office.posts("/reports", content=one["value"], headers=headers).json()
        assert set(answer["counts"]) <= {"accepted", "duplicate"}


@pytest.mark.parametrize("model", ANSWERS, ids=lambda model: model.__name__)
def test_the_example_of_an_answer_is_one(model: type[BaseModel]) -> None:
    for one in examples(model):
        required = {name for name, field in model.model_fields.items() if field.is_required()}
        assert required <= set(one)
        model.model_validate(one)


def test_what_is_shown_of_a_report_and_its_event_is_what_is_answered(office: Office) -> None:
    (report,), (event,) = examples(shapes.StoredReport), examples(shapes.EventSummary)
    answered = office.lists("/reports/a")["versions"][0]
    assert {name: answered[name] for name in shapes.REPORT} == shapes.REPORT | {
        "headline": report["headline"]
    }
    assert set(report) <= set(answered)
    assert set(office.lists("/events")[0]) == set(event)


def test_every_operation_of_ours_says_what_it_does_and_every_body_has_an_example(office: Office) -> None:
    description = office.browser.gets("/openapi.json").json()
    schemas = description["components"]["schemas"]
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description") or operation.get("summary"), (method, path)
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            reference = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
            assert not reference or schemas[reference].get("examples"), (method, path)
