"""Letters that were read in a wrong encoding by whoever wrote a text: undone, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.mojibake import repaired
from model.errors import InvalidValue

SOUND = (
    "Perú firma; El Niño — “ESPAÑA” dice “no”…",
    "Ministério da Defesa: São Tomé, IRMÃ, MAÇÃ, Ângela",
    "Россия и Перу подписали контракт — ТАСС, «МиГ-29», КамАЗ, СССР—США",
    "à l'été, déjà, ça, où, Œuvre, naïve",
    "Spaß”, Übergröße, „Hübsch“, Ö”, “SAMSØ”, cliché”…",
    "ALEMÃ”, ESPAÑ…, la letra Ñ",
    "żółć, jäääär, æðið, người Việt",
    "Cбербанк купил iPhone'ы",
    "Ελλάδα, 中国, עברית, العربية, 🚀",
    "BANGLADÉŠ, ANARÂŠKIELÂ”, ФІЛІПІНЫ”, ТІЛІ, АБХАЗ ТІЛІ, СІЧЕНЬ, РІК, ЋИРИЛИЦА",
    "AT&T, 10 °C, £5 m, 3²",
)
SPOILED = (
    "Perú firma",
    "Россия и Перу",
    "¿Qué? «Sí»",
    "El Niño — “España”",
    "€5 m – “ok”",
    "🚀 lancé",
    "Ñandú…",
)


def misread(text: str, codec: str) -> str:
    """Read UTF-8 as a single-byte encoding, as many programs have."""
    return "".join(bytes([byte]).decode(codec, "ignore") or chr(byte) for byte in text.encode())


@pytest.mark.parametrize("text", SOUND)
def test_sound_text_stays_as_it_is(text: str) -> None:
    assert repaired(text) == text
    assert [repaired(word) for word in text.split()] == text.split()


@pytest.mark.parametrize("codec", ["cp1252", "latin-1", "cp1251"])
@pytest.mark.parametrize("text", SPOILED)
def test_text_that_was_encoded_twice_is_repaired(text: str, codec: str) -> None:
    assert repaired(misread(text, codec)) == text


@pytest.mark.parametrize("text", SPOILED[:3])
def test_text_that_was_encoded_three_times_is_repaired(text: str) -> None:
    assert repaired(misread(misread(text, "cp1252"), "cp1252")) == text


@pytest.mark.parametrize("codec", ["cp1251", "koi8-r"])
@pytest.mark.parametrize("text", ["Россия", "Перу", "Россия и Перу подписали контракт"])
def test_cyrillic_that_was_read_as_western_is_repaired(text: str, codec: str) -> None:
    spoiled = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode(codec))
    assert repaired(spoiled) == text


def test_a_part_of_a_text_may_be_spoiled() -> None:
    assert repaired("Guantánamo: la base estÃ¡ allÃ­") == "Guantánamo: la base está allí"
    assert repaired("the â€œdealâ€\x9d of Perú") == "the “deal” of Perú"


@pytest.mark.parametrize(
    "text", ["voilÃ monsieur", "Ã la carte", "the â€ deal", "ÿÿÿÿ ÿÿÿÿÿ", "Ð¡ÐŸÐ", "Äîáðî ïîæàëîâàòü ☃"]
)
def test_what_cannot_be_undone_in_one_way_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="wrong encoding"):
        repaired(text)


@given(st.text(st.characters(max_codepoint=0x4FF)))
def test_any_text_is_repaired_or_refused_and_then_stays(text: str) -> None:
    try:
        found = repaired(text)
    except InvalidValue:
        return
    assert repaired(text) == found


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_ascii_is_always_sound(text: str) -> None:
    assert repaired(text) == text
