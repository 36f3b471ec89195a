"""`posterity what-if`: the same as if it had been reported, at once, and nothing of it stored."""

import math
from pathlib import Path
from typing import Any

import pytest

from tests.service.andes import (
    ANDES,
    EARLY,
    LATE,
    SCENARIOS,
    adjust,
    contract,
    tell,
    the_line,
    told_of,
    tonight,
    treaty,
    visit,
)
from tests.service.commands import CUTOFF, SURE, Answer, Desk, quiet, said_in_one_line

pytestmark = pytest.mark.sqlite("what is computed and printed; its statements meet a server elsewhere")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    """Only to be asked: what changes it makes its own."""
    return told_of(tmp_path_factory.mktemp(f"what-if-{database_kind}"))


@pytest.fixture
def fresh(tmp_path: Path) -> Desk:
    return told_of(tmp_path)


def asked(desk: Desk, *events: str, until: str | None = None, more: tuple[str, ...] = ()) -> Answer:
    supposed = [word for event in events for word in ("--event", event)]
    silence = ["--silence-until", until] if until else []
    return desk.types("what-if", "andes", *supposed, *silence, *more)


def supposed(desk: Desk, *events: str, until: str | None = None, more: tuple[str, ...] = ()) -> Any:
    answer = asked(desk, *events, until=until, more=(*more, "--json"))
    assert (answer.code, answer.err) == (0, ""), answer
    return answer.json


@pytest.mark.slow
@pytest.mark.parametrize(
    ("event", "reported"),
    [
        ("tag=contract_signed,country=PE,grade=B2", contract("new", LATE, grade="B2")),
        ("tag=state_visit,country=*,grade=C4", visit("new", LATE, country="*", grade="C4")),
        ("tag=treaty,country=BO,probability_true=0.9", treaty("new", LATE, grade=None, probability_true=0.9)),
        (
            " tag=contract_signed, country=CL, also=BR PE, grade=A1",
            contract("new", LATE, country="CL", also=["BR", "PE"], grade="A1"),
        ),
        ("tag=us_pushback,country=VE,probability_true=0.999", None),
    ],
    ids=["contract", "region", "one-off", "also", "ceiling"],
)
def test_it_is_what_a_run_says_once_it_has_been_reported(
    fresh: Desk, event: str, reported: dict[str, object] | None
) -> None:
    told = supposed(fresh, event)
    tell(fresh, reported or contract("new", LATE, tag="us_pushback", country="VE", probability_true=0.98))
    night = tonight(fresh)
    assert told["now"] == night["previous"]
    assert told["probabilities"] == pytest.approx(night["probabilities"], abs=1e-9)
    assert told["probabilities"] != pytest.approx(told["now"], abs=1e-4)


@pytest.mark.slow
def test_several_events_at_once_are_what_a_run_says_of_all_of_them(fresh: Desk) -> None:
    events = ("tag=treaty,country=PE,grade=A1", "tag=state_visit,country=PE,grade=B2")
    told = supposed(fresh, *events, "tag=state_visit,country=PE,grade=B2")
    tell(
        fresh, treaty("x", LATE, grade="A1"), visit("y", LATE), visit("z", LATE, headline="Quite another one")
    )
    assert told["probabilities"] == pytest.approx(tonight(fresh)["probabilities"], abs=1e-9)
    assert [one["counts_in"] for one in told["events"]] == [["treaty"], ["visits"], ["visits"]]


@pytest.mark.slow
def test_silence_is_what_a_run_of_that_day_says_if_nothing_happens(fresh: Desk) -> None:
    told = supposed(fresh, until="2025-07-20")
    assert told["observed_until"] == "2025-07-20"
    night = tonight(fresh, "2025-07-20")
    assert told["probabilities"] == pytest.approx(night["probabilities"], abs=1e-9)
    assert told["points"] == pytest.approx(
        {one: 100 * (night["probabilities"][one] - told["now"][one]) for one in SCENARIOS}
    )


