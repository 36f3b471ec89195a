"""`posterity explain`: why a run came to its probabilities, in words, and in parts that add up."""

import math
from pathlib import Path

import pytest

from service.api.diagnosed import Diagnostics
from tests.service.andes import (
    ANDES,
    EARLY,
    LATE,
    SCENARIOS,
    adds_up,
    adjust,
    contract,
    explained,
    parts,
    sentences,
    shown,
    size,
    stored_without,
    tell,
    the_line,
    told_of,
    tonight,
    treaty,
)
from tests.service.commands import CUTOFF, SURE, Desk, quiet, report, said_in_one_line, vivid

pytestmark = pytest.mark.sqlite("what is computed and printed; its statements meet a server elsewhere")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    """Only to be asked: what changes it makes its own."""
    return told_of(tmp_path_factory.mktemp(f"explain-{database_kind}"))


@pytest.fixture
def fresh(tmp_path: Path) -> Desk:
    return told_of(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--as-of", EARLY), ("--since", EARLY)], ids=" ".join)
def test_the_parts_add_up_to_the_whole(desk: Desk, more: tuple[str, ...]) -> None:
    told = explained(desk, *more)
    adds_up(told)
    assert sum(told["to"].values()) == pytest.approx(1)


def test_the_way_leads_from_the_prior_to_the_probabilities_of_the_run(desk: Desk) -> None:
    told, night = explained(desk), tonight(desk)
    assert (told["run"], told["as_of"], told["observed_until"], told["since"]) == (2, LATE, LATE, None)
    assert told["from"] == night["prior"] == {"down": 0.3, "base": 0.5, "up": 0.2}
    assert told["to"] == night["probabilities"]
    assert told["reasons"] == night["reasons"]


def test_the_biggest_come_first(desk: Desk) -> None:
    for more in ((), ("--since", EARLY)):
        sizes = [size(one) for one in parts(explained(desk, *more))]
        assert sizes == sorted(sizes, reverse=True)
        assert sizes[0] > sizes[-1]


def test_every_event_that_counts_and_every_silence_has_a_line_of_its_own(desk: Desk) -> None:
    causes = explained(desk)["reasons"]
    assert {one["event"] for one in causes if one["kind"] == "event"} == {"c1", "c9", "v1", "v2", "p1"}
    assert {one["indicator"] for one in causes if one["kind"] == "silence"} == {
        *("contracts", "visits", "pushback")
    }
    assert [one["indicator"] for one in causes if one["kind"] == "one-off"] == ["treaty"]
    assert len(causes) == 9


def test_silence_speaks_for_the_scenario_that_expects_the_least(desk: Desk) -> None:
    (silence,) = [one for one in explained(desk)["reasons"] if one["text"].startswith("1 × US pushback")]
    assert silence["bits"]["up"] > silence["bits"]["base"] > silence["bits"]["down"]
    assert silence["bits"]["up"] > 0 > silence["bits"]["down"]


@pytest.mark.slow
def test_silence_without_any_event_is_told_with_its_duration(fresh: Desk) -> None:
    fresh.types("run", "--as-of", "2025-01-15")
    told = explained(fresh, "--as-of", "2025-01-15")
    assert sentences(told, "silence") == [
        "no contract signed in Peru or Bolivia in 14 days",
        "no state visit in 14 days",
        "no US pushback in Venezuela in 14 days",
    ]
    assert sentences(told, "one-off") == ["no treaty by 2025-01-15"]


def test_an_analyst_reads_headlines_countries_credibility_and_time(desk: Desk) -> None:
    text = shown(desk)
    for sentence in (
        "Deals in the Andes\nWhich way will the Andes turn?\n",
        f"andes as of {LATE} (run 2), and what moved it from its prior of 2025-01-01",
        "Peru buys helicopters (contract signed, Peru, 2025-03-01, credibility 0.95): ",
        "Bolivia and Peru buy radars (contract signed, Bolivia or Peru, 2025-05-20, credibility 0.80): ",
        "A minister travels (state visit, the region, 2025-03-10, credibility 0.80): ",
        "2 × contract signed in Peru or Bolivia and no more in 6 months: ",
        "2 × state visit and no more in 6 months: ",
        "1 × US pushback in Venezuela and no more in 6 months: ",
        "Another treaty is signed (2025-05-10, credibility 0.80, the most credible of 2 candidates): ",
        f"Silence counts from 2025-01-01 to {LATE}, outside of occasions",
        "1 further event fell into occasions that count already, adding nothing.",
    ):
        assert sentence in text
    assert "Peru buys more of them" not in text


def test_a_cause_names_the_scenario_that_it_moved_most_by_its_title_or_else_its_id(desk: Desk) -> None:
    text, causes = shown(desk), explained(desk)["reasons"]
    for cause in causes[:8]:
        _, scenario = max((abs(number), one) for one, number in cause["bits"].items())
        number = cause["bits"][scenario]
        names = {"down": "Retreat", "base": "Base", "up": "up"}
        told = the_line(text, f"  {cause['text']}: ").removeprefix(f"  {cause['text']}: ").split()
        assert float(told[0]) == pytest.approx(abs(number), abs=0.05)
        assert told[1:] == ["bits", "for" if number > 0 else "against", names[scenario]]
    assert "bits for Retreat\n" in text
    assert "bits against Retreat\n" in text
    assert "  and 1 smaller one, in the table\n" in text
    assert f"{causes[8]['text']}: " not in text


def test_the_table_sums_by_indicator_and_all_together(desk: Desk) -> None:
    text, told = shown(desk), explained(desk)
    for name in ("contracts", "visits", "pushback", "treaty"):
        mine = [one["points"] for one in told["reasons"] if one["indicator"] == name]
        sums = [f"{sum(one[scenario] for one in mine):+.1f}" for scenario in SCENARIOS]
        assert the_line(text, f"{name}  ").split()[1:] == sums
    rows = text[text.index("in percentage points") :].splitlines()[2:]
    headings = [row.split() for row in rows if row[:1] not in {" ", ""}][:4]
    moved = [max(abs(float(number)) for number in row[1:]) for row in headings]
    assert moved == sorted(moved, reverse=True)
    change = [f"{100 * (told['to'][one] - told['from'][one]):+.1f}" for one in SCENARIOS]
    assert the_line(text, "all together").split()[2:] == change


def test_probabilities_are_told_before_and_after_with_their_words(desk: Desk) -> None:
    text, told = shown(desk), explained(desk)
    before, now = (100 * told[which]["up"] for which in ("from", "to"))
    row = the_line(text, "up  ")
    assert row.split()[1:7] == [f"{before:.1f}", "%", f"{now:.1f}", "%", f"{now - before:+.1f}", "pp"]
    assert row.endswith(tonight(desk)["words"]["up"])


@pytest.mark.slow
def test_what_does_not_count_is_told_with_the_reason(fresh: Desk) -> None:
    adjust(fresh, "coverage_sd = 0", "coverage_sd = 0\nobserved_until = 2025-05-15")
    tonight(fresh)
    (one,) = explained(fresh)["uncounted"]
    assert (one["event"], one["headline"]) == ("c9", "Bolivia and Peru buy radars")
    text = shown(fresh)
    assert f"Does not count: Bolivia and Peru buy radars ({one['reason']})." in text
    assert "occurred on 2025-05-20, after observation ended on 2025-05-15" in one["reason"]
    assert "Nobody was watching in the last 46 days before the cutoff: they count as nothing." in text
    assert "Warning: 1 event after observed_until does not count" in text


def test_before_anything_was_seen_nothing_moved(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ANDES)
    desk.types("run", "--as-of", "2025-01-01")
    told = explained(desk)
    assert told["reasons"] == []
    assert told["to"] == pytest.approx(told["from"])
    assert "Nothing moved: no event counts, and no silence either.\n" in shown(desk)


@pytest.mark.both("adds statements")
@pytest.mark.slow
def test_a_scenario_that_silence_rules_out_is_said_so_first(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SURE.replace("up = 1", "up = 0.5"))
    assert desk.types("run", "--as-of", "2025-05-31").code == 0
    desk.types("run", "--as-of", CUTOFF)
    told = explained(desk, forecast="sure")
    first, *others = told["reasons"]
    assert (first["kind"], first["scenario"], first["indicator"]) == ("impossible", "down", "treaty")
    assert first["bits"] == {"down": None, "up": pytest.approx(math.log2(1 / 0.6))}
    assert first["points"] == {"down": pytest.approx(-40), "up": pytest.approx(40)}
    assert told["to"] == {"down": 0, "up": 1}
    assert [one["kind"] for one in others] == ["one-off"]
    adds_up(told)
    text = shown(desk, forecast="sure")
    assert "  down is impossible: treaty must have happened by 2025-06-30, but nothing shows it: " in text
    assert "0.74 bits for up" in text
    adds_up(explained(desk, "--since", "2025-05-31", forecast="sure"))


def test_a_scenario_that_turns_out_to_be_possible_after_all_is_said_so(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SURE.replace("up = 1", "up = 0.5"))
    desk.types("run", "--as-of", CUTOFF)
    tell(desk, treaty(day="2025-07-02", occurred_on="2025-05-01"))
    desk.types("run", "--as-of", "2025-07-02")
    told = explained(desk, "--since", CUTOFF, forecast="sure")
    assert sentences(told, "possible") == ["down is possible again"]
    adds_up(told)


@pytest.mark.slow
def test_a_past_night_answers_as_it_did_then_whatever_is_known_since(fresh: Desk) -> None:
    then, said = explained(fresh, "--as-of", EARLY), shown(fresh, "--as-of", EARLY)
    tell(fresh, contract("late", "2025-05-01", headline="Amended away"), contract("c1", grade="E5"))
    adjust(fresh, "up = 6", "up = 9")
    adjust(fresh, 'title = "Retreat"', 'title = "Surrender"')
    fresh.types("run", "--as-of", LATE)
    assert explained(fresh, "--as-of", EARLY) == then
    assert shown(fresh, "--as-of", EARLY) == said
    assert explained(fresh, "--as-of", "2025-06-29") == then
    assert explained(fresh) != then
    assert "Surrender" in shown(fresh)


@pytest.mark.slow
def test_a_night_that_was_run_again_answers_by_its_newest_run(fresh: Desk) -> None:
    tell(fresh, contract("more", "2025-04-10"))
    tonight(fresh, EARLY)
    told = explained(fresh, "--as-of", EARLY)
    assert told["run"] == 3
    assert "more" in {one["event"] for one in told["reasons"]}


@pytest.mark.slow
def test_a_forecast_that_is_configured_no_longer_still_answers(fresh: Desk) -> None:
    then = explained(fresh)
    fresh.configure(quiet("another"))
    assert explained(fresh) == then


@pytest.mark.slow
def test_a_run_is_explained_by_what_was_stored_with_it(fresh: Desk) -> None:
    first, *others = explained(fresh)["reasons"]
    told = [first | {"text": "said otherwise by an earlier release"}, *others]
    stored_without(fresh, reasons=told)
    assert explained(fresh)["reasons"] == told
    assert "  said otherwise by an earlier release: " in shown(fresh)


@pytest.mark.slow
def test_a_run_of_a_release_that_stored_no_reasons_is_explained_anyway(fresh: Desk) -> None:
    then, text = explained(fresh), shown(fresh)
    number = stored_without(fresh, "reasons", "moved", "watch", "diagnostics")
    told = explained(fresh)
    assert told == then | {"run": number}
    assert shown(fresh) == text.replace("(run 2)", f"(run {number})")
    assert explained(fresh, "--since", EARLY)["run"] == number
    assert "an older release made it" in shown(fresh, "--diagnostics")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["andes", "--since", "2025-04-29"],
            "andes has no published run as of 2025-04-29 or before; the first is as of 2025-04-30",
        ),
        (
            ["andes", "--as-of", "2025-01-01"],
            "andes has no published run as of 2025-01-01 or before; the first is as of 2025-04-30",
        ),
        (["andse"], "no forecast is called 'andse'; did you mean andes?"),
        (["andes", "--plots", "pictures"], "plots belong to the diagnostics; write --diagnostics too"),
        (["andes", "--diagnostics", "--since", EARLY], "diagnostics are those of one run"),
        (["andes", "--as-of", EARLY, "--since", LATE], f"--since {LATE} lies after --as-of {EARLY}"),
        (["andes", "--since", "yesterday"], "'yesterday' is not a day; write 2025-12-31"),
        (["andes", "--diagnostics", "--plots", "pictures"], "without the run's draws, and there are none"),
    ],
    ids=" ".join,
)
def test_a_question_that_has_no_answer_is_refused(desk: Desk, arguments: list[str], said: str) -> None:
    answer = desk.types("explain", *arguments)
    assert said in said_in_one_line(answer, 2)
    assert not Path("pictures").exists()


