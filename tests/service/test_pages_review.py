from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from service import review, review_shown
from storage.database import Database
from storage.proposals import proposal
from tests.service.browsing import afar
from tests.service.digests import Shown
from tests.service.reviewing import ANA, Bureau, deal
from tests.service.visiting import HOSTILE, Visitor, asked, inert
from tests.storage.test_query_plans import SCANNED, plans

pytestmark = [
    pytest.mark.slow,
    pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere"),
]


@pytest.fixture
def bureau(tmp_path: Path, database: Database) -> Bureau:
    return Bureau(tmp_path, database)


@pytest.fixture
def editor(bureau: Bureau) -> Visitor:
    return Visitor(bureau.service).signs_in("edit", "ana")


def leads_to(answer: httpx.Response, path: str) -> None:
    assert (answer.status_code, answer.headers.get("location")) == (303, path), answer.text


def accepted(editor: Visitor, number: int, **said: str) -> httpx.Response:
    """Accept as the form of the page says, but for what is said here."""
    typed = {"tag": "deal", "country": "PE", "grade": "C3", "event": "", "why": "", **said}
    return editor.sends(f"/review/{number}", f"/review/{number}/accept", **typed)


def test_what_waits_is_listed_with_its_reasons(bureau: Bureau, editor: Visitor) -> None:
    bureau.says(deal("feed:0"))
    bureau.guesses(
        deal("feed:1", "2026-02-11"), deal("feed:2", "2026-05-11", headline="Peru signs for boats")
    )
    words = editor.reads("/review")
    assert "2 wait" in words
    assert "50 % sure: rule 2: signs" in words
    assert "Its event: pe-deal-2026-05-11" in words
    assert "Peru signs for boats" in words


def test_an_item_shows_the_event_that_it_would_join_and_what_it_would_change(
    bureau: Bureau, editor: Visitor
) -> None:
    bureau.says(deal("feed:1"))
    bureau.guesses(deal("feed:1", grade="B2"), kind="changed")
    words = editor.reads("/review/1")
    assert "would join" in words
    assert "changed at its source" in words
    assert "grade C3 B2" in words


def test_accepting_files_the_report_under_the_name_of_the_key(bureau: Bureau, editor: Visitor) -> None:
    bureau.guesses(deal("feed:1"), deal("feed:2", "2026-05-11"))
    leads_to(accepted(editor, 1, why="seen on film"), "/review/2?after=1")
    with bureau.service.database.reading() as session:
        decided = proposal(session, 1)
    assert decided is not None
    assert decided.verdict is not None
    assert (decided.verdict.author, decided.verdict.why) == ("ana", "seen on film")
    words = editor.reads("/review/2?after=1")
    assert "1 was accepted by ana: feed:1 belongs to" in words
    leads_to(accepted(editor, 2), "/review?after=2")
    assert "That was the last of them" in editor.reads("/review?after=2")


def test_what_an_editor_changes_is_what_counts(bureau: Bureau, editor: Visitor) -> None:
    bureau.guesses(deal("feed:1"))
    leads_to(
        accepted(editor, 1, tag="loan", country="BO", grade="B1", event="bo-loan", why="it is a loan"),
        "/review?after=1",
    )
    newest = bureau.versions("feed:1")[-1].report
    assert (newest.tag, newest.country, newest.grade) == ("loan", "BO", "B1")
    assert bureau.event_of("feed:1") == "bo-loan"


def test_rejecting_needs_a_reason_and_loses_nothing_that_was_typed(bureau: Bureau, editor: Visitor) -> None:
    bureau.guesses(deal("feed:1"))
    without = editor.sends(
        "/review/1", "/review/1/reject", tag="loan", country="PE", grade="", event="", why=""
    )
    assert without.status_code == 422
    assert "Nothing was done. the reason" in Shown(without.text).shown
    assert 'value="loan"' in without.text
    leads_to(editor.sends("/review/1", "/review/1/reject", why="an anniversary"), "/review?after=1")
    assert bureau.waiting() == []
    assert "1 was rejected by ana" in editor.reads("/review/1?after=1")


