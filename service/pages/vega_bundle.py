"""Vega and Vega-Lite as one script: made, without any network, by the package that draws for the mail.

Making it takes seconds and a JavaScript engine, so a process of its own does it, once for each version;
it is kept beside the draws, and in memory.
"""

import gzip
import subprocess
import sys
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from model.errors import Unavailable
from service.pages.assets import Asset, made

VERSION = version("vl-convert-python")
_LIMIT = 120  # seconds
_MAKES = "import sys, vl_convert; sys.stdout.write(vl_convert.javascript_bundle())"


@cache
def vega_bundle(folder: Path) -> Asset:
    """Give the script, making it where the folder does not have it yet.

    Raises
    ------
    Unavailable
        It cannot be made.
    """
    path = folder / f"vega-{VERSION}.js.gz"
    with suppress(OSError, EOFError, gzip.BadGzipFile):
        return made("text/javascript", gzip.decompress(path.read_bytes()))
    script = made("text/javascript", _make())
    with suppress(OSError):  # where it cannot be kept, it is made again when the process starts anew
        folder.mkdir(parents=True, exist_ok=True)
        scratch = path.with_suffix(".part")
        scratch.write_bytes(script.packed)
        scratch.replace(path)
    return script


def _make() -> bytes:
    command = [sys.executable, "-c", _MAKES]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=_LIMIT)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"the script of the charts cannot be made ({type(error).__name__})") from error
    return done.stdout
