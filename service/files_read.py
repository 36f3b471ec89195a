"""Files that are asked for often and change rarely: each is parsed once for as long as it stays as it is."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

_MOST = 4  # files that are remembered; each may be large
_kept: OrderedDict[tuple[object, Path], tuple[object, Any]] = OrderedDict()
_lock = Lock()


def once[T](read: Callable[[Path], T], path: Path) -> T:
    """Read a file, unless it is known as it stands; one that cannot be read is tried each time.

    Only one is read at a time, for whoever asks at the same moment asks for the same one.
    """
    with _lock:
        stamp = stamp_of(path)
        before, found = _kept.get((read, path), (None, None))
        if stamp is None or stamp != before:
            found = read(path)
            _kept[read, path] = stamp, found
        _kept.move_to_end((read, path))
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    value: T = found
    return value


def stamp_of(path: Path | None) -> object:
    """Give what changes with a file; None where there is none."""
    try:
        there = path.stat() if path else None
    except OSError:
        return None
    return (there.st_mtime_ns, there.st_size, there.st_ino) if there else None
