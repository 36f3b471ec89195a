"""Votes of the General Assembly: how two states agree, what the real file gives, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.tables import SHOWN
from ingest.votes import Agreement, parse_votes, read_votes, trend
from model.errors import InputRefused, Unavailable, UsageError

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "unvotes" / "votes_10countries_wide.csv"
PUBLISHED = {  # share of identical votes in sessions from the 60th on: with Russia, with the United States
    "PE": (0.677, 0.263),
    "BR": (0.643, 0.237),
    "VE": (0.712, 0.148),
    "CL": (0.636, 0.268),
    "CO": (0.656, 0.225),
    "MX": (0.632, 0.259),
    "BO": (0.686, 0.175),
    "NI": (0.711, 0.164),
}
WIDE = """rcid,session,date,PER,RUS,USA
1,60,2005-11-01,yes,yes,no
2,60,2005-12-01,yes,no,no
3,60,2006-02-01,abstain,no,abstain
4,61,2006-11-01,no,absent,no
5,61,2006-12-01,abstain,abstain,yes
6,62,2007-11-01,,yes,yes
"""
LONG = """rcid,ccode,session,year,vote
1,135,60,2005,1
1,365,60,2005,1
1,2,60,2005,3
2,135,60,2005,1
2,365,60,2005,3
2,2,60,2005,3
3,135,60,2006,2
3,365,60,2006,3
3,2,60,2006,2
4,135,61,2006,3
4,365,61,2006,8
4,2,61,2006,3
5,135,61,2006,2
5,365,61,2006,2
5,2,61,2006,1
6,135,62,2007,9
6,365,62,2007,1
6,2,62,2007,1
"""


@pytest.fixture
def real() -> Path:
    if not REAL.is_file():
        pytest.skip("the real votes are not here")
    return REAL


def refusal(text: str) -> list[str]:
    """The problems of a refusal, without the advice at its end."""
    with pytest.raises(InputRefused) as refused:
        parse_votes(text.encode())
    *problems, advice = str(refused.value).split("\n")
    assert advice.startswith("no table of votes was read; take Voeten's data")
    return problems


# ---- agreement -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [WIDE, LONG])
def test_the_same_vote_counts_1_and_an_abstention_half_and_absences_are_left_out(text: str) -> None:
    votes = parse_votes(text.encode())
    assert votes.countries == ("PE", "RU", "US")
    assert votes.agreement("PE", "RU") == {
        2005: Agreement(identical=0.5, agreement=0.5, votes=2),
        2006: Agreement(identical=0.5, agreement=0.75, votes=2),
    }
    assert votes.agreement("PE", "US")[2006] == Agreement(identical=2 / 3, agreement=5 / 6, votes=3)


def test_agreement_is_the_same_seen_from_either_side() -> None:
    votes = parse_votes(WIDE.encode())
    assert votes.agreement("PE", "RU") == votes.agreement("RU", "PE")


def test_a_year_without_a_common_vote_is_missing_and_not_0() -> None:
    votes = parse_votes(WIDE.encode())
    assert 2007 not in votes.agreement("PE", "RU")
    assert votes.over_sessions("PE", "RU", first=62) is None


def test_years_and_sessions_may_be_limited() -> None:
    votes = parse_votes(WIDE.encode())
    assert set(votes.agreement("PE", "US", first=2006)) == {2006}
    assert set(votes.agreement("PE", "US", last=2005)) == {2005}
    first, both = (
        votes.over_sessions("PE", "RU", first=60, last=60),
        votes.over_sessions("PE", "RU", first=60),
    )
    assert (first and first.votes, both and both.votes) == (3, 4)


def test_a_country_without_votes_in_the_file_is_asked_for_in_vain() -> None:
    with pytest.raises(UsageError, match="no country 'BO'; they have PE, RU, US"):
        parse_votes(WIDE.encode()).agreement("BO", "RU")


# ---- the real file -------------------------------------------------------------------------------------


def test_the_published_shares_of_identical_votes_are_reproduced(real: Path) -> None:
    votes = read_votes(real)
    found = {
        country: tuple(
            round(shared.identical, 3)
            for partner in ("RU", "US")
            if (shared := votes.over_sessions(country, partner, first=60))
        )
        for country in PUBLISHED
    }
    assert found == PUBLISHED


def test_every_year_of_the_real_file_is_what_pandas_counts(real: Path) -> None:
    votes, table = read_votes(real), pd.read_csv(real, keep_default_na=False)
    assert votes.cast.shape == (6201, 10)
    codes = {"yes": 1.0, "abstain": 0.5, "no": 0.0}
    peru, russia = (table[name].map(codes) for name in ("PER", "RUS"))
    points = (1 - (peru - russia).abs()).groupby(table["date"].str[:4].astype(int))
    expected, number = points.mean().dropna(), points.count()
    found = votes.agreement("PE", "RU")
    assert {year: one.agreement for year, one in found.items()} == pytest.approx(expected.to_dict())
    assert {year: one.votes for year, one in found.items()} == number[number > 0].to_dict()


def test_a_roll_call_of_the_real_file_is_read_as_it_stands(real: Path) -> None:
    votes = read_votes(real)
    place = list(votes.rcid).index(4)
    assert dict(zip(votes.countries, votes.cast[place], strict=True)) == {
        **dict.fromkeys(["BR", "CL", "CO", "MX", "NI", "PE", "US", "VE"], 3),
        "BO": 2,
        "RU": 1,
    }


# ---- trends --------------------------------------------------------------------------------------------


def shares(*percent: float, votes: int = 80) -> dict[int, Agreement]:
    return {
        2010 + place: Agreement(identical=share / 200, agreement=share / 100, votes=votes)
        for place, share in enumerate(percent)
    }


def test_a_trend_is_a_slope_in_percentage_points_a_year() -> None:
    found = trend(shares(60, 58, 56, 54))
    assert found is not None
    assert (found.first, found.last, found.years) == (2010, 2013, 4)
    assert found.slope == pytest.approx(-2)
    assert found.standard_error == pytest.approx(0, abs=1e-9)
    halved = trend(shares(60, 58, 56, 54), of="identical")
    assert halved is not None
    assert halved.slope == pytest.approx(-1)


def test_a_trend_needs_three_years() -> None:
    assert trend({}) is None
    assert trend(shares(60, 58)) is None
    assert trend(shares(60, 58, 57, 50), years=2) is None


def test_a_trend_looks_back_from_the_newest_year_and_missing_years_are_not_0() -> None:
    by_year = shares(0, 0, 60, 58, 56, 54, 52)
    del by_year[2014]
    found = trend(by_year, years=5)
    assert found is not None
    assert (found.first, found.years) == (2012, 4)
    assert found.slope == pytest.approx(-2)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(1, 200)), min_size=3, max_size=10))
def test_a_trend_is_that_of_weighted_least_squares(years: list[tuple[float, int]]) -> None:
    by_year = {
        2000 + place: Agreement(identical=share, agreement=share, votes=votes)
        for place, (share, votes) in enumerate(years)
    }
    design = np.column_stack([np.ones(len(years)), np.arange(len(years))])
    weights = np.diag([float(votes) for _, votes in years])
    y = np.array([100 * share for share, _ in years])
    inverse = np.linalg.inv(design.T @ weights @ design)
    beta = inverse @ design.T @ weights @ y
    residuals = y - design @ beta
    variance = residuals @ weights @ residuals / (len(years) - 2)
    found = trend(by_year)
    assert found is not None
    assert found.slope == pytest.approx(beta[1], abs=1e-6)
    assert found.standard_error == pytest.approx(np.sqrt(variance * inverse[1, 1]), abs=1e-4)


# ---- states --------------------------------------------------------------------------------------------


def test_states_that_are_no_more_keep_their_letters() -> None:
    wide = parse_votes(WIDE.replace("PER", "YUG").encode())
    assert wide.countries == ("YUG", "RU", "US")
    numbers = LONG.replace(",135,", ",345,").replace(",2006,", ",2005,")
    assert parse_votes(numbers.replace("6,345,62,2007,9\n", "").encode()).countries == ("RU", "US", "YUG")
    assert "RS" in parse_votes(b"rcid,ccode,session,year,vote\n1,345,61,2006,1\n").countries


@pytest.mark.parametrize(
    ("column", "code"), [("country_code", "PE"), ("country_code", "PER"), ("iso3c", "PER")]
)
def test_a_vote_per_row_may_name_states_by_their_letters(column: str, code: str) -> None:
    text = LONG.replace("ccode", column).replace(",135,", f",{code},").replace(",365,", ",RUS,")
    assert parse_votes(text.replace(",2,", ",USA,").encode()).countries == ("PE", "RU", "US")


# ---- refusals ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda text: text.replace("yes,yes,no", "yes,oui,no"),
            "line 2, RUS: 'oui' is no vote; votes are yes, abstain, no, absent, or empty",
        ),
        (lambda text: text.replace("\n2,60", "\n1,60"), "line 3, rcid: 1 stands on line 2 already"),
        (
            lambda text: text.replace("PER", "Peru"),
            "line 1: the column 'Peru' is no ISO 3166 code of three letters, such as PER",
        ),
        (
            lambda text: text.replace("PER", "BAG"),
            "line 1: the column 'BAG' is no ISO 3166 code of three letters",
        ),
        (lambda text: text.replace("PER", "RUS"), "line 1: the header names 'RUS' twice"),
        (
            lambda text: text.replace("2005-11-01", "01/11/2005"),
            "line 2, date: '01/11/2005' is no day from 1946 on, such as 2019-12-31",
        ),
        (lambda text: text.replace("2005-11-01", "2005-11-31"), "line 2, date: '2005-11-31' is no day"),
        (lambda text: text.replace("1,60,", "x,60,", 1), "line 2, rcid: 'x' is no whole number from 1 to"),
        (lambda text: text.replace("1,60,", "1,60.5,", 1), "line 2, session: '60.5' is no whole number"),
        (lambda text: text.replace("yes,yes,no", "yes,yes"), "line 2: has 5 cells under 6 columns"),
        (lambda text: text[:-10], "line 7: the file was cut short here"),
        (lambda text: text.replace(",date", ""), "line 1: the header lacks date"),
        (lambda text: text.partition("\n")[0], "line 1: no row follows the header"),
        (lambda text: text.replace(",", ";"), "line 1: cells are separated by semicolons"),
        (lambda _: "", "is empty"),
        (lambda _: "<html></html>", "is HTML"),
    ],
)
def test_what_is_wrong_with_a_roll_call_is_told_with_its_line_and_column(
    change: Callable[[str], str], said: str
) -> None:
    assert refusal(change(WIDE))[0].startswith(said)


def test_a_file_of_nobody_to_compare_is_refused() -> None:
    (said,) = refusal("rcid,session,date,PER\n1,60,2005-11-01,yes\n")
    assert said == "line 1: fewer than two columns are of countries: there is nobody to compare"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda text: text.replace("2005,3", "2005,4"),
            "line 4, vote: '4' is no vote; votes are 1, 2, 3, 8, 9",
        ),
        (lambda text: text.replace("1,135,", "1,999,"), "line 2, ccode: '999' is the code of no country"),
        (
            lambda text: text.replace("1,365,60,2005,1", "1,135,60,2005,1"),
            "line 3, ccode: the vote of PE on 1 stands on line 2 already",
        ),
        (
            lambda text: text.replace("1,365,60", "1,365,61"),
            "line 3, rcid: 1 is of another session or year than above",
        ),
        (
            lambda text: text.replace("ccode", "member"),
            "line 1: the header lacks country_code, iso3c or ccode",
        ),
        (lambda text: text.replace("2005,1", "205,1", 1), "line 2, year: '205' is no whole number from 1946"),
        (lambda text: text.replace("year,", "when,"), "line 1: the header lacks year"),
    ],
)
def test_what_is_wrong_with_a_single_vote_is_told_with_its_line_and_column(
    change: Callable[[str], str], said: str
) -> None:
    assert refusal(change(LONG))[0].startswith(said)


def test_all_problems_are_told_at_once_up_to_a_number() -> None:
    rows = [f"{number},60,2005-11-01,ja,nein,no" for number in range(1, 21)]
    problems = refusal("\n".join([WIDE.partition("\n")[0], *rows, ""]))
    assert len(problems) == SHOWN + 1
    assert problems[-1] == "and 20 more problems"


def test_a_file_that_is_not_there_is_out_of_reach(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        read_votes(tmp_path / "votes.csv")


@given(st.binary(max_size=200), st.integers(0, len(WIDE)))
def test_any_bytes_are_read_or_refused(body: bytes, at: int) -> None:
    for text in (WIDE.encode(), LONG.encode()):
        for whole in (body, text[:at] + body + text[at:], text[:at] + text[at + len(body) :]):
            try:
                votes = parse_votes(whole)
            except InputRefused:
                continue
            assert votes.cast.shape == (len(votes.rcid), len(votes.countries))


TABLES = st.integers(2, 8).flatmap(
    lambda rows: st.lists(
        st.tuples(*[st.sampled_from(["yes", "abstain", "no", "absent", ""])] * 3),
        min_size=rows,
        max_size=rows,
    )
)


@pytest.mark.slow
@given(TABLES)
def test_votes_that_are_written_read_back_the_same_in_either_form(rows: list[tuple[str, str, str]]) -> None:
    codes = {"yes": 1, "abstain": 2, "no": 3, "absent": 8, "": 9}
    wide = ["rcid,session,date,PER,RUS,USA"]
    long = ["rcid,ccode,session,year,vote"]
    for number, row in enumerate(rows, start=1):
        wide.append(f"{number},60,2005-11-01,{','.join(row)}")
        long += [
            f"{number},{state},60,2005,{codes[vote]}" for state, vote in zip((135, 365, 2), row, strict=True)
        ]
    found = [parse_votes("\n".join([*lines, ""]).encode()) for lines in (wide, long)]
    expected = np.array([[codes[vote] if codes[vote] < 4 else 0 for vote in row] for row in rows])
    for votes in found:
        assert votes.countries == ("PE", "RU", "US")
        assert np.array_equal(votes.cast, expected)
