"""`posterity panel`: what cannot be asked, or not of these files, is said and never a traceback."""

from pathlib import Path

import pytest

from tests.service.commands import Desk, quiet, said_in_one_line
from tests.service.panels import CONFIGURATION, EXPORTED, write_register, write_votes

pytestmark = pytest.mark.sqlite("what is computed and printed; its statements meet a server elsewhere")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    desk = Desk(tmp_path_factory.mktemp(f"panel-refused-{database_kind}"), CONFIGURATION)
    write_register(desk.folder)
    write_votes(desk.folder)
    return desk


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nobody"], "no forecast is called 'nobody'; write one of quiet"),
        (["--countries", "PE,Chile"], "'Chile' is not a country's ISO 3166 two-letter code"),
        (["--countries", "PE,"], "'' is not a country's ISO 3166 two-letter code"),
        (["--countries", "UK"], "'UK' is not a country's ISO 3166 two-letter code; write GB"),
        (["--countries", "*"], "the panel is of single countries, not of the region"),
        (["--countries", "PE,RU"], "RU would be compared with itself"),
        (["--partner", "XX"], "'XX' is not a country's ISO 3166 two-letter code"),
        (["--partner", "US"], "US is compared with itself"),
        (["--first", "2010", "--last", "2009"], "the years 2010 to 2009 are none"),
        (["--last", "2199"], "2199 is yet to come; the last year can be 20"),
        (["--visits", "state visit"], "'state visit' is not a tag"),
        (["--visits", ""], "a tag is empty; write one, or several"),
        (["--format", "xml"], "format 'xml' is not known; write one of table, csv, json"),
        (["--first", "x"], "Invalid value for '--first'"),
        (["--first", "1900"], "Invalid value for '--first'"),
        (
            ["--png", "panel.png"],
            "nothing is known that could be drawn; give --register FILE or --votes FILE",
        ),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_in_one_line(
    desk: Desk, arguments: list[str], said: str
) -> None:
    answer = desk.types("panel", *arguments)
    assert said_in_one_line(answer, 2).startswith(said)
    assert answer.out == ""


@pytest.mark.parametrize("option", ["--register", "--votes"])
def test_a_file_that_is_not_there_is_out_of_reach(desk: Desk, option: str, tmp_path: Path) -> None:
    said = said_in_one_line(desk.types("panel", option, tmp_path / "none.csv"), 3)
    assert said.startswith(f"{tmp_path}/none.csv: cannot be read (No such file or directory)")
    assert "cannot be read (Is a directory)" in said_in_one_line(desk.types("panel", option, tmp_path), 3)


@pytest.mark.parametrize(("option", "other"), [("--register", "votes.csv"), ("--votes", "register.csv")])
def test_the_other_file_is_refused_with_where_to_get_the_right_one(
    desk: Desk, option: str, other: str
) -> None:
    answer = desk.types("panel", option, desk.folder / other)
    assert (answer.code, answer.out) == (1, "")
    what, advice = answer.err.splitlines()
    assert f"{other}: no line names the columns" in what
    assert "https://" in advice


def test_a_register_of_other_years_or_of_another_country_or_supplier_is_refused(
    desk: Desk, tmp_path: Path
) -> None:
    register = write_register(tmp_path)
    said = said_in_one_line(
        desk.types("panel", "--register", register, "--last", "1999", "--first", "1990"), 2
    )
    assert said.startswith(f"{register}: tells of 2000 to 2024, not of 1990–1999")
    one = (EXPORTED[0].replace("to All countries ", "to Brazil "), *EXPORTED[1:])
    narrow = write_register(tmp_path, preamble=one)
    said = said_in_one_line(desk.types("panel", "--register", narrow, "--countries", "BR,PE"), 2)
    assert said == "the trade register is of transfers to Brazil, not to Peru; download it for all of them"
    bare = write_register(tmp_path, preamble=())
    said = said_in_one_line(desk.types("panel", "--register", bare, "--partner", "CN"), 2)
    assert "has no deal of the supplier 'China'" in said


def test_votes_without_the_partner_are_refused(desk: Desk) -> None:
    votes = desk.folder / "votes.csv"
    said = said_in_one_line(desk.types("panel", "--votes", votes, "--against", "DE"), 2)
    assert said.startswith(f"{votes}: has no votes of DE, to compare with; it has those of BO, BR, CL")


def test_a_forecast_that_names_no_countries_needs_them_asked_for(tmp_path: Path) -> None:
    everywhere = Desk(tmp_path, quiet())
    said = said_in_one_line(everywhere.types("panel"), 2)
    assert said == "the indicators of quiet name no countries; write --countries PE,BR"
    assert everywhere.types("panel", "--countries", "PE").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["-o"], ["--votes", "votes.csv", "--png"]])
def test_a_file_that_cannot_be_written_is_out_of_reach(
    desk: Desk, arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(desk.folder)
    answer = desk.types("panel", *arguments, tmp_path / "nowhere" / "panel")
    assert answer.code == 3
    assert "nowhere/panel: cannot be written (No such file or directory)" in answer.err
    assert "Traceback" not in answer.err
