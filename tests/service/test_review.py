"""What editors decide about reports that wait."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from model.errors import UsageError
from service import review
from storage.database import Database, open_database
from tests.service.reviewing import ANA, Bureau, deal, told

NEAR = deal("wire:9", headline="Peru signs for eight helicopters, says ministry")


@pytest.fixture
def bureau(tmp_path: Path, database: Database) -> Bureau:
    return Bureau(tmp_path, database)


def test_an_accepted_report_is_filed_as_its_source_said_it(bureau: Bureau) -> None:
    bureau.guesses(deal())
    at = bureau.later()
    (done,) = review.accept(bureau.service, [1], author="Ana")
    (version,) = bureau.versions()
    assert (done.filing.outcome, done.filing.version) == ("accepted", 1)
    assert done.proposal.verdict is not None
    assert (done.proposal.verdict.author, done.proposal.verdict.decided_at) == ("Ana", at)
    assert (version.origin, version.line, version.author) == ("feed", 7, None)
    assert version.report.received == version.recorded_at == at
    assert bureau.waiting() == []


@pytest.mark.slow
def test_clustering_decides_the_event_of_an_accepted_report(bureau: Bureau) -> None:
    bureau.says(NEAR)
    bureau.guesses(deal(), deal("feed:2", country="BR"))
    first, second = review.accept(bureau.service, [1, 2], author="Ana")
    assert first.event_key == bureau.event_of("wire:9")
    assert second.event_key not in {None, first.event_key}
    (decision,) = bureau.decisions()
    assert decision.membership.author is None
    assert decision.membership.score is not None


def test_what_an_editor_changes_is_a_version_of_its_own(bureau: Bureau) -> None:
    bureau.guesses(deal())
    (done,) = review.accept(
        bureau.service, [1], author="Ana", tag="Visit", country="br", grade="b2", why="seen on film"
    )
    assert (done.filing.outcome, done.filing.version) == ("accepted", 2)
    assert told(bureau.versions()) == [
        ("deal", "C3", False, None, None),
        ("visit", "B2", False, "Ana", "seen on film"),
    ]
    assert bureau.versions()[-1].report.country == "BR"
    assert done.event_key is not None
    assert done.event_key.startswith("br-visit-2026-02-10-")


def test_the_event_that_an_editor_names_wins_and_bears_the_name(bureau: Bureau) -> None:
    bureau.says(NEAR)
    bureau.guesses(deal())
    (done,) = review.accept(bureau.service, [1], author="Ana", event="another-deal")
    (decision,) = bureau.decisions()
    assert done.event_key == decision.membership.event_key == "another-deal"
    assert (decision.membership.author, decision.membership.why) == ("Ana", "an editor put it there")
    assert decision.decided_at == bureau.now


def test_reports_of_several_sources_are_accepted_at_once_in_the_order_asked_for(bureau: Bureau) -> None:
    bureau.guesses(deal("a"))
    bureau.guesses(deal("b"), source="wire")
    bureau.guesses(deal("c"))
    done = review.accept(bureau.service, [3, 2, 1, 3], author="Ana", grade="A1")
    assert [one.filing.report_id for one in done] == ["c", "b", "a"]
    assert [bureau.versions(one)[-1].origin for one in "abc"] == ["feed", "wire", "feed"]
    assert {bureau.versions(one)[-1].report.grade for one in "abc"} == {"A1"}


def test_a_source_that_repeats_what_was_accepted_says_nothing_new(bureau: Bureau) -> None:
    bureau.guesses(deal())
    review.accept(bureau.service, [1], author="Ana", tag="visit")
    assert bureau.guesses(deal()) == ["duplicate"]
    assert bureau.says(deal()) == ["duplicate"]
    assert bureau.versions()[-1].report.tag == "visit"


def test_a_source_that_repeats_what_was_accepted_and_then_amended_says_nothing_new(bureau: Bureau) -> None:
    bureau.guesses(deal())
    review.accept(bureau.service, [1], author="Ana")
    review.amend(bureau.service, "feed:1", {"grade": "B2"}, **ANA)
    assert bureau.says(deal()) == ["duplicate"]
    assert bureau.guesses(deal()) == ["duplicate"]
    assert bureau.versions()[-1].report.grade == "B2"


def test_an_item_that_changes_after_it_was_accepted_amends_or_waits_again(bureau: Bureau) -> None:
    bureau.guesses(deal())
    review.accept(bureau.service, [1], author="Ana", tag="visit")
    assert bureau.says(deal(headline="Peru buys nine")) == ["amended"]
    assert bureau.guesses(deal(headline="Peru buys ten"), kind="changed") == ["waiting"]
    (waits,) = bureau.waiting()
    (done,) = review.accept(bureau.service, [waits.number], author="Bo")
    assert (done.filing.outcome, done.filing.version) == ("amended", 4)
    assert [one.report.headline for one in bureau.versions()][-2:] == ["Peru buys nine", "Peru buys ten"]


def test_accepting_what_a_report_says_already_files_nothing(bureau: Bureau) -> None:
    bureau.guesses(deal())
    bureau.says(deal())
    (done,) = review.accept(bureau.service, [1], author="Ana")
    assert (done.filing.outcome, done.filing.version) == ("duplicate", 1)
    assert len(bureau.versions()) == len(bureau.decisions()) == 1


def test_accepting_a_change_of_a_retracted_report_lets_it_count_again(bureau: Bureau) -> None:
    bureau.says(deal())
    review.retract(bureau.service, "feed:1", **ANA)
    bureau.guesses(deal(headline="Peru does sign"), kind="changed")
    assert bureau.versions()[-1].retracted
    review.accept(bureau.service, [1], author="Ana", why="it was true")
    last = bureau.versions()[-1]
    assert (last.retracted, last.author, last.why) == (False, "Ana", "it was true")


def test_a_rejected_report_is_not_filed_and_not_heard_again(bureau: Bureau) -> None:
    bureau.guesses(deal())
    (done,) = review.reject(bureau.service, [1], author="Ana", why="an  anniversary\n of it")
    assert done.verdict is not None
    assert (done.verdict.decision, done.verdict.why) == ("rejected", "an anniversary of it")
    assert bureau.versions() == []
    assert bureau.guesses(deal()) == ["duplicate"]
    assert bureau.guesses(deal(headline="Peru buys ten")) == ["waiting"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tag": "two words", "grade": "Z9", "country": "Peru"}, ["tag: ", "grade: ", "country: "]),
        ({"tag": " "}, ["tag: is missing; write the kind of event, such as contract_signed"]),
        ({"event": " "}, ["the event's key is blank to the eye; "]),
        ({"event": "x" * 201}, ["the event's key has 201 characters; write at most 200"]),
        ({"event": "a\x1bb"}, ["the event's key holds the character U+001B, "]),
        ({"author": ""}, ["the editor's name is blank to the eye; write text, such as "]),
        ({"author": "A" * 101}, ["the editor's name has 101 characters; write at most 100"]),
        ({"author": "Ana\nBo"}, ["the editor's name holds the character U+000A"]),
        ({"why": "w" * 1001}, ["the reason has 1,001 characters; write at most 1,000"]),
        ({"why": "a\x00b"}, ["the reason holds the character U+0000"]),
        ({"why": "\ud800"}, ["the reason holds the character U+D800"]),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_with_everything_wrong_and_nothing_is_done(
    bureau: Bureau, changes: dict[str, str], said: list[str]
) -> None:
    bureau.guesses(deal(), deal("feed:2"))
    with pytest.raises(UsageError) as caught:
        review.accept(bureau.service, [1, 2], **({"author": "Ana"} | changes))
    assert all(one in str(caught.value) for one in said)
    assert str(caught.value).count(said[0]) == 1
    assert [one.number for one in bureau.waiting()] == [1, 2]
    assert bureau.versions() == []


def test_one_that_cannot_be_decided_keeps_the_others_waiting(bureau: Bureau) -> None:
    bureau.guesses(deal(), deal("feed:2"))
    review.reject(bureau.service, [2], author="Bo", why="a rumour")
    for decide in (
        lambda: review.accept(bureau.service, [1, 2, 3], author="Ana"),
        lambda: review.reject(bureau.service, [1, 2, 3], **ANA),
    ):
        with pytest.raises(UsageError) as caught:
            decide()
        assert str(caught.value).startswith(
            "proposal 2 was rejected by Bo on 2026-03-01; no proposal has the "
        )
    assert [one.number for one in bureau.waiting()] == [1]
    assert bureau.versions() == []


@pytest.mark.parametrize("missing", ["author", "why"])
def test_a_decision_needs_its_author_and_its_reason(bureau: Bureau, missing: str) -> None:
    bureau.guesses(deal())
    bureau.says(deal("a"), deal("b"))
    event, by = bureau.event_of("a"), ANA | {missing: "\u200b "}
    for decide in (
        lambda: review.reject(bureau.service, [1], **by),
        lambda: review.merge(bureau.service, event, [event], **by),
        lambda: review.split(bureau.service, ["a"], **by),
        lambda: review.amend(bureau.service, "a", {"grade": "B2"}, **by),
        lambda: review.retract(bureau.service, "a", **by),
    ):
        with pytest.raises(UsageError, match="is blank to the eye"):
            decide()


@pytest.mark.slow
def test_of_two_editors_who_decide_the_same_at_once_one_does_and_the_other_is_told(
    tmp_path: Path, database_url: str
) -> None:
    with open_database(database_url) as database:
        bureau = Bureau(tmp_path, database)
        bureau.guesses(*(deal(f"feed:{n}") for n in range(1, 9)))
    both = Barrier(2)

    def decide(name: str) -> list[str]:
        with open_database(database_url) as alone:
            own = Bureau(tmp_path / name, alone)
            answers = []
            for number in range(1, 9):
                both.wait(timeout=60)
                try:
                    review.accept(own.service, [number], author=name, grade="A1")
                except UsageError as error:
                    answers.append(str(error))
                else:
                    answers.append("")
        return answers

    for name in ("ana", "bo"):
        (tmp_path / name).mkdir()
    with ThreadPoolExecutor(2) as pool:
        ana, bo = pool.map(decide, ("ana", "bo"))
    for first, second in zip(ana, bo, strict=True):
        assert "" in {first, second}
        assert " was accepted by " in first + second
    with open_database(database_url) as database:
        bureau = Bureau(tmp_path, database)
        assert [len(bureau.versions(f"feed:{n}")) for n in range(1, 9)] == [2] * 8
        assert [len(bureau.decisions(f"feed:{n}")) for n in range(1, 9)] == [1] * 8
