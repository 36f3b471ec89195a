"""What moved the probabilities since an earlier run, as `explain --since` says it and as the night does."""

from pathlib import Path
from typing import Any

import pytest

from service.composition import opened
from service.documents import FIELDS
from storage.reports import retract_report
from tests.service.andes import (
    ANDES,
    EARLY,
    FIRST,
    LATE,
    adds_up,
    adjust,
    contract,
    explained,
    sentences,
    shown,
    tell,
    the_line,
    told_of,
    tonight,
    visit,
)
from tests.service.commands import Desk

pytestmark = pytest.mark.sqlite("it is about what is computed and printed")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Desk:
    """Only to be asked: what changes it makes its own."""
    return told_of(tmp_path_factory.mktemp(f"explain-{database_kind}"))


@pytest.fixture
def fresh(tmp_path: Path) -> Desk:
    return told_of(tmp_path)


@pytest.mark.slow
def test_new_events_and_further_silence_are_what_moved_it(desk: Desk) -> None:
    told = explained(desk, "--since", "2025-05-31")
    assert told["since"] == {"as_of": EARLY, "run": 1}
    assert told["from"] == explained(desk, "--as-of", EARLY)["to"]
    assert "reasons" not in told
    assert {one["event"] for one in told["moved"] if one["kind"] == "event"} == {"c9"}
    assert set(sentences(told, "silence")) == {
        "1 × contract signed in Peru or Bolivia and no more in 2 months",
        "no state visit in 2 months",
        "no US pushback in Venezuela in 2 months",
    }
    assert len(sentences(told, "one-off")) == 1
    text = shown(desk, "--since", EARLY)
    assert f"andes as of {LATE} (run 2), and what moved it since {EARLY} (run 1)\n" in text
    assert the_line(text, "scenario").split() == [
        "scenario",
        "before",
        "now",
        "change",
        "band",
        "in",
        "words",
    ]
    assert text.count("c9") == 0


def rerun(desk: Desk) -> tuple[Any, Any]:
    """Run tomorrow, and answer with what moved since tonight, as the night and as `explain` says it."""
    night = tonight(desk, "2025-07-01")
    told = explained(desk, "--since", LATE)
    adds_up(told)
    assert night["moved"] == told["moved"]
    assert night["previous"] == told["from"]
    return night, told


@pytest.mark.slow
def test_an_amended_grade_is_told_with_both_credibilities(fresh: Desk) -> None:
    tell(fresh, FIRST[0] | {"grade": "C3"})
    _, told = rerun(fresh)
    (cause,) = [one for one in told["moved"] if one["kind"] == "regraded"]
    assert cause["event"] == "c1"
    assert cause["text"] == (
        "Peru buys helicopters (contract signed, Peru, 2025-03-01, credibility 0.95 before and 0.65 now)"
    )
    assert cause["bits"]["down"] > 0 > cause["bits"]["up"]


@pytest.mark.slow
def test_a_report_amended_away_takes_its_event_along(fresh: Desk) -> None:
    tell(fresh, FIRST[2] | {"tag": "analysis"})
    _, told = rerun(fresh)
    (said,) = sentences(told, "removed")
    assert said.startswith("A minister travels (state visit, the region, 2025-03-10, credibility 0.80); ")
    assert said.endswith("; it does not count any more")


@pytest.mark.slow
def test_a_retracted_report_takes_its_event_along_too(fresh: Desk) -> None:
    with opened(fresh.folder / "config.toml") as service, service.database.session() as session:
        retract_report(session, "v1", at=service.clock(), author="editor", why="it was a mistake")
    _, told = rerun(fresh)
    assert [one["event"] for one in told["moved"] if one["kind"] == "removed"] == ["v1"]


@pytest.mark.slow
def test_an_occasion_amended_away_counts_the_event_that_had_fallen_into_it(fresh: Desk) -> None:
    tell(fresh, FIRST[0] | {"tag": "analysis"})
    _, told = rerun(fresh)
    assert [one["event"] for one in told["moved"] if one["kind"] == "removed"] == ["c1"]
    assert [one["event"] for one in told["moved"] if one["kind"] == "event"] == ["c2"]


