"""What pages load beside themselves: styles, scripts and the icon, each under an address of its content.

The address changes with the content, so a browser asks once for each and never again. They say nothing
about any forecast; whoever may see the sign-in may have them.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response

_FOLDER = Path(__file__).parents[1] / "static"
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"
_SMALL = 200  # bytes below which packing is not worth it


@dataclass(frozen=True, kw_only=True, slots=True)
class Asset:
    """A file as it is sent."""

    kind: str
    plain: bytes
    packed: bytes
    version: str


def router() -> APIRouter:
    """Make the route."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/static/{name}")
    def static(request: Request, name: str) -> Response:
        """Send a file that pages load."""
        return sent(request, asset(name))

    return routes


def address(name: str) -> str:
    """Give where a file is, by its content."""
    return f"/static/{name}?v={asset(name).version}"


def asset(name: str) -> Asset:
    """Look up a file.

    Raises
    ------
    HTTPException
        404: there is none of this name.
    """
    found = _assets().get(name)
    if found is None:
        raise HTTPException(404, "there is no such file")
    return found


def made(kind: str, content: bytes) -> Asset:
    """Prepare content for being sent many times."""
    packed = gzip.compress(content, 9, mtime=0)
    return Asset(kind=kind, plain=content, packed=packed, version=hashlib.sha256(content).hexdigest()[:16])


def sent(request: Request, found: Asset, *, lasting: str = "no-cache") -> Response:
    """Send content, packed where the browser can unpack it; not at all where it has it already.

    Parameters
    ----------
    lasting
        How long a browser may keep it, where its address does not name the content.
    """
    etag = f'"{found.version}"'
    if request.query_params.get("v") == found.version:
        lasting = FOREVER
    headers = {"Cache-Control": lasting, "ETag": etag, "Vary": "Accept-Encoding"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if packs(request) and len(found.plain) > _SMALL:
        return Response(found.packed, headers=headers | {"Content-Encoding": "gzip"}, media_type=found.kind)
    return Response(found.plain, headers=headers, media_type=found.kind)


def packs(request: Request) -> bool:
    """Whether a browser can unpack gzip."""
    accepted = request.headers.get("accept-encoding", "").lower().replace(" ", "").split(",")
    return any(one == "gzip" or (one.startswith("gzip;") and one != "gzip;q=0") for one in accepted)


@cache
def _assets() -> dict[str, Asset]:
    files = sorted(path for path in _FOLDER.iterdir() if path.suffix in _KINDS)
    return {path.name: made(_KINDS[path.suffix], path.read_bytes()) for path in files}
