"""A visitor of the pages: asks as a browser does, signs in, and sends the forms that a page has."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import httpx
from sqlalchemy.orm import Session

from service import keys
from service.composition import Service
from storage.keys import Scope
from tests.service.browsing import Browser, application
from tests.service.digests import Shown

HOSTILE = (
    "<script>alert('headline')</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }} {% raw %} ${7*7}",
    '=HYPERLINK("https://evil.example","click")',
    "Minister \N{RIGHT-TO-LEFT OVERRIDE}seined\N{POP DIRECTIONAL FORMATTING} it",
)


class Visitor(Browser):
    """A browser on the machine of a service, before it signs in."""

    def __init__(self, service: Service) -> None:
        super().__init__(application(service, local=True))
        self.service = service
        self._headers = {"accept": "text/html"}

    def signs_in(self, scope: Scope = "edit", name: str = "ana") -> "Visitor":
        key = keys.create(self.service, name, scope)
        answer = self.posts("/sign-in", data={"key": key, "next": "/"}, headers=self._headers)
        assert answer.status_code == 303, answer.text
        self._headers["cookie"] = answer.headers["set-cookie"].partition(";")[0]
        return self

    def opens(self, path: str, status: int = 200) -> httpx.Response:
        answer = self.gets(path, headers=self._headers)
        assert answer.status_code == status, answer.text
        return answer

    def reads(self, path: str, status: int = 200) -> str:
        """The words that a page shows."""
        return Shown(self.opens(path, status).text).shown

    def links(self, path: str) -> list[str]:
        return Shown(self.opens(path).text).links

    def sends(self, page: str, form: str, **fields: Any) -> httpx.Response:
        """Send a form of a page, with its token."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.opens(page).text)
        assert found, "the page has no form to be sent"
        data = {"csrf": unescape(found[1]), **fields}
        return self.posts(form, data=data, headers=self._headers)

    def sends_bare(self, form: str, **fields: Any) -> httpx.Response:
        """Send a form as somebody else's page would, without its token."""
        return self.posts(form, data=fields, headers=self._headers)


def inert(html: str) -> None:
    """Nothing that was said from outside is anything but text."""
    shown = Shown(html)
    scripts = [names for tag, names in shown.elements if tag == "script"]
    assert all("src" in names for names in scripts), scripts
    assert not [tag for tag, _ in shown.elements if tag in {"img", "iframe", "object", "style"}]
    assert not [name for _, names in shown.elements for name in names if name.startswith("on")]
    assert not [name for _, names in shown.elements for name in names if name == "style"]
    assert not [link for link in shown.links if not link.startswith(("/", "#", "?", "http://", "https://"))]
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in html
    assert "49" not in re.findall(r"\{\{ 7 \* 7 \}\}|\b49\b", shown.shown)


def asked(look: Callable[[], object], _session: Session) -> object:
    """Ask what opens a transaction of its own, where one is offered."""
    return look()