def test_a_change_that_makes_no_sense_is_refused_beside_its_field(bureau: Bureau, editor: Visitor) -> None:
    bureau.guesses(deal("feed:1"))
    answer = accepted(editor, 1, grade="Z9", country="XX")
    assert answer.status_code == 422
    assert 'value="Z9"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert len(bureau.waiting()) == 1


@pytest.mark.both("two at once")
def test_a_decision_that_somebody_took_meanwhile_is_explained(bureau: Bureau, editor: Visitor) -> None:
    bureau.guesses(deal("feed:1"), deal("feed:2", "2026-05-11"))
    page = editor.opens("/review/1").text
    review.reject(bureau.service, [1], author="Ben", why="a hoax")
    token = page.partition('name="csrf" value="')[2].partition('"')[0]
    answer = editor.sends_bare(
        "/review/1/accept", csrf=token, tag="loan", country="PE", grade="C3", event="", why="on film"
    )
    words = Shown(answer.text).shown
    assert answer.status_code == 409
    assert "proposal 1 was rejected by Ben" in words
    assert "What you wrote is kept below" in words
    assert "tag loan why on film" in words
    assert "/review/2" in Shown(answer.text).links
    assert bureau.versions("feed:1") == []


def test_nothing_is_done_without_the_token_of_the_page(bureau: Bureau, editor: Visitor) -> None:
    bureau.guesses(deal("feed:1"))
    for path in ("/review/1/accept", "/review/1/reject", "/review/regroup/merge", "/review/regroup/split"):
        assert editor.sends_bare(path, why="x", event="e").status_code == 403
        assert editor.sends_bare(path, why="x", event="e", csrf="AAAA").status_code == 403
    assert len(bureau.waiting()) == 1


def test_who_may_only_read_sees_the_list_and_learns_how_to_decide(bureau: Bureau) -> None:
    bureau.guesses(deal("feed:1"))
    near, reader = Visitor(bureau.service), Visitor(bureau.service).signs_in("read", "rex")
    for visitor in (near, reader):
        assert "posterity keys create ana --scope edit" in visitor.reads("/review")
        page = visitor.opens("/review/1").text
        assert "Peru signs for eight helicopters" in page
        assert 'action="/review/1/accept"' not in page
    leads_to(near.sends_bare("/review/1/accept", why="x"), "/sign-in?next=%2Freview%2F1%2Faccept")
    assert reader.sends_bare("/review/1/accept", why="x").status_code == 403
    assert afar(bureau.service).gets("/review").status_code == 401


def test_an_editor_who_signs_in_between_comes_back_to_the_form(bureau: Bureau, editor: Visitor) -> None:
    bureau.guesses(deal("feed:1"))
    leads_to(editor.opens("/review/1/accept", 303), "/review/1")
    leads_to(editor.opens("/review/regroup/merge", 303), "/review")


def test_filters_stay_while_an_editor_goes_on(bureau: Bureau, editor: Visitor) -> None:
    bureau.guesses(deal("a"), source="one")
    bureau.guesses(deal("b", "2026-05-01"), source="two")
    bureau.guesses(deal("c", "2026-07-01"), source="one")
    assert "2 a Peru" not in editor.reads("/review?source=one")
    answer = editor.sends(
        "/review/1?source=one", "/review/1/reject", why="no", only_source="one", only_tag=""
    )
    leads_to(answer, "/review/3?source=one&after=1")


def test_many_that_wait_are_paged(bureau: Bureau, editor: Visitor) -> None:
    bureau.guesses(*(deal(f"feed:{n}", f"2026-02-{n % 27 + 1:02}") for n in range(45)))
    path, numbers = "/review", []
    while path:
        page = Shown(editor.opens(path).text)
        numbers += [link for link in page.links if link.startswith("/review/")]
        path = next((link for link in page.links if "after=" in link), "")
    assert numbers == [f"/review/{n}" for n in range(1, 46)]


