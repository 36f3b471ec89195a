"""A small sample of the benchmark of replays, so that it does not rot."""

from pathlib import Path

import pytest

from benchmarks import replay


@pytest.mark.slow
def test_a_replay_is_measured_in_a_process_of_its_own(tmp_path: Path) -> None:
    replay.filled(tmp_path)
    taken, told = replay.measured(tmp_path, "few", "--to", "2025-05-04", "--watched", "--workers", "1")
    assert told == told | {"nights": 10, "states": 10, "stored": 10}
    assert taken.cpu > 0
    again, told = replay.measured(tmp_path, "few", "--to", "2025-05-04", "--watched", "--workers", "1")
    assert told["stored"] == 0
    row = replay.row("few", again, told)
    assert len(row) == len(replay.HEADERS)
    assert row[:4] == ["few", "10", "10", "0"]
