"""`posterity watch`: what to expect of each indicator, and which of them would tell the most."""

from pathlib import Path
from typing import Any

import pytest

from tests.service.andes import EARLY, LATE, contract, stored_without, tell, the_line, told_of, tonight
from tests.service.commands import Desk, said_in_one_line

pytestmark = pytest.mark.sqlite("what is computed and printed; its statements meet a server elsewhere")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    """Only to be asked: what changes it makes its own."""
    return told_of(tmp_path_factory.mktemp(f"watch-{database_kind}"))


@pytest.fixture
def fresh(tmp_path: Path) -> Desk:
    return told_of(tmp_path)


def watched(desk: Desk, *more: str) -> Any:
    answer = desk.types("watch", "andes", *more, "--json")
    assert (answer.code, answer.err) == (0, "")
    return answer.json


@pytest.mark.slow
def test_it_is_what_the_night_said(desk: Desk) -> None:
    told, night = watched(desk), tonight(desk)
    assert list(told)[:5] == ["forecast", "as_of", "run", "watch", "outlook"]
    assert (told["forecast"], told["as_of"], told["run"]) == ("andes", LATE, 2)
    assert (told["watch"], told["outlook"]) == (night["watch"], night["outlook"])


@pytest.mark.both("adds statements")
@pytest.mark.slow
def test_the_most_informative_indicator_comes_first(desk: Desk) -> None:
    told = watched(desk)["watch"]
    bits = [one["bits"] for one in told]
    assert bits == sorted(bits, reverse=True)
    assert all(number >= 0 for number in bits)
    assert {one["indicator"] for one in told} == {"contracts", "visits", "pushback", "treaty"}
    assert [list(one) for one in told] == [["indicator", "until", "bits", "probability"]] * 4
    text = desk.types("watch", "andes").out
    assert [line.split()[0] for line in text.splitlines()[4:8]] == [one["indicator"] for one in told]


def test_the_chance_of_a_further_event_stands_beside_it_for_each_distance(desk: Desk) -> None:
    told, text = watched(desk), desk.types("watch", "andes").out
    assert the_line(text, "indicator").split("  ")[-1].strip() == "what"
    chances = {(one["indicator"], one["days"]): one["probability"] for one in told["outlook"]}
    for one in told["watch"]:
        name, row = one["indicator"], the_line(text, f"{one['indicator']}  ").split()
        assert row[1:7:2] == [f"{100 * chances[name, days]:.1f}" for days in (7, 30, 90)]
        assert row[7] == f"{one['bits']:.4f}"
        assert one["probability"] == pytest.approx(chances[name, 30])
    assert text.startswith(f"Deals in the Andes\nandes as of {LATE} (run 2): the chance of at least one ")


def test_an_indicator_is_told_in_words(desk: Desk) -> None:
    text = desk.types("watch", "andes").out
    for name, words in (
        ("contracts", "contract signed in Peru or Bolivia"),
        ("pushback", "US pushback in Venezuela"),
        ("visits", "state visit"),
    ):
        assert the_line(text, f"{name}  ").endswith(f"   {words}")


@pytest.mark.slow
def test_a_past_night_expects_what_it_expected_then(fresh: Desk) -> None:
    then = watched(fresh, "--as-of", EARLY)
    tell(fresh, contract("new", "2025-04-20"))
    fresh.types("run", "--as-of", LATE)
    assert watched(fresh, "--as-of", EARLY) == then
    assert (then["run"], then["as_of"]) == (1, EARLY)
    assert {one["until"] for one in then["watch"]} == {"2025-05-30"}


@pytest.mark.slow
def test_it_is_what_was_stored_with_the_run(fresh: Desk) -> None:
    told = [one | {"bits": one["bits"] / 2} for one in watched(fresh)["watch"]]
    stored_without(fresh, watch=told)
    assert watched(fresh)["watch"] == told


@pytest.mark.slow
def test_a_run_of_a_release_that_stored_nothing_to_watch_is_asked_anyway(fresh: Desk) -> None:
    then = watched(fresh)
    number = stored_without(fresh, "watch", "outlook")
    assert number > then["run"]
    assert watched(fresh) == then | {"run": number}


@pytest.mark.slow
def test_a_forecast_at_its_horizon_has_nothing_left_to_tell(fresh: Desk) -> None:
    fresh.types("run", "--as-of", "2026-01-10")
    told = watched(fresh)
    assert [one["bits"] for one in told["watch"]] == pytest.approx([0] * 4)
    assert {one["probability"] for one in told["outlook"]} == {0}


def test_a_forecast_that_nobody_knows_is_refused(desk: Desk) -> None:
    answer = desk.types("watch", "andse")
    assert said_in_one_line(answer, 2) == "no forecast is called 'andse'; did you mean andes?"
    assert "the first is as of 2025-04-30" in said_in_one_line(
        desk.types("watch", "andes", "--as-of", "2025-02-01"), 2
    )
