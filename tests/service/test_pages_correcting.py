"""A report that an editor corrects on its page."""

from pathlib import Path

import pytest

from service import review
from storage.database import Database
from storage.reports import StoredReport, report_versions
from tests.service.reviewing import ANA, Bureau, deal
from tests.service.visiting import Visitor

pytestmark = pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere")

PAGE = "/reports/feed%3A1"


@pytest.fixture
def bureau(tmp_path: Path, database: Database) -> Bureau:
    made = Bureau(tmp_path, database)
    made.says(deal("feed:1"))
    return made


@pytest.fixture
def editor(bureau: Bureau) -> Visitor:
    return Visitor(bureau.service).signs_in("edit", "ana")


def versions(bureau: Bureau) -> list[StoredReport]:
    with bureau.service.database.reading() as session:
        return report_versions(session, "feed:1")


def form(bureau: Bureau, **said: str) -> dict[str, str]:
    """What the page's form says, but for what is said here."""
    report = versions(bureau)[-1].report
    usual = {"headline": report.headline, "tag": report.tag, "country": report.country}
    usual |= {"grade": report.grade or "", "occurred_on": str(report.occurred or "")}
    return usual | {"version": "1", "why": "seen on film", **said}


def test_an_editor_corrects_what_a_report_says(bureau: Bureau, editor: Visitor) -> None:
    answer = editor.sends(PAGE, PAGE, **form(bureau, grade="A2"))
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)
    newest = versions(bureau)[-1]
    assert (newest.version, newest.report.grade, newest.author, newest.why) == (
        2,
        "A2",
        "ana",
        "seen on film",
    )
    assert newest.report.headline == versions(bureau)[0].report.headline


def test_what_somebody_changed_meanwhile_is_not_overwritten(bureau: Bureau, editor: Visitor) -> None:
    filled = form(bureau, headline="Something else")
    review.amend(bureau.service, "feed:1", {"grade": "A1"}, **ANA)
    answer = editor.sends(PAGE, PAGE, **filled)
    assert answer.status_code == 409
    assert "changed meanwhile by Ana" in answer.text
    assert 'value="Something else"' in answer.text
    assert 'name="version" value="2"' in answer.text
    assert [one.version for one in versions(bureau)] == [1, 2]
    again = editor.sends(PAGE, PAGE, **form(bureau, headline="Something else", version="2"))
    assert again.status_code == 303
    assert [one.report.grade for one in versions(bureau)] == ["C3", "A1", "A1"]


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"grade": "Z9"}, "grade"),
        ({"why": ""}, "the reason"),
        ({"version": "²"}, "which version"),
        ({}, "name at least one field"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused_and_kept(
    bureau: Bureau, editor: Visitor, said: dict[str, str], told: str
) -> None:
    answer = editor.sends(PAGE, PAGE, **form(bureau, **said))
    assert answer.status_code == 422
    assert told in answer.text
    assert [one.version for one in versions(bureau)] == [1]


def test_only_editors_find_the_form_and_may_send_it(bureau: Bureau, editor: Visitor) -> None:
    reader = Visitor(bureau.service).signs_in("read", "ben")
    assert "Correct this report" not in reader.reads(PAGE)
    assert "Correct this report" not in editor.reads(f"{PAGE}?known_at=2030-01-01")
    assert "Correct this report" in editor.reads(PAGE)
    assert reader.sends(PAGE, PAGE, **form(bureau)).status_code == 403
