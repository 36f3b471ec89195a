"""Where results go: standard output, a device, or a file that appears whole or not at all."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from model.errors import Unavailable
from service import printing


@contextmanager
def target(path: Path | None) -> Iterator[BinaryIO]:
    """Open standard output (None), a device, or a file that appears whole or not at all.

    Raises
    ------
    Unavailable
        It cannot be written.
    """
    if path is None:
        with printing.delivered():
            sys.stdout.flush()
            yield sys.stdout.buffer
        return
    try:
        with path.open("wb") if _is_device(path) else _whole(path.resolve()) as stream:
            yield stream
    except OSError as error:
        raise Unavailable(
            f"{path}: cannot be written ({error.strerror}); check its folder and the disk"
        ) from error


def _is_device(path: Path) -> bool:
    """Whether it is there and neither file nor folder: a terminal, a pipe, /dev/null."""
    return path.exists() and not path.is_file() and not path.is_dir()


@contextmanager
def _whole(path: Path) -> Iterator[BinaryIO]:
    draft = path.parent / f".{os.getpid()}.tmp"
    try:
        with draft.open("wb") as stream:
            yield stream
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
