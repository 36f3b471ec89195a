"""What editors decide about events, and about reports that are filed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from model.errors import UsageError
from service import review
from storage.database import Database
from storage.reports import list_reports
from tests.service.reviewing import ANA, Bureau, deal, told

pytestmark = pytest.mark.sqlite("what is computed and printed; its statements meet a server elsewhere")


@pytest.fixture
def bureau(tmp_path: Path, database: Database) -> Bureau:
    """Three events: of one report, of two, and of one."""
    bureau = Bureau(tmp_path, database)
    bureau.says(deal("a", event="one"), deal("b", event="two"), deal("c", event="two"))
    bureau.says(deal("d", "2026-01-01", headline="Lima opens a repair plant", country="BR"))
    return bureau


def refused(decide: Callable[[], object]) -> str:
    with pytest.raises(UsageError) as caught:
        decide()
    return str(caught.value)


def test_a_merge_puts_every_report_into_the_event_that_remains(bureau: Bureau) -> None:
    other = bureau.event_of("d")
    before = bureau.now
    at = bureau.later()
    done = review.merge(bureau.service, "one", ["two", other, "two"], author="Ana", why="one signing")
    assert (done.event_key, done.reports) == ("one", ("b", "c", "d"))
    assert bureau.members("one") == set("abcd")
    assert bureau.members("two") == bureau.members(other) == set()
    assert bureau.members("two", known_at=before) == {"b", "c"}
    moved = {one.stored.report.id: one for one in bureau.joined("one")}["c"]
    assert (moved.membership.author, moved.membership.why, moved.decided_at) == ("Ana", "one signing", at)


def test_a_merge_takes_retracted_reports_along(bureau: Bureau) -> None:
    review.retract(bureau.service, "c", **ANA)
    assert review.merge(bureau.service, "one", ["two"], **ANA).reports == ("b", "c")


def test_a_merge_that_was_made_again_is_of_nothing(bureau: Bureau) -> None:
    review.merge(bureau.service, "one", ["two"], **ANA)
    said = refused(lambda: review.merge(bureau.service, "one", ["two"], **ANA))
    assert said == 'no event is called "two"; `posterity events --search WORDS` finds it'


def test_a_merge_names_every_event_that_there_is_not_and_does_nothing(bureau: Bureau) -> None:
    said = refused(lambda: review.merge(bureau.service, "none", ["two", "nor\u202ethis", "x" * 99], **ANA))
    shown = f'"none", "nor\\u202ethis", "{"x" * 39}…"'
    assert said == f"no event is called {shown}; `posterity events --search WORDS` finds them"
    assert bureau.members("two") == {"b", "c"}


def test_an_event_is_not_merged_into_itself(bureau: Bureau) -> None:
    said = refused(lambda: review.merge(bureau.service, "two", ["one", "two"], **ANA))
    assert said == 'the event "two" cannot be merged into itself; name others after it'


def test_a_split_makes_an_event_of_a_fresh_readable_key(bureau: Bureau) -> None:
    bureau.later()
    done = review.split(bureau.service, ["c", "c"], author="Ana", why="another deal")
    assert done.reports == ("c",)
    assert done.event_key.startswith("pe-deal-2026-02-10-")
    assert (bureau.members("two"), bureau.members(done.event_key)) == ({"b"}, {"c"})
    decision = bureau.decisions("c")[-1]
    assert (decision.membership.author, decision.membership.why) == ("Ana", "another deal")
    assert decision.decided_at == bureau.now


def test_the_report_that_an_event_began_with_leaves_under_another_key(bureau: Bureau) -> None:
    founder = bureau.event_of("d")
    bureau.says(deal("e", "2026-01-01", headline="Lima opens a repair plant", country="BR"))
    assert bureau.members(founder) == {"d", "e"}
    done = review.split(bureau.service, ["d"], **ANA)
    assert done.event_key == f"{founder}-2"
    review.merge(bureau.service, founder, [done.event_key], **ANA)
    assert review.split(bureau.service, ["d"], event="mine", **ANA).event_key == "mine"


def test_a_split_takes_a_merge_back(bureau: Bureau) -> None:
    other = bureau.event_of("d")
    review.merge(bureau.service, "one", [other], **ANA)
    assert review.split(bureau.service, ["d"], **ANA).event_key == other


@pytest.mark.parametrize(
    ("reports", "event", "said"),
    [
        (["a"], None, 'these are all the reports of "one"; leave out those that stay'),
        (["b", "c"], None, 'these are all the reports of "two"; leave out those that stay'),
        (["a", "b"], None, 'the reports belong to different events ("a" to "one", "b" to "two"); split one'),
        (
            ["b", "x", "y"],
            None,
            'no report has the id "x", "y"; `posterity reports --search WORDS` finds them',
        ),
        (["b"], "one", 'there is an event "one" already; name another, or none; '),
        (["b"], "two", 'there is an event "two" already; name another, or none; '),
        (["b"], "\t", "the event's key is blank to the eye; "),
    ],
)
def test_a_split_that_makes_no_sense_is_refused_and_does_nothing(
    bureau: Bureau, reports: list[str], event: str | None, said: str
) -> None:
    assert said in refused(lambda: review.split(bureau.service, reports, event=event, **ANA))
    assert (bureau.members("one"), bureau.members("two")) == ({"a"}, {"b", "c"})


def test_an_amendment_is_a_version_with_its_author_and_reason(bureau: Bureau) -> None:
    at = bureau.later()
    changes = {"grade": "b2", "denies": "yes", "also": "BR, CO", "occurred_on": "2026-02", "publisher": ""}
    done = review.amend(bureau.service, "a", changes, author="Ana", why="read  to\nthe end")
    assert (done.filing.outcome, done.filing.version, done.was_retracted) == ("amended", 2, False)
    first, second = bureau.versions("a")
    assert told([first, second]) == [
        ("deal", "C3", False, None, None),
        ("deal", "B2", False, "Ana", "read to the end"),
    ]
    assert (second.report.denies, second.report.also, second.report.publisher) == (True, ("BR", "CO"), None)
    assert str(second.report.occurred) == "2026-02"
    assert (second.recorded_at, second.origin) == (at, first.origin)


def test_a_probability_is_amended_as_a_number_and_a_field_of_its_source_as_text(bureau: Bureau) -> None:
    bureau.says(deal("e", extra={"summary": "Eight of them."}))
    review.amend(bureau.service, "e", {"probability_true": "0.75", "summary": "Nine."}, **ANA)
    last = bureau.versions("e")[-1].report
    assert (last.probability_true, last.extra) == (0.75, {"summary": "Nine."})


def test_an_amended_report_is_clustered_anew(bureau: Bureau) -> None:
    before = bureau.event_of("d")
    bureau.says(deal("e", "2026-01-02", headline="Peru opens a repair plant"))
    review.amend(bureau.service, "d", {"country": "PE"}, **ANA)
    assert bureau.event_of("d") == bureau.event_of("e") != before
    assert bureau.decisions("d")[-1].membership.author is None


def test_an_amended_report_stays_where_a_person_put_it(bureau: Bureau) -> None:
    review.merge(bureau.service, "one", [bureau.event_of("d")], **ANA)
    done = review.amend(bureau.service, "d", {"country": "BO", "headline": "Another thing"}, **ANA)
    assert done.event_key == bureau.event_of("d") == "one"


@pytest.mark.slow
def test_an_amendment_moves_a_report_to_the_event_that_it_names(bureau: Bureau) -> None:
    done = review.amend(bureau.service, "d", {"event": "one"}, author="Ana", why="the same deal")
    assert done.event_key == "one"
    last = bureau.decisions("d")[-1].membership
    assert (last.event_key, last.author, last.why) == ("one", "Ana", "the same deal")
    review.amend(bureau.service, "d", {"event": "one", "grade": "A1"}, **ANA)
    assert len(bureau.decisions("d")) == 2


def test_an_amendment_that_takes_the_event_away_lets_clustering_decide(bureau: Bureau) -> None:
    before = bureau.event_of("d")
    review.amend(bureau.service, "d", {"event": "one"}, **ANA)
    assert review.amend(bureau.service, "d", {"event": ""}, **ANA).event_key == before
    assert bureau.decisions("d")[-1].membership.author is None


def test_a_report_that_counts_again_is_where_a_person_had_put_it(bureau: Bureau) -> None:
    review.merge(bureau.service, "one", [bureau.event_of("d")], **ANA)
    review.retract(bureau.service, "d", **ANA)
    review.amend(bureau.service, "d", {}, **ANA)
    assert bureau.event_of("d") == "one"


def test_an_amendment_that_says_nothing_new_stores_nothing(bureau: Bureau) -> None:
    done = review.amend(bureau.service, "a", {"grade": "C3"}, **ANA)
    assert (done.filing.outcome, done.filing.version) == ("duplicate", 1)
    assert len(bureau.versions("a")) == len(bureau.decisions("a")) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, ["name at least one field to change, such as grade=B2"]),
        ({"id": "x"}, ["id: is its source's own and stays; leave it out"]),
        ({"gradee": "B2"}, ['"gradee" is no field of the report; did you mean grade?']),
        ({"\x1b": "B2"}, ['"\\u001b" is no field of the report; write one of published_on, ']),
        (
            {"tag": "two words", "grade": "B9"},
            ["tag: 'two words' is not a tag", "grade: 'B9' is not a grade"],
        ),
        ({"headline": "", "odd": "x"}, ["headline: is missing", '"odd" is no field of the report']),
        ({"published_on": "2027-01-01"}, ["published_on: 2027-01-01 lies after today, "]),
        ({"published_on": "0025-01-01"}, ["published_on: year 0025 "]),
        ({"denies": "perhaps"}, ["denies: is text; write true or false"]),
        ({"probability_true": "nan"}, ["probability_true: must lie between 0 and 1"]),
        ({"probability_true": "much"}, ["probability_true: is text; write a number"]),
        ({"headline": "a\x1bb", "url": "javascript:alert(1)"}, ["headline: holds the character", "url: "]),
    ],
)
def test_an_amendment_that_makes_no_sense_is_refused_with_everything_that_is_wrong(
    bureau: Bureau, changes: dict[str, str], said: list[str]
) -> None:
    problems = refused(lambda: review.amend(bureau.service, "a", changes, **ANA))
    assert all(one in problems for one in said)
    assert "\n" not in problems
    assert len(bureau.versions("a")) == 1


@pytest.mark.parametrize("identity", ["x", "\u202e", "\ud800", "' OR 1=1 --"], ids=ascii)
def test_a_report_that_there_is_not_is_neither_amended_nor_retracted(bureau: Bureau, identity: str) -> None:
    for decide in (
        lambda: review.amend(bureau.service, identity, {"grade": "B2"}, **ANA),
        lambda: review.retract(bureau.service, identity, **ANA),
    ):
        assert "\n" not in refused(decide)


def test_a_retracted_report_counts_no_more_and_says_why(bureau: Bureau) -> None:
    before = bureau.now
    bureau.later()
    done = review.retract(bureau.service, "a", author="Ana", why="a hoax")
    assert (done.filing.outcome, done.filing.version, done.event_key) == ("retracted", 2, "one")
    assert told(bureau.versions("a"))[-1] == ("deal", "C3", True, "Ana", "a hoax")
    again = review.retract(bureau.service, "a", **ANA)
    assert (again.filing.outcome, again.was_retracted) == ("duplicate", True)
    with bureau.service.database.reading() as session:
        then = {one.report.id: one.retracted for one in list_reports(session, known_at=before)}
    assert then == dict.fromkeys("abcd", False)


def test_an_amendment_of_a_retracted_report_lets_it_count_again(bureau: Bureau) -> None:
    review.retract(bureau.service, "a", **ANA)
    done = review.amend(bureau.service, "a", {}, author="Bo", why="it was true after all")
    assert (done.filing.outcome, done.filing.version, done.was_retracted) == ("amended", 3, True)
    assert told(bureau.versions("a"))[-1] == ("deal", "C3", False, "Bo", "it was true after all")


def test_a_report_stays_where_a_person_put_it_when_its_source_amends_it(bureau: Bureau) -> None:
    review.merge(bureau.service, "one", [bureau.event_of("d")], **ANA)
    changed = deal("d", "2026-01-01", headline="Lima opens a second repair plant", country="BR")
    assert bureau.says(changed) == ["amended"]
    assert bureau.event_of("d") == "one"


def test_a_retracted_report_stays_where_a_person_put_it_when_its_source_amends_it(bureau: Bureau) -> None:
    review.merge(bureau.service, "one", [bureau.event_of("d")], **ANA)
    review.retract(bureau.service, "d", **ANA)
    changed = deal("d", "2026-01-01", headline="Lima opens a second repair plant", country="BR")
    assert bureau.says(changed) == ["amended"]
    assert (bureau.event_of("d"), bureau.versions("d")[-1].retracted) == ("one", True)
