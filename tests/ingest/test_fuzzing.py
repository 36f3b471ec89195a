"""The fuzzer: it makes its inputs again, tells every kind of failure, and finds none in our parsers."""

from pathlib import Path

import pytest

from benchmarks import fuzz
from benchmarks.fuzz import Found, input_of
from benchmarks.fuzz_parsers import PARSERS, Parser
from model.errors import InputRefused

OURS = ("feeds", "markup", "moments", "decoding")


def tried(parser: Parser, folder: Path) -> Found:
    return fuzz.fuzz("feeds", parser, seconds=0.2, seed=1, folder=folder)


def test_an_input_is_made_again_from_its_number_and_the_seed() -> None:
    inputs = [input_of(number, seed=1, name="feeds") for number in range(50)]
    assert inputs == [input_of(number, seed=1, name="feeds") for number in range(50)]
    assert inputs != [input_of(number, seed=2, name="feeds") for number in range(50)]
    assert len(set(inputs)) > 45


def test_refusals_are_counted_and_are_no_failures(tmp_path: Path) -> None:
    def refuses(_: bytes) -> int:
        raise InputRefused("no feed")

    found = tried(refuses, tmp_path / "none")
    assert found.refused == found.inputs > 0
    assert found.failures == []
    assert not (tmp_path / "none").exists()


def test_what_gets_through_is_told_with_its_place_and_kept(tmp_path: Path) -> None:
    def breaks(body: bytes) -> int:
        raise KeyError(len(body))

    found = tried(breaks, tmp_path)
    number, wrong = found.failures[-1]
    assert wrong.startswith("KeyError: ")
    assert "test_fuzzing.py:" in wrong
    assert (tmp_path / f"feeds-1-{number}").read_bytes() == input_of(number, seed=1, name="feeds")


def test_what_takes_too_long_or_too_much_is_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz, "SECONDS", 0.0)
    assert "takes" in tried(len, tmp_path).failures[0][1]
    monkeypatch.setattr(fuzz, "SECONDS", 60.0)
    monkeypatch.setattr(fuzz, "MEGABYTES", -1)
    assert "grows by" in tried(len, tmp_path).failures[0][1]


def test_what_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "_PATIENCE", 0.05)

    def endless(_: bytes) -> int:
        while True:
            pass

    assert tried(endless, tmp_path).failures[0][1] == "does not end"


@pytest.mark.slow
@pytest.mark.parametrize("name", OURS)
def test_a_few_hundred_spoiled_inputs_find_nothing(name: str) -> None:
    for number in range(300):
        try:
            PARSERS[name](input_of(number, seed=3, name=name))
        except InputRefused:
            continue
