"""Rules judge items: which tag, which countries, how sure, and why."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.items import NewsItem
from ingest.tagging import IN_SUMMARY, Rule, Tagged, Tagger, Wrong, problems
from model.errors import InvalidValue

DELIVERY = Rule(
    tag="delivery",
    countries=("PE", "BO"),
    all_of=("@RU", "tank*"),
    any_of=("deliver*", "arriv*"),
    confidence=0.9,
)
HEADLINE = "Russia delivers tanks to Bolivia"


def item(headline: str, summary: str = "", **fields: object) -> NewsItem:
    known = {"key": "1", "line": 1, "published": None, "headline": headline, "summary": summary}
    return NewsItem(**{**known, **fields})  # type: ignore[arg-type]  # the test's own fields


def judge(rules: list[Rule], headline: str, summary: str = "", **fields: object) -> Tagged | None:
    return Tagger(rules).judge(item(headline, summary, **fields))


def test_a_rule_that_applies_says_tag_country_confidence_and_why() -> None:
    assert judge([DELIVERY], HEADLINE) == Tagged(
        tag="delivery",
        country="BO",
        also=(),
        confidence=0.9,
        why="rule 1 (delivery) found “Russia”, “tanks”, “delivers”, “Bolivia”",
        rule=1,
    )


@pytest.mark.parametrize(
    "headline",
    [
        "",
        "Russia delivers to Bolivia",
        "Tanks delivered to Bolivia",
        "Russia shows tanks to Bolivia",
        "Russia delivers tanks",
        "Russia delivers tanks to Venezuela",
    ],
)
def test_an_item_that_lacks_one_thing_is_of_no_concern(headline: str) -> None:
    assert judge([DELIVERY], headline) is None


def test_one_word_of_none_of_keeps_a_rule_away_wherever_it_stands() -> None:
    strict = replace(DELIVERY, none_of=("museum*", "@UA"))
    assert judge([strict], HEADLINE) is not None
    assert judge([strict], f"{HEADLINE}'s museum") is None
    assert judge([strict], HEADLINE, "As Ukraine watches.") is None


def test_the_first_named_of_the_rules_countries_counts_and_the_others_are_kept() -> None:
    tagged = judge([DELIVERY], "Brazil sees Bolivian and Peruvian soldiers greet arriving Russian tanks")
    assert tagged is not None
    assert (tagged.country, tagged.also) == ("BO", ("PE",))


def test_a_rule_without_countries_takes_the_first_that_is_named() -> None:
    anywhere = Rule(tag="delivery", all_of=("tank*",))
    tagged = judge([anywhere], "Tanks for Chile and Peru")
    assert tagged is not None
    assert (tagged.country, tagged.also) == ("CL", ("PE",))
    tagged = judge([anywhere], "Tanks arrive")
    assert tagged is not None
    assert (tagged.country, tagged.also) == ("*", ())


def test_the_region_stands_in_only_where_the_rule_says_so_and_no_country_is_named() -> None:
    regional = replace(DELIVERY, countries=("*", "PE"))
    tagged = judge([regional], "Russia delivers tanks to Latin America")
    assert tagged is not None
    assert tagged.country == "*"
    tagged = judge([regional], "Russia delivers tanks to Latin America and Peru")
    assert tagged is not None
    assert tagged.country == "PE"


def test_a_pattern_may_ask_for_the_region_by_name() -> None:
    regional = Rule(tag="delivery", countries=("*",), all_of=("tank*", "@*"))
    assert judge([regional], "Tanks arrive") is None
    tagged = judge([regional], "Tanks arrive in Latin America")
    assert tagged is not None
    assert tagged.why == "rule 1 (delivery) found “Tanks”, “Latin America”"


@pytest.mark.parametrize(
    ("headline", "summary"),
    [
        ("Tanks arrive", "They come from Russia and go to Bolivia."),
        ("Russian tanks arrive", "They go to Bolivia."),
        ("News in brief", "Russia delivers tanks to Bolivia."),
    ],
)
def test_what_needs_the_summary_is_less_sure(headline: str, summary: str) -> None:
    tagged = judge([DELIVERY], headline, summary)
    assert tagged is not None
    assert tagged.country == "BO"
    assert tagged.confidence == pytest.approx(0.9 * IN_SUMMARY)
    assert tagged.why.endswith(", partly in the summary")


def test_a_phrase_does_not_reach_from_the_headline_into_the_summary() -> None:
    assert judge([Rule(tag="delivery", all_of=("red tank",))], "They are red", "Tank sold") is None


def test_of_a_long_summary_only_the_beginning_is_looked_at() -> None:
    assert judge([DELIVERY], "Russia delivers tanks", "word " * 500 + "Bolivia") is None


def test_of_several_rules_the_surest_wins_and_of_equals_the_first() -> None:
    loose, sure = Rule(tag="loose", all_of=("tank*",), confidence=0.5), replace(DELIVERY, tag="sure")
    for rules, tag in [
        ([loose, sure], "sure"),
        ([sure, DELIVERY], "sure"),
        ([DELIVERY, sure], "delivery"),
        ([loose, replace(loose, tag="other")], "loose"),
    ]:
        tagged = judge(rules, HEADLINE)
        assert tagged is not None
        assert (tagged.tag, rules[tagged.rule - 1].tag) == (tag, tag)


def test_a_less_sure_rule_that_needs_no_summary_may_win() -> None:
    whole = Rule(tag="whole", all_of=("tank*",), confidence=0.8)
    tagged = judge([DELIVERY, whole], "Tanks arrive in Chile", "From Russia to Bolivia.")
    assert tagged is not None
    assert tagged.tag == "whole"


@pytest.mark.parametrize(
    ("fields", "applies"),
    [
        ({"publisher": "tass.com"}, True),
        ({"publisher": "WWW.TASS.COM"}, True),
        ({"publisher": "en.tass.com"}, True),
        ({"publisher": "nottass.com"}, False),
        ({"publisher": "tass.com.example"}, False),
        ({"url": "https://tass.com/defense/1"}, True),
        ({"url": "https://example.org/tass.com"}, False),
        ({"url": "https://tass.com/1", "publisher": "example.org"}, False),
        ({"url": "https://[tass.com"}, False),
        ({}, False),
    ],
)
def test_a_rule_may_be_limited_to_publishers(fields: dict[str, str], applies: bool) -> None:
    limited = replace(DELIVERY, publishers=("example.com", "Tass.com"))
    assert (judge([limited], HEADLINE, **fields) is not None) is applies


def test_patterns_may_name_lists() -> None:
    named = {"arms": ["tank*", "gun*"], "all": ["$arms|ship*"]}
    tagger = Tagger([Rule(tag="delivery", all_of=("$all",))], named)
    tagged = tagger.judge(item("Two ships"))
    assert tagged is not None
    assert "“ships”" in tagged.why


def test_without_rules_everything_is_of_no_concern() -> None:
    assert judge([], HEADLINE) is None


def test_why_is_one_short_line_whatever_stands_in_the_text() -> None:
    gap = Rule(tag="delivery", all_of=("a .. b",))
    tagged = judge([gap], f"a\n{'x' * 500}\r\n\u202e\x00 b")
    assert tagged is not None
    assert tagged.why.isprintable()
    assert len(tagged.why) < 120


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (Rule(tag="delivery"), "rule 2 (delivery): holds neither all_of nor any_of"),
        (Rule(tag="delivery", none_of=("tank",)), "rule 2 (delivery): holds neither all_of nor any_of"),
        (replace(DELIVERY, tag="De livery!"), "rule 2 (De livery!): tag: 'de livery!' is not a tag"),
        (
            replace(DELIVERY, countries=("PE", "XX")),
            "rule 2 (delivery): countries[1]: 'XX' is not a country's",
        ),
        (replace(DELIVERY, all_of=("tank", "ta*nk")), "rule 2 (delivery): all_of[1]: 'ta*nk': a *"),
        (replace(DELIVERY, any_of=("",)), "rule 2 (delivery): any_of[0]: has an empty alternative"),
        (replace(DELIVERY, none_of=("$none",)), "rule 2 (delivery): none_of[0]: '$none' is no list"),
        (replace(DELIVERY, publishers=("https://tass.com",)), "rule 2 (delivery): publishers[0]: "),
        (replace(DELIVERY, confidence=0), "rule 2 (delivery): confidence: 0 is no confidence"),
        (replace(DELIVERY, confidence=1.5), "rule 2 (delivery): confidence: 1.5 is no confidence"),
    ],
)
def test_a_bad_rule_is_refused_with_its_number_and_key(rule: Rule, complaint: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Tagger([DELIVERY, rule])
    assert str(caught.value).startswith(complaint)


def test_all_that_is_wrong_with_rules_is_said_at_once() -> None:
    bad = Rule(tag="delivery", countries=("XX",), all_of=("ta*nk", "tank"), any_of=("(x)",), confidence=2)
    found = [(one.rule, one.key, one.place) for one in problems([DELIVERY, bad])]
    assert found == [(1, "confidence", None), (1, "countries", 0), (1, "all_of", 0), (1, "any_of", 0)]
    assert all(isinstance(one, Wrong) and one.text for one in problems([bad]))


WORDS = st.sampled_from(
    ["Russia", "tanks", "arrive", "Peru", "Bolivia", "the", "ships", "near", "Lima", "US"]
)
TEXTS = st.lists(WORDS, max_size=8).map(" ".join)
PATTERNS = st.lists(st.sampled_from(["@RU", "tank*", "arriv*", "ship*", "@US", "near .. lima"]), max_size=3)
RULES = st.builds(
    Rule,
    tag=st.sampled_from(["a", "b", "c"]),
    countries=st.sampled_from([(), ("PE",), ("BO", "PE"), ("*",), ("PE", "*")]),
    all_of=PATTERNS.map(tuple),
    any_of=PATTERNS.map(lambda found: (*found, "the")),
    none_of=PATTERNS.map(lambda found: tuple(found[:1])),
    confidence=st.sampled_from([0.5, 0.8, 0.85, 0.9, 1.0]),
)


@pytest.mark.slow
@given(st.lists(RULES, max_size=6), TEXTS, TEXTS)
def test_many_rules_together_judge_as_the_best_of_each_alone(
    rules: list[Rule], headline: str, summary: str
) -> None:
    alone = [Tagger([rule]).judge(item(headline, summary)) for rule in rules]
    judged = [(-one.confidence, place, one) for place, one in enumerate(alone) if one is not None]
    together = Tagger(rules).judge(item(headline, summary))
    if not judged:
        assert together is None
        return
    assert together is not None
    _, place, best = min(judged, key=lambda one: one[:2])
    assert (together.rule, together.tag) == (place + 1, best.tag)
    assert (together.country, together.also, together.confidence) == (
        best.country,
        best.also,
        best.confidence,
    )


@pytest.mark.slow
@given(st.text(), st.text())
def test_any_text_is_judged(headline: str, summary: str) -> None:
    tagged = judge([Rule(tag="any", any_of=("a*|e*|i*|o*|u*", "@US"), confidence=0.5)], headline, summary)
    assert tagged is None or tagged.why.isprintable()
