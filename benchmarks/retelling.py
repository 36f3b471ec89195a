"""How a report of a stream is worded: first told, told again in other words, and copied as papers do."""

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

WORDS = Path(__file__).with_name("streams.toml")
EMPHASIS = 0.85  # how often a report mentions the fact in which its event differs from a near miss
_CHOICE, _OPTION, _SLOT = re.compile(r"\[([^][]*)\]"), re.compile("<([^<>]*)>"), re.compile(r"\{(\w+)\}")
_NUMBERS = (
    (
        *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
        *("twelve", "thirteen", "fourteen", "fifteen"),
    ),
    (
        *("cero", "un", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez", "once"),
        *("doce", "trece", "catorce", "quince"),
    ),
)
_DOZENS = {2: "a pair of", 12: "a dozen"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How dense and how hard a stream is.

    Parameters
    ----------
    weekly
        Events a week, of one kind in one country.
    near
        Share of the events that have a near miss beside them.
    more
        Chance that an event has one more report, and one more after that.
    copies, synonyms, keep, foreign, titled
        Chances that a report is a copy, a word is replaced, a detail kept, it is told in Spanish, and in
        Title Case.
    dated, shared, denied, noise
        Shares with a date of occurrence, with two countries, denied, and of reports of nothing.
    """

    cells: int
    weeks: int
    weekly: int
    near: float
    more: float
    copies: float
    synonyms: float
    keep: float
    foreign: float
    titled: float
    dated: float
    shared: float
    denied: float
    noise: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """What happened, and the facts that its reports mention if they can."""

    key: str
    kind: Mapping[str, Any]
    countries: tuple[str, ...]
    facts: Mapping[str, str]
    day: date
    told: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """A text, where it stands, and whose it is."""

    text: str
    url: str
    agency: str


@cache
def words() -> Mapping[str, Any]:
    """Read what streams are told in."""
    return MappingProxyType(tomllib.loads(WORDS.read_text()))


class Teller:
    """Words the reports of a stream, as its recipe has it."""

    def __init__(self, rng: random.Random, recipe: Recipe) -> None:
        self.rng, self.recipe = rng, recipe

    def chance(self, share: float) -> bool:
        """Draw whether something is so."""
        return self.rng.random() < share

    def telling(self, event: Event) -> Telling:
        """Tell of an event."""
        return self._told(event, self._pattern(event))

    def denial(self, event: Event) -> Telling:
        """Deny an event."""
        return self._told(event, self.rng.choice(list(event.kind["denials"])))

    def _pattern(self, event: Event) -> str:
        if event.kind["foreign"] and self.chance(self.recipe.foreign):
            return str(self.rng.choice(list(event.kind["foreign"])))
        patterns: Sequence[str] = event.kind["patterns"]
        if event.told and self.chance(EMPHASIS):
            patterns = [
                one for one in patterns if all(f"{{{slot}}}" in one for slot in event.told)
            ] or patterns
        return self.rng.choice(patterns)

    def _told(self, event: Event, pattern: str) -> Telling:
        emphatic = self.chance(EMPHASIS)
        text = pattern.replace("{stage}", event.facts["stage"])
        text = _CHOICE.sub(lambda found: self.rng.choice(found[1].split("|")), text)
        text = _OPTION.sub(
            lambda found: (
                found[1]
                if self.chance(self.recipe.keep)
                or (emphatic and any(f"{{{slot}}}" in found[1] for slot in event.told))
                else ""
            ),
            text,
        )
        if "day" in event.told or self.chance(0.1):
            text += self.rng.choice([f" on {event.day:%A}", f" on {event.day.day} {event.day:%B}", ""])
        if self.chance(0.2):
            text += self.rng.choice(words()["says"])
        text = " ".join(self._other_word(word) for word in text.split())
        text = _SLOT.sub(lambda found: self._form(event.facts, found[1]), text)
        if self.chance(self.recipe.titled):
            text = " ".join(word[:1].upper() + word[1:] for word in text.split())
        agency, number = self.rng.choice(words()["agencies"]), self.rng.randrange(10**6)
        return Telling(
            text=text, url=f"https://news{number % 97}.example/{event.day:%Y/%m}/{number}", agency=agency
        )

    def _other_word(self, word: str) -> str:
        others = words()["synonyms"].get(word)
        return self.rng.choice(others) if others and self.chance(self.recipe.synonyms) else word

    def _form(self, facts: Mapping[str, str], slot: str) -> str:
        """Tell a fact in one of its forms."""
        if slot == "paper":
            return str(self.rng.choice(words()["papers"])).split(".")[0].title()
        if slot in {"count", "count_es"}:
            return self._number(int(facts["count"]), foreign=slot == "count_es")
        if slot == "money":
            forms = ("${} million", "${}m", "{} million dollars", "$ {} mn", "US${} million")
            return self.rng.choice(forms).format(facts["money"])
        if slot == "item_es":
            return facts["item"].split(";")[1]
        plain, *others = facts[slot].split(";")[0].split("|")
        return plain if not others or self.chance(0.6) else self.rng.choice(others)

    def _number(self, number: int, *, foreign: bool) -> str:
        if not foreign and number in _DOZENS and self.chance(0.3):
            return _DOZENS[number]
        spelt = _NUMBERS[foreign]
        return spelt[number] if number < len(spelt) and self.chance(0.7) else str(number)

    def again(self, first: Telling) -> Telling:
        """Copy a telling as papers do: word for word, cut off, or dressed in the agency's marks."""
        rng, text, agency = self.rng, first.text, first.agency
        paper = rng.choice(words()["papers"]).split(".")[0].title()
        marked = (f"({agency}) - {text}", f"{text} - {agency}", f"{text} – {agency}", f"{text} ({agency})")
        headed = (f"{agency}: {text}", f"UPDATE {rng.randint(1, 3)}-{text}", f"BREAKING: {text}")
        plain = (text, text, text, f"{text}.", text.upper(), f"{text} | {paper}")
        cut = text if len(text) < 60 else f"{text[:57].rstrip()}..."
        return replace(
            first, text=rng.choice([*plain, *marked, *headed, cut]), url=self._other_url(first.url)
        )

    def _other_url(self, url: str) -> str:
        """Give the same page by another address, another page, or none but the front page."""
        rng, number = self.rng, self.rng.randrange(10**6)
        begins = rng.choice(["https://", "http://", "https://www."])
        tracked = f"{url.replace('https://', begins)}?utm_source=x"
        other = f"https://news{number % 97}.example/{number}"
        return rng.choice([tracked, other, other, other, "https://news.example/"])
