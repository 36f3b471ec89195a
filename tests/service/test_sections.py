from datetime import date, time, timedelta
from pathlib import Path

import pytest

from service.toml_values import Weekly
from tests.service.configurations import INDICATOR, VALID, Load, Refused


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[storage]\nurll = "x"', "storage.urll: is not a known key; did you mean url?"),
        ("[storage]\nkeep_draws_days = 1.5", "storage.keep_draws_days: is 1.5; write whole days, 0 to 36500"),
        ('[shedule]\nnightly = "02:15"', "shedule: is not a known key; did you mean schedule?"),
        ('[schedule]\nnightly = "24:00"', 'schedule.nightly: is "24:00"; write hours and minutes'),
        (
            "[schedule]\nnightly = 02:15:00",
            "schedule.nightly: is 02:15:00; write hours and minutes in quotes",
        ),
        ('[schedule]\ndigest = "1 07:00"', 'schedule.digest: is "1 07:00"; write a day\'s name and a time'),
        ('[schedule]\ntimezone = "Europe/Berln"', "did you mean Europe/Berlin?"),
        ('[schedule]\ntimezone = "nowhere"', "write one such as UTC or Europe/Berlin"),
        ('[schedule]\ntimezone = "/etc/passwd"', "write one such as UTC or Europe/Berlin"),
        ("[ingest]\ncluster_days = -1", "ingest.cluster_days: is -1; write whole days, 0 to 36500"),
        ("[ingest]\naccept_above = nan", "ingest.accept_above: is nan; probabilities lie between 0 and 1"),
        ('[ingest]\ndrop_folder = ""', "ingest.drop_folder: is empty"),
        (
            '[ingest]\ntag_families = [["a"]]',
            "ingest.tag_families[0]: is too short; name the tags, two or more",
        ),
        ('[ingest]\ntag_families = [["a","b"],["b","c"]]', '"b" stands in another family too'),
        (
            "[grades]\nreliability = { A = 1 }",
            "grades.reliability.A: is 1; write a number above 0 and below 1",
        ),
        (
            "[grades]\nreliability = { G = 0.5 }",
            "grades.reliability.G: is not a known key; write one of A, B",
        ),
        (
            "[grades]\ncredibility = { 1 = 0 }",
            "grades.credibility.1: is 0; write a number above 0 and below 1",
        ),
        ("[grades]\ncorroboration = 1.1", "grades.corroboration: is 1.1; write a number from 0 to 1"),
        ('[digest]\nrecipients = "a@b"', "digest.recipients: is not a list; write it in square brackets"),
        ('[digest]\nrecipients = ["a@b", "a@b"]', 'digest.recipients[1]: names "a@b" again; write it once'),
        ('[digest]\nsender = "a@b\\nBcc: c@d"', "digest.sender: holds a line break or a control character"),
        ('[digest]\nsmtp = { security = "startls" }', 'digest.smtp.security: is "startls"; did you mean'),
        ("[digest]\nsmtp = { password = 1234 }", "digest.smtp.password: is not text; write it in quotes"),
        ("[digest]\nsmtp = 1", "digest.smtp: is not a table; write its keys one by one"),
        ('[digest]\ninclude = ["x"]', "digest.include: belongs at the top of the file"),
        ("[alerts]\nmove_bits = -0.1", "alerts.move_bits: is -0.1; write 0 or more"),
        ("[serve]\nport = true", "serve.port: is true; ports are 1 to 65535"),
        ('[serve]\npublic_url = "x"', "serve.public_url: is not an address; write it with https://"),
        ("[sources]", "sources: is not a list; write [[sources]]"),
        ('[[sources]]\nid = "s"\nurl = "x"', 'sources[0].kind: is missing; write kind = "rss"'),
        ('[[sources]]\nid = "s"\nkind = "rss"', "sources[0]: needs either url or path; write one of the two"),
        ('[[sources]]\nid = "s"\nkind = "k"\npath = "x"\nevery = "0m"', 'sources[0].every: is "0m"; write'),
        ('[[sources]]\nid = "s"\nkind = "k"\npath = "x"\ngrade = "G1"', 'sources[0].grade: is "G1"; write'),
        ("[[rules]]\nconfidence = 0.5", "rules[0].tag: is missing; write the kind of event"),
        ('"a b\\n" = 1', 'config.toml: "a b\\n": is not a known key; write one of include, storage'),
    ],
)
def test_a_section_that_makes_no_sense_is_refused_in_one_line(
    refused: Refused, text: str, problem: str
) -> None:
    (line,) = refused(f"{text}\n{VALID}")
    assert line.startswith("config.toml: ")
    assert problem in line


