import json
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from model.errors import InputRefused, UsageError
from service import submissions
from service.submissions import Answer, submit
from storage.database import Database
from storage.reports import list_reports
from tests.service.commands import report
from tests.service.stations import Station


@pytest.fixture
def station(tmp_path: Path, database: Database, database_url: str) -> Station:
    return Station(tmp_path, database, database_url)


def body(*reports: object) -> bytes:
    return "".join(f"{json.dumps(one)}\n" for one in reports).encode()


def handed_in(
    station: Station, content: bytes, *, many: bool = True, key: str | None = None
) -> Sequence[Answer]:
    return submit(station.service, content, origin="desk", many=many, key=key)


def stored(station: Station) -> list[tuple[str, int]]:
    with station.service.database.reading() as session:
        return sorted((one.report.id, one.version) for one in list_reports(session))


def test_each_report_is_answered_in_its_place(station: Station) -> None:
    handed_in(station, body(report("a")))
    changed = report("a", headline="Peru signs for nine")
    answers = handed_in(station, body(report("b"), report("b"), changed, {"id": "c"}, 3))
    assert [one["outcome"] for one in answers] == ["accepted", "duplicate", "amended", "refused", "refused"]
    assert [one["line"] for one in answers] == [1, 2, 3, 4, 5]
    assert "headline: is missing" in str(answers[3]["reason"])
    assert answers[0]["event"] is not None
    assert stored(station) == [("a", 2), ("b", 1)]


def test_one_report_may_be_handed_in_as_one_object(station: Station) -> None:
    (answer,) = handed_in(station, json.dumps(report("a"), indent=1).encode(), many=False)
    assert (answer["id"], answer["outcome"], answer["version"]) == ("a", "accepted", 1)


def test_the_same_key_with_the_same_body_is_answered_again_and_files_nothing(station: Station) -> None:
    first = handed_in(station, body(report("a")), key="k1")
    handed_in(station, body(report("a", headline="Peru signs for nine")), key="k2")
    assert handed_in(station, body(report("a")), key="k1") == first
    assert stored(station) == [("a", 2)]


def test_the_same_key_with_another_body_is_refused(station: Station) -> None:
    handed_in(station, body(report("a")), key="k1")
    with pytest.raises(UsageError, match="k1"):
        handed_in(station, body(report("b")), key="k1")
    assert stored(station) == [("a", 1)]


def test_the_same_key_at_once_files_once(station: Station) -> None:
    answers: list[Sequence[Answer]] = []
    ready = threading.Barrier(4)

    def hand_in() -> None:
        ready.wait()
        answers.append(handed_in(station, body(report("a"), report("b")), key="k1"))

    threads = [threading.Thread(target=hand_in) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert answers == [answers[0]] * 4
    assert [one["outcome"] for one in answers[0]] == ["accepted", "accepted"]
    assert stored(station) == [("a", 1), ("b", 1)]


def test_a_body_of_nothing_too_much_or_too_many_is_refused_whole(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputRefused, match="holds no report"):
        handed_in(station, b"\n \n")
    monkeypatch.setattr(submissions, "MAX_REPORTS", 2)
    with pytest.raises(InputRefused, match="holds 3 reports; hand in at most 2"):
        handed_in(station, body(*(report(one) for one in "abc")))
    monkeypatch.setattr(submissions, "MAX_BODY", 10)
    with pytest.raises(InputRefused, match="larger than"):
        handed_in(station, body(report("a")))
    assert stored(station) == []
