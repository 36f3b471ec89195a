"""Parameters of pages: a form sends fields that were left empty too, which then mean nothing."""

from typing import Annotated

from fastapi import Query
from pydantic import BeforeValidator

from service.api.parameters import Day, Moment

LONGEST_SEARCH = 200


def _filled(value: object) -> object:
    """Give nothing in the place of an empty field."""
    return value if not isinstance(value, str) or value.strip() else None


type _Day = Annotated[Day | None, BeforeValidator(_filled)]
type _Moment = Annotated[Moment | None, BeforeValidator(_filled)]

OptionalDay = Annotated[_Day, Query()]
OptionalMoment = Annotated[_Moment, Query()]
Search = Annotated[str, Query(max_length=LONGEST_SEARCH)]
After = Annotated[str, Query(max_length=LONGEST_SEARCH)]  # the last row of the page before
