"""Processes side by side."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from service.pool import in_processes


def multiplied(sizes: Sequence[int]) -> int:
    """Multiply matrices large enough to be shared among threads, and count this process's threads."""
    for size in sizes:
        np.ones((size, size)) @ np.ones((size, size))
    return len(list(Path("/proc/self/task").iterdir()))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists a process's threads")
def test_each_process_computes_on_one_core_and_has_one_thread_that_watches_its_parent() -> None:
    found = list(in_processes(multiplied, iter([[800], [800]]), 2, preload=("numpy",), advice=""))
    assert found == [2, 2]
