"""What a command says, and with which exit code it ends, when it cannot do what was asked."""

import subprocess
from pathlib import Path

import pytest

from tests.service.commands import CUTOFF, PROGRAM, SURE, Desk, decidable, quiet, report, said_in_one_line


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_reports_that_are_new_or_known_already_are_done(desk: Desk) -> None:
    file = desk.write("r.jsonl", report())
    assert desk.types("ingest", file).code == 0
    again = desk.types("ingest", file)
    assert (again.code, again.err) == (0, "")
    assert "0 accepted, 0 amended, 1 duplicate" in again.out


def test_an_empty_inbox_is_done(desk: Desk) -> None:
    answer = desk.types("ingest")
    assert (answer.code, answer.out) == (0, "the inbox is empty\n")


def test_refused_lines_end_with_1_and_the_rest_is_taken(desk: Desk) -> None:
    answer = desk.types("ingest", desk.write("r.jsonl", report("a"), "{broken", report("b")))
    assert answer.code == 1
    assert "2 accepted" in answer.out
    assert "line 2: not JSON" in answer.out
    assert desk.counts()["report_version"] == 2


def test_a_night_that_meets_refused_lines_is_done_and_ends_with_1(desk: Desk) -> None:
    desk.write("inbox/r.jsonl", report("a"), "{broken")
    answer = desk.types("run", "--as-of", CUTOFF)
    assert answer.code == 1
    assert "published" in answer.out
    assert "r.jsonl: 1 accepted" in answer.err


def test_a_configuration_without_problems_is_done(tmp_path: Path) -> None:
    desk = Desk(tmp_path, decidable(quiet()))
    answer = desk.types("check")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.endswith("config.toml: no problems, no warnings\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["history", "quite"], "no forecast is called 'quite'; did you mean quiet?"),
        (["run", "--forecast", "quite"], "no forecast is called 'quite'; did you mean quiet?"),
        (["run", "--forecast", "zzz"], "no forecast is called 'zzz'; write one of quiet"),
        (["run", "--as-of", "2025-02-30"], "'2025-02-30' is not a day; write 2025-12-31"),
        (["history", "quiet", "--known-at", "noon"], "'noon' is not a moment; write 2025-12-31T07:00+00:00"),
        (["run", "--as-of", "2024-12-31"], "before quiet opened; write 2025-01-01 or a later day"),
        (["run", "--as-of", "2999-01-01"], "the cutoff 2999-01-01 lies in the future; write "),
        (["history", "quiet", "--format", "xls"], "write one of table, csv, json, parquet"),
        (["events", "nothing"], "no event is called 'nothing'; `posterity events --search WORDS` finds it"),
        (
            ["reports", "nothing"],
            "no report has the id 'nothing'; `posterity reports --search WORDS` finds it",
        ),
        (["events", "--limit", "0"], "Invalid value for '--limit'"),
        (["history"], "Missing argument 'ID' (see `posterity history --help`)"),
        (["historic"], "No such command 'historic'. Did you mean 'history'?"),
        (["run", "--force"], "No such option: --force"),
        (["init", "."], "is there already; name another folder, or move it away"),
    ],
)
def test_a_question_that_cannot_be_asked_ends_with_2(desk: Desk, arguments: list[str], said: str) -> None:
    where = [str(desk.folder) if each == "." else each for each in arguments]
    assert said in said_in_one_line(desk.types(*where), 2)


def test_no_command_at_all_shows_the_help_and_ends_with_2(desk: Desk) -> None:
    answer = desk.process()
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("Usage: posterity")


@pytest.mark.parametrize("day", ["2024-12-31", "2999-01-01"])
def test_a_cutoff_that_makes_no_sense_is_refused_before_anything_is_taken_in(desk: Desk, day: str) -> None:
    waiting = desk.write("inbox/r.jsonl", report())
    assert desk.types("run", "--as-of", day).code == 2
    assert waiting.exists()
    assert desk.counts()["report_version"] == 0


def test_all_problems_of_the_configuration_are_said_at_once_a_line_each(desk: Desk) -> None:
    desk.configure(quiet().replace("prior = 0.4", "prior = 0.5").replace("up = 3", "up = -3"))
    answer = desk.types("history", "quiet")
    assert (answer.code, answer.out) == (2, "")
    lines = answer.err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("posterity: config.toml: forecasts[0].") for line in lines)


@pytest.mark.slow
def test_a_configuration_that_is_not_there_ends_with_2(desk: Desk) -> None:
    answer = desk.process("--config", "other.toml", "check")
    assert "other.toml: is not there; run `posterity init`" in said_in_one_line(answer, 2)


@pytest.mark.slow
def test_the_environment_may_name_the_configuration(desk: Desk) -> None:
    (desk.folder / "config.toml").rename(desk.folder / "other.toml")
    assert desk.process("check", POSTERITY_CONFIG="other.toml").code == 0


def test_a_forecast_that_its_evidence_makes_impossible_fails_and_the_others_go_on(desk: Desk) -> None:
    desk.configure(quiet("first") + SURE + quiet("last"))
    answer = desk.types("run", "--as-of", CUTOFF, "--json")
    assert answer.code == 1
    assert [(one["forecast"], one["status"]) for one in answer.json] == [
        ("first", "published"),
        ("sure", "failed"),
        ("last", "published"),
    ]


def test_what_a_terminal_would_act_upon_is_shown_inert_in_complaints_too(desk: Desk) -> None:
    said = said_in_one_line(desk.types("history", "\x1b[31mred\u202e"), 2)
    assert "\x1b" not in said
    assert "\u202e" not in said


@pytest.mark.slow
def test_output_that_goes_to_a_full_disk_ends_with_3(desk: Desk) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [PROGRAM, "check"], cwd=desk.folder, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 3
    assert done.stderr == (
        "posterity: standard output cannot be written (No space left on device); "
        "check the disk that it goes to\n"
    )


@pytest.mark.slow
def test_a_reader_who_has_seen_enough_is_no_error(desk: Desk) -> None:
    desk.types("ingest", desk.write("r.jsonl", *(report(f"r{n}", tag=f"t{n % 30}") for n in range(3000))))
    command = [PROGRAM, "reports", "--limit", "3000", "--json"]
    with subprocess.Popen(
        command, cwd=desk.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
