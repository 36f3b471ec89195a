"""Announcing a night: who is told of a move, since when, and that nobody is told twice."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr

from service.announcing import announce, jeffreys, largest_points
from service.composition import Service, opened
from service.nightly import night
from storage.announcements import Announced, announced
from storage.outbox import claim
from storage.subscribers import subscribe
from tests.service.commands import Desk, quiet, report

NOW = datetime(2026, 11, 22, 2, 15, tzinfo=UTC)
MARCH, APRIL, MAY = date(2025, 3, 31), date(2025, 4, 30), date(2025, 5, 31)
shares = st.lists(st.floats(1e-6, 1), min_size=3, max_size=3).map(
    lambda xs: {name: x / sum(xs) for name, x in zip("abc", xs, strict=True)}
)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path / "desk", "[alerts]\nmove_points = 5\nmove_bits = 100\n" + quiet(up=5))
    desk.write("inbox/r.jsonl", report("a", "2025-04-20"), report("b", "2025-05-20", country="BO"))
    desk.types("ingest")
    return desk


@pytest.fixture
def service(desk: Desk) -> Iterator[Service]:
    with opened(desk.folder / "config.toml", clock=lambda: NOW) as service:
        yield service


def runs(service: Service, *days: date) -> None:
    for day in days:
        list(night(service, service.configuration.forecasts, as_of=day, say=lambda _: None))


def tell(service: Service, day: date) -> Announced | None:
    return announce(service, service.configuration.forecasts[0], as_of=day)


def reads(service: Service, address: str, **wishes: object) -> None:
    with service.database.session() as session:
        subscribe(session, address, token=address, origin="test", at=NOW, **wishes)  # type: ignore[arg-type]  # few


def mails(service: Service) -> list[email.message.EmailMessage]:
    with service.database.session() as session:
        found = claim(session, worker="test", at=NOW, until=NOW, most=99)
    return [email.message_from_string(one.content, policy=email.policy.default) for one in found]


def test_the_first_night_has_nothing_to_compare_with_and_tells_nobody(service: Service) -> None:
    reads(service, "a@example.org")
    runs(service, MARCH)
    found = tell(service, MARCH)
    assert found is not None
    assert (found.since_run_id, found.points, found.bits, found.alerted) == (None, None, None, False)
    assert mails(service) == []


def test_a_move_above_the_limit_is_mailed_with_both_runs_and_the_change(service: Service) -> None:
    reads(service, "a@example.org")
    runs(service, MARCH, APRIL)
    found = tell(service, APRIL)
    assert found is not None
    assert found.alerted
    assert found.points is not None
    (mail,) = mails(service)
    body = mail.get_body(("plain",))
    assert body is not None
    text = body.get_content()
    assert f"As of {APRIL} (run 2), compared with {MARCH} (run 1)" in text
    assert f"+{found.points:.1f} pp" in text
    assert f"+{found.points:.1f} pp since {MARCH}" in mail["Subject"]
    assert "Changes are in percentage points (pp)." in text
    assert "Peru signs, says a" in text


def test_a_night_is_announced_once(service: Service) -> None:
    reads(service, "a@example.org")
    runs(service, MARCH, APRIL)
    assert tell(service, APRIL) is not None
    assert tell(service, APRIL) is None
    assert tell(service, MARCH) is None
    assert len(mails(service)) == 1


def test_a_move_below_the_limits_is_recorded_and_not_mailed(service: Service) -> None:
    reads(service, "a@example.org")
    runs(service, date(2025, 5, 10), date(2025, 5, 11))
    found = tell(service, date(2025, 5, 11))
    assert found is not None
    assert found.points is not None
    assert 0 < found.points < 5
    assert not found.alerted
    assert mails(service) == []


def test_bits_above_their_limit_are_mailed_though_the_points_are_few(service: Service) -> None:
    alerts = {"quiet": service.configuration.forecast_alerts["quiet"].model_copy(update={"move_bits": 1e-9})}
    keen = replace(service, configuration=replace(service.configuration, forecast_alerts=alerts))
    reads(service, "a@example.org")
    runs(service, date(2025, 5, 10), date(2025, 5, 11))
    found = tell(keen, date(2025, 5, 11))
    assert found is not None
    assert found.alerted
    assert len(mails(service)) == 1


def test_the_comparison_is_with_the_run_announced_before_whatever_ran_in_between(service: Service) -> None:
    runs(service, MARCH)
    tell(service, MARCH)
    runs(service, APRIL, MAY)  # typed by hand, and announced by nobody
    found = tell(service, MAY)
    assert found is not None
    assert (found.run_id, found.since_run_id) == (3, 1)


def test_a_night_that_published_nothing_is_not_announced(service: Service) -> None:
    runs(service, MARCH)
    assert tell(service, APRIL) is None
    with service.database.reading() as session:
        assert announced(session, "quiet", since=MARCH) == []


def test_only_readers_of_the_forecast_who_want_alerts_are_told(service: Service) -> None:
    reads(service, "all@example.org")
    reads(service, "this@example.org", forecasts=("quiet",))
    reads(service, "other@example.org", forecasts=("other",))
    reads(service, "weekly@example.org", alerts=False)
    runs(service, MARCH, APRIL)
    tell(service, APRIL)
    assert {mail["To"] for mail in mails(service)} == {"all@example.org", "this@example.org"}


@given(shares, shares)
def test_jeffreys_divergence_is_both_relative_entropies_in_bits(
    now: dict[str, float], then: dict[str, float]
) -> None:
    p, q = list(now.values()), list(then.values())
    both = (rel_entr(p, q).sum() + rel_entr(q, p).sum()) / 0.6931471805599453
    assert jeffreys(now, then) == pytest.approx(both, abs=1e-9)
    assert jeffreys(now, now) == 0
    assert largest_points(now, then) == pytest.approx(
        100 * max(abs(a - b) for a, b in zip(p, q, strict=True))
    )


def test_a_scenario_that_became_impossible_is_infinitely_far() -> None:
    assert jeffreys({"a": 1.0, "b": 0.0}, {"a": 0.9, "b": 0.1}) == float("inf")
    assert jeffreys({"a": 1.0, "b": 0.0}, {"a": 1.0, "b": 0.0}) == 0