@pytest.mark.slow
def test_an_event_and_the_silence_after_it_are_supposed_together(fresh: Desk) -> None:
    told = supposed(fresh, "tag=contract_signed,country=PE,grade=B2", until="2025-07-20")
    tell(fresh, contract("new", LATE))
    assert told["probabilities"] == pytest.approx(tonight(fresh, "2025-07-20")["probabilities"], abs=1e-9)


@pytest.mark.slow
def test_a_past_night_may_be_asked_too(desk: Desk) -> None:
    told = supposed(desk, "tag=treaty,country=PE", more=("--as-of", EARLY))
    assert (told["as_of"], told["run"], told["observed_until"]) == (EARLY, 1, EARLY)
    assert told["now"] == desk.types("explain", "andes", "--as-of", EARLY, "--json").json["to"]


def test_nothing_is_stored(desk: Desk) -> None:
    before = desk.counts()
    assert asked(desk, "tag=treaty,country=PE", until="2025-12-31").out.endswith("\nNothing was stored.\n")
    supposed(desk, "tag=treaty,country=PE")
    assert desk.counts() == before


def test_what_was_supposed_is_told_with_what_comes_of_it(desk: Desk) -> None:
    event = "tag=us_pushback,country=VE,grade=C3"
    told, text = supposed(desk, event), asked(desk, event).out
    assert f"Deals in the Andes\nandes as of {LATE} (run 2), supposing:\n" in text
    assert f"  US pushback in Venezuela on {LATE}, credibility 0.65: counts in pushback\n" in text
    assert told["events"] == [
        {"tag": "us_pushback", "countries": ["VE"], "credibility": 0.65, "counts_in": ["pushback"]}
    ]
    for scenario in SCENARIOS:
        now, then = told["now"][scenario], told["probabilities"][scenario]
        assert told["bits"][scenario] == pytest.approx(math.log2(then / now))
        row = the_line(text, {"down": "Retreat  ", "base": "Base  ", "up": "up  "}[scenario])
        assert row.split()[1:4:2] == [f"{100 * now:.1f}", f"{100 * then:.1f}"]
        assert f" {told['bits'][scenario]:+.2f} " in row


def test_an_event_without_a_grade_is_as_certain_as_news_can_be(desk: Desk) -> None:
    certain, same = (
        supposed(desk, f"tag=treaty,country=PE{grade}") for grade in ("", ",probability_true=0.999")
    )
    assert certain["events"][0]["credibility"] == 0.98
    assert certain == same


def test_an_event_in_a_country_that_no_indicator_names_counts_nowhere_and_says_so(desk: Desk) -> None:
    for country, name in (("CL", "Chile"), ("*", "the region")):
        event = f"tag=contract_signed,country={country}"
        told = supposed(desk, event)
        assert told["events"][0]["counts_in"] == []
        assert told["probabilities"] == told["now"]
        assert (
            f"contract signed in {name} on {LATE}, credibility 0.98: "
            "counts in no indicator, as none with this tag names that country\n"
        ) in asked(desk, event).out


@pytest.mark.slow
def test_an_event_within_an_open_occasion_adds_nothing_and_says_so(fresh: Desk) -> None:
    tell(fresh, contract("new", "2025-06-20"))
    tonight(fresh)
    event = "tag=contract_signed,country=PE"
    told = supposed(fresh, event)
    assert told["probabilities"] == told["now"]
    assert told["events"][0]["counts_in"] == []
    assert "adds nothing in contracts, where an occasion is still open\n" in asked(fresh, event).out


@pytest.mark.slow
def test_events_that_are_known_already_come_to_count_as_observation_goes_on(fresh: Desk) -> None:
    adjust(fresh, "coverage_sd = 0", "coverage_sd = 0\nobserved_until = 2025-05-15")
    tonight(fresh)
    text = asked(fresh, until="2025-05-25").out
    assert "  nothing more until 2025-05-25\n" in text
    assert "  but for what is known already: Bolivia and Peru buy radars (2025-05-20)\n" in text