@pytest.mark.parametrize("command", ["explain", "what-if", "watch"])
def test_a_forecast_that_has_not_been_run_says_what_to_do(tmp_path: Path, command: str) -> None:
    more = ["--event", "tag=treaty,country=PE"] if command == "what-if" else []
    answer = Desk(tmp_path, ANDES).types(command, "andes", *more)
    assert said_in_one_line(answer, 2) == "andes has no published run yet; try `posterity run`"


def test_a_forecast_whose_runs_all_failed_has_no_published_run_but_diagnostics(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SURE)
    assert desk.types("run", "--as-of", CUTOFF).code == 1
    assert "sure has no published run yet" in said_in_one_line(desk.types("explain", "sure"), 2)
    assert "(run 1, failed)\nNothing is known of this run's fit" in shown(
        desk, "--diagnostics", forecast="sure"
    )


@pytest.mark.slow
def test_a_sampled_night_adds_up_too_and_has_diagnostics_and_pictures(tmp_path: Path) -> None:
    desk = Desk(tmp_path, vivid())
    tell(desk, report(), report("b", "2025-05-01", grade="C3"))
    assert desk.types("run", "--as-of", CUTOFF).code == 0
    adds_up(explained(desk, forecast="vivid"))
    text = shown(desk, "--diagnostics", "--plots", str(tmp_path / "plots"), forecast="vivid")
    assert "The fit, the worst figure of each scenario:" in text
    written = sorted((tmp_path / "plots").iterdir())
    assert [f"wrote {path}" for path in written] == sorted(
        line for line in text.splitlines() if line.startswith("wrote ")
    )
    told = explained(desk, "--diagnostics", forecast="vivid")
    assert told["sampled"]
    assert Diagnostics.model_validate(told).fit.keys() == {"down", "up"}  # as the API describes them
    answer = desk.types("explain", "vivid", "--diagnostics", "--json", "--plots", str(tmp_path / "again"))
    assert "plots are written without --json" in said_in_one_line(answer, 2)


def test_diagnostics_of_a_run_that_knew_everything_say_that_nothing_was_sampled(desk: Desk) -> None:
    assert shown(desk, "--diagnostics") == (
        f"andes as of {LATE} (run 2, published)\n"
        "Nothing was sampled: the forecast states no spread and no coverage_sd to be unsure of.\n"
    )
    document = explained(desk, "--diagnostics")
    assert (document["forecast"], document["run"], document["sampled"]) == ("andes", 2, False)
