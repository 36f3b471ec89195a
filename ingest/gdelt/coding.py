"""From the codes of an event to a tag: which kind of act, by whom, towards whom and where. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, model_validator

from ingest.gdelt.codes import CAMEO, covered
from ingest.gdelt.keys import Chance, Countries, Part, Patterns, Tag, Truth, Types
from ingest.gdelt.places import actor_country, place_country
from ingest.gdelt.rows import Actor, Event


class Coding(BaseModel):
    """One of a source's ``codes``: events that are told to be of a tag.

    Parameters
    ----------
    code
        Codes of CAMEO, or beginnings of codes with a star: ``057``, ``05*``.
    actor1, actor2, place
        Countries of who acts, of who is acted upon, and of where; any where left out.
    actor1_type, actor2_type
        Roles, such as MIL or GOV; any where left out.
    either_way
        The actors may also stand the other way round.
    first_paragraph
        Only what an article tells of in its first paragraph.
    country
        Which of actor1, actor2 and place is the report's country, or a code. By default the first of
        actor2, place and actor1 for which countries are listed, else the place.
    confidence
        How sure it is that such an event is of the tag.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Patterns
    tag: Tag
    actor1: Countries = ()
    actor2: Countries = ()
    place: Countries = ()
    actor1_type: Types = ()
    actor2_type: Types = ()
    either_way: Truth = False
    first_paragraph: Truth = False
    country: Part = None
    confidence: Chance = 0.5

    @model_validator(mode="after")
    def _makes_sense(self) -> "Coding":
        if not self.code:
            raise ValueError('names no code; write code = ["057"]')
        sides = self.actor1 + self.actor2 + self.actor1_type + self.actor2_type
        if self.either_way and not sides:
            raise ValueError("either_way is true, but no actor is named; name one, or leave either_way out")
        return self

    def country_of(self, event: Event) -> str | None:
        """Give the country that an event of one of the codes is counted in; None where it does not match."""
        ways = [(event.actor1, event.actor2)]
        if self.either_way:
            ways.append((event.actor2, event.actor1))
        where = place_country(event.place_country)
        if (self.place and where not in self.place) or (self.first_paragraph and not event.leads):
            return None
        found = (self._named(one, other, where) for one, other in ways if self._fits(one, other))
        return next(filter(None, found), None)

    def _fits(self, one: Actor, other: Actor) -> bool:
        return (
            (not self.actor1 or actor_country(one.country) in self.actor1)
            and (not self.actor2 or actor_country(other.country) in self.actor2)
            and (not self.actor1_type or not set(one.types).isdisjoint(self.actor1_type))
            and (not self.actor2_type or not set(other.types).isdisjoint(self.actor2_type))
        )

    def _named(self, one: Actor, other: Actor, where: str | None) -> str | None:
        listed = (part for part in ("actor2", "place", "actor1") if getattr(self, part))
        match self.country or next(listed, "place"):
            case "actor1":
                return actor_country(one.country)
            case "actor2":
                return actor_country(other.country)
            case "place":
                return where
            case code:
                return code


@dataclass(frozen=True, kw_only=True, slots=True)
class Coded:
    """What the configuration makes of an event: a coding, its place in the list, and the country."""

    place: int
    coding: Coding
    country: str


class Coder:
    """Knows for each code of CAMEO the codings that ask for it."""

    def __init__(self, codings: Sequence[Coding]) -> None:
        self._asking: dict[str, list[tuple[int, Coding]]] = {code: [] for code in CAMEO}
        for place, coding in enumerate(codings):
            for code in _covered(coding.code):
                self._asking[code].append((place, coding))

    def judge(self, event: Event) -> Coded | None:
        """Find the first coding that an event matches; one whose country is not known matches none."""
        for place, coding in self._asking.get(event.code, ()):
            country = coding.country_of(event)
            if country is not None:
                return Coded(place=place, coding=coding, country=country)
        return None


def _covered(patterns: Iterable[str]) -> frozenset[str]:
    return frozenset[str]().union(*map(covered, patterns))