def test_what_would_rule_a_scenario_out_has_no_bits(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SURE.replace("up = 1", "up = 0.5"))
    desk.types("run", "--as-of", "2025-05-31")
    command = ("what-if", "sure", "--silence-until", CUTOFF)
    told = desk.types(*command, "--json").json
    assert told["probabilities"] == {"down": 0, "up": 1}
    assert told["bits"]["down"] is None
    assert told["bits"]["up"] == pytest.approx(math.log2(1 / told["now"]["up"]))
    assert " – " in the_line(desk.types(*command).out, "down  ")


def test_what_would_rule_every_scenario_out_names_indicator_and_silence(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SURE)
    desk.types("run", "--as-of", "2025-05-31")
    said = said_in_one_line(desk.types("what-if", "sure", "--silence-until", CUTOFF), 1)
    assert "sure: the evidence rules out every scenario" in said
    assert "treaty must have happened by 2025-06-30, but nothing shows it" in said


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("tag=treety,country=PE", "andes counts the tag 'treety'; the nearest: treaty"),
        ("tag=visit,country=PE", "counts the tag 'visit'; the nearest: state_visit"),
        (
            "tag=qqq,country=PE",
            "counts the tag 'qqq'; write one of contract_signed, state_visit, treaty, us_pushback",
        ),
        ("country=PE", "--event country=PE: tag: is missing; write the kind of event"),
        ("tag=treaty", "country: is missing; write a two-letter code"),
        ("tag=treaty,country=Peru", "country: 'Peru' is not a country's ISO 3166 two-letter code"),
        ("tag=treaty,country=PE,grade=Z9", "grade: 'Z9' is not a grade"),
        ("tag=treaty,country=PE,probability_true=1", "probability_true: "),
        ("tag=treaty,country=PE,probability_true=often", "probability_true: "),
        (
            "tag=treaty,contry=PE",
            "cannot read contry=PE; write tag=…, country=…, also=…, grade=…, probability_true=…",
        ),
        ("treaty", "cannot read treaty; write tag=…"),
        ("tag=treaty,country=PE,country=BO", "says something twice; further countries go into also=…"),
        ("", "tag: is missing"),
    ],
)
def test_an_event_that_cannot_be_supposed_is_refused(desk: Desk, event: str, said: str) -> None:
    assert said in said_in_one_line(asked(desk, event), 2)


def test_every_bad_event_is_said_at_once(desk: Desk) -> None:
    answer = asked(desk, "tag=treety,country=PE", "tag=treaty,country=PE", "tag=treaty,country=Peru", "tag=x")
    assert (answer.code, answer.out) == (2, "")
    whose = [line.removeprefix("posterity: --event ").partition(":")[0] for line in answer.err.splitlines()]
    assert whose == ["tag=treety,country=PE", "tag=treaty,country=Peru", "tag=x"]


@pytest.mark.parametrize("day", ["2025-06-29", "2026-01-01"])
def test_silence_that_does_not_lie_ahead_is_refused(desk: Desk, day: str) -> None:
    assert said_in_one_line(asked(desk, until=day), 2) == (
        f"silence until {day} is not ahead: observation ended on {LATE}, and the horizon is 2025-12-31; "
        "write a day between them"
    )


def test_to_suppose_nothing_is_refused(desk: Desk) -> None:
    said = said_in_one_line(asked(desk), 2)
    assert said == "nothing is supposed; write --event tag=…,country=… or --silence-until DATE"


def test_a_forecast_that_nobody_knows_is_refused(desk: Desk) -> None:
    answer = desk.types("what-if", "andse", "--event", "tag=treaty,country=PE")
    assert said_in_one_line(answer, 2) == "no forecast is called 'andse'; did you mean andes?"


@pytest.mark.slow
def test_a_forecast_that_is_configured_no_longer_may_be_asked(fresh: Desk) -> None:
    then = supposed(fresh, "tag=treaty,country=PE")
    fresh.configure(quiet("another"))
    assert supposed(fresh, "tag=treaty,country=PE") == then
    assert ANDES not in (fresh.folder / "config.toml").read_text(encoding="utf-8")
