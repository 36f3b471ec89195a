"""Inputs for fuzzing: small examples of every format, and what is done to them."""

from collections.abc import Sequence
from random import Random

from tests.ingest.gdelt_exports import cells, export

_LARGEST = 200_000  # bytes
_ENCODINGS = (
    "utf-16",
    "utf-16-be",
    "utf-32",
    "utf-8-sig",
    "koi8-r",
    "windows-1251",
    "cp1252",
    "utf-7",
    "cp037",
)

_RSS = """<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Мир — World</title><link>https://www.example.org/</link><language>es</language>
<item><title>Perú firma un contrato &amp;amp; paga</title><link>https://example.org/1?a=1&amp;b=2</link>
<guid isPermaLink="false">1</guid><pubDate>Tue, 17 Feb 2026 21:00:00 -0500</pubDate>
<description><![CDATA[<p>Lima <b>compra</b> ocho<br>helicópteros.</p><script>x()</script>]]></description>
</item><item><title>Россия и Перу</title><guid>https://example.org/2</guid>
<dc:date>2026-02-17T10:00:00Z</dc:date><source url="https://www.tass.com/rss">TASS</source>
<content:encoded>&lt;p&gt;x&lt;/p&gt;</content:encoded></item></channel></rss>"""
_ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="pt"><link href="https://example.org/"/>
<title type="html">a &amp;lt;b&amp;gt;</title><updated>2026-02-18T00:00:00Z</updated>
<entry xml:base="https://example.org/x/"><id>tag:example.org,2026:1</id><title type="xhtml">
<div xmlns="http://www.w3.org/1999/xhtml">São <b>Paulo</b></div></title><link rel="alternate" href="1"/>
<published>2026-02-17T10:00:00+03:00</published><content type="html">&lt;i&gt;x&lt;/i&gt;</content>
<source><id>y</id><title>z</title><link href="https://tass.com/"/></source></entry></feed>"""
_RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>W</title></channel>
<item rdf:about="https://example.org/1"><title>Lima</title><dc:date>2026-02-17</dc:date></item></rdf:RDF>"""
_BOMB = """<!DOCTYPE x [<!ENTITY a "1234567890"><!ENTITY b "&a;&a;&a;">]>
<rss><item><title>&b;</title></item></rss>"""
_HTML = "<p>a &amp;lt;b&amp;gt; <!-- x --><script>y</script> PerÃº \u202e می\u200cشود 👩\u200d🚀 ❤\ufe0f</p>"
_REPORT = """{"id": "a1", "published_on": "2025-07-02", "tag": "delivery", "country": "PE", "also": ["BR"],
"grade": "B2", "headline": "Two helicopters arrive — «ТАСС»", "url": "https://example.org/1",
"extra": {"x": [1, 2.5, null]}}""".replace("\n", " ")
_SHEET = """published_on,tag,country,headline,grade
2025-07-02,delivery,PE,"Two ""helicopters"" arrive",B2
2025-07,visit,*,x,
"""
_EVENT = export(cells()).decode()

_REGISTER = """SIPRI AT Database ID,Supplier,Recipient,Designation,Description,Armament category,Order date,\
Order date is estimate,Numbers delivered,Numbers delivered is estimate,Delivery year,\
Delivery year is estimate,Status,SIPRI estimate,TIV deal unit,TIV delivery values,Local production
36452,Russia,Brazil,Mi-35M,combat helicopter,Aircraft,2009,No,6,No,2010,No,New,11.5,11.5,69,No
36452,Russia,Brazil,Mi-35M,combat helicopter,Aircraft,2009,No,3,Yes,2012,Yes,New,11.5,11.5,,No
"""
_SELECTED = """Transfers of major conventional arms from All countries  to All countries . Deals with \
deliveries or orders made for year range '2000' to '2030'

Data generated: 3 Jan 2025 9:16:02 PM
"""
_VOTES = """rcid,session,date,BRA,PER,RUS,USA
3,1,1946-01-01,yes,no,abstain,
4,1,1946-01-02,absent,yes,yes,no
"""
_LONG_VOTES = """rcid,ccode,session,year,vote
3,140,1,1946,1
3,365,1,1946,3
"""

