"""Letters that were read in a wrong encoding: telling them, and undoing it where there is one way to."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice, pairwise

from model.errors import InvalidValue

_CYRILLIC = ("windows-1251", "koi8-r", "iso8859-5", "cp866")
_MOST_WORDS = 2_000  # that are judged of a text
_MOST_ODD = 0.2  # share of odd words at which a text is not in the encoding in which it was read
_FREQUENT = frozenset("оеаинтсрлв")  # two letters in three of Russian, about as many of its neighbours
_LEAST_LIKELY, _LEAST_MARGIN = 0.4, 0.1
_MOST_LAYERS = 3

_LETTERS_BEYOND = re.compile(r"[A-Za-z]{0,3}[^\x00-\x7f][^\W\d_]{0,30}")  # words, or their ends
_BYTES_BEYOND = re.compile(rb"[A-Za-z]{0,3}[\x80-\xff][A-Za-z\x80-\xff]{0,30}")
_WORD = re.compile(r"[^\W\d_]+")
_ACCENTED = re.compile("[À-ÖØ-öø-ÿŠŒŽšœžŸƒ]{4,}")  # a word of nothing else: Cyrillic read as Latin-1
_SWAPPED = re.compile("[а-џ][А-ЯЁ]{2,}|[А-ЯЁ][а-џ][А-ЯЁ]{3,}")  # KOI8 has small letters for capitals
_RUSSIAN_WORD = re.compile("[Ё-џ]{4,}")
_MIXED = re.compile("[А-џ][A-Za-z]|[A-Za-z][А-џ]")

type _Bytes = dict[str, int]


def _table(codec: str) -> _Bytes:
    """Characters as a codec reads bytes from 0x80, and as Latin-1 reads those that the codec leaves open."""
    read = {chr(byte): byte for byte in range(0x80, 0xA0)}
    return read | {bytes([byte]).decode(codec, "ignore") or chr(byte): byte for byte in range(0x80, 0x100)}


def _those(table: _Bytes, first: int, last: int) -> str:
    """Match one of the characters that stand for these bytes."""
    return f"[{re.escape(''.join(char for char, byte in table.items() if first <= byte <= last))}]"


_WESTERN = _table("cp1252")
_RUSSIAN = _table("cp1251") | {" ": 0xA0}  # whoever tidied the text took its no-break spaces away
_REST, _REST_RUSSIAN = _those(_WESTERN, 0x80, 0xBF), _those(_table("cp1251"), 0x80, 0xBF)
_WESTERN_LETTER = re.compile(  # what one letter of UTF-8 looks like, read as Windows-1252
    f"{_those(_WESTERN, 0xC2, 0xDF)}{_REST}"
    f"|{_those(_WESTERN, 0xE0, 0xEF)}{_REST}{{2}}"
    f"|{_those(_WESTERN, 0xF0, 0xF4)}{_REST}{{3}}"
)
_RUSSIAN_LETTER = re.compile(  # and as Windows-1251: Cyrillic, Western, punctuation, and little pictures
    f"[РСВГ]{_REST_RUSSIAN}|Р (?=[РС])|в[Ђ„‚]{_REST_RUSSIAN}|рџ{_REST_RUSSIAN}{{2}}"
)
_AFTER_LETTERS = frozenset("‘’‚“”„–—…‹›•ªº«»\xa0\xad")  # also stand behind sound letters
_PUNCTUATION = re.compile("[\u2010-\u2044\u20ac\u2122\ufeff\U0001f000-\U0001faff]")
_LEFT_OVER = re.compile(  # what no sound text holds
    "|".join(
        (
            "[a-zß-öø-ÿ][ÃÂ](?![A-ZÀ-Þ])",
            "[ÃÂ][\x80-\x9f¡-©¬®-¹¼-¿]",
            r"(?<![^\W\d_])Ã(?=\s|$)",
            "[ÐÑ][\x80-\x9f°-¿]",
            "[А-џ][ÐÑÃ]",
            "Г[†‡‰¤¦¬®±¶]",
            "â€",
            "вЂ",
        )
    )
)


def legible(text: str) -> bool:
    """Tell whether a text may well be in the encoding in which it was read."""
    return _oddity(text) < _MOST_ODD


def _sample(text: str) -> str:
    """Give the first words that are not of ASCII alone, wherever they stand."""
    return " ".join(found[0] for found in islice(_LETTERS_BEYOND.finditer(text), _MOST_WORDS))


def _oddity(text: str) -> float:
    """Share of the words beyond ASCII that no language spells so; short ones count only if they are odd."""
    odd = even = 0
    for word in _WORD.findall(_sample(text)):
        if not word.isascii():
            is_odd = _is_odd(word)
            odd += is_odd
            even += not is_odd and len(word) > 3
    return odd / (odd + even) if odd else 0.0


def _is_odd(word: str) -> bool:
    return bool(_ACCENTED.fullmatch(word) or _SWAPPED.fullmatch(word) or _MIXED.search(word))


def cyrillic(data: bytes) -> tuple[str, str] | None:
    """Read bytes in the one Cyrillic encoding in which they make words: its name, and the text.

    None where there is no such encoding, or no telling which.
    """
    sample = b" ".join(found[0] for found in islice(_BYTES_BEYOND.finditer(data), _MOST_WORDS))
    judged = sorted(((likeness(sample.decode(codec, "replace")), codec) for codec in _CYRILLIC), reverse=True)
    (best, codec), (second, _) = judged[:2]
    if best < _LEAST_LIKELY or best - second < _LEAST_MARGIN:
        return None
    try:
        return codec, data.decode(codec)
    except UnicodeDecodeError:
        return None


def likeness(text: str) -> float:
    """Say how much letters beyond ASCII are like those of Russian: 0.65 for Russian, far less for others."""
    if not _RUSSIAN_WORD.search(text):
        return 0.0
    letters = Counter(letter for letter in _sample(text) if not letter.isascii())
    small = sum(letters[letter] for letter in _FREQUENT)
    capital = sum(letters[letter.upper()] for letter in _FREQUENT)
    return (small + capital / 2) / max(1, letters.total()) - _oddity(text)


def repaired(text: str) -> str:
    """Undo the wrong reading of a text, once or several times over, where there is one way to undo it.

    Raises
    ------
    InvalidValue
        It was read wrongly, and cannot be undone.
    """
    for _ in range(_MOST_LAYERS):
        before, text = text, _layer_off(text)
        if text == before:
            break
    if not text.isascii() and (_LEFT_OVER.search(text) or _is_accented(text)):
        raise InvalidValue("its letters were once read in a wrong encoding, and cannot be told any more")
    return text


def _layer_off(text: str) -> str:
    if text.isascii():
        return text
    text = _undone(text, _WESTERN_LETTER, _WESTERN, _is_western)
    text = _undone(text, _RUSSIAN_LETTER, _RUSSIAN, _is_russian)
    return _as_cyrillic(text) if _is_accented(text) else text


def _is_accented(text: str) -> bool:
    words = [word for word in _WORD.findall(text) if not word.isascii() and len(word) > 3]
    return sum(bool(_ACCENTED.fullmatch(word)) for word in words) > _MOST_ODD * len(words)


def _as_cyrillic(text: str) -> str:
    try:
        data = bytes(_WESTERN[char] if char > "\x7f" else ord(char) for char in text)
    except KeyError:
        return text
    found = cyrillic(data)
    return found[1] if found else text


def _undone(
    text: str,
    letter: re.Pattern[str],
    table: _Bytes,
    is_sure: Callable[[str, Sequence[re.Match[str]], Sequence[str]], bool],
) -> str:
    """Put back every letter of UTF-8 that was read in a single-byte encoding, if that is surely so."""
    found = [(match, _letter(match[0], table)) for match in letter.finditer(text)]
    matches = [match for match, read in found if read]
    letters = [read for _, read in found if read]
    if not matches or not is_sure(text, matches, letters):
        return text
    return letter.sub(lambda match: _letter(match[0], table) or match[0], text)


def _letter(characters: str, table: _Bytes) -> str:
    try:
        return bytes(table[char] for char in characters).decode()
    except UnicodeDecodeError:
        return ""


def _run(matches: Sequence[re.Match[str]]) -> int:
    """Give the most letters that stand side by side."""
    longest = length = 1
    for before, after in pairwise(matches):
        length = length + 1 if before.end() == after.start() else 1
        longest = max(longest, length)
    return longest


def _is_russian(text: str, matches: Sequence[re.Match[str]], letters: Sequence[str]) -> bool:
    """Tell whether a reading as Windows-1251 went wrong: "СССР—США" has one such letter, and is sound."""
    if any(map(_PUNCTUATION.search, letters)):
        return True
    if _run([match for match in matches if match[0][0] in "РС"]) >= 3:
        return True
    return any(re.match("[A-Za-z]", _before(text, match)) for match in matches)


def _is_western(text: str, matches: Sequence[re.Match[str]], letters: Sequence[str]) -> bool:
    """Tell whether a reading as Windows-1252 went wrong: a letter stands where none stands soundly."""
    if _run(matches) >= 2:
        return True
    return any(_is_misplaced(text, match, read) for match, read in zip(matches, letters, strict=True))


def _is_misplaced(text: str, match: re.Match[str], read: str) -> bool:
    first, rest = match[0][0], match[0][1:]
    if len(rest) > 1 or not read.isprintable():
        return bool(_PUNCTUATION.search(read))
    before = _before(text, match)
    if first.isupper() and (before.islower() or (rest not in _AFTER_LETTERS and not rest.isalpha())):
        return True
    return first in "ÃÂ" and (rest.isalpha() or not before.isalpha())


def _before(text: str, match: re.Match[str]) -> str:
    return text[match.start() - 1] if match.start() else " "