@pytest.mark.slow
def test_silence_of_the_same_days_counts_otherwise_where_occasions_changed(fresh: Desk) -> None:
    tell(fresh, contract("new", "2025-06-05"))
    night = tonight(fresh)
    assert [one["kind"] for one in night["moved"]] == ["event", "silence"]
    assert night["moved"][1]["text"] == (
        "contract signed in Peru or Bolivia: silence counts otherwise, as its occasions changed"
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "kind", "said"),
    [
        ("up = 6", "up = 9", "elicitation", "the analysts' numbers for contracts changed"),
        ("up = 0.8", "up = 0.5", "elicitation", "the analysts' numbers for treaty changed"),
        (
            'prior = 0.5\n\n[[forecasts.scenarios]]\nid = "up"\nprior = 0.2',
            'prior = 0.3\n\n[[forecasts.scenarios]]\nid = "up"\nprior = 0.4',
            "priors",
            "the analysts' prior probabilities changed",
        ),
        (
            "horizon = 2025-12-31",
            "horizon = 2026-06-30",
            "settings",
            "the forecast's window or settings changed",
        ),
        ('id = "up"\nprior', 'id = "rise"\nprior', "scenarios", "the forecast's scenarios changed"),
    ],
    ids=["numbers", "chance", "priors", "window", "scenarios"],
)
def test_what_the_analysts_changed_is_named_beside_the_world(
    fresh: Desk, old: str, new: str, kind: str, said: str
) -> None:
    if kind == "scenarios":
        adjust(fresh, "up = ", "rise = ")
    adjust(fresh, old, new)
    night = tonight(fresh)
    told = explained(fresh, "--since", EARLY)
    (cause,) = [one for one in told["moved"] if one["kind"] == kind]
    assert cause["text"] == said
    assert said in shown(fresh, "--since", EARLY)
    if kind != "scenarios":
        adds_up(told)
        adds_up({"since": True, "moved": night["moved"], "from": night["previous"], "to": told["to"]})
    assert [one["kind"] for one in night["moved"]] == [kind]


@pytest.mark.slow
def test_what_the_world_did_is_told_apart_from_what_the_analysts_did(fresh: Desk) -> None:
    adjust(fresh, "up = 6", "up = 9")
    adjust(fresh, "prior = 0.3", "prior = 0.2")
    adjust(fresh, "prior = 0.5", "prior = 0.6")
    tell(fresh, visit("v9", "2025-07-01"), FIRST[0] | {"grade": "C3"})
    night, told = rerun(fresh)
    kinds = [one["kind"] for one in told["moved"]]
    assert sorted(kinds) == ["elicitation", "event", "one-off", "priors", "regraded", *["silence"] * 3]
    assert "the forecast was changed after evidence had been seen" in " ".join(night["warnings"])


@pytest.mark.slow
def test_an_end_of_observation_that_moves_back_is_a_cause_of_its_own(fresh: Desk) -> None:
    adjust(fresh, "coverage_sd = 0", "coverage_sd = 0\nobserved_until = 2025-06-01")
    _, told = rerun(fresh)
    assert sentences(told, "observation") == ["observation now ends on 2025-06-01"]


@pytest.mark.slow
def test_a_day_of_the_same_run_moved_nothing(desk: Desk) -> None:
    assert explained(desk, "--since", LATE)["moved"] == []
    assert "\nNothing moved.\n" in shown(desk, "--since", "2025-12-01")


def test_a_night_holds_what_can_be_asked_of_it_in_the_promised_order(desk: Desk) -> None:
    first, second = desk.types("history", "andes", "--json").json
    assert tuple(first) == tuple(second) == FIELDS
    assert first["moved"] is None
    assert [one["event"] for one in second["moved"]].count("c9") == 1
    assert all(first[name] for name in ("reasons", "watch", "outlook", "diagnostics"))
    keys = ["kind", "indicator", "event", "scenario", "text", "bits", "points"]
    assert all(list(one) == keys for one in (*first["reasons"], *second["moved"]))


@pytest.mark.slow
def test_a_night_says_what_moved_since_the_last_one(fresh: Desk) -> None:
    assert "What moved" not in Desk(fresh.folder / "other", ANDES).types("run", "--as-of", EARLY).out
    text = fresh.types("run", "--as-of", LATE).out
    causes = explained(fresh, "--since", EARLY)["moved"]
    told = text[text.index("What moved it since the last run:\n") :].splitlines()[1:]
    assert [line.strip().rpartition(": ")[0] for line in told[: len(causes)]] == [
        one["text"] for one in causes
    ]


@pytest.mark.slow
def test_a_night_names_the_five_largest_and_counts_the_others(fresh: Desk) -> None:
    tell(fresh, contract("n1", "2025-06-20"), visit("n2", "2025-06-21"), visit("n3", "2025-06-22"))
    text = fresh.types("run", "--as-of", "2025-07-31").out
    causes = explained(fresh, "--since", LATE)["moved"]
    assert len(causes) == 7
    assert f"{causes[4]['text']}: " in text
    assert f"{causes[5]['text']}: " not in text
    assert "  and 2 smaller causes; `posterity explain andes` has all\n" in text


@pytest.mark.slow
def test_a_night_on_which_nothing_happened_and_no_time_passed_says_so(fresh: Desk) -> None:
    adjust(fresh, 'title = "Retreat"', 'title = "Surrender"')
    document = tonight(fresh)
    assert (document["status"], document["moved"]) == ("published", [])
    assert "Nothing moved since the last run.\n" in fresh.types("run", "--as-of", LATE).out
