"""Logs: one line for each event, inert, complete, and without what is secret."""

import io
import json
import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from model.errors import UsageError
from service import logs

SECRET = "hunter2-hunter2"  # noqa: S105 - it opens nothing
KEY = "pk_" + "aB3-_" * 9


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave logging as it was found: it is one for the whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    show = warnings.showwarning
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.captureWarnings(capture=False)
    warnings.showwarning = show
    root.handlers[:] = handlers
    root.setLevel(level)


Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    """Log as JSON from here on; the lines since the last call."""
    logs.configure("json")

    def read() -> list[dict[str, Any]]:
        captured = capsys.readouterr()
        assert captured.out == ""
        return [json.loads(line) for line in captured.err.splitlines()]

    return read


def fail(why: str) -> None:
    raise ValueError(why)


def test_an_event_is_one_line_of_json_with_its_moment_level_and_source(lines: Lines) -> None:
    before = datetime.now(UTC)
    logs.get("owed").info("job ended", job="night", attempt=2, seconds=1.5, outcome=None, late=True)
    (line,) = lines()
    assert list(line)[:4] == ["timestamp", "level", "logger", "event"]
    stamp = datetime.fromisoformat(line.pop("timestamp"))
    assert before <= stamp <= datetime.now(UTC)
    assert stamp.utcoffset() == UTC.utcoffset(None)
    assert line == {
        "level": "info",
        "logger": "owed",
        "event": "job ended",
        "job": "night",
        "attempt": 2,
        "seconds": 1.5,
        "outcome": None,
        "late": True,
    }


def test_what_is_bound_stands_in_every_line_until_it_is_unbound(lines: Lines) -> None:
    log = logs.get("steps").bind(due="2026-01-20")
    with structlog.contextvars.bound_contextvars(run=41, step="update"):
        log.info("began")
        logging.getLogger("a.library").warning("slow")
    log.info("ended")
    began, slow, ended = lines()
    assert (began["run"], began["step"], began["due"]) == (41, "update", "2026-01-20")
    assert (slow["run"], slow["step"]) == (41, "update")
    assert "run" not in ended


def test_what_libraries_log_takes_the_same_way(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").error("cannot %s", "listen")
    logging.getLogger("apscheduler.executors.default").warning("missed")
    logging.getLogger("apscheduler.executors.default").info("ran a job once more")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    told = [(line["logger"], line["level"], line["event"]) for line in lines()]
    assert told[:2] == [
        ("uvicorn.error", "error", "cannot listen"),
        ("apscheduler.executors.default", "warning", "missed"),
    ]
    assert [(logger, level) for logger, level, _ in told[2:]] == [("py.warnings", "warning")]
    assert "DeprecationWarning: old" in told[2][2]


def test_what_is_only_of_interest_to_developers_is_left_out(lines: Lines) -> None:
    logs.get("web").debug("request")
    assert lines() == []


def test_an_error_brings_its_traceback_in_the_same_line(lines: Lines) -> None:
    try:
        fail(f"postgresql://u:{SECRET}@h/x refused")
    except ValueError:
        logs.get("web").exception("unforeseen")
        logging.getLogger("uvicorn.error").exception("unforeseen")
    for line in lines():
        assert line["exception"].startswith("Traceback (most recent call last):\n")
        assert line["exception"].endswith("ValueError: postgresql://u:***@h/x refused")


def test_parameters_of_a_statement_that_failed_are_left_out(lines: Lines) -> None:
    text = f"(psycopg.Error) no\n[SQL: SELECT 1]\n[parameters: {{'t': '{SECRET}'}}]\n(Background)"
    logs.get("web").error("failed", reason=text)
    (line,) = lines()
    assert SECRET not in str(line)
    assert line["reason"].endswith("[parameters: ***]\n(Background)")


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "token",
        "key",
        "api_key",
        "PASSWORD",
        "smtp.password",
        "x-secret",
        "cookie",
        "Authorization",
        "credentials",
    ],
)
def test_the_value_of_a_field_that_is_named_like_a_secret_is_hidden(lines: Lines, name: str) -> None:
    logs.get("x").info("one", **{name: SECRET})
    logs.get("x").info("two", deep={"list": [{name: SECRET}], name: [SECRET, (SECRET,)]})
    logs.get("x").info("three", **{name: SECRET.encode()})
    told = lines()
    assert SECRET not in str(told)
    assert told[0][name] == logs.HIDDEN


