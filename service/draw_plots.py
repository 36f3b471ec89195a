"""Draws the plots of a run's draws into a folder, as a process of its own: `python -m service.draw_plots`.

It ends itself after a while, whatever becomes of the process that started it. The folder comes to be all
at once, when everything is in it.
"""

import shutil
import signal
import sys
import tempfile
from pathlib import Path

from model.errors import PosterityError

LIMIT = 180  # seconds


def main(draws: Path, folder: Path) -> int:
    """Draw, and answer with an exit code."""
    from service.diagnostic_plots import write  # noqa: PLC0415 - loads ArviZ

    signal.alarm(LIMIT)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".plots-", dir=folder.parent))
    try:
        for _ in write(draws, scratch):
            pass
        scratch.rename(folder)
    except (PosterityError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
