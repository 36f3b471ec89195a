"""A record becomes a report, or every reason why not is said at once."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.countries import ISO_3166
from ingest.reports import report_from
from model.dates import CoarseDate
from model.domain import Report
from model.errors import InputRefused
from model.wire import content, digest

TODAY = date(2026, 2, 16)
FULL: dict[str, object] = {
    "id": "rt083",
    "published_on": "2025-07-02",
    "occurred_on": "2025-07",
    "tag": "coproduction_agreement",
    "country": "VE",
    "also": ["CU", "NI"],
    "headline": "Ammunition plant opens in Maracay",
    "publisher": "tass.com",
    "url": "https://example.org/a?b=c#d",
    "lang": "en",
    "grade": "C1",
    "probability_true": 0.7,
    "denies": True,
    "event": "ve-ammunition-plant-stage-1",
    "stance": "for",
    "nested": {"a": [1, 2.5, None, True, "x"]},
}
LEAST = {name: FULL[name] for name in ("published_on", "tag", "country", "headline")}


def read(**changes: object) -> Report:
    return report_from({**LEAST, **changes}, today=TODAY)


def refusal(**changes: object) -> str:
    with pytest.raises(InputRefused) as caught:
        read(**changes)
    return str(caught.value)


def test_every_field_is_read() -> None:
    report = report_from(FULL, today=TODAY)
    assert (report.id, report.tag, report.country, report.also) == (
        "rt083",
        "coproduction_agreement",
        "VE",
        ("CU", "NI"),
    )
    assert report.published == CoarseDate.parse("2025-07-02")
    assert report.occurred == CoarseDate.parse("2025-07")
    assert (report.grade, report.probability_true, report.denies) == ("C1", 0.7, True)
    assert dict(report.extra) == {"stance": "for", "nested": {"a": [1, 2.5, None, True, "x"]}}


def test_four_fields_are_enough() -> None:
    report = read()
    assert (report.occurred, report.also, report.grade, report.denies, report.event) == (
        None,
        (),
        None,
        False,
        None,
    )


def test_null_and_blank_count_as_absent() -> None:
    assert read(occurred_on=None, publisher="  ", grade="", also=None, denies=None) == read()


def test_all_problems_are_listed_at_once_by_field() -> None:
    reason = refusal(published_on="2/7/2025", tag=None, country="PER", grade="G7", denies="perhaps")
    assert [part.split(":")[0] for part in reason.split("; ") if ":" in part] == [
        "published_on",
        "tag",
        "country",
        "grade",
        "denies",
    ]


@pytest.mark.parametrize("name", ["published_on", "tag", "country", "headline"])
@pytest.mark.parametrize("value", [None, "", " \t"])
def test_what_must_be_there_is_named_when_it_is_missing(name: str, value: object) -> None:
    assert refusal(**{name: value}).startswith(f"{name}: is missing; write ")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("published_on", "0025-07-02", "outside 1900 to 2199"),
        ("published_on", "3025", "outside 1900 to 2199"),
        ("occurred_on", "0025", "outside 1900 to 2199"),
        ("published_on", "2025-02-30", "not in the calendar"),
        ("published_on", "2025-07-02T10:00:00Z", "write 2025-07-02, 2025-07 or 2025"),
        ("published_on", 2025, 'is a number; write "2025-07-02"'),
        ("published_on", "2026-02-17", "lies after today, 2026-02-16"),
        ("published_on", "2026-03", "lies after today"),
        ("occurred_on", "2025-07-03", "lies after the publication, 2025-07-02"),
        ("tag", "Contract signed", "write up to 100 of a-z, 0-9, _ and -"),
        ("tag", "_x", "is not a tag"),
        ("tag", "a" * 101, "is not a tag"),
        ("tag", 7, "is a number; write text"),
        ("country", "PER", "two letters, such as PE"),
        ("country", "Peru", "two letters, such as PE"),
        ("country", "QQ", "is not a country's"),
        ("country", "ß", "is not a country's"),
        ("country", "uk", "write GB"),
        ("country", ["PE"], "is a list; write a two-letter code"),
        ("also", ["PE", "Peru"], "'Peru' is not a country's"),
        ("also", {"PE": 1}, "is an object; write a list"),
        ("also", [1], "is a number; write a two-letter code"),
        ("headline", "a\x00b", "U+0000"),
        ("headline", "a\x1bb", "U+001B"),
        ("headline", "\ud800", "U+D800"),
        ("headline", "\u200b\u200b", "blank to the eye"),
        ("headline", "x" * 2001, "has 2,001 characters; write at most 2,000"),
        ("publisher", "x" * 254, "write at most 253"),
        ("publisher", "a\nb", "U+000A"),
        ("url", "javascript:alert(1)", "is not an address"),
        ("url", "https://", "is not an address"),
        ("url", "https://[", "is not an address"),
        ("url", "https://a b", "is not an address"),
        ("url", "tass.com/1", "is not an address"),
        ("url", "https://x/" + "y" * 2048, "write at most 2,048"),
        ("grade", "B7", "a letter A to F and a digit 1 to 6"),
        ("grade", 2, "a number is not a grade"),
        ("probability_true", 0, "must lie between 0 and 1"),
        ("probability_true", 1.0, "must lie between 0 and 1"),
        ("probability_true", float("nan"), "must lie between 0 and 1"),
        ("probability_true", 10**400, "must lie between 0 and 1"),
        ("probability_true", True, "is a boolean; write a number"),
        ("probability_true", "0.8", "is text; write a number"),
        ("denies", 1, "is a number; write true or false"),
        ("id", 1.5, "is a number; write text"),
        ("id", True, "is a boolean; write text"),
        ("id", "x" * 201, "write at most 200"),
        ("event", "x" * 201, "write at most 200"),
        ("note", float("inf"), "which is not a number"),
        ("note", 2**63, "more than 64 bits"),
        ("note", "\x00", "U+0000"),
        ("note", ["\udfff"], "U+DFFF"),
        ("note", {"\x00": 1}, "U+0000"),
        ("note", "x" * 17_000, "longer than 16,384 characters"),
        ("note", {1, 2}, "is of no known kind"),
        ("\ud800", 1, "U+D800"),
    ],
)
def test_nonsense_is_refused_with_what_to_write(name: str, value: object, said: str) -> None:
    reason = refusal(**{name: value})
    assert said in reason
    assert "\n" not in reason


def test_deep_nesting_in_an_unknown_field_is_refused() -> None:
    deep: object = 1
    for _ in range(500):
        deep = [deep]
    assert "nested more than 20 deep" in refusal(note=deep)


def test_today_and_a_coarse_date_that_holds_today_are_not_the_future() -> None:
    assert read(published_on="2026-02-16").published.is_day
    assert str(read(published_on="2026").published) == "2026"
    assert str(read(published_on="2026-02", occurred_on="2026").occurred) == "2026"


def test_nothing_has_happened_after_today_even_if_the_publication_is_coarse() -> None:
    assert "lies after today, 2026-02-16" in refusal(published_on="2026", occurred_on="2026-05")


def test_small_departures_are_put_right() -> None:
    report = read(tag=" Delivery ", country="pe", also=["br", "PE", "BR"], grade="b2", id=17)
    assert (report.tag, report.country, report.also, report.grade, report.id) == (
        "delivery",
        "PE",
        ("BR",),
        "B2",
        "17",
    )


def test_line_breaks_in_a_headline_become_a_space() -> None:
    assert read(headline=" Peru\r\n\tsigns\nfor eight ").headline == "Peru signs for eight"


def test_further_countries_may_be_text() -> None:
    assert read(also="PE, br;CL").also == ("PE", "BR", "CL")


def test_the_whole_region_and_kosovo_are_countries_here() -> None:
    assert (read(country="*").country, read(country="XK").country) == ("*", "XK")


def test_the_list_of_countries_is_whole() -> None:
    assert len(ISO_3166) == 249


def test_an_address_that_is_no_web_page_is_kept() -> None:
    assert read(url="github:owner/repository").url == "github:owner/repository"


def test_without_an_id_the_content_is_the_id() -> None:
    report = read()
    assert report.id.startswith("sha256:")
    assert len(report.id) == len("sha256:") + 16
    assert read().id == report.id
    assert read(headline="Another").id != report.id


def test_the_digest_follows_the_content_and_not_the_order_of_fields() -> None:
    report = report_from(FULL, today=TODAY)
    backwards = report_from(dict(reversed(FULL.items())), today=TODAY)
    assert digest(report) == digest(backwards)
    assert digest(report) != digest(report_from({**FULL, "stance": "against"}, today=TODAY))


def test_content_leaves_out_what_a_report_does_not_have() -> None:
    assert content(read(id="a")) == {**LEAST, "id": "a"}


WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
DAYS = st.dates(date(1900, 1, 1), TODAY)
DATES = DAYS.map(str) | DAYS.map(lambda day: f"{day:%Y-%m}") | DAYS.map(lambda day: f"{day:%Y}")
CODES = st.sampled_from(sorted(ISO_3166))
RECORDS = st.fixed_dictionaries(
    {
        "published_on": DATES,
        "tag": st.from_regex(r"[a-z0-9][a-z0-9_-]{0,20}", fullmatch=True),
        "country": CODES | st.just("*"),
        "headline": WORDS,
    },
    optional={
        "id": WORDS | st.integers(),
        "occurred_on": DATES,
        "also": st.lists(CODES, max_size=4),
        "publisher": WORDS,
        "url": WORDS | WORDS.map(lambda path: f"https://example.org/{path}"),
        "grade": st.from_regex(r"[A-Fa-f][1-6]", fullmatch=True),
        "probability_true": st.floats(0, 1),
        "denies": st.booleans(),
        "event": WORDS,
        "stance": JSON,
        "received": JSON,
    },
)


@pytest.mark.slow
@given(RECORDS)
def test_what_was_read_is_written_and_read_back_the_same(record: dict[str, object]) -> None:
    try:
        report = report_from(record, today=TODAY)
    except InputRefused:
        return
    assert report_from(content(report), today=TODAY) == report
    assert report_from(content(report), today=TODAY + timedelta(days=900)) == report


@pytest.mark.slow
@given(st.dictionaries(st.sampled_from([*FULL, "other", ""]), JSON | DATES | CODES, max_size=8))
def test_any_record_gives_a_report_or_a_reason_in_one_line(record: dict[str, object]) -> None:
    reason = "none"
    try:
        report_from(record, today=TODAY)
    except InputRefused as error:
        reason = str(error)
    assert reason
    assert "\n" not in reason