@pytest.mark.parametrize("name", ["keys", "keyword", "monkey", "tokens_used", "subject", "passwords_checked"])
def test_other_names_hide_nothing(lines: Lines, name: str) -> None:
    logs.get("x").info("one", **{name: "2026-W03"})
    assert lines()[0][name] == "2026-W03"


def test_the_number_of_a_lease_is_no_secret(lines: Lines) -> None:
    logs.get("x").info("in charge", token=3)
    assert lines()[0]["token"] == 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"Authorization: Bearer {SECRET}", "Authorization: Bearer ***"),
        (f"bearer  {SECRET}, and more", "bearer  ***, and more"),
        (f"postgresql+psycopg://desk:{SECRET}@host/db?x=1", "postgresql+psycopg://desk:***@host/db?x=1"),
        (f"https://:{SECRET}@host", "https://:***@host"),
        (f"?password={SECRET}&user=x", "?password=***&user=x"),
        (f'{{"password": "{SECRET}"}}', '{"password": "***"}'),
        (f"GET /unsubscribe/{SECRET} HTTP/1.1", "GET /unsubscribe/*** HTTP/1.1"),
        (f"https://x.org/a/unsubscribe/{SECRET}?y", "https://x.org/a/unsubscribe/***?y"),
        (f"a key {KEY} was sent", "a key pk_*** was sent"),
        ("/unsubscribe/{token}", "/unsubscribe/{token}"),
        ("https://example.org:8000/path", "https://example.org:8000/path"),
        ("mail to ana@example.org", "mail to ana@example.org"),
    ],
)
def test_what_looks_secret_in_a_text_is_hidden_and_nothing_else(lines: Lines, text: str, shown: str) -> None:
    logs.get("x").info(text, reason=text, deep=[{"a": text}], error=ValueError(text))
    (line,) = lines()
    assert [line["event"], line["reason"], line["deep"], line["error"]] == [
        shown,
        shown,
        [{"a": shown}],
        shown,
    ]


@pytest.mark.slow
@given(st.text(), st.dictionaries(st.from_regex("[a-d]{1,3}", fullmatch=True), st.text()))
def test_any_text_is_one_line_that_can_be_read_back(event: str, fields: dict[str, str]) -> None:
    for made in (True, False):
        rendered = event_line({**fields, "event": event}, console=made)
        assert len(rendered.splitlines()) <= 1
        if not made:
            assert set(json.loads(rendered)) == {*fields, "event"}


def event_line(event: dict[str, object], *, console: bool) -> str:
    """One event as the last of the processors leave it."""
    made: Any = event
    for process in logs._ending(console=console):
        made = process(None, "info", made)
    return str(made)


def test_numbers_that_json_has_no_word_for_are_written_as_text(lines: Lines) -> None:
    logs.get("x").info("odd", bits=float("inf"), points=float("nan"))
    assert {lines()[0][name] for name in ("bits",)} == {"inf"}


def test_at_a_terminal_it_is_laid_out_for_people(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    logs.configure("auto")
    logs.get("web").info("serving", at="http://127.0.0.1:8000")
    told = capsys.readouterr().err
    assert "\x1b[" in told
    assert "serving" in told
    assert not told.startswith("{")


def test_where_nobody_sits_it_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("auto")
    logs.get("web").info("serving")
    assert json.loads(capsys.readouterr().err)["event"] == "serving"


def test_in_a_console_nothing_from_outside_acts_upon_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("console")
    hostile = "a\x1b[2J\nb\r\u202ec\x07"
    logs.get("x").info(hostile, one=hostile, deep={"two": hostile})
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert not {"\x1b", "\r", "\u202e", "\x07"} & set(told)
    assert "<U+001B>[2J<U+000A>b" in told


def test_a_traceback_in_a_console_keeps_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("console")
    try:
        fail("\x1b[2Jno")
    except ValueError:
        logs.get("x").exception("failed")
    told = capsys.readouterr().err
    assert told.splitlines()[1] == "Traceback (most recent call last):"
    assert told.splitlines()[-1] == "ValueError: <U+001B>[2Jno"


def test_a_form_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="logs have no form 'jsn'; did you mean json"):
        logs.configure("jsn")


def test_before_anything_is_set_up_warnings_show_and_results_stay_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.get("x").info("taken in")
    logs.get("x").warning("no more room", token=SECRET)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "no more room" in captured.err
    assert SECRET not in captured.err


def test_where_nobody_can_read_it_nothing_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    logs.configure("json")
    with io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True) as full:
        monkeypatch.setattr(sys, "stderr", full)
        logs.get("x").info("serving")
        monkeypatch.undo()
