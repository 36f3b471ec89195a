"""What all pages share: their frame, how they show values, and the policy that keeps them inert.

Text from outside is shown as text: Jinja escapes it, and characters that would not be seen, or that would
turn others around, are shown as their code points. The policy allows no script and no style but ours.
"""

import gzip
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path
from urllib.parse import quote, urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from service import sessions
from service.composition import Service
from service.curves import style
from service.pages import assets
from service.printing import MISSING, figure, percent, points, visible
from service.wording import country, tag_in_words

_TEMPLATES = Path(__file__).parents[1] / "templates"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
NAVIGATION = (
    ("/", "Overview"),
    ("/events", "Events"),
    ("/review", "Review"),
    ("/panel", "Countries"),
    ("/track-record", "Track record"),
    ("/runs", "Runs"),
)
_PACKED = 6  # zlib's level: more takes longer than it saves
_REMEMBERED = 16  # pages that are kept as they were sent, in case they are asked for again

_CHECKS = {
    "rhat": "R-hat",
    "ess_bulk": "ESS bulk, per chain",
    "ess_tail": "ESS tail, per chain",
    "divergences": "Divergences",
    "log_evidence_gap": "Gap between the engines, nats",
    "log_evidence_gap_in_errors": "The same, in standard errors",
    "monte_carlo_error": "Monte Carlo error of a probability",
}

type Address = str


class Pages:
    """Renders the pages of a service."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def render(self, request: Request, template: str, status: int = 200, **context: object) -> HTMLResponse:
        """Fill a template of ``templates/pages`` in.

        Parameters
        ----------
        template
            The file's name.
        context
            What it shows, beside what every page knows: who is signed in (`reader`), and where one is.
        """
        held = context["reader"] if "reader" in context else sessions.signed_in(request, self.service)
        token = sessions.csrf(request) if held else ""
        shell = {
            "here": request.url.path,
            "navigation": NAVIGATION,
            "reader": held,
            "csrf": token,
            "public_url": self.service.configuration.serve.public_url,
        }
        text = environment().get_template(f"pages/{template}").render(shell | context)
        return _answer(request, text, status, token)


def _answer(request: Request, text: str, status: int, token: str) -> HTMLResponse:
    """Send a page, packed where the browser can unpack it; not at all where it has the same already."""
    etag = _etag(text.replace(token, "") if token else text)
    headers = {
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "same-origin",
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding, Cookie",
        "ETag": etag,
    }
    if status == 200 and etag in request.headers.get("if-none-match", ""):
        return HTMLResponse(status_code=304, headers=headers)
    if not assets.packs(request):
        return HTMLResponse(text, status, headers)
    packed = _pack(text) if token else _packed(text)
    return HTMLResponse(packed, status, headers | {"Content-Encoding": "gzip"})


@lru_cache(maxsize=_REMEMBERED)
def _etag(text: str) -> str:
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _pack(text: str) -> bytes:
    return gzip.compress(text.encode(), _PACKED, mtime=0)


@lru_cache(maxsize=_REMEMBERED)
def _packed(text: str) -> bytes:
    """Pack a page that many will ask for as it is."""
    return _pack(text)


@cache
def environment() -> Environment:
    """Make the templates ready, with the words and forms that all of them use."""
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    made.filters |= {
        "percent": _percent,
        "points": _points,
        "day": _day,
        "moment": _moment,
        "country": country,
        "in_words": tag_in_words,
        "lines": _lines,
        "tojson_plain": lambda value: MISSING if value is None else json.dumps(value, ensure_ascii=False),
        "json_lines": lambda value: _lines(json.dumps(value, ensure_ascii=False, indent=2)),
        "segment": lambda text: quote(str(text), safe=""),
        "sentence": lambda text: text[:1].upper() + text[1:],
        "bits": _bits,
        "check": lambda name: _CHECKS.get(name, name.replace("_", " ").capitalize()),
        "score": _score,
        "figure": lambda number: MISSING if number is None else f"{number:.4g}",
    }
    made.globals |= {
        "asset": assets.address,
        "icon": _icon,
        "percent": _percent,
        "points": _points,
        "style": style,
        "query": query,
        "MISSING": MISSING,
    }
    return made


def query(path: Address, fields: Mapping[str, object] | None = None, **more: object) -> Address:
    """Write an address with its query; fields that are None or empty are left out."""
    asked = {name: one for name, one in {**(fields or {}), **more}.items() if one not in {None, ""}}
    return f"{path}?{urlencode(asked, doseq=True)}" if asked else path


def _icon() -> Markup:
    """Give the mark as it stands in the head of a page."""
    drawn = assets.asset("icon.svg").plain.decode()
    plain = drawn.strip().replace(
        "<svg ", '<svg width="22" height="22" aria-hidden="true" focusable="false" ', 1
    )
    return Markup(plain)  # noqa: S704 - a file of ours


def _shown(value: object) -> object:
    """Show a value: missing as a dash, and nothing that is not seen."""
    if isinstance(value, Markup):
        return value
    text = MISSING if value is None else str(value)
    return text if text.isprintable() else visible(text)


def _lines(text: str) -> Markup:
    """Show a text of several lines as such."""
    return Markup("\n").join(escape(_shown(one)) for one in text.splitlines())


def _percent(probability: float | None, places: int = 1) -> str:
    return percent(probability, places).replace(" ", "\N{NO-BREAK SPACE}")


def _points(now: float | None, before: float | None) -> str:
    """Show a change in percentage points, the unit left to the heading; a true minus, and no signed zero."""
    shown = points(now, before).removesuffix(" pp")
    return "0.0" if shown in {"+0.0", "-0.0"} else shown.replace("-", "\N{MINUS SIGN}")


def _score(number: float | None, form: str = ".3f") -> str:
    return MISSING if number is None else figure(number, form).replace("-", "\N{MINUS SIGN}")


def _bits(number: float | None) -> str:
    return MISSING if number is None else f"{number:+.2f}".replace("-", "\N{MINUS SIGN}")


def _day(day: date | None) -> Markup | str:
    if day is None:
        return MISSING
    return Markup('<time datetime="{}">{}</time>').format(day.isoformat(), f"{day:%-d %b %Y}")


def _moment(moment: datetime | None) -> Markup | str:
    if moment is None:
        return MISSING
    there = moment.astimezone(UTC)
    shown = escape(f"{there:%-d %b %Y, %H:%M} UTC")
    return Markup('<time datetime="{}">{}</time>').format(f"{there:%Y-%m-%dT%H:%M:%SZ}", shown)
