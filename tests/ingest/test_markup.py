"""Markup made plain, and characters that the eye cannot see made visible."""

import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import soup
from ingest.markup import plain, readable, visible
from model.errors import InvalidValue
from tests.ingest.feed_examples import patience

UNSEEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
JOINERS = "\u200c\u200d"
PIECES = [
    *(
        "<",
        ">",
        "</",
        "/>",
        "<b>",
        "</b>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<script>",
        "</script>",
        "&",
        ";",
    ),
    *("&amp;", "&lt;", "&gt;", "&#", "&#x202e;", "&nbsp;", "&zwj;", '"', "'", "=", "<a href='"),
    *("\u202e", "\u200d", "\u200c", "\u0600", "ش", "❤", "\ufe0f", "\u2800"),
]
MARKUP = st.lists(
    st.one_of(st.text(max_size=5), st.sampled_from(PIECES)),
    max_size=30,
).map("".join)
GROWING = [
    *(
        "\x00",
        "<",
        "<a",
        "<a ",
        '<a "',
        "<a b='",
        "</",
        "</a",
        "<!",
        "<!--",
        "<!-->",
        "<![CDATA[",
        "<?",
        "&",
        "&amp;",
    ),
    *("&lt;b ", "&#", "<script>", "<x>", "<x y=1>", "&lt;script&gt;", "&amp;amp;lt;", "\"'"),
    *("Ã©", "Ã", "\u200b", "Р°", "a\u0301\u0316"),
]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("US <b>strikes</b>", "US strikes"),
        ("a<br>b<p>c</p>d<BR/>e", "a b c d e"),
        ("one<li>two</li><li>three</li>", "one two three"),
        ("H<sub>2</sub>O", "H2O"),
        ("AT&T, R&D; &copy; &eacute; &#233; &#xE9; &unknown;", "AT&T, R&D; © é é é &unknown;"),
        ("&amp;amp;amp;amp; &amp;lt;b&amp;gt;x&amp;lt;/b&amp;gt;", "& x"),
        ("1 < 2 and 3 > 2, a<b", "1 < 2 and 3 > 2, a<b"),
        ("use <T> and vector<int> in <Peru and Chile>", "use <T> and vector<int> in <Peru and Chile>"),
        ("<custom-tag>x</custom-tag><y>z</y><q v=1>w", "xzw"),
        ("<script>alert('</b>')</script>Peru", "Peru"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Peru", "Peru"),
        ("<SCRIPT src=x></SCRIPT ><style>p{}</style>Peru<script>never closed", "Peru"),
        ("<svg><title>x</title></svg>y<iframe src=x>z</iframe>", "y"),
        ("<a title='1 > 2' href=\"x>y\">z</a>", "z"),
        ('<a href="never closed>Peru</a> signs', "Peru signs"),
        ("<!-- hidden -->seen<!-- not closed", "seen not closed"),
        ("<![CDATA[x < y]]> z", "x < y z"),
        ("<?php echo 1 ?>x<!DOCTYPE html>y", "xy"),
        ("&#8;&#128;&#x80;&#xD800;&#0;", "€€\ufffd\ufffd"),
        ("", ""),
    ],
)
def test_markup_becomes_its_text(markup: str, text: str) -> None:
    assert readable(markup) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u200bb\u2060c\ufeffd\u00ade", "a<U+200B>b<U+2060>c<U+FEFF>de"),
        (
            "\u202eabc\u202c \u2066x\u2069 \u200e\u200f\u061c",
            "<U+202E>abc<U+202C> <U+2066>x<U+2069> <U+200E><U+200F><U+061C>",
        ),
        ("a\u00a0\u2003\u3000b\u2028c\u2029d\x85e\tf\r\ng", "a b c d e f g"),
        ("a\x7fb\x81c\ue000d\U000e0041e\ufff9", "a<U+007F>b<U+0081>c<U+E000>d<U+E0041>e<U+FFF9>"),
        ("\u3164\u115f\u2800\u034f", "<U+3164><U+115F><U+2800><U+034F>"),
        ("\ufdd0\U0001fffe", "<U+FDD0><U+1FFFE>"),
        ("می\u200cشود क्\u200dष", "می\u200cشود क्\u200dष"),
        ("con\u200ctract \u200d\u200c شود\u200c", "con<U+200C>tract <U+200D><U+200C> شود<U+200C>"),
        ("👩\u200d🚀 ❤\ufe0f\u200d🔥 👍🏽\u200d☎", "👩\u200d🚀 ❤\ufe0f\u200d🔥 👍🏽\u200d☎"),
        (
            "شود\u200c\u0600 ❤\ufe0f\u200d\u2800 \u2800\u200d☎",
            "شود<U+200C><U+0600> ❤\ufe0f<U+200D><U+2800> <U+2800><U+200D>☎",
        ),
        ("a\ufe0f\ufe0f \ufe0f", "a\ufe0f<U+FE0F> <U+FE0F>"),
    ],
)
def test_what_the_eye_cannot_see_is_shown_as_its_code(text: str, shown: str) -> None:
    assert readable(text) == shown


def test_a_text_that_was_read_wrongly_is_repaired_before_its_characters_are_judged() -> None:
    assert readable("allÃ\u00ad &Atilde;&ordm;ltimo voilÃ\u00a0") == "allí último voilà"
    with pytest.raises(InvalidValue):
        readable("voilÃ <b>monsieur</b>")


@given(MARKUP)
def test_readable_text_is_one_line_that_can_be_seen(markup: str) -> None:
    try:
        text = readable(markup)
    except InvalidValue:
        return
    assert text == " ".join(text.split())
    assert not {unicodedata.category(letter) for letter in text if letter not in JOINERS} & UNSEEN
    assert visible(text) == text


@given(st.text())
def test_text_without_markup_stays_as_it_is(text: str) -> None:
    assert plain(text.replace("<", "").replace("&", "")) == text.replace("<", "").replace("&", "")


@given(MARKUP)
def test_what_is_taken_apart_grows_by_no_more_than_references_do(markup: str) -> None:
    said = "".join(token.said for token in soup.tokens(markup) if isinstance(token, soup.Text))
    assert len(said) <= len(markup)


@pytest.mark.slow
@pytest.mark.parametrize("piece", GROWING)
def test_time_grows_with_length_and_no_faster(piece: str) -> None:
    with patience(60), suppress(InvalidValue):
        readable(piece * (300_000 // len(piece)))
