"""The API as a page: every endpoint with its parameters and examples, out of its own description."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import HTMLResponse

from service.composition import Service
from service.pages.access import reading
from service.pages.shell import Pages

_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One method of one address, as the page shows it.

    Parameters
    ----------
    examples
        Pairs of what an example is of, and its text.
    """

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: tuple[Mapping[str, str], ...]
    examples: tuple[tuple[str, str], ...]
    answers: tuple[tuple[str, str], ...]


def router(service: Service) -> APIRouter:
    """Make the route."""
    routes, pages = APIRouter(default_response_class=HTMLResponse), Pages(service)

    @routes.get("/docs", dependencies=[Depends(reading(service))])
    def docs(request: Request) -> HTMLResponse:
        """Show the API."""
        groups = _groups(request.app)
        base = service.configuration.serve.public_url or str(request.base_url).rstrip("/")
        return pages.render(request, "docs.html", groups=groups, base=base)

    return routes


@cache
def _groups(app: FastAPI) -> dict[str, list[Endpoint]]:
    """Put the endpoints together by what they are about."""
    described = app.openapi()
    groups: dict[str, list[Endpoint]] = {}
    for path, methods in described["paths"].items():
        for method in _METHODS:
            if method in methods:
                told = methods[method]
                groups.setdefault((told.get("tags") or ["other"])[0], []).append(
                    _endpoint(path, method, told, described)
                )
    return groups


def _endpoint(path: str, method: str, told: Mapping[str, Any], described: Mapping[str, Any]) -> Endpoint:
    summary, _, description = told.get("description", told.get("summary", "")).partition("\n")
    return Endpoint(
        id=told["operationId"],
        method=method.upper(),
        path=path,
        summary=summary,
        description=" ".join(description.split()),
        parameters=tuple(_parameter(one) for one in told.get("parameters", ())),
        examples=tuple(_examples(told, described)),
        answers=tuple((code, one.get("description", "")) for code, one in told["responses"].items()),
    )


def _parameter(one: Mapping[str, Any]) -> Mapping[str, str]:
    return {
        "name": one["name"],
        "in": one["in"],
        "kind": _kind(one.get("schema", {})),
        "says": one.get("description", ""),
        "needed": "needed" if one.get("required") else "",
    }


def _kind(schema: Mapping[str, Any]) -> str:
    """Say in a word or two what a value is."""
    options = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    return " or ".join(dict.fromkeys(_word(one) for one in options))


def _word(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    return str(schema.get("format") or schema.get("type") or schema.get("const") or "any")


def _examples(told: Mapping[str, Any], described: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """List the examples of what is sent and of what comes back."""
    for kind, content in told.get("requestBody", {}).get("content", {}).items():
        for text in _of_content(content, described):
            yield f"Send {kind}", text
    for code, answer in told["responses"].items():
        for kind, content in answer.get("content", {}).items():
            for text in _of_content(content, described):
                yield f"{code} {kind}", text


def _of_content(content: Mapping[str, Any], described: Mapping[str, Any]) -> Iterator[str]:
    found = [content["example"]] if "example" in content else []
    found += [one["value"] for one in content.get("examples", {}).values() if "value" in one]
    found = found or _of_schema(content.get("schema", {}), described)
    for one in found[:2]:
        yield one if isinstance(one, str) else json.dumps(one, ensure_ascii=False, indent=2)


def _of_schema(schema: Mapping[str, Any], described: Mapping[str, Any]) -> list[Any]:
    """Find the example of a schema; of a list, that of what it holds."""
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "examples" in schema:
        return list(schema["examples"])
    if schema.get("type") == "array":
        return [[one] for one in _of_schema(schema.get("items", {}), described)]
    return []
