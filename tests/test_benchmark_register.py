"""The track record of many: its arithmetic, what is known when, and a small register from end to end."""

import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from math import comb
from pathlib import Path

import numpy as np
import pytest

from benchmarks import register
from benchmarks.register_models import FORECASTERS, BaseRate, Opening, binomial, fit, matched_spread, ours
from benchmarks.register_pairs import (
    SCENARIOS,
    WINDOW,
    Pair,
    Peer,
    Question,
    Record,
    estimated,
    late,
    openings,
    peers,
    place,
    questions,
    record,
    similar,
    uncounted,
)
from benchmarks.register_scores import by_recipient, followed, redrawn, skill_against, unevenness
from ingest.register.reading import parse_register
from model.errors import UsageError
from model.scores import scores
from tests.ingest.registers import LATIN, REAL, cells, export

pytestmark = pytest.mark.slow

SUPPLIERS = ("Russia", "United States", "France", "China")
RECIPIENTS = ("Peru", "Brazil", "Chile", "Mexico", "Colombia")
PAGE = (Path(__file__).parents[1] / "docs" / "track-record.md").read_text(encoding="utf-8")
ALL = pytest.mark.parametrize("name", FORECASTERS)


def small_export() -> bytes:
    """Twenty pairs, 2000 to 2023, each order delivered at once."""
    rng = random.Random(1)  # noqa: S311 - a fixture, no secret
    found: list[dict[str, str]] = []
    for supplier, recipient in product(SUPPLIERS, RECIPIENTS):
        rate = rng.choice((0.3, 0.8, 1.5, 3.0))
        for year in range(2000, 2024):
            row = {"order_date": str(year), "delivery_year": str(year)}
            orders = sum(rng.random() < rate / 6 for _ in range(6))
            found += [{"supplier": supplier, "recipient": recipient, **row}] * orders
    return export(*(cells(id=str(number), **row) for number, row in enumerate(found, start=1)))


@pytest.fixture(scope="module")
def small() -> Record:
    return record(parse_register(small_export()))


@pytest.fixture(scope="module")
def asked(small: Record) -> list[Question]:
    return questions(small)


def changed(of: Record, pair: Pair, year: int, by: int) -> Record:
    counts = list(of.counts[pair])
    counts[year - of.first] += by
    return replace(of, counts={**of.counts, pair: tuple(counts)})


# ---- windows ---------------------------------------------------------------------------


def test_a_record_ends_five_years_before_the_last_delivery_unless_told_otherwise(small: Record) -> None:
    assert (small.first, small.last) == (2000, 2018)
    told = record(parse_register(small_export()), first=2003, last=2015)
    assert (told.first, told.last) == (2003, 2015)
    assert {len(counts) for counts in told.counts.values()} == {13}


def test_windows_lie_within_the_record_and_do_not_overlap_what_is_asked(asked: list[Question]) -> None:
    assert {one.year for one in asked} <= set(range(2006, 2014))
    for one in asked:
        assert (one.opened, one.horizon) == (date(one.year, 1, 1), date(one.year + 5, 12, 31))
        assert len(one.orders) == WINDOW
        assert one.earlier >= 3


def test_every_pair_with_three_orders_in_six_years_is_asked_about(small: Record) -> None:
    found = {(one.pair, one.year): one.earlier for one in questions(small)}
    for year in openings(small):
        for pair, counts in small.counts.items():
            before = sum(counts[year - 2006 : year - 2000])
            assert found.get((pair, year)) == (before if before >= 3 else None)


@pytest.mark.parametrize(
    ("year", "years", "ends"), [(2006, 3, 1), (2007, 3, 2), (2008, 4, 1), (2012, 6, 1), (2013, 6, 2)]
)
def test_other_pairs_are_known_from_the_longest_windows_that_ended(
    small: Record, year: int, years: int, ends: int
) -> None:
    pair = ("RU", "PE")
    found = list(peers(small.before(year), without=pair))
    assert {one.years for one in found} == {years}
    assert pair not in {one.pair for one in found}
    of = ("US", "BR")
    counts = small.counts[of]
    expected = [
        (sum(counts[at : at + years]), sum(counts[at + years : at + 2 * years])) for at in range(ends)
    ]
    asked = [one for one in expected if one[0]]
    assert [(one.earlier, one.later) for one in found if one.pair == of] == asked
    assert 2000 + 2 * years + ends - 1 == year