def test_reports_of_one_event_are_split_and_merged_again(bureau: Bureau, editor: Visitor) -> None:
    bureau.says(deal("a"), deal("b", "2026-02-11"))
    key = bureau.event_of("a")
    assert bureau.event_of("b") == key
    page = f"/review/regroup?event={key}"
    split = editor.sends(page, "/review/regroup/split", event=key, report="b", own="", why="a week later")
    own = bureau.event_of("b")
    assert own != key
    leads_to(split, f"/review/regroup?event={own}")
    assert "ana put 1 report into this event" in editor.reads(f"/review/regroup?event={own}")
    merged = editor.sends(page, "/review/regroup/merge", event=key, events=own, why="one signing")
    leads_to(merged, f"/review/regroup?event={key}")
    assert bureau.members(key) == {"a", "b"}
    assert bureau.decisions("b")[-1].membership.author == "ana"


def test_what_cannot_be_split_or_merged_is_said_and_keeps_what_was_chosen(
    bureau: Bureau, editor: Visitor
) -> None:
    bureau.says(deal("a"), deal("b", "2026-02-11"))
    key = bureau.event_of("a")
    page, split, merge = f"/review/regroup?event={key}", "/review/regroup/split", "/review/regroup/merge"
    every = editor.sends(page, split, event=key, report=["a", "b"], own="", why="both")
    assert (every.status_code, every.text.count(" checked")) == (422, 2)
    assert "no report is chosen" in Shown(editor.sends(page, split, event=key, why="x").text).shown
    nobody = editor.sends(page, merge, event=key, events="none-such", why="one")
    assert (nobody.status_code, "none-such" in nobody.text) == (404, True)
    review.split(bureau.service, ["b"], **ANA, event="pe-other")
    moved = editor.sends(page, split, event=key, report="b", own="", why="late")
    assert moved.status_code == 409
    assert "belong to" in Shown(moved.text).shown


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/review/99", 404),
        ("/review/0", 422),
        ("/review/99999999999999999999999", 422),
        ("/review/one", 422),
        ("/review?after=-1", 422),
        ("/review?nothing=1", 422),
        ("/review/regroup?event=none", 404),
        ("/review/regroup", 422),
    ],
)
def test_what_is_not_there_is_said(editor: Visitor, path: str, status: int) -> None:
    assert "To the overview" in editor.reads(path, status)


def test_hostile_reports_wait_as_words(bureau: Bureau, editor: Visitor) -> None:
    told = [deal(f"h{n}", headline=text, publisher=text) for n, text in enumerate(HOSTILE)]
    bureau.guesses(*told, why=HOSTILE[0])
    bureau.says(*(deal(f"f{n}", headline=text, publisher=text, event="h") for n, text in enumerate(HOSTILE)))
    for path in ("/review", *(f"/review/{n + 1}" for n in range(len(HOSTILE))), "/review/regroup?event=h"):
        inert(editor.opens(path).text)
    answer = accepted(editor, 1, tag=HOSTILE[1], country=HOSTILE[0], event=HOSTILE[4], why=HOSTILE[1])
    assert answer.status_code == 422
    inert(answer.text)


def test_an_empty_list_says_what_would_wait(editor: Visitor) -> None:
    assert "Nothing waits" in editor.reads("/review")


def test_the_pages_scan_no_table(bureau: Bureau) -> None:
    bureau.says(deal("a"), deal("b", "2026-02-11"))
    bureau.guesses(*(deal(f"feed:{n}", f"2026-02-{n % 27 + 1:02}") for n in range(45)))
    service = bureau.service
    looks: list[Callable[[], object]] = [
        partial(review_shown.triage, service, limit=20),
        partial(review_shown.item, service, 7),
        partial(review_shown.regrouping, service, bureau.event_of("a")),
    ]
    for look in looks:
        plan = plans(service.database, partial(asked, look))
        assert not SCANNED.search(plan), plan
