"""Answers too long to hold in memory: made piece by piece, and no longer than somebody listens."""

from collections.abc import Generator, Mapping

import anyio
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from service.web_guard import HEAD


class Streamed(StreamingResponse):
    """Sends what a generator makes; the generator is closed when all is sent or the client has gone.

    It must hold nothing between two pieces that others wait for, such as a transaction: a client may take
    an hour over each.

    Parameters
    ----------
    pieces
        Its first piece is made at once, in the caller's thread: what fails there still is a problem document.
    """

    def __init__(
        self, pieces: Generator[bytes], media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__((), headers=headers, media_type=media_type)
        self._pieces, self._first = pieces, next(pieces, b"")
        self._unwanted = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, unless only its headers are wanted."""
        self._unwanted = HEAD in scope
        await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        """Send the pieces as they are made, each in a thread."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            piece = self._first
            while piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = b"" if self._unwanted else await run_in_threadpool(next, self._pieces, b"")
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            with anyio.CancelScope(shield=True):
                await run_in_threadpool(self._pieces.close)
