"""Text from the world is refused or shown inert: nothing in it acts upon a terminal, a layout or a sheet."""

import csv
import io
import random
from pathlib import Path

import pytest

from tests.service.commands import CUTOFF, Desk, quiet, report, said_in_one_line

pytestmark = pytest.mark.sqlite("it is about what is printed")

INVISIBLE = {
    "right-to-left override": "\u202e",
    "isolate": "\u2066",
    "zero width space": "\u200b",
    "byte order mark": "\ufeff",
    "line separator": "\u2028",
    "soft hyphen": "\u00ad",
    "private use": "\ue000",
    "language tag": "\U000e0041",
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\x9b", "\ud800"], ids=ascii)
def test_characters_that_command_a_terminal_are_refused(desk: Desk, character: str) -> None:
    answer = desk.types("ingest", desk.write("r.jsonl", report(headline=f"Peru {character}[31msigns")))
    assert answer.code == 1
    assert f"U+{ord(character):04X}, which cannot be shown; take it out" in answer.out
    assert character not in answer.out


@pytest.mark.slow
@pytest.mark.parametrize("character", INVISIBLE.values(), ids=INVISIBLE)
@pytest.mark.parametrize(
    "command", [["reports"], ["reports", "a"], ["events"], ["events", "one"]], ids=" ".join
)
def test_what_the_eye_cannot_see_is_shown_as_its_code(desk: Desk, character: str, command: list[str]) -> None:
    file = desk.write(
        "r.jsonl", report(headline=f"Peru {character}signs", publisher=f"x{character}y", event="one")
    )
    desk.types("ingest", file)
    shown = desk.types(*command).out
    assert character not in shown
    assert f"<U+{ord(character):04X}>" in shown


def test_markup_is_shown_as_it_was_written(desk: Desk) -> None:
    headline = "[bold red]Peru[/] signs [link=https://evil.example]here[/link] :boom: \\[x]"
    desk.types("ingest", desk.write("r.jsonl", report(headline=headline)))
    assert headline in desk.types("reports").out
    assert headline in desk.types("events").out


def test_words_without_an_end_and_wide_letters_are_shown_whole(desk: Desk) -> None:
    long, wide = "x" * 1999, "\u79d8\u9c81\u7b7e\u7f72"
    desk.types("ingest", desk.write("r.jsonl", report("a", headline=long), report("b", headline=wide)))
    shown = desk.types("reports").out
    assert long in shown
    assert wide in shown
    assert shown.count("\n") == 4


def test_formulas_reach_json_word_for_word_and_no_sheet(desk: Desk) -> None:
    headline = '=HYPERLINK("https://evil.example","Peru signs")'
    desk.types("ingest", desk.write("r.jsonl", report(headline=headline)))
    assert desk.types("reports", "--json").json[0]["headline"] == headline
    desk.types("run", "--as-of", CUTOFF)
    table = csv.reader(io.StringIO(desk.types("history", "quiet", "--format", "csv").out))
    assert not [cell for row in table for cell in row if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.slow
@pytest.mark.parametrize("character", INVISIBLE.values(), ids=INVISIBLE)
@pytest.mark.parametrize("more", [[], ["--since", "2025-01-31"]], ids=["why", "since"])
def test_what_the_eye_cannot_see_is_told_as_its_code(desk: Desk, character: str, more: list[str]) -> None:
    desk.types("run", "--as-of", "2025-01-31")
    desk.types("ingest", desk.write("r.jsonl", report(headline=f"Peru {character}signs")))
    night = desk.types("run", "--as-of", CUTOFF)
    told = desk.types("explain", "quiet", *more)
    assert told.code == 0
    for shown in (night.out, told.out):
        assert character not in shown
        assert f"Peru <U+{ord(character):04X}>signs (deal, Peru, 2025-03-01, credibility 0.80)" in shown


def test_markup_in_a_headline_is_told_as_it_was_written(desk: Desk) -> None:
    headline = "[bold red]Peru[/] signs [link=https://evil.example]here[/link] :boom: {0} %s \\[x]"
    desk.types("ingest", desk.write("r.jsonl", report(headline=headline)))
    desk.types("run", "--as-of", CUTOFF)
    assert desk.types("explain", "quiet").out.count(f"  {headline} (deal, Peru") == 2


def test_what_a_terminal_would_act_upon_in_what_is_supposed_is_shown_inert(desk: Desk) -> None:
    desk.types("run", "--as-of", CUTOFF)
    said = said_in_one_line(desk.types("what-if", "quiet", "--event", "tag=\x1b[31mdeal\u202e,country=PE"), 2)
    assert "\x1b" not in said
    assert "\u202e" not in said


@pytest.mark.parametrize(
    "command", [["check"], ["explain", "quiet"], ["what-if", "quiet"], ["watch", "quiet"]]
)
def test_titles_of_scenarios_are_shown_inert_wherever_they_stand(desk: Desk, command: list[str]) -> None:
    desk.configure(quiet().replace('id = "up"', 'id = "up"\ntitle = "[red]Rise \\u202e"'))
    desk.types("run", "--as-of", CUTOFF)
    more = ["--event", "tag=deal,country=PE"] if "what-if" in command else []
    answer = desk.types(*command, *more)
    assert answer.code == 0
    assert "\u202e" not in answer.out
    assert "\x1b" not in answer.out
    assert ("[red]Rise <U+202E>" in answer.out) is ("watch" not in command)


def test_names_of_files_are_shown_inert_and_kept_readable(desk: Desk) -> None:
    name = "\x1b[31mred\u202e.jsonl"
    desk.write(f"inbox/{name}", report())
    answer = desk.types("ingest")
    assert answer.code == 0
    assert "\x1b" not in answer.out
    assert "\u202e" not in answer.out


def test_a_file_whose_name_is_no_text_is_taken_like_any_other(desk: Desk) -> None:
    path = bytes(desk.inbox) + b"/nov\xe9dades.jsonl"
    Path(desk.write("inbox/r.jsonl", report())).rename(path.decode(errors="surrogateescape"))
    answer = desk.types("ingest", "--json")
    assert answer.code == 0
    assert answer.json[0]["file"].endswith("nov\ufffddades.jsonl")
    assert desk.types("reports", "--json").json[0]["origin"] == "nov\ufffddades.jsonl"


def test_a_forecast_s_own_words_are_shown_inert_too(desk: Desk) -> None:
    desk.configure(quiet().replace('id = "quiet"', 'id = "quiet"\ntitle = "[red]Quiet \\u202e"'))
    shown = desk.types("run", "--as-of", CUTOFF).out
    assert "[red]Quiet <U+202E>" in shown


@pytest.mark.parametrize(
    "command",
    [
        ["reports", "--search"],
        ["reports", "--event"],
        ["reports"],
        ["events", "--tag"],
        ["events", "--country"],
        ["events"],
        ["history"],
        ["explain"],
        ["watch"],
    ],
    ids=" ".join,
)
def test_an_argument_that_is_no_text_is_said_in_one_line(desk: Desk, command: list[str]) -> None:
    desk.types("run", "--as-of", CUTOFF)
    said_in_one_line(desk.types(*command, b"per\xfa".decode(errors="surrogateescape")), 2)


def test_a_number_that_no_database_holds_is_said_in_one_line(desk: Desk) -> None:
    said_in_one_line(desk.types("reports", "--limit", str(2**70)), 2)


@pytest.mark.parametrize("field", ["id", "event"])
def test_the_longest_names_are_kept_word_for_word(desk: Desk, field: str) -> None:
    chance = random.Random(len(field))  # noqa: S311 - letters that cannot be told more shortly
    longest = "".join(chr(chance.randrange(0x20000, 0x2A6D0)) for _ in range(200))
    assert desk.types("ingest", desk.write("r.jsonl", report(event="e") | {field: longest})).code == 0
    assert desk.types("reports", "--json").json[0][field] == longest
