import os
import subprocess
import sys
from datetime import date, time
from pathlib import Path

import pytest

from model.credibility import Grades
from model.errors import ConfigurationError
from service.configuration import load
from service.toml_values import Weekly
from tests.service.configurations import FORECAST, INDICATOR, VALID, Load, Refused

SHIPPED = Path(__file__).parents[2] / "config.toml"


def test_the_shipped_configuration_loads_without_warnings() -> None:
    shipped = load(SHIPPED, {})
    assert shipped.warnings == ()
    (forecast,) = shipped.forecasts
    assert forecast.scenario_ids == ("downside", "base", "upside")
    assert len(forecast.indicators) == 18
    assert forecast.observed_until == date(2026, 2, 16)


def test_the_shipped_numbers_reach_the_indicators() -> None:
    center, contracts, *_ = load(SHIPPED, {}).forecasts[0].indicators
    assert (center.recurs, center.timing, center.stated["base"]) == (False, 2.0, 0.92)
    assert (contracts.tags, contracts.countries) == (("contract_signed",), ("PE",))
    assert dict(contracts.stated) == {"downside": 0.3, "base": 1.5, "upside": 2.5}


def test_every_section_but_the_forecasts_has_defaults(loaded: Load, tmp_path: Path) -> None:
    found = loaded()
    assert found.path == tmp_path / "config.toml"
    assert found.storage.url == f"sqlite:///{tmp_path}/var/posterity.db"
    assert found.storage.draws == tmp_path / "var/draws"
    assert found.schedule.nightly == time(2, 15)
    assert found.schedule.digest == Weekly("mon", time(7, 0))
    assert found.ingest.drop_folder == tmp_path / "inbox"
    assert found.ingest.cluster_days == 7
    assert [*found.digest.recipients, *found.sources, *found.rules] == []
    assert found.serve.host == "127.0.0.1"


def test_the_default_grades_are_those_of_the_model(loaded: Load) -> None:
    assert loaded().grades.worth() == Grades()


def test_one_grade_may_be_changed_and_the_others_stay(loaded: Load) -> None:
    text = "[grades]\nreliability = { B = 0.7 }\ncredibility = { 6 = 0.4 }\ncorroboration = 0.25\n" + VALID
    worth = loaded(text, POSTERITY__GRADES__RELIABILITY__A="0.9").grades.worth()
    assert dict(worth.reliability) == {"A": 0.9, "B": 0.7, "C": 0.65, "D": 0.45, "E": 0.20, "F": 0.50}
    assert dict(worth.credibility) == {"1": 0.95, "2": 0.80, "3": 0.65, "4": 0.35, "5": 0.10, "6": 0.4}
    assert worth.corroboration == 0.25


def test_what_was_loaded_is_frozen(loaded: Load) -> None:
    found = loaded()
    with pytest.raises(AttributeError):
        found.path = Path()  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        found.serve.port = 1
    with pytest.raises(TypeError):
        found.forecast_alerts["f"] = found.alerts  # type: ignore[index]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("sqlite:///var/x.db", "sqlite:///{}/var/x.db"),
        ("sqlite:///x.db?timeout=5", "sqlite:///{}/x.db?timeout=5"),
        ("sqlite:////srv/x.db", "sqlite:////srv/x.db"),
        ("sqlite:///:memory:", "sqlite:///:memory:"),
        ("sqlite://", "sqlite://"),
        ("postgresql+psycopg://u:p#w@[::1]:5432/db?sslmode=require", None),
        ("postgresql+psycopg:///db?host=/run/postgresql", None),
    ],
)
def test_a_databases_relative_path_starts_from_the_files_folder(
    loaded: Load, tmp_path: Path, written: str, meant: str | None
) -> None:
    found = loaded(f'[storage]\nurl = "{written}"\n{VALID}')
    assert found.storage.url == (meant or written).format(tmp_path)


