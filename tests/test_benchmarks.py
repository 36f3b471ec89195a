"""A small sample of every benchmark, so that none of them rots; what they find is in docs/benchmarks.md."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import (
    accuracy,
    clustering,
    former,
    intake,
    mail_faults,
    measuring,
    million,
    mixture,
    processes,
    shipped,
    speed,
    survey,
)
from benchmarks.simulated import FAR, NEAR, Recipe, case
from benchmarks.streams import stream
from model import exact
from service.knowledge import known_evidence

ROOT = Path(__file__).parents[1]
RECIPES = pytest.mark.parametrize("recipe", [NEAR, FAR], ids=lambda recipe: recipe.name)


@RECIPES
def test_the_simulated_cases_leave_two_scenarios_plausible(recipe: Recipe) -> None:
    assert sorted(exact.posterior(case(recipe)).values())[-2] > survey.PLAUSIBLE


@RECIPES
def test_exact_engine_and_oracle_agree_on_the_simulated_cases(recipe: Recipe) -> None:
    evidence = case(recipe)
    engine, oracle = mixture.by_quadrature(evidence), mixture.by_oracle(evidence)
    assert engine.log_z == pytest.approx(oracle.log_z, abs=accuracy.NATS)


@pytest.mark.slow
def test_the_mixture_is_wrong_where_each_scenario_by_itself_is_right() -> None:
    found = {one.how: one for one in survey.look(case(FAR))}
    assert found["mixture"].error > 0.1
    assert found["per scenario"].error < 0.01


@pytest.mark.slow
def test_the_survey_looks_at_seeds_of_which_some_are_cases() -> None:
    seeds = [seed for seed, _ in survey.cases(NEAR, 20)]
    assert seeds
    assert len(seeds) < 20
    found = [survey.Found(how="mixture", error=error, rhat=1.0, ess=1000) for error in (0.5, 0.001)]
    assert survey.verdict("mixture", found).startswith(
        "mixture: 1 of 2 samplings off by more than 0.02, 1 of these"
    )


def test_cutoffs_are_the_ends_of_the_months_of_the_window(tmp_path: Path) -> None:
    with shipped.service(tmp_path) as of:
        days = [f"{day}" for day in accuracy.cutoffs(shipped.forecast(of))]
    assert days[:2] == ["2025-04-30", "2025-05-31"]
    assert days[-2:] == ["2027-03-31", "2027-04-24"]
    assert len(days) == 25


def test_exact_engine_and_oracle_agree_at_a_cutoff(tmp_path: Path) -> None:
    with shipped.service(tmp_path) as of:
        shipped.take_in(of)
        as_shipped, unlimited = accuracy.variants(shipped.forecast(of))
        evidence = known_evidence(of, unlimited, as_of=as_shipped.horizon)
    found = accuracy.agreement(evidence, sampled=False)
    assert found.events > 0
    assert found.nats <= accuracy.NATS
    assert len(found.row()) == len(accuracy.HEADERS)
    assert "within 1e-06" in accuracy.worst([found])
    assert "MISSES" in accuracy.worst([replace(found, nats=1.0)])


@pytest.mark.slow
def test_pymc_agrees_with_the_exact_engine_at_a_cutoff(tmp_path: Path) -> None:
    with shipped.service(tmp_path) as of:
        shipped.take_in(of)
        evidence = known_evidence(of, shipped.forecast(of), as_of=shipped.forecast(of).horizon)
    found = accuracy.agreement(evidence, sampled=True)
    assert found.gate == "published"
    assert found.apart is not None
    assert found.apart <= accuracy.PROBABILITY


@pytest.mark.slow
def test_reports_that_a_forecast_does_not_need_change_nothing(tmp_path: Path) -> None:
    few, many = tmp_path / "few", tmp_path / "many"
    million.few_reports(few)
    million.many_reports(few, many, million.FEW + 500)
    assert million.inference(few, many, pairs=1).many.wall > 0


def test_the_exact_update_is_measured_beside_its_target(tmp_path: Path) -> None:
    with shipped.service(tmp_path) as of:
        shipped.take_in(of)
        rows = [one.row() for one in speed.exact_update(of, times=3)]
    assert [row[0] for row in rows if row[3]] == ["exact update"]
    assert measuring.table(speed.HEADERS, rows).startswith("| what")


@pytest.mark.slow
def test_every_question_is_measured(tmp_path: Path) -> None:
    with shipped.service(tmp_path) as of:
        shipped.take_in(of)
        promised = [one.what for one in speed.questions(of, times=1) if one.target]
    assert [what.partition(",")[0] for what in promised] == ["band of sensitivity", "what-if"]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_history_starts_without_the_heavy_packages(tmp_path: Path, form: str) -> None:
    with shipped.service(tmp_path):
        pass  # a database that is new is migrated, and that loads alembic
    assert processes.loaded_by_history(tmp_path, tmp_path, form) == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", mail_faults.KINDS)
def test_each_reader_has_each_mail_once_whatever_the_mail_server_does(fault: str) -> None:
    readers = [f"reader-{number}@example.org" for number in (1, 4)]
    came = mail_faults.tried(fault, mail_faults.KINDS[fault](readers), 6)
    assert came.different == 0
    assert came.never == came.dead == (2 if "550" in fault else 0)
    assert came.once + came.again + came.never == 6
    assert came.again == (2 if "has the mail" in fault or "having the mail" in fault else 0)


@pytest.mark.slow
def test_the_study_of_memory_runs() -> None:
    command = [sys.executable, "-m", "benchmarks.memory", "--nights", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == ["night", "0", "1"]
    assert float(lines[-1][1]) < 400


def test_the_shipped_reports_become_the_labelled_events_as_well_as_by_the_former_rule() -> None:
    labelled = clustering.labelled()
    new, old = (
        clustering.b_cubed(rule(labelled.reports), labelled.labels)
        for rule in (clustering.likeness, former.clustered)
    )
    assert new.precision >= max(0.95, old.precision)
    assert new.f1 >= old.f1


@pytest.mark.slow
@pytest.mark.parametrize("world", ["arms", "goods"])
def test_events_of_a_dense_stream_are_kept_apart(world: str) -> None:
    found = clustering.mean_score(clustering.likeness, [stream(seed, world) for seed in range(100, 108)])
    assert found.precision >= 0.95
    assert found.recall >= 0.75


@pytest.mark.slow
def test_what_intake_costs_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    intake.run(tmp_path, tmp_path, divisor=200)
    assert capsys.readouterr().out.count("reports/s") == 1
