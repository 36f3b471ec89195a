"""The forms in which a history is given, chosen by the address or by the header ``Accept``."""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, get_args

from fastapi import HTTPException, Query, Request

type Form = Literal["json", "csv", "parquet", "hubverse", "hubverse-parquet"]

JSON, CSV, PARQUET = (
    "application/json",
    "text/csv; charset=utf-8; header=present",
    "application/vnd.apache.parquet",
)
FORMS: tuple[Form, ...] = get_args(Form.__value__)
MEDIA_TYPES: dict[Form, str] = {
    "json": JSON,
    "csv": CSV,
    "parquet": PARQUET,
    "hubverse": f"{CSV}; profile=hubverse",
    "hubverse-parquet": f"{PARQUET}; profile=hubverse",
}
SUFFIXES: dict[Form, str] = {
    "json": "json",
    "csv": "csv",
    "parquet": "parquet",
    "hubverse": "hubverse.csv",
    "hubverse-parquet": "hubverse.parquet",
}
Format = Annotated[
    Form | None,
    Query(
        alias="format",
        description="The form of the answer; it goes before what `Accept` says.",
        examples=["csv"],
    ),
]

_QUALITY = re.compile(r"0(\.\d{0,3})?|1(\.0{0,3})?", re.ASCII)


def wanted(request: Request, stated: Form | None, forms: Sequence[Form] = FORMS) -> Form:
    """Say in which form an answer is wanted.

    Parameters
    ----------
    forms
        Those in which it can be had.

    Raises
    ------
    HTTPException
        406: the client takes none of ours.
    """
    if stated is not None:
        return stated
    accepted = request.headers.get("accept", "") or "*/*"
    ranges = list(_ranges(accepted))
    likings = [(_liking(form, ranges), form) for form in forms]
    best = max(liking for liking, _ in likings)
    if best == 0:
        offers = ", ".join(sorted({media.partition(";")[0] for media in map(MEDIA_TYPES.__getitem__, forms)}))
        raise HTTPException(406, f"this can be had as {offers}; say so in Accept, or write ?format=csv")
    return next(form for liking, form in likings if liking == best)


def _ranges(accepted: str) -> Iterator[tuple[str, bool, float]]:
    """Read each range of media types that is accepted, whether it is the hubs' profile, and its quality."""
    for part in accepted.split(","):
        name, *parameters = (one.strip().lower().replace('"', "") for one in part.split(";"))
        stated = [one[2:] for one in parameters if one.startswith("q=")]
        quality = float(stated[0]) if stated and _QUALITY.fullmatch(stated[0]) else 1.0
        yield name, "profile=hubverse" in parameters, quality


def _liking(form: Form, ranges: Sequence[tuple[str, bool, float]]) -> float:
    """Find how much a form is liked: by its name, else its group, else ``*/*``; hubs' forms by name only."""
    name = MEDIA_TYPES[form].partition(";")[0]
    is_hub = form.startswith("hubverse")
    for range_ in (name, f"{name.partition('/')[0]}/*", "*/*"):
        liked = [quality for one, hub, quality in ranges if one == range_ and hub is is_hub]
        if liked:
            return max(liked)
    return 0.0
