"""What can be asked of a panel: whose ties, of which countries and years, and what counts as which event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from ingest import fields
from ingest.countries import country_code
from model.domain import REGION, Forecast
from model.errors import InvalidValue, UsageError
from service.composition import Service
from service.problems import listed

AGREEMENTS, VISITS, EXERCISES = "agreements", "visits", "exercises"
KINDS = (AGREEMENTS, VISITS, EXERCISES)

# The tags by which the shipped rules and reports tell of each. A contract is no agreement between states, and
# a co-production or a drone deal is a contract: who counts them writes --agreements with all of their tags.
TAGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        AGREEMENTS: ("defence_agreement",),
        VISITS: ("high_level_visit",),
        EXERCISES: ("training_or_exercise",),
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What is asked for.

    Parameters
    ----------
    register, votes
        Files of the trade register and of the votes; None where there is none.
    partner, against
        Whose transfers and whose votes; and with whose votes they are contrasted.
    countries
        As they are to stand side by side; empty for those that the forecast's indicators name.
    first, last
        Years, both included.
    tags
        What counts as each of `KINDS`.
    """

    register: Path | None = None
    votes: Path | None = None
    partner: str = "RU"
    against: str = "US"
    countries: tuple[str, ...] = ()
    first: int = 2000
    last: int = 2024
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: TAGS)

    @property
    def years(self) -> range:
        """All years that are asked for."""
        return range(self.first, self.last + 1)


def chosen(service: Service, identity: str | None) -> Forecast:
    """Look up the forecast that is named; none need be where there is only one.

    Raises
    ------
    UsageError
        There is none of this id, or several are configured and none is named.
    """
    known = service.configuration.forecasts
    if identity is not None:
        return service.forecast(identity)
    if len(known) != 1:
        which = f"write one of {listed(one.id for one in known)}" if known else "none is configured"
        raise UsageError(f"this is asked of one forecast; {which}")
    return known[0]


def codes(text: str) -> tuple[str, ...]:
    """Read countries' codes that commas separate; the same twice stands once.

    Raises
    ------
    UsageError
        One of them is no country's code.
    """
    return tuple(dict.fromkeys(code(one) for one in text.split(",")))


def code(text: str) -> str:
    """Read a country's code.

    Raises
    ------
    UsageError
        It is none.
    """
    try:
        found = country_code(text)
    except InvalidValue as error:
        raise UsageError(str(error)) from None
    if found == REGION:
        raise UsageError(
            "the panel is of single countries, not of the region; write their codes, such as PE,BR"
        )
    return found


def tags(text: str) -> tuple[str, ...]:
    """Read tags that commas separate.

    Raises
    ------
    UsageError
        One of them is no tag.
    """
    names = [one.strip() for one in text.split(",")]
    if not all(names):
        raise UsageError("a tag is empty; write one, or several with single commas between them")
    try:
        return tuple(dict.fromkeys(map(fields.tag, names)))
    except InvalidValue as error:
        raise UsageError(str(error)) from None
