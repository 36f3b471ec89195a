"""Files that appear whole or not at all: drafted beside their place, and moved there at the end."""

import glob
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain, count
from pathlib import Path

from model.errors import Unavailable
from storage.files import SIDECARS, held_alone

_PRIVATE = 0o600  # readers' addresses and the hashes of keys stand in it


@contextmanager
def draft_beside(target: Path) -> Iterator[Path]:
    """Give a new file in the target's folder, of which nothing is left if it is not put in its place.

    Raises
    ------
    Unavailable
        The folder cannot be written, or its disk is full.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}.draft")
    try:
        _clear_abandoned(target)
        draft.touch(mode=_PRIVATE, exist_ok=False)
        yield draft
    except OSError as error:
        raise Unavailable(
            f"{target}: cannot be written ({error.strerror}); check its folder and the disk"
        ) from error
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def put(draft: Path, target: Path) -> None:
    """Put a draft in its place, once the disk has all of it."""
    _flush(draft)
    draft.replace(target)
    _flush(target.parent)


def put_instead(draft: Path, target: Path, aside: Path) -> None:
    """Put a database in the place of another, which is kept aside with what belongs to it.

    At no moment is there none, or one with the other's log beside it.

    Raises
    ------
    Unavailable
        Another process has the old one open.
    """
    with ExitStack() as stack:
        if target.exists():
            _make_alike(target, draft)
            stack.enter_context(held_alone(target))
        for ending in SIDECARS:
            with suppress(FileNotFoundError):
                Path(f"{target}{ending}").rename(f"{aside}{ending}")
        if target.exists():
            _keep(target, aside)
        put(draft, target)


def unused(path: Path) -> Path:
    """Give this path, or where it is taken the first of ``NAME-2``, ``NAME-3`` and so on that is free."""
    others = (path.with_name(f"{path.name}-{number}") for number in count(2))
    return next(one for one in chain([path], others) if not one.exists())


def _clear_abandoned(target: Path) -> None:
    """Remove what processes left that were killed."""
    for draft in target.parent.glob(f".{glob.escape(target.name)}.*.draft"):
        number = draft.suffixes[-2][1:]
        if number == str(os.getpid()) or not _is_running(number):
            draft.unlink(missing_ok=True)


def _is_running(number: str) -> bool:
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError, OverflowError):
        return True  # another user's, or no draft of ours
    return True


def _keep(old: Path, aside: Path) -> None:
    """Give the old one a second name; where the disk knows no links, another one."""
    try:
        aside.hardlink_to(old)
    except FileExistsError:
        raise
    except OSError:
        old.rename(aside)


def _make_alike(old: Path, new: Path) -> None:
    """Let those who could use the old one use the new one."""
    shutil.copymode(old, new)
    with suppress(PermissionError):
        shutil.chown(new, old.stat().st_uid, old.stat().st_gid)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