def test_values_come_in_the_types_that_their_users_need(loaded: Load, tmp_path: Path) -> None:
    text = """
[schedule]
timezone = "Europe/Berlin"
nightly = "23:59"
digest = "Sun 18:30"
[ingest]
tag_families = [["a", "b"]]
[serve]
public_url = "https://example.org/"
[[sources]]
id = "s"
kind = "rss"
path = "data/s.csv"
every = "2d"
grade = "B2"
"""
    found = loaded(text + VALID)
    assert (found.schedule.nightly, found.schedule.digest) == (time(23, 59), Weekly("sun", time(18, 30)))
    assert found.ingest.tag_families == (("a", "b"),)
    assert found.serve.public_url == "https://example.org"
    assert (found.sources[0].path, found.sources[0].every) == (tmp_path / "data/s.csv", timedelta(days=2))


def test_a_forecasts_own_alerts_go_before_the_general_ones(loaded: Load) -> None:
    text = "[alerts]\nmove_points = 3\nstale_days = 9\n" + VALID.replace(
        'id = "f"', 'id = "f"\nalerts = { stale_days = 1 }'
    )
    found = loaded(text)
    assert (found.alerts.move_points, found.alerts.stale_days) == (3, 9)
    assert (found.forecast_alerts["f"].move_points, found.forecast_alerts["f"].stale_days) == (3, 1)


def test_days_may_be_written_as_text_and_tags_as_lists(loaded: Load) -> None:
    text = VALID.replace("2026-01-01", '"2026-01-01"').replace('"deal"', '["deal", "pact"]')
    (forecast,) = loaded(text.replace('"PE"', '"pe", "PE"')).forecasts
    assert forecast.opened == date(2026, 1, 1)
    assert forecast.indicators[0].tags == ("deal", "pact")
    assert forecast.indicators[0].countries == ("PE",)


@pytest.mark.parametrize(("written", "gamma"), [('"even"', 1), ('"late"', 2), ('"early"', 0.5), ("3", 3)])
def test_timing_is_a_word_or_a_number(loaded: Load, written: str, gamma: float) -> None:
    assert loaded(f"{VALID}timing = {written}\n").forecasts[0].indicators[0].timing == gamma


def test_numbers_follow_the_order_of_the_scenarios(loaded: Load) -> None:
    (forecast,) = loaded(VALID.replace("down = 1, up = 2.5", "up = 2.5, down = 1")).forecasts
    assert list(forecast.indicators[0].stated.items()) == [("down", 1.0), ("up", 2.5)]


