from pathlib import Path

from tests.service.commands import Desk, report


def test_a_night_stores_what_it_expects_and_a_later_one_resolves_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.types("ingest", desk.write("r.jsonl", report(), report("n", published="2025-04-04", country="BR")))
    (first,) = desk.types("run", "--as-of", "2025-03-31", "--json").json
    names = ("indicator", "days", "until", "probability")
    said = desk.rows("SELECT indicator, days, until, probability FROM outlook ORDER BY position")
    assert said == [tuple(one[name] for name in names) for one in first["outlook"]]
    assert desk.rows("SELECT * FROM outlook_resolution") == []
    desk.types("run", "--as-of", "2025-05-07")
    ((days, outcome, events),) = desk.rows("SELECT days, outcome, events FROM outlook_resolution")
    assert (days, events) == (7, 1)
    assert outcome > 0.5