def test_folders_are_absolute_whatever_the_working_directory(
    loaded: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded('[ingest]\ndrop_folder = "in"\n' + VALID)
    monkeypatch.chdir(tmp_path)
    assert load(Path("config.toml"), {}).ingest.drop_folder == tmp_path / "in"
    absolute = loaded('[ingest]\ndrop_folder = "/srv/in"\n' + VALID)
    assert absolute.ingest.drop_folder == Path("/srv/in")


@pytest.mark.parametrize(
    "url",
    [
        "mysql://u:hunter2@h/db",
        "postgres://u:hunter2@h/db",
        "postgresql+psycopg://u:hunter2@h:port/db",
        "sqlite://var/x.db",
        "hunter2",
    ],
)
def test_another_database_is_refused_and_its_password_never_repeated(refused: Refused, url: str) -> None:
    (line,) = refused(f'[storage]\nurl = "{url}"\n{VALID}')
    assert line.startswith("config.toml: storage.url: is not an address of a database; write sqlite:///")
    assert "hunter2" not in line


def test_neither_addresses_nor_passwords_nor_sources_own_keys_are_shown(loaded: Load) -> None:
    text = """
[storage]
url = "postgresql+psycopg://u:hunter2@h/db"
[digest]
smtp = { username = "u", password = "hunter2" }
[[sources]]
id = "s"
kind = "rss"
url = "https://u:hunter2@example.org"
lang = "hunter2"
"""
    found = loaded(text + VALID)
    assert "hunter2" not in repr(found)
    assert found.digest.smtp.password is not None
    assert found.digest.smtp.password.get_secret_value() == "hunter2"
    assert found.sources[0].model_extra == {"lang": "hunter2"}


def test_the_environment_goes_before_the_file(loaded: Load) -> None:
    text = '[digest]\nsmtp = { host = "mail", port = 587 }\n' + VALID
    environ = {
        "POSTERITY__STORAGE__URL": "sqlite:///:memory:",
        "POSTERITY__DIGEST__SMTP__PORT": "2525",
        "POSTERITY__DIGEST__SMTP__PASSWORD": "12345",
        "POSTERITY__DIGEST__RECIPIENTS": '["a@example.org"]',
    }
    found = loaded(text, **environ)
    assert found.storage.url == "sqlite:///:memory:"
    assert (found.digest.smtp.host, found.digest.smtp.port) == ("mail", 2525)
    assert found.digest.smtp.password is not None
    assert found.digest.smtp.password.get_secret_value() == "12345"
    assert found.digest.recipients == ("a@example.org",)


def test_the_process_own_environment_counts_by_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text(VALID, encoding="utf-8")
    monkeypatch.setenv("POSTERITY__SERVE__PORT", "9000")
    assert load(tmp_path / "config.toml").serve.port == 9000
    assert load(tmp_path / "config.toml", {}).serve.port == 8000


def test_an_empty_variable_and_those_of_others_change_nothing(loaded: Load) -> None:
    found = loaded(POSTERITY__SERVE__PORT="", POSTERITY_CONFIG="x", SERVE="1", HOME="/")
    assert found.serve.port == 8000


def test_a_problem_of_the_environment_names_its_variable(refused: Refused) -> None:
    text = "[serve]\nport = 80\nhost = 3\n" + VALID
    assert refused(text, POSTERITY__SERVE__PORT="eighty", Posterity__Storage__Urk="1") == [
        "Posterity__Storage__Urk: is not a known key; did you mean url?",
        "config.toml: serve.host: is 3; write text in quotes",
        'POSTERITY__SERVE__PORT: is "eighty"; ports are 1 to 65535',
    ]


def test_a_problem_within_a_variables_json_names_the_variable_and_the_place(refused: Refused) -> None:
    (line,) = refused(POSTERITY__RULES='[{"tag": "x", "confidence": 2}]')
    assert line == "POSTERITY__RULES: [0].confidence: is 2; probabilities lie between 0 and 1"


def test_a_table_that_is_not_json_is_refused_beside_everything_else_and_not_repeated(
    refused: Refused,
) -> None:
    lines = refused(POSTERITY__DIGEST__SMTP='{"password": "hunter2', POSTERITY__SERVE__PORT="0")
    assert lines == [
        "POSTERITY__DIGEST__SMTP: is not a table; write its keys one by one",
        'POSTERITY__SERVE__PORT: is "0"; ports are 1 to 65535',
    ]


def test_a_variable_of_no_section_is_refused_with_the_nearest_one(refused: Refused) -> None:
    lines = refused(POSTERITY__STROAGE__URL="x", POSTERITY__FORECASTS="[]", POSTERITY__INCLUDE="[]")
    assert lines == [
        "POSTERITY__FORECASTS: forecasts may stand in files only; write it there",
        "POSTERITY__INCLUDE: include may stand in files only; write it there",
        "POSTERITY__STROAGE__URL: names no section; did you mean POSTERITY__STORAGE?",
    ]


def _problems(path: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(path, {})
    return list(caught.value.problems)


def test_a_missing_file_leads_to_init(tmp_path: Path) -> None:
    (line,) = _problems(tmp_path / "config.toml")
    assert line.startswith("config.toml: is not there; run `posterity init`")


def test_a_folder_a_huge_file_and_a_file_of_other_letters_are_refused(tmp_path: Path) -> None:
    (huge, latin) = (tmp_path / "huge.toml", tmp_path / "latin.toml")
    huge.write_bytes(b"#" * (4 * 1024 * 1024 + 1))
    latin.write_bytes(b'# one\ntitle = "\xe9"\n')
    assert _problems(tmp_path)[0].endswith("is not a file; name the configuration file itself")
    assert "is larger than 4 MB" in _problems(huge)[0]
    assert _problems(latin) == ["latin.toml: is not UTF-8 (line 2); save it as UTF-8"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(VALID, encoding="utf-8")
    path.chmod(0)
    assert "cannot be read: Permission denied" in _problems(path)[0]


def test_a_file_whose_path_leads_through_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be read: Not a directory" in _problems(tmp_path / "file" / "config.toml")[0]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a = 1\nb = [1,\nc", "line 3, column 1"),
        ("a = 1\na = 2\n", "line 2, column 6"),
        ("day = 2026-02-30", "line 1, column 7"),
        ("a = " + "1" * 5000, "4300 digits"),
        ("a = " + "[" * 100_000, "nests its values too deeply"),
    ],
)
def test_an_error_of_toml_says_where(refused: Refused, text: str, where: str) -> None:
    (line,) = refused(text)
    assert line.startswith("config.toml: ")
    assert where in line


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf" + VALID.replace("\n", "\r\n").encode())
    assert load(tmp_path / "config.toml", {}).forecasts[0].id == "f"