def test_observation_may_end_before_the_opening_or_after_the_horizon(loaded: Load) -> None:
    for day in ("2025-01-01", "2030-01-01"):
        text = VALID.replace('id = "f"', f'id = "f"\nobserved_until = {day}')
        assert loaded(text).forecasts[0].observed_until == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"f"', '"F_1"', 'forecasts[0].id: is "F_1"; ids are small letters, digits and hyphens'),
        ('"f"', f'"{"f" * 65}"', "forecasts[0].id: is"),
        (
            "2026-01-01",
            "2026-01-01T00:00:00Z",
            "forecasts[0].opened: is 2026-01-01T00:00:00+00:00; write a day",
        ),
        ("2026-01-01", '"2026-01"', 'forecasts[0].opened: is "2026-01"; write a day from 1900 to 2199'),
        ("2026-01-01", '"0025-01-01"', 'forecasts[0].opened: is "0025-01-01"; write a day from 1900'),
        ("opened = 2026-01-01", "", "forecasts[0].opened: is missing; write the first day"),
        ("2026-12-31", "2026-01-01", "forecasts[0].horizon: is 2026-01-01, not after opened, 2026-01-01"),
        ("0.4", "0.5", "forecasts[0].scenarios: priors sum to 1.1, not to 1; write probabilities"),
        ("0.4", "nan", "forecasts[0].scenarios[0].prior: is nan; probabilities lie between 0 and 1"),
        ("prior = 0.4", "", "forecasts[0].scenarios[0].prior: is missing; write its probability"),
        ("up = 2.5", "up = -1", "indicators[0].expected.up: is -1; rates are 0 or more"),
        ("up = 2.5", "up = inf", "indicators[0].expected.up: is inf; rates are 0 or more"),
        ("up = 2.5", "up = true", "indicators[0].expected.up: is true; rates are 0 or more"),
        ("up = 2.5", f"up = 0x{'f' * 5000}", "indicators[0].expected.up: is a very large number; rates"),
        (", up = 2.5", "", "expected.up: is missing; write one number for each scenario: down, up"),
        (
            "up = 2.5",
            "up = 2, upp = 2",
            "expected.upp: is not a scenario of this forecast; they are down, up",
        ),
        (
            "expected = { down = 1, up = 2.5 }",
            "probability = { down = 0.1, up = 0.2 }",
            "probability: does not fit this indicator, for it recurs; write expected = {",
        ),
        (
            "expected = { down = 1, up = 2.5 }",
            "",
            "expected: is missing; write expected = { down = …, up = … }",
        ),
        ("expected = { down = 1, up = 2.5 }", "expected = 3", "expected: is not a table"),
        ("expected = { down = 1, up = 2.5 }", 'base_rate = "x"', "base_rate: is not a table"),
        (
            "expected",
            "recurs = false\nprobability",
            "probability.up: is 2.5; probabilities lie between 0 and 1",
        ),
        (
            "expected",
            "recurs = false\nexpected",
            "expected: does not fit this indicator, for it does not recur",
        ),
        ("expected", 'recurs = "no"\nexpected', 'recurs: is "no"; write true or false, without quotes'),
        (
            "expected",
            'timing = "soon"\nexpected',
            'timing: is "soon"; write even, late, early or a number above',
        ),
        ("expected", "timing = 0\nexpected", "timing: is 0; write even, late, early or a number above 0"),
        ("expected", "spread = -1\nexpected", "spread: is -1; write a number from 0 to 10"),
        ("expected", "burst_days = 1.5\nexpected", "burst_days: is 1.5; write whole days, 0 to 36500"),
        ("expected", "sprad = 1\nexpected", "sprad: is not a known key; did you mean spread?"),
        ('"deal"', "[]", "tag: names none; write the kind of event that it counts"),
        ('"deal"', '["a", "a"]', 'tag[1]: names "a" again; write it once'),
        ('"deal"', '["analysis"]', 'tag[0]: is "analysis"; reports of that tag tell of no new act'),
        ('"PE"', '"*"', 'countries[0]: is "*"; leave countries out to count events everywhere'),
        ('"PE"', '"UK"', 'countries[0]: is "UK"; write GB'),
        ('"PE"', '"Peru"', 'countries[0]: is "Peru"; write an ISO 3166 code of two letters, such as PE'),
        ('"f"', '"f"\nsources = ["s"]', 'sources[0]: "s" is not a source; there is no [[sources]] table'),
        ('"f"', '"f"\nprior_strength = 0', "forecasts[0].prior_strength: is 0; write a number above 0"),
        ('"f"', '"f"\ncoverage_sd = -0.1', "forecasts[0].coverage_sd: is -0.1; write 0 or more"),
        ('"f"', '"f"\nalerts = { stail = 1 }', "forecasts[0].alerts.stail: is not a known key; write one of"),
        ('"f"', '"f"\ntitle = "a\\nb"', "forecasts[0].title: holds a line break or a control character"),
        ('"f"', '"f"\nquestion = "a\\u0000b"', "forecasts[0].question: holds a control character"),
    ],
)
def test_a_forecast_that_makes_no_sense_is_refused_in_one_line(
    refused: Refused, old: str, new: str, problem: str
) -> None:
    (line,) = refused(VALID.replace(old, new, 1))
    assert line.startswith("config.toml: forecasts[0].")
    assert problem in line


def test_a_forecast_of_one_scenario_is_refused(refused: Refused) -> None:
    (line,) = refused(
        '[[forecasts]]\nid = "f"\nopened = 2026-01-01\nhorizon = 2026-12-31\nscenarios = '
        '[{ id = "only", prior = 1 }]\n'
    )
    assert line.startswith("config.toml: forecasts[0].scenarios: are fewer than two")


def test_ids_are_unique_for_every_kind_of_thing(refused: Refused) -> None:
    source = '[[sources]]\nid = "s"\nkind = "rss"\npath = "x"\n'
    text = source + source + VALID + INDICATOR.format(id="deals") + VALID.replace('"up"', '"down"')
    lines = [line for line in refused(text) if "is taken already; write another id" in line]
    assert [line.split(": ")[1] for line in lines] == [
        "sources[1].id",
        "forecasts[0].indicators[1].id",
        "forecasts[1].id",
        "forecasts[1].scenarios[1].id",
    ]


def test_no_problem_hides_another(refused: Refused) -> None:
    first = (
        VALID.replace("0.6", "0.7").replace("up = 2.5", "up = -1, x = 1").replace("2026-12-31", "2025-01-01")
    )
    second = VALID.replace('"f"', '"G"').replace("prior = 0.4", 'prior = "x"').replace('"PE"', '"*"')
    lines = refused(f"[serve]\nport = 0\nprot = 1\n{first}{second}")
    assert [line.split(": ")[1] for line in lines] == [
        "serve.port",
        "serve.prot",
        "forecasts[0].indicators[0].expected.up",
        "forecasts[0].horizon",
        "forecasts[0].scenarios",
        "forecasts[0].indicators[0].expected.x",
        "forecasts[1].id",
        "forecasts[1].scenarios[0].prior",
        "forecasts[1].indicators[0].countries[0]",
    ]