EXAMPLES: dict[str, Sequence[str]] = {
    "feeds": (_RSS, _ATOM, _RDF, _BOMB),
    "markup": (_RSS, _ATOM, _HTML),
    "decoding": (_RSS, "Perú, España, São Tomé", "Россия и Перу подписали контракт", "Ελλάδα 中国 עברית"),
    "moments": (
        "Tue, 17 Feb 2026 21:00:00 -0500",
        "2026-02-17T10:00:00.5+03:00",
        "12 de febrero de 2026, a las 10:30 p.m.",
        "Среда, 18 февраля 2026 г., 14:30 МСК",
        "Wed Feb 18 01:55:06 UTC 2026 (PET)",
        "25/12/2025",
        "20260218T015506Z",
    ),
    "jsonl": (_REPORT, f"{_REPORT}\n{_REPORT}\n", f"[{_REPORT}, {_REPORT}]"),
    "csv": (_SHEET, _SHEET.replace(",", ";"), _SHEET.replace(",", "\t")),
    "gdelt": (_EVENT, _EVENT * 3, _EVENT.replace("\t", ";")),
    "register": (_REGISTER, f"{_SELECTED}{_REGISTER}", _REGISTER.replace(",", ";")),
    "votes": (_VOTES, _LONG_VOTES, _VOTES.replace("\n", "\r\n")),
}
_TOKENS = (
    *(
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "?>",
        "<!DOCTYPE x [",
        "<!ENTITY a 'b'>",
    ),
    *(
        "&",
        ";",
        "&amp;",
        "&lt;",
        "&gt;",
        "&#",
        "&#x202e;",
        "&#12;",
        "&#0;",
        "&#xD800;",
        "&nbsp;",
        "&a;",
        "]>",
    ),
    *("<item>", "</item>", "<entry>", "</entry>", "<title>", "</title>", "<link>", "<guid>", "<description>"),
    *(
        "<rss>",
        "<channel>",
        "</channel>",
        "<source>",
        "<b>",
        "</b>",
        "<script>",
        "<x:y z='w'>",
        ' xml:base="',
    ),
    *(
        "\n",
        "\t",
        "\r",
        " ",
        ",",
        ".",
        ":",
        "-",
        "/",
        "+",
        "=",
        '"',
        "'",
        "\0",
        "\x01",
        "\x1b",
        "\x7f",
        "\x85",
    ),
    *("\u200b", "\u200c", "\u200d", "\u202e", "\ufe0f", "\ufeff", "\ufffd", "\ufffe", "\ue000", "\U000e0041"),
    *(
        "\U0001f680",
        "\u3164",
        "\u0301",
        "\u0600",
        "é",
        "Ã©",
        "â€™",
        "Ð",
        "Р°",
        "ß”",
        ' xmlns="http://x"',
        "٣",
    ),
    *("0", "1", "00", "9999", "-1", "1e999", "2026", "0025", "Feb", "mar", "янв", "de", "PM", "GMT", "+9959"),
    *(
        "http://",
        "https://[",
        "javascript:",
        "//",
        "%00",
        "..",
        "@",
        "#",
        "?",
        "{",
        "}",
        "[",
        "]",
        "null",
        "NaN",
    ),
)
_PIECES = (
    *(token.encode() for token in _TOKENS),
    *(b"\xff", b"\xfe\xff", b"\xc3", b"\xe2\x80", b"\xed\xa0\x80", b"\xf0\x9f", b"\x80"),
)


def mutated(random: Random, examples: Sequence[bytes]) -> bytes:
    """Take an example and spoil it in one to eight ways."""
    body = random.choice(examples)
    if random.random() < 0.1:
        body = body.decode(errors="replace").encode(random.choice(_ENCODINGS), "replace")
    for _ in range(random.randint(1, 8)):
        at = random.randint(0, len(body))
        end = min(len(body), at + random.choice((1, 1, 4, 16, 64, 512)))
        before, instead, after = body[:at], _instead(random, body[at:end], examples), body[end:]
        body = (before + instead + (after if random.random() < 0.95 else b""))[:_LARGEST]
    return body


def _instead(random: Random, part: bytes, examples: Sequence[bytes]) -> bytes:
    """Give what shall stand in the place of a part."""
    match random.randrange(6):
        case 0:
            return bytes([random.randrange(256)])
        case 1:
            return b""
        case 2:
            return part * random.choice((2, 3, 10, 100, 1000))
        case 3:
            return random.choice(_PIECES) * random.choice((1, 1, 1, 2, 50, 5000)) + part
        case 4:
            other = random.choice(examples)
            begin = random.randint(0, len(other))
            return other[begin : begin + random.choice((4, 64, 512))]
        case _:
            return b"".join(random.choices(_PIECES, k=random.randint(1, 20)))