def test_a_configuration_without_forecasts_is_refused(refused: Refused) -> None:
    (line,) = refused("[serve]\nport = 80\n")
    assert line.startswith("config.toml: forecasts: holds none; write a [[forecasts]] table")


def test_included_files_add_their_forecasts_in_the_order_of_their_names(loaded: Load, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    for name in ("b", "a", "c"):
        (tmp_path / f"more/{name}.toml").write_text(FORECAST.format(id=name), encoding="utf-8")
    text = 'include = ["more/*.toml", "more/a.toml", "*.toml"]\n'
    assert [forecast.id for forecast in loaded(text + VALID).forecasts] == ["f", "a", "b", "c"]
    assert [forecast.id for forecast in loaded(text).forecasts] == ["a", "b", "c"]


def test_problems_of_included_files_name_the_file_and_their_own_counting(
    refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "a.toml").write_text(FORECAST.format(id="f").replace("0.6", "2"), encoding="utf-8")
    (tmp_path / "b.toml").write_text("[forecasts]\n[storage]\n", encoding="utf-8")
    (tmp_path / "c.toml").write_text("x = [", encoding="utf-8")
    no_file = "matches no file in the folder of config.toml; write it relative to that folder"
    assert refused('include = ["?.toml", "none/*.toml", "/etc/*.toml", 3]\n' + VALID) == [
        f"config.toml: include[1]: {no_file}",
        f"config.toml: include[2]: {no_file}",
        "b.toml: forecasts: is not a list; write [[forecasts]]",
        "b.toml: storage: may not stand in an included file, only [[forecasts]] may; move it",
        "c.toml: is not TOML: Invalid value (at end of document)",
        "config.toml: include[3]: is 3; write text in quotes",
        "a.toml: forecasts[0].scenarios[1].prior: is 2; probabilities lie between 0 and 1",
        'a.toml: forecasts[0].id: "f" is taken already; write another id',
    ]


def test_indicators_that_count_the_same_events_are_warned_of(loaded: Load) -> None:
    anywhere = INDICATOR.format(id="anywhere").replace('countries = ["PE"]', "")
    brazil = INDICATOR.format(id="brazil").replace("PE", "BR")
    assert loaded(VALID + brazil).warnings == ()
    both = 'both count "deal" in the same countries: one event counts in each'
    assert loaded(VALID + brazil + anywhere).warnings == (
        f"config.toml: forecasts[0].indicators[2]: anywhere and deals {both}",
        f"config.toml: forecasts[0].indicators[2]: anywhere and brazil {both}",
    )


def test_a_prior_of_zero_and_equal_numbers_are_warned_of(loaded: Load) -> None:
    text = VALID.replace("0.4", "0").replace("0.6", "1").replace("up = 2.5", "up = 1")
    impossible, equal = loaded(text).warnings
    assert impossible.startswith("config.toml: forecasts[0].scenarios[0].prior: is 0: no evidence")
    assert equal.startswith("config.toml: forecasts[0].indicators[0]: deals states one number for all")


@pytest.mark.slow
def test_configuration_is_read_without_loading_what_is_slow() -> None:
    slow = {"pandas", "pymc", "alembic", "sqlmodel", "sqlalchemy", "scipy", "numpy", "rapidfuzz", "arviz"}
    code = (
        "import pathlib, sys, service.configuration as c;"
        "c.load(pathlib.Path(sys.argv[1]), {}); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(SHIPPED)],
        capture_output=True,
        text=True,
        check=True,
        cwd=SHIPPED.parent,
    )
    assert slow.isdisjoint(done.stdout.split())


def test_names_that_would_break_the_line_are_quoted(tmp_path: Path) -> None:
    (tmp_path / "a\nb.toml").write_text("x = [", encoding="utf-8")
    path = tmp_path / "config.toml"
    path.write_text('include = ["a*.toml"]\n' + VALID.replace('"up"', '"u\\np"'), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(path, {"POSTERITY__\nX": "1"})
    variable, included, scenario, *_ = caught.value.problems
    assert variable.startswith('"POSTERITY__\\nX": names no section')
    assert included.startswith('"a\\nb.toml": is not TOML')
    assert scenario.startswith('config.toml: forecasts[0].scenarios[1].id: is "u\\np"; ids are')
    assert all(len(line.splitlines()) == 1 for line in caught.value.problems)
