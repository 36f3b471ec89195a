"""Health: whether the process lives, and whether the service does what it is for."""

from collections.abc import Sequence
from functools import partial
from typing import Literal

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import BaseModel

from model.errors import Unavailable
from service.composition import Service
from service.condition import Finding, State
from service.condition import ready as look
from service.web_access import Credentials, insist, is_near
from service.web_patience import Patience


class Life(BaseModel):
    """That the process answers, and nothing else."""

    status: Literal["ok"] = "ok"


class Found(BaseModel):
    """One thing that was looked at; what was found and what to do only for those who may know."""

    name: str
    state: State
    subject: str | None = None
    text: str | None = None
    advice: str | None = None


class Readiness(BaseModel):
    """Whether the service does what it is for."""

    status: Literal["ready", "not ready"]
    findings: list[Found]


def router(service: Service) -> APIRouter:
    """Make the routes."""
    routes, patience = APIRouter(tags=["health"]), Patience()

    @routes.get("/health/live")
    async def live() -> Life:
        """Whether the process answers: it touches nothing."""
        return Life()

    @routes.get(
        "/health/ready",
        response_model=Readiness,
        responses={503: {"model": Readiness}},
        openapi_extra={"security": [{}]},  # a key is no condition; it only lets more be said
    )
    async def ready(request: Request, credentials: Credentials) -> Response:
        """Whether the service does what it is for; a stranger is told names and states only."""
        near = is_near(request)
        try:
            findings, known = await patience.ask(partial(_look, service, credentials))
        except Unavailable as error:
            findings, known = [Finding(name="database", state="failed", text=str(error))], False
        return _answer(findings, in_full=near or known)

    return routes


def _look(
    service: Service, credentials: HTTPAuthorizationCredentials | None
) -> tuple[Sequence[Finding], bool]:
    """Look at everything, and whether the caller's key lets them read what was found."""
    findings = look(service)
    try:
        insist(service, credentials, "read")
    except (HTTPException, Unavailable):
        return findings, False
    return findings, True


def _answer(findings: Sequence[Finding], *, in_full: bool) -> Response:
    failed = any(one.state == "failed" for one in findings)
    told = Readiness(
        status="not ready" if failed else "ready", findings=[_found(one, in_full=in_full) for one in findings]
    )
    return JSONResponse(told.model_dump(exclude_none=True), 503 if failed else 200)


def _found(one: Finding, *, in_full: bool) -> Found:
    if not in_full:
        return Found(name=one.name, state=one.state)
    return Found(
        name=one.name, state=one.state, subject=one.subject or None, text=one.text, advice=one.advice or None
    )
