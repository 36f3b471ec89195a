"""The what-if form of a forecast's page: events that nobody has reported, and silence; nothing is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from fastapi import Query

from model.errors import PosterityError, Unavailable
from model.words import word
from service.composition import Service
from service.pages.parameters import OptionalDay
from service.show_whatif import Hypothesis, document, supposing

ROWS = 2  # events that the form offers
_LONGEST = 60

type Fields = Annotated[list[Annotated[str, Query(max_length=_LONGEST)]] | None, Query(max_length=8)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the form says: events with tag, country and grade, and until when there is silence."""

    events: Sequence[tuple[str, str, str]]
    silence_until: date | None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is supposed."""
        return not any(tag for tag, _, _ in self.events) and self.silence_until is None


def asked_by(
    tag: Fields = None, country: Fields = None, grade: Fields = None, silence_until: OptionalDay = None
) -> Asked:
    """Read the form."""
    columns = [[one.strip() for one in column or []] for column in (tag, country, grade)]
    rows = max(ROWS, *map(len, columns))
    padded = [column + [""] * (rows - len(column)) for column in columns]
    return Asked(events=list(zip(*padded, strict=True)), silence_until=silence_until)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What would come of it, or what is wrong with what was supposed."""

    told: Hypothesis | None = None
    document: dict[str, Any] | None = None
    words: dict[str, str] | None = None
    wrong: str = ""


def answered(service: Service, forecast_id: str, asked: Asked) -> Answer | None:
    """Answer the form; None where nothing was asked."""
    if asked.is_empty:
        return None
    events = [_record(*one) for one in asked.events if one[0]]
    try:
        told = supposing(service, forecast_id, events, silence_until=asked.silence_until, as_of=None)
        said = document(told)
    except Unavailable:
        raise
    except PosterityError as error:
        return Answer(wrong=str(error))
    except ArithmeticError:
        return Answer(wrong="the numbers are too extreme to compute with")
    words = {one: word(probability) for one, probability in said["probabilities"].items()}
    return Answer(told=told, document=said, words=words)


def _record(tag: str, country: str, grade: str) -> dict[str, object]:
    record: dict[str, object] = {"tag": tag, "country": country.upper() or "*"}
    return record | ({"grade": grade.upper()} if grade else {})
