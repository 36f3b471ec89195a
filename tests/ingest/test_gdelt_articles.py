"""Articles out of rows: one item each, the same whenever and however GDELT emits it again."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.gdelt.articles import MAX_EVENTS, Article, articles, coded_item, plain_item
from ingest.gdelt.memory import KEPT_FOR, MAX_KEPT, recalled, remembered
from ingest.gdelt.rows import read_export
from ingest.items import NewsItem
from ingest.reports import report_from
from tests.ingest.gdelt_exports import IN_2019, NOW, REAL, URL, cells, coder, export

ACCORD = {"code": "057", "actor1": "RU", "actor2": ["PE", "BO"], "either_way": True, "tag": "accord"}
VISIT = {"code": ["042", "043"], "actor1": "RU", "either_way": True, "tag": "visit", "country": "actor2"}
ANYTHING = {"code": [f"{root:02}*" for root in range(1, 21)], "tag": "anything"}
CODER = coder({**ACCORD, "confidence": 0.4}, VISIT)
EVERYTHING = coder(ANYTHING)
MOMENT = datetime(2026, 1, 31, 22, 15, tzinfo=UTC)
BLANK_ADDRESS = {"SOURCEURL": "https://example.org/1234567"}
TO_BOLIVIA = {"Actor2Code": "BOL", "Actor2Name": "BOLIVIA", "Actor2CountryCode": "BOL"}


def found(*rows: list[str], kept: object = None) -> list[Article]:
    return articles(read_export(export(*rows), added=None, now=NOW).rows, CODER, recalled(kept))


def one_item(*rows: list[str], kept: object = None) -> NewsItem:
    (article,) = found(*rows, kept=kept)
    return coded_item(article)


def kept_of(*rows: list[str], at: datetime = MOMENT, kept: object = None) -> Any:
    """What a cursor holds after a file, as it comes back out of a database."""
    return json.loads(json.dumps(remembered(kept, found(*rows, kept=kept), at)))


def kept_in(item: NewsItem) -> Any:
    """What an item keeps of its events."""
    return item.extra["gdelt"]


def said(item: NewsItem) -> tuple[object, ...]:
    """All of an item but the line on which it stood."""
    names = (
        "key",
        "published",
        "occurred",
        "headline",
        "url",
        "publisher",
        "tag",
        "country",
        "also",
        "confidence",
    )
    return *(getattr(item, name) for name in names), item.why, dict(item.extra)


def test_the_rows_of_one_article_are_one_item() -> None:
    rows = [
        cells(GLOBALEVENTID=str(number), EventCode=code) for number, code in enumerate(["042", "057", "010"])
    ]
    item = one_item(*rows, cells(SOURCEURL=URL.replace("https://www.", "http://") + "/?utm_source=rss"))
    assert item.key == "example.org/world/russia-and-peru-sign-accord-on-helicopters-1234567"
    assert (item.tag, item.country, item.confidence) == ("accord", "PE", 0.4)
    assert (str(item.published), str(item.occurred)) == ("2026-01-31", "2026-01-31")
    assert (item.url, item.publisher, item.line) == (URL, "example.org", 1)
    assert item.why == "codes[0] of the source: Russia – Peru: sign formal agreement (057), Lima"
    assert kept_in(item) == {
        "events": [
            "Russia – Peru: sign formal agreement (057), Lima",
            "Russia – Peru: make a visit (042), Lima",
        ],
        "headline_made_of": "address",
    }


def test_the_headline_is_made_of_the_address_or_else_of_the_codes() -> None:
    assert one_item(cells()).headline == "Russia and peru sign accord on helicopters"
    item = one_item(cells(**BLANK_ADDRESS))
    assert item.headline == "Russia – Peru: sign formal agreement (057), Lima"
    assert kept_in(item)["headline_made_of"] == "codes"


@pytest.mark.parametrize(
    ("changed", "headline"),
    [
        ({"Actor1Name": "DEFENSE MINISTRY"}, "Defense Ministry – Peru: sign formal agreement (057), Lima"),
        ({"Actor1Name": "PEOPLE'S ARMY"}, "People's Army – Peru: sign formal agreement (057), Lima"),
        ({"Actor1Name": ""}, "RUSGOV – Peru: sign formal agreement (057), Lima"),
        ({"ActionGeo_FullName": ""}, "Russia – Peru: sign formal agreement (057)"),
        ({"Actor1Name": "A" * 300}, "A" + "a" * 59 + " – Peru: sign formal agreement (057), Lima"),
    ],
)
def test_a_headline_of_codes_says_what_is_known(changed: dict[str, str], headline: str) -> None:
    assert one_item(cells(**BLANK_ADDRESS, **changed)).headline == headline


def test_the_first_coding_of_the_configuration_holds_whatever_the_order_of_the_rows() -> None:
    visit, accord = cells(EventCode="042"), cells(IsRootEvent="0", **TO_BOLIVIA)
    assert said(one_item(visit, accord)) == said(one_item(accord, visit))
    assert (one_item(visit, accord).tag, one_item(visit, accord).country) == ("accord", "BO")


def test_further_countries_of_the_same_kind_of_event_are_named() -> None:
    item = one_item(
        cells(), cells(IsRootEvent="0", **TO_BOLIVIA), cells(EventCode="042", Actor2CountryCode="CHL")
    )
    assert (item.country, item.also) == ("PE", ("BO",))


def test_an_event_of_years_ago_in_an_article_of_today_is_not_the_one_it_tells_of_first() -> None:
    old = cells(SQLDATE="20160131", ActionGeo_FullName="Cusco, Cusco, Peru")
    assert str(one_item(old, cells()).occurred) == "2026-01-31"
    assert str(one_item(old).occurred) == "2016-01-31"


def test_an_article_that_no_coding_asks_for_can_be_left_to_the_rules_by_its_words() -> None:
    (worded,) = found(cells(EventCode="010"))
    item = plain_item(worded)
    assert item is not None
    assert (item.tag, item.country, item.confidence) == (None, None, None)
    assert item.headline == "Russia and peru sign accord on helicopters"
    (wordless,) = found(cells(EventCode="010", **BLANK_ADDRESS))
    assert plain_item(wordless) is None


def test_a_citation_names_no_article_so_each_of_its_events_stands_alone() -> None:
    cited = {"SOURCEURL": "BBC Monitoring"}
    items = [coded_item(one) for one in found(cells(**cited), cells(**cited, **TO_BOLIVIA), cells(**cited))]
    assert [item.country for item in items] == ["PE", "BO"]
    assert {(item.url, item.publisher) for item in items} == {(None, "BBC Monitoring")}
    assert items[0].key == "bbc monitoring: Russia – Peru: sign formal agreement (057), Lima, 2026-01-31"


def test_of_an_article_with_very_many_events_the_first_are_kept() -> None:
    places = [f"Town {number:03}, Peru" for number in range(96)]
    item = one_item(*(cells(ActionGeo_FullName=place) for place in places))
    events = kept_in(item)["events"]
    assert events == [
        f"Russia – Peru: sign formal agreement (057), {place[:8]}" for place in places[:MAX_EVENTS]
    ]


def test_the_one_event_that_decides_is_found_among_very_many() -> None:
    visits = [cells(EventCode="042", ActionGeo_FullName=f"Town {number:03}, Peru") for number in range(95)]
    item = one_item(*visits, cells(IsRootEvent="0", SQLDATE="20260130"))
    assert (item.tag, str(item.occurred), len(kept_in(item)["events"])) == (
        "accord",
        "2026-01-30",
        MAX_EVENTS,
    )


# ---- emitted again -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "again",
    [
        {"GLOBALEVENTID": "2000000000"},
        {"NumMentions": "40", "NumSources": "9", "AvgTone": "-3.1"},
        {"DATEADDED": "20260131234500"},
        {"DATEADDED": "20260201001500"},
        {"DATEADDED": "20260201001500", "SQLDATE": "20260201"},
        {"SOURCEURL": URL.replace("https", "http")},
        {"SOURCEURL": URL.replace("www.", "") + "/?utm_campaign=x#top"},
        {"IsRootEvent": "0"},
    ],
)
def test_an_article_that_is_emitted_again_is_the_same_item(again: dict[str, str]) -> None:
    rows = cells(), cells(EventCode="042")
    first = said(one_item(*rows))
    repeated = [cells(**again), cells(EventCode="042", **again)]
    assert said(one_item(*repeated, kept=kept_of(*rows))) == first
    assert said(one_item(*repeated[::-1], kept=kept_of(*rows))) == first


def test_a_part_of_an_article_that_is_emitted_again_takes_nothing_back() -> None:
    rows = cells(), cells(EventCode="042")
    kept = kept_of(*rows)
    assert said(one_item(cells(EventCode="042"), kept=kept)) == said(one_item(*rows))
    assert said(one_item(cells(EventCode="010"), kept=kept)) == said(one_item(*rows))
    twice = kept_of(cells(EventCode="010"), kept=kept, at=MOMENT + KEPT_FOR)
    assert said(one_item(cells(EventCode="042"), kept=twice)) == said(one_item(*rows))


def test_what_an_article_says_further_is_added_as_of_the_day_on_which_it_was_first_seen() -> None:
    kept = kept_of(cells(EventCode="042"))
    later = one_item(cells(SQLDATE="20260202", DATEADDED="20260202120000"), kept=kept)
    assert (later.tag, later.key) == ("accord", one_item(cells()).key)
    assert (str(later.published), str(later.occurred)) == ("2026-01-31", "2026-01-31")


def test_without_memory_the_same_rows_of_the_same_day_still_make_the_same_item() -> None:
    rows = cells(), cells(EventCode="042")
    later = [cells(GLOBALEVENTID="9", DATEADDED="20260131231500"), cells(EventCode="042", NumMentions="9")]
    assert said(one_item(*later)) == said(one_item(*rows))


def test_articles_are_known_for_a_day_and_only_so_many_of_them() -> None:
    kept = kept_of(cells())
    other = cells(SOURCEURL="https://example.org/other")
    assert len(kept_of(other, kept=kept, at=MOMENT + KEPT_FOR)) == 2
    assert len(kept_of(other, kept=kept, at=MOMENT + KEPT_FOR + timedelta(minutes=15))) == 1
    many = [cells(SOURCEURL=f"https://example.org/{number}") for number in range(MAX_KEPT + 10)]
    kept = kept_of(*many)
    assert len(kept) == MAX_KEPT
    assert "example.org/0" not in kept
    assert f"example.org/{MAX_KEPT + 9}" in kept


def test_only_articles_that_a_coding_asks_for_are_kept_in_mind() -> None:
    assert kept_of(cells(EventCode="010")) == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.slow
@given(json_values, st.sampled_from(["seen", "added", "url", "events"]))
def test_a_memory_that_makes_no_sense_is_forgotten(nonsense: Any, name: str) -> None:
    recalled(nonsense)
    (key, entry), *_ = kept_of(cells()).items()
    kept = {key: {**entry, name: nonsense}, "x": nonsense}
    assert one_item(cells(), kept=kept).tag == "accord"
    remembered(kept, found(cells(), kept=kept), MOMENT)


# ---- real ones -----------------------------------------------------------------------------------------


def test_a_spreadsheets_copy_of_a_real_export_gives_the_same_items() -> None:
    if not (REAL / IN_2019).exists():
        pytest.skip("the real exports are absent")
    (copy,) = REAL.glob("20190121220000.*mangled*")
    moment = datetime(2019, 1, 21, 22, tzinfo=UTC)
    first, second = (
        articles(read_export(path.read_bytes(), added=moment, now=NOW).rows, EVERYTHING, {})
        for path in (REAL / IN_2019, copy)
    )
    items = [coded_item(one) for one in first if one.coded]
    assert [said(item) for item in items] == [said(coded_item(one)) for one in second if one.coded]
    assert (len(first), len(items)) == (360, 332)
    again = recalled(json.loads(json.dumps(remembered({}, first, moment))))
    third = articles(read_export(copy.read_bytes(), added=moment, now=NOW).rows, EVERYTHING, again)
    assert [said(coded_item(one)) for one in third if one.coded] == [said(item) for item in items]


def test_every_item_of_a_real_export_makes_a_sound_report() -> None:
    if not (REAL / IN_2019).exists():
        pytest.skip("the real exports are absent")
    rows = read_export((REAL / IN_2019).read_bytes(), added=None, now=NOW).rows
    items = [coded_item(one) for one in articles(rows, EVERYTHING, {}) if one.coded]
    made_of = [kept_in(item)["headline_made_of"] for item in items]
    assert (made_of.count("address"), made_of.count("codes")) == (306, 26)
    for item in items:
        record = {
            **item.extra,
            "id": item.key[:200],
            "published_on": str(item.published),
            "occurred_on": str(item.occurred),
            "tag": item.tag,
            "country": item.country,
            "also": list(item.also),
            "headline": item.headline,
            "publisher": item.publisher,
            "url": item.url,
        }
        report = report_from(record, today=date(2026, 2, 16))
        assert report.headline == item.headline