def test_counts_within_a_root_are_similar() -> None:
    assert [similar(n) for n in (3, 4, 9, 10, 70)] == [(2, 4), (2, 6), (6, 12), (7, 13), (62, 78)]
    assert [place(count, 3) for count in range(6)] == [0, 0, 1, 1, 1, 2]


# ---- nothing leaks ---------------------------------------------------------------------


def test_an_order_after_the_opening_changes_nothing_that_is_known_at_it(small: Record) -> None:
    year, pair = 2009, ("US", "BR")
    before = {one.pair: one for one in questions(small, [year])}
    after = {one.pair: one for one in questions(changed(small, pair, year, +9), [year])}
    assert before.keys() == after.keys()
    assert any(one.orders != after[key].orders for key, one in before.items())
    for key, one in before.items():
        assert one.peers == after[key].peers
        assert Opening(one).masses.tolist() == Opening(after[key]).masses.tolist()
        for state in FORECASTERS.values():
            assert state(Opening(one), ()) == state(Opening(after[key]), ())


def test_an_order_before_the_opening_changes_the_priors_of_other_pairs(small: Record) -> None:
    of, other = ("US", "BR"), ("FR", "MX")
    (before,) = (one for one in questions(small, [2009]) if one.pair == other)
    (after,) = (one for one in questions(changed(small, of, 2008, +9), [2009]) if one.pair == other)
    assert before.earlier == after.earlier
    assert Opening(before).law != Opening(after).law


def test_a_pairs_own_past_is_not_among_its_base_rates(small: Record) -> None:
    pair = ("US", "BR")
    (before,) = (one for one in questions(small, [2009]) if one.pair == pair)
    (after,) = (one for one in questions(changed(small, pair, 2004, +2), [2009]) if one.pair == pair)
    assert after.earlier == before.earlier + 2
    assert after.peers == before.peers


@pytest.mark.parametrize("years", range(WINDOW))
def test_an_order_after_a_years_end_does_not_change_what_stood_then(
    asked: list[Question], years: int
) -> None:
    one = asked[0]
    orders = list(one.orders)
    orders[years] += 7
    (was,), (now,) = ([*followed([each])] for each in (one, replace(one, orders=tuple(orders))))
    for name in FORECASTERS:
        assert was.stated[name][: years + 1] == now.stated[name][: years + 1]
    assert was.stated["binomial"][years + 1] != now.stated["binomial"][years + 1]
    assert was.stated["ours"][years + 1] != now.stated["ours"][years + 1]


# ---- forecasters -----------------------------------------------------------------------


