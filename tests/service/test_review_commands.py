"""`posterity review`, `amend` and `retract`, as an editor types them."""

import getpass
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from ingest.cluster import Decision
from model.domain import Report
from model.wire import digest
from service.commands_review import review
from service.show_review import show
from service.waiting import Waiting
from storage.database import open_database
from storage.proposals import NewProposal, Proposal, propose
from tests.service.andes import explained, told_of, tonight
from tests.service.commands import Desk, report, said_in_one_line
from tests.service.reviewing import BEGIN, deal

pytestmark = pytest.mark.sqlite("what is computed and printed; its statements meet a server elsewhere")

EXAMPLE = "Example: posterity "
COMMANDS = {getattr(one.callback, "__name__", ""): one for one in review.registered_commands}
BECAUSE = ("--because", "seen on film", "--by", "Ana")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Three events of the deal, and three reports of an agency that wait."""
    monkeypatch.delenv("POSTERITY_EDITOR", raising=False)
    desk = Desk(tmp_path)
    names = {"pe-deal-1": "ab", "pe-deal-2": "cx", "pe-deal-3": "d"}
    told = [report(one, event=event) for event, reports in names.items() for one in reports]
    told += [report("e", event="pe-deal-1")]
    assert desk.types("ingest", desk.write("r.jsonl", *told)).code == 0
    waits(desk, *(deal(f"agency:{n}", headline=f"Lima hears of deal {n}") for n in (1, 2, 3)))
    return desk


def waits(desk: Desk, *reports: Report, source: str = "agency", **changes: Any) -> None:
    usual: dict[str, Any] = {"kind": "new", "confidence": 0.5, "why": "rule 2: hears"} | changes
    made = [NewProposal(report=one, source=source, line=7, digest=digest(one), **usual) for one in reports]
    with open_database(desk.url) as database, database.session() as session:
        propose(session, made, at=BEGIN)


def test_what_waits_is_listed_with_all_that_an_editor_needs(desk: Desk) -> None:
    desk.types("ingest", desk.write("more.jsonl", report("f", "2025-05-01", headline="Peru buys radars")))
    near = desk.types("reports", "f", "--json").json[0]["event"]
    odd = deal("wire:1", "2025-05-02", also=("BO",), headline="Peru buys radars, says wire", grade=None)
    waits(desk, odd, source="wire", kind="changed")
    answer = desk.types("review")
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    row = next(line for line in lines if "says wire" in line)
    assert row.split()[:9] == ["4", "wire", "2025-05-02", "deal", "PE,", "BO", "–", "0.50", near]
    (why,) = [line for line in lines if line.startswith("4 waits")]
    event = desk.types("review", "--json").json[-1]["event"]
    assert (event["key"], event["score"] is None) == (near, False)
    assert why == f"4 waits, for it changed at its source: rule 2: hears; its event: {event['why']}"
    assert lines[-1] == "4 reports waiting for review"


def test_the_event_that_a_report_nearly_joins_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    proposal = Proposal(
        number=7,
        report=deal(),
        source="agency",
        line=None,
        kind="lapsed",
        confidence=0,
        why="",
        event_key=None,
        score=None,
        runner_up=None,
        runner_up_score=None,
        recorded_at=BEGIN,
        verdict=None,
    )
    event = Decision(key="new", why="nothing is like enough", runner_up="old", runner_up_score=41.6)
    show([Waiting(proposal=proposal, event=event)], 1)
    why, total = capsys.readouterr().out.splitlines()[-2:]
    assert why.startswith("7 waits, for what it says now fits no rule: its event: nothing is like enough; ")
    assert why.endswith("; next is old, 42 of 100")
    assert total == "1 report waiting for review"


@pytest.mark.slow
def test_what_a_person_put_somewhere_would_stay_there(desk: Desk) -> None:
    desk.types("review", "merge", "pe-deal-1", "pe-deal-3", *BECAUSE)
    waits(desk, deal("d", headline="Peru does not sign"), kind="changed")
    assert desk.types("review", "--json").json[-1]["event"]["key"] == "pe-deal-1"
    assert (
        "4 waits, for it changed at its source: rule 2: hears; its event: a person put the report there"
        in (desk.types("review").out)
    )
    desk.types("review", "accept", "4", *BECAUSE)
    assert desk.types("reports", "d", "--json").json[0]["event"] == "pe-deal-1"


@pytest.mark.slow
def test_what_is_foreseen_is_what_an_acceptance_does(desk: Desk) -> None:
    for one in desk.types("review", "--json").json:
        (now,) = [each for each in desk.types("review", "--json").json if each["number"] == one["number"]]
        (done,) = desk.types("review", "accept", str(one["number"]), "--by", "Ana", "--json").json
        assert done["event"] == now["event"]["key"]


def test_what_waits_is_listed_for_machines(desk: Desk) -> None:
    first, *_ = desk.types("review", "--json").json
    assert set(first.pop("event")) == {"key", "why", "score", "runner_up", "runner_up_score"}
    assert first == {
        "number": 1,
        "source": "agency",
        "line": 7,
        "kind": "new",
        "confidence": 0.5,
        "why": "rule 2: hears",
        "recorded_at": "2026-03-01T09:00:00+00:00",
        "verdict": None,
        "report": {
            "id": "agency:1",
            "published_on": "2026-02-10",
            "tag": "deal",
            "country": "PE",
            "headline": "Lima hears of deal 1",
            "publisher": "tass.com",
            "grade": "C3",
        },
    }


@pytest.mark.both("adds statements")
@pytest.mark.slow
def test_the_list_is_narrowed_and_cut(desk: Desk) -> None:
    waits(desk, deal("wire:1", tag="visit"), source="wire")

    def listed(*more: str) -> list[int]:
        return [one["number"] for one in desk.types("review", "--json", *more).json]

    assert listed("--source", "wire") == listed("--tag", "visit") == [4]
    assert listed("--limit", "2") == [1, 2]
    assert listed("--source", "none") == []
    cut = desk.types("review", "--limit", "2")
    assert cut.err == "these are the first 2; --limit N shows more\n"
    assert "Lima hears of deal 3" not in cut.out
    assert desk.types("review", "--tag", "none").out == "no reports waiting for review\n"


@pytest.mark.slow
def test_an_accepted_report_is_told_with_its_version_and_event(desk: Desk) -> None:
    answer = desk.types("review", "accept", "1", "2", "--event", "pe-deal-2", "--grade", "b2", *BECAUSE)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out == (
        "1 accepted: agency:1 (version 2) belongs to pe-deal-2\n"
        "2 accepted: agency:2 (version 2) belongs to pe-deal-2\n"
    )
    (done,) = desk.types("review", "accept", "3", "--by", "Ana", "--json").json
    assert {name: done[name] for name in ("number", "report", "outcome", "version")} == {
        "number": 3,
        "report": "agency:3",
        "outcome": "accepted",
        "version": 1,
    }
    assert desk.types("review").out == "no reports waiting for review\n"


@pytest.mark.slow
def test_a_rejected_report_is_told_and_not_listed_again(desk: Desk) -> None:
    assert desk.types("review", "reject", "2", *BECAUSE).out == "2 rejected: agency:2\n"
    (done,) = desk.types("review", "reject", "3", "--json", *BECAUSE).json
    verdict = {name: done["verdict"][name] for name in ("decision", "author", "why")}
    assert verdict == {"decision": "rejected", "author": "Ana", "why": "seen on film"}
    assert [one["number"] for one in desk.types("review", "--json").json] == [1]
    said = said_in_one_line(desk.types("reports", "agency:2"), 2)
    assert "no report has the id 'agency:2'; proposal 2 of 2026-03-01 (0.50 sure, rule 2: hears) was " in said
    assert said.endswith(": seen on film")


def test_a_merge_and_a_split_are_told(desk: Desk) -> None:
    merged = desk.types("review", "merge", "pe-deal-1", "pe-deal-2", "pe-deal-3", *BECAUSE)
    assert merged.out == "pe-deal-1 has got 3 reports: c, x, d\n"
    split = desk.types("review", "split", "c", "x", "--event", "mine", "--json", *BECAUSE)
    assert split.json == {"event": "mine", "reports": ["c", "x"]}


@pytest.mark.slow
def test_an_amendment_and_a_retraction_are_told(desk: Desk) -> None:
    def says(*arguments: str) -> str:
        answer = desk.types(*arguments, *BECAUSE)
        assert (answer.code, answer.err) == (0, "")
        return answer.out

    assert says("amend", "a", "grade=B3", "headline=x=y") == "a amended: version 2 belongs to pe-deal-1\n"
    assert says("amend", "a", "grade=B3") == "a says so already in version 2\n"
    assert says("retract", "a") == "a retracted: version 3 no longer counts\n"
    assert says("retract", "a") == "a retracted already: nothing was stored\n"
    assert says("amend", "a") == "a amended: version 4 counts again, and belongs to pe-deal-1\n"
    told = desk.types("amend", "a", "grade=A1", "--json", *BECAUSE).json
    assert told == {"report": "a", "outcome": "amended", "version": 5, "event": "pe-deal-1"}
    stale = desk.types("amend", "a", "grade=A2", "--version", "4", *BECAUSE)
    assert stale.code == 2
    assert "it stands in version 5, not 4" in stale.err
    assert desk.types("retract", "a", "--version", "4", *BECAUSE).code == 2
    told = desk.types("retract", "a", "--json", *BECAUSE).json
    assert told == {"report": "a", "outcome": "retracted", "version": 6, "event": "pe-deal-1"}


@pytest.mark.slow
def test_a_report_shows_its_versions_its_events_and_its_way_through_review(desk: Desk) -> None:
    desk.types("review", "accept", "1", "--event", "pe-deal-2", "--because", "twice told", "--by", "Ana")
    desk.types("review", "merge", "pe-deal-1", "pe-deal-2", "--because", "one signing", "--by", "Bo")
    desk.types("amend", "agency:1", "grade=B2", "--because", "seen on film", "--by", "Cy")
    shown = desk.types("reports", "agency:1").out.splitlines()
    today = next(line for line in shown if line.startswith("in pe-deal-2")).split()[3].rstrip(":")
    assert shown[-4:] == [
        "version 2 is by Cy: seen on film",
        f"proposal 1 of 2026-03-01 (0.50 sure, rule 2: hears) was accepted by Ana on {today}: twice told",
        f"in pe-deal-2 since {today}: twice told (decided by Ana)",
        f"in pe-deal-1 since {today}: one signing (decided by Bo)",
    ]
    first, second = desk.types("reports", "agency:1", "--json").json
    assert (first["author"], second["author"], second["reason"]) == (None, "Cy", "seen on film")
    assert [one["event"] for one in second["decisions"]] == ["pe-deal-2", "pe-deal-1"]
    assert [one["decided_by"] for one in second["decisions"]] == ["Ana", "Bo"]
    assert [one["verdict"]["author"] for one in second["review"]] == ["Ana"]
    assert "agency:1 belongs here: one signing (decided by Bo)" in desk.types("events", "pe-deal-1").out
    members = desk.types("events", "pe-deal-1", "--json").json["reports"]
    assert {one["decided_by"] for one in members} == {None, "Bo"}


@pytest.mark.slow
def test_an_event_shows_how_like_its_reports_are_and_what_they_nearly_joined(desk: Desk) -> None:
    desk.types("ingest", desk.write("more.jsonl", report("f", headline="Lima signs, says f")))
    event = desk.types("reports", "f", "--json").json[0]["event"]
    (member,) = [one for one in desk.types("events", event, "--json").json["reports"] if one["id"] == "f"]
    assert {"why", "score", "runner_up", "runner_up_score", "decided_by", "decided_at"} <= set(member)


@pytest.mark.parametrize("given", ["option", "environment", "system"])
def test_who_decides_is_who_says_so_else_the_environment_else_the_system(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    if given != "system":
        monkeypatch.setenv("POSTERITY_EDITOR", "Eva")
    by = ("--by", "Ana") if given == "option" else ()
    desk.types("retract", "a", "--because", "a hoax", *by)
    author = desk.types("reports", "a", "--json").json[-1]["author"]
    assert author == {"option": "Ana", "environment": "Eva", "system": getpass.getuser()}[given]


@pytest.mark.slow
def test_a_system_that_does_not_say_who_decides_asks_for_the_name(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000 - 1)  # of a user without an entry
    said = said_in_one_line(desk.types("retract", "a", "--because", "a hoax"), 2)
    assert said == "the system does not say who you are; write --by NAME"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["review", "accept"], "Missing argument 'N"),
        (["review", "accept", "one"], "Invalid value for 'N"),
        (["review", "accept", "0"], "Invalid value for 'N"),
        (
            ["review", "accept", "9"],
            "no proposal has the number 9; nothing was done: `posterity review` lists",
        ),
        (["review", "accept", str(2**70)], f"no proposal has the number {2**70}; "),
        (["review", "accept", "1", "--grade", "Z"], "grade: 'Z' is not a grade; write a letter A to F"),
        (["review", "accept", "1", "--country", "Peru"], "country: "),
        (["review", "reject", "1"], "Missing option '--because'"),
        (["review", "reject", "1", "--because", " "], "the reason is blank to the eye"),
        (["review", "merge", "pe-deal-1", "--because", "x"], "Missing argument 'EVENT"),
        (["review", "merge", "none", "pe-deal-1", "--because", "x"], 'no event is called "none"; '),
        (["review", "split", "d", "--because", "x"], 'these are all the reports of "pe-deal-3"'),
        (["review", "split", "none", "--because", "x"], 'no report has the id "none"; '),
        (["review", "discard"], "No such command 'discard'"),
        (["amend", "none", "grade=B2", "--because", "x"], 'no report has the id "none"; `posterity reports '),
        (["amend", "a", "--because", "x"], "name at least one field to change, such as grade=B2"),
        (
            ["amend", "a", "grade", "--because", "x"],
            '"grade" is no change; write FIELD=VALUE, such as grade=B2',
        ),
        (["amend", "a", "=B2", "--because", "x"], '"=B2" is no change; '),
        (["amend", "a", "grade=B2", "grade=B3", "--because", "x"], 'the field "grade" is changed twice'),
        (["amend", "a", "gradee=B2", "--because", "x"], "did you mean grade?"),
        (["retract", "none", "--because", "x"], "no report has the id 'none'; "),
        (["retract", "a"], "Missing option '--because'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_decision_that_cannot_be_made_ends_with_2(desk: Desk, arguments: list[str], said: str) -> None:
    before = desk.counts()
    assert said in said_in_one_line(desk.types(*arguments), 2)
    assert desk.counts() == before


HOSTILE = "\x1b[31m[red]An\u202ea[/]"


@pytest.mark.slow
def test_what_a_terminal_would_act_upon_is_refused_or_shown_inert(desk: Desk) -> None:
    said = said_in_one_line(desk.types("retract", "a", "--because", HOSTILE), 2)
    assert "holds the character U+001B, which cannot be shown" in said
    inert = HOSTILE.removeprefix("\x1b[31m")
    assert desk.types("retract", "a", "--because", inert, "--by", inert).code == 0
    desk.types("review", "merge", "pe-deal-1", "pe-deal-2", "--because", inert, "--by", inert)
    desk.types("review", "reject", "1", "--because", inert, "--by", inert)
    waits(desk, deal("wire:1", headline=inert), source=inert, why=inert)
    again = desk.types("review", "reject", "1", "--because", "x")
    for answer in (
        desk.types("reports", "a"),
        desk.types("reports", "c"),
        desk.types("events", "pe-deal-1"),
        desk.types("review"),
        again,
    ):
        shown = answer.out + answer.err
        assert "[red]An<U+202E>a[/]" in shown
        assert "\u202e" not in shown
    (kept,) = [one for one in desk.types("reports", "a", "--json").json if one["retracted"]]
    assert kept["author"] == kept["reason"] == inert


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["review", "--source", "{}"],
        ["review", "--tag", "{}"],
        ["review", "accept", "1", "--event", "{}"],
        ["review", "reject", "1", "--because", "{}"],
        ["review", "reject", "1", "--because", "x", "--by", "{}"],
        ["review", "merge", "{}", "pe-deal-1", "--because", "x"],
        ["review", "split", "{}", "--because", "x"],
        ["amend", "{}", "grade=B2", "--because", "x"],
        ["amend", "a", "headline={}", "--because", "x"],
        ["amend", "a", "{}=x", "--because", "x"],
        ["retract", "{}", "--because", "x"],
    ],
    ids=" ".join,
)
def test_an_argument_that_is_no_text_is_said_in_one_line(desk: Desk, arguments: list[str]) -> None:
    odd = b"per\xfa".decode(errors="surrogateescape")
    said_in_one_line(desk.types(*(one.replace("{}", odd) for one in arguments)), 2)


@pytest.mark.parametrize("name", [*COMMANDS, ""])
def test_a_command_shows_what_it_does_and_an_example(desk: Desk, name: str) -> None:
    answer = desk.types(*filter(None, ["review", name]), "--help")
    assert (answer.code, answer.err) == (0, "")
    assert f"{EXAMPLE}review {name}" in " ".join(answer.out.split())
    assert "--json" in answer.out


@pytest.mark.slow
def test_the_examples_work(desk: Desk) -> None:
    for epilog in examples():
        answer = desk.types(*shlex.split(epilog.removeprefix(EXAMPLE)))
        assert (answer.code, answer.err) == (0, ""), epilog


def examples() -> Iterator[str]:
    group = typer.main.get_command(review)
    yield str(group.epilog)
    for command in review.registered_commands:
        yield str(command.epilog)


@pytest.mark.slow
def test_the_run_after_a_retraction_says_what_no_longer_counts(tmp_path: Path) -> None:
    desk = told_of(tmp_path)
    assert desk.types("retract", "v1", "--because", "she never travelled", "--by", "Ana").code == 0
    night = tonight(desk, "2025-07-01")
    (gone,) = [one for one in night["moved"] if one["kind"] == "removed"]
    assert gone["event"] == "v1"
    assert gone["text"].startswith(
        "A minister travels (state visit, the region, 2025-03-10, credibility 0.80)"
    )
    assert "v1" in {one["event"] for one in explained(desk, "--as-of", "2025-06-30")["reasons"]}
    shown = desk.types("run", "--as-of", "2025-07-02").out
    assert "A minister travels" not in shown


@pytest.mark.slow
def test_the_run_after_a_split_counts_two_events_and_after_a_merge_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.types("ingest", desk.write("r.jsonl", report("a", event="deal"), report("b", event="deal")))

    def events(day: str) -> int:
        (document,) = desk.types("run", "--as-of", day, "--json").json
        return int(document["events"])

    assert events("2025-06-01") == 1
    assert desk.types("review", "split", "b", "--event", "more", *BECAUSE).code == 0
    assert desk.types("amend", "b", "occurred_on=2025-01-05", *BECAUSE).code == 0
    assert events("2025-06-02") == 2
    assert desk.types("review", "merge", "deal", "more", *BECAUSE).code == 0
    assert events("2025-06-03") == 1


@pytest.mark.slow
def test_a_backup_brings_back_what_waits_and_what_was_decided(desk: Desk, tmp_path: Path) -> None:
    desk.types("review", "accept", "1", "--grade", "A1", *BECAUSE)
    desk.types("review", "reject", "2", *BECAUSE)
    assert desk.types("backup", tmp_path / "posterity.backup").code == 0
    before = [desk.types(*command).json for command in questions()]
    (tmp_path / "other").mkdir()
    other = Desk(tmp_path / "other", bare=True)
    if not other.is_sqlite:
        other.types("migrate")
    assert other.types("restore", tmp_path / "posterity.backup").code == 0
    assert [other.types(*command).json for command in questions()] == before
    assert other.types("review", "accept", "3", *BECAUSE).code == 0
    waits(other, deal("agency:4"))
    assert [one["number"] for one in other.types("review", "--json").json] == [4]


def questions() -> list[list[str]]:
    return [["review", "--json"], ["reports", "agency:1", "--json"], ["events", "--json"]]
