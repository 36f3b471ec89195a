"""Bodies, unpacked bit by bit so that no more of one is ever held than may be kept. Pure."""

import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from ingest.web.answers import Trouble

OFFERED = "gzip, deflate"
_STEP = 64 * 1024  # bytes
_SMALLEST = 64  # bytes, on average: who sends a large body byte by byte costs more time than bytes
_FEW = 10_000  # pieces that may be smaller
_GZIP, _ZLIB, _BARE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_GZIP_BEGINS = b"\x1f"


def unpacked(pieces: Iterable[bytes], encoding: str, *, most: int, check: Callable[[], object]) -> bytes:
    """Read a body to its end.

    Parameters
    ----------
    encoding
        The header ``Content-Encoding``, or nothing.
    most
        Bytes that may be received, and that may come out.
    check
        Called again and again; raises when it has taken too long.

    Raises
    ------
    Trouble
        The body is too large, damaged, or packed in a way that was not offered.
    """
    received = _within(_counted(pieces, _FEW + most // _SMALLEST), most)
    match encoding.strip().lower():
        case "" | "identity":
            parts = received
        case "gzip" | "x-gzip":
            parts = _inflated(received, _GZIP, check)
        case "deflate":
            parts = _deflated(received, check)
        case _:
            raise Trouble(f"is packed in a way that was not asked for ({OFFERED}); tell its owner")
    kept = io.BytesIO()
    for part in _within(parts, most):
        kept.write(part)
    return kept.getvalue()


def too_large(most: int) -> Trouble:
    """Say that a body is larger than what may be kept."""
    return Trouble(f"sends more than {most:,} bytes, and was not read; check that it is the right address")


def _counted(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    for number, piece in enumerate(pieces):
        if number == most:
            raise Trouble(f"sends a body in more than {most:,} pieces; check the address, or tell its owner")
        if piece:
            yield piece


def _within(parts: Iterable[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for part in parts:
        size += len(part)
        if size > most:
            raise too_large(most)
        yield part


def _deflated(pieces: Iterator[bytes], check: Callable[[], object]) -> Iterator[bytes]:
    """Unpack "deflate", which some servers send without the frame that it should have."""
    begin = b""
    while len(begin) < 2 and (piece := next(pieces, None)) is not None:
        begin += piece
    framed = len(begin) >= 2 and begin[0] & 0x0F == zlib.DEFLATED and int.from_bytes(begin[:2]) % 31 == 0
    return _inflated(chain(filter(None, [begin]), pieces), _ZLIB if framed else _BARE, check)


def _inflated(pieces: Iterable[bytes], bits: int, check: Callable[[], object]) -> Iterator[bytes]:
    """Unpack step by step; a gzip may have several members, and what follows the last is no part of it."""
    engine, begun = zlib.decompressobj(bits), False
    for piece in pieces:
        rest, more, begun = piece, False, True
        while rest or more:
            check()
            if engine.eof:
                if bits != _GZIP or not rest.startswith(_GZIP_BEGINS):
                    return
                engine = zlib.decompressobj(bits)
            part = _step(engine, rest)
            more = len(part) == _STEP and not engine.eof  # the engine may still hold some
            rest = engine.unused_data if engine.eof else engine.unconsumed_tail
            yield part
    if begun and not engine.eof:
        raise Trouble("ends in the middle of a packed body; try again later, or tell its owner")


def _step(engine: "zlib._Decompress", packed: bytes) -> bytes:
    try:
        return engine.decompress(packed, _STEP)
    except zlib.error:
        raise Trouble("sends a body that is packed wrongly; tell its owner") from None