@ALL
def test_probabilities_sum_to_one_at_every_years_end(asked: list[Question], name: str) -> None:
    for one in asked[:: len(asked) // 8]:
        for years in range(WINDOW + 1):
            stated = FORECASTERS[name](Opening(one), one.orders[:years])
            assert math.fsum(stated) == pytest.approx(1, abs=1e-9)
            assert min(stated) >= 0


def enumerated(masses: Sequence[float], earlier: int, seen: int, elapsed: float) -> list[float]:
    """The natural model as it is written: a sum over every N, scenario by scenario."""
    joint = []
    for scenario in range(len(SCENARIOS)):
        inside = [n for n in range(len(masses)) if place(n, earlier) == scenario]
        prior = math.fsum(masses[n] for n in inside)
        likely = math.fsum(
            comb(n, seen) * elapsed**seen * (1 - elapsed) ** (n - seen) * masses[n]
            for n in inside
            if n >= seen
        )
        joint.append(prior * likely / prior)
    return [one / math.fsum(joint) for one in joint]


def test_the_binomial_forecaster_is_the_sum_over_every_count(asked: list[Question]) -> None:
    for one in asked[:: len(asked) // 6]:
        of = Opening(one)
        for years in range(WINDOW + 1):
            orders = one.orders[:years]
            day = of.forecasts["matched"].u(date(one.year + years - 1, 12, 31)) if years else 0.0
            expected = enumerated(of.masses.tolist(), one.earlier, sum(orders), day)
            assert binomial(of, orders) == pytest.approx(expected, abs=1e-8)


def test_once_all_is_seen_the_binomial_forecaster_knows_and_ours_need_not(asked: list[Question]) -> None:
    for one in asked[:: len(asked) // 6]:
        assert binomial(Opening(one), one.orders)[one.outcome] == pytest.approx(1)
        assert ours(Opening(one), one.orders)[one.outcome] < 1


def test_ours_is_the_closed_form_of_rates_given_scenarios(asked: list[Question]) -> None:
    wild = tuple(Peer(pair=("US", "BR"), years=6, earlier=5, later=later) for later in (0, 0, 2, 5, 30))
    one = replace(asked[3], peers=wild)
    of = Opening(one)
    (indicator,) = of.forecasts["matched"].indicators
    n, elapsed = sum(one.orders[:3]), of.forecasts["matched"].u(date(one.year + 2, 12, 31))
    expected = np.array([indicator.stated[name] for name in SCENARIOS])
    a = matched_spread(of) ** -2
    likely = expected**n / (a + expected * elapsed) ** (a + n)
    joint = likely * np.array(binomial(of, ()))
    assert ours(of, one.orders[:3]) == pytest.approx(joint / joint.sum(), abs=1e-6)


def test_what_is_elicited_has_the_means_of_the_prior(asked: list[Question]) -> None:
    of = Opening(asked[0])
    (indicator,) = of.forecasts["defaults"].indicators
    shares = [one.prior for one in of.forecasts["defaults"].scenarios]
    mean = math.fsum(share * indicator.stated[name] for share, name in zip(shares, SCENARIOS, strict=True))
    assert mean == pytest.approx(of.law[0], rel=1e-6)


def test_base_rates_are_found_again_in_pairs_that_were_drawn_from_them() -> None:
    rng, true = np.random.default_rng(4), BaseRate(a=1.0, b=2.0, c=0.5)
    rates = rng.gamma(true.a, 1 / true.b, 20_000)
    earlier = rng.poisson(rates * 6)
    later = rng.poisson(rates * 6 * rng.gamma(1 / true.c**2, true.c**2, rates.size))
    found = fit(
        [
            Peer(pair=("RU", str(at)), years=6, earlier=int(was), later=int(came))
            for at, (was, came) in enumerate(zip(earlier, later, strict=True))
            if was
        ]
    )
    assert (found.a, found.b, found.c) == pytest.approx((true.a, true.b, true.c), rel=0.1)


# ---- scores ----------------------------------------------------------------------------


def test_a_year_weighs_as_many_days_as_it_has(asked: list[Question]) -> None:
    (one,) = followed(asked[:1])
    year, opened = one.question.year, one.question.opened
    days = [(date(year + at, 12, 31) - max(opened, date(year + at - 1, 12, 31))).days for at in range(6)]
    by_hand = sum(
        length * scores(stated, one.question.outcome).brier
        for length, stated in zip(days, one.stated["ours"], strict=False)
    )
    assert one.daily("ours").brier == pytest.approx(by_hand / sum(days))


def test_only_days_on_which_the_answer_was_open_count_as_undecided(asked: list[Question]) -> None:
    fast = replace(asked[0], orders=(99, 0, 0, 0, 0, 0))
    (one,) = followed([fast])
    assert one.undecided("ours") == one.at("ours", 0)
    assert one.daily("ours") != one.at("ours", 0)


def test_a_skill_is_of_the_means_and_its_interval_of_clusters(asked: list[Question]) -> None:
    found = list(followed(asked[:12]))
    better, worse = ([one.daily(name) for one in found] for name in ("binomial", "Poisson"))
    clusters = [by_recipient(one.question) for one in found]
    ratio = sum(one.rps for one in better) / sum(one.rps for one in worse)
    assert skill_against(better, worse, clusters, "rps").value == pytest.approx(1 - ratio)
    assert skill_against(better, worse, ["one"] * 12, "rps").interval is None


@dataclass(frozen=True, slots=True)
class Table:
    columns: set[str]
    rows: dict[str, dict[str, str]]


def tables(text: str) -> Iterator[Table]:
    """Read Markdown tables; a row is known by its first cell."""
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        header, _, *rows = (
            [cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()
        )
        yield Table(set(header), {row[0]: dict(zip(header, row, strict=True)) for row in rows})


def numbers(text: str) -> list[float]:
    return [float(one) for one in re.findall(r"-?\d+\.\d+", text.replace("−", "-"))]


# ---- the command -----------------------------------------------------------------------


type Run = Callable[..., str]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def typed(content: bytes, *words: str) -> str:
        path = tmp_path / "register.csv"
        path.write_bytes(content)
        register.main(["--register", str(path), *words])
        return capsys.readouterr().out

    return typed


@pytest.mark.slow
def test_a_small_register_is_asked_answered_scored_and_drawn(run: Run, tmp_path: Path) -> None:
    printed = run(small_export(), "--openings", "2012", "--to", str(tmp_path / "drawn"))
    assert printed.count("| forecaster") == 2
    assert all(f"| {name} " in printed for name in FORECASTERS)
    assert "opened 2012; orders of 2000 to 2018" in printed
    assert "nan" not in printed
    drawn = (tmp_path / "drawn" / register.DIAGRAM).read_text(encoding="utf-8")
    assert drawn.startswith("<svg")
    assert "Poisson, updated" in drawn


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        (export(), (), "ask for fewer years"),
        (export(cells(), cells(id="2", delivery_year="2030")), (), "too few to score"),
        (small_export(), ("--openings", "2015"), "no question can open in 2015: 6 years before and 6 from"),
        (small_export(), ("--first", "1950"), "tells of 2000"),
        (b"a,b\n1,2\n", (), "trade register"),
    ],
    ids=["one year", "too few", "no opening", "not told", "no register"],
)
def test_what_cannot_be_asked_is_refused_in_words(
    run: Run, content: bytes, words: Sequence[str], said: str
) -> None:
    with pytest.raises(SystemExit, match=said):
        run(content, *words)


def test_a_register_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"none\.csv"):
        register.main(["--register", str(tmp_path / "none.csv")])


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_computed(
    run: Run, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit, match=r"register\.csv"):
        run(small_export(), "--to", str(tmp_path / "register.csv"))


def test_pairs_without_a_country_are_not_counted() -> None:
    rows = [cells(id=str(at), supplier="unknown supplier(s)", delivery_year="2015") for at in range(5)]
    of = record(parse_register(export(*rows, cells(id="9", delivery_year="2000", order_date="2000"))))
    assert list(of.counts) == [("RU", "BR")]


def test_orders_of_no_country_and_late_ones_are_told_of() -> None:
    lived = {"2003": "2004", "2004": "2004", "2005": "2012", "2006": "2006", "2023": "2023"}
    rows = [
        cells(id=year, order_date=year, order_date_is_estimate=guess, delivery_year=began)
        for (year, began), guess in zip(lived.items(), ("No", "No", "Yes", "No", "Yes"), strict=True)
    ]
    nameless = cells(id="7", supplier="unknown supplier(s)", order_date="2010", delivery_year="2010")
    register = parse_register(export(*rows, nameless))
    of = record(register, first=2004)
    assert uncounted(register, of) == 1
    assert estimated(register, of) == pytest.approx(1 / 4)
    assert late(register, of) == pytest.approx(1 / 4)  # of 2004, 2005, 2006 and 2010


def test_orders_of_the_natural_model_are_as_uneven_as_it_has_it(asked: list[Question]) -> None:
    worlds = list(redrawn(asked, 40))
    assert unevenness([]) is None
    assert unevenness(worlds) == pytest.approx(1, abs=0.05)
    mean, size = Opening(asked[0]).law
    drawn = [sum(one.orders) for one in redrawn(asked[:1], 4000)]
    error = math.sqrt((mean + mean**2 / size) / len(drawn))
    assert np.mean(drawn) == pytest.approx(mean, abs=4 * error)


@pytest.mark.slow
def test_where_the_natural_model_is_the_truth_it_is_better_than_ours(asked: list[Question]) -> None:
    rows = {name: float(brier) for name, brier, *_ in register.drawn(asked[::6], 4)}
    assert rows["binomial"] < rows["ours"] < rows["static prior"]


def test_years_that_a_register_was_not_selected_for_are_refused() -> None:
    with pytest.raises(UsageError, match="tells of 2000 to 2023"):
        record(parse_register(small_export()), last=2030)


@pytest.mark.slow
def test_the_page_has_the_figures_that_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    path = REAL / LATIN
    if not path.exists():
        pytest.skip("the shared register is absent")
    register.main(["--register", str(path)])
    printed, found = list(tables(capsys.readouterr().out)), 0
    for shown in tables(PAGE):
        for told in printed:
            if shown.columns <= told.columns and shown.rows.keys() == told.rows.keys():
                found += 1
                for name, row in shown.rows.items():
                    for column, cell in row.items():
                        assert numbers(cell) == pytest.approx(numbers(told.rows[name][column]), abs=0.002)
    assert found == 4
