"""A snapshot's lines: what each kind of them holds, and how a file of them is written and read.

The file is one JSON array with an element on each line, so that it is read piece by piece however long it
is. Names stand in the order of the models below, text is ASCII, nothing is indented: the same facts give the
same bytes. The last element has the SHA-256 of all lines before it.
"""

import hashlib
import json
from collections.abc import Generator, Iterable
from datetime import date
from typing import Annotated, Any, BinaryIO, Literal, cast, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from ingest.fields import json_value
from ingest.records import without_doubles
from model.errors import InputRefused, InvalidValue, PosterityError, UsageError

LARGEST, LONGEST = 4 * 1024**3, 64 * 1024**2  # bytes of a file and of a line
_VERSION, _HEADER = 1, 4096  # bytes of the first line
_MOST_TOLD = 3  # problems of one line

type Plain = dict[str, Any]
Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=20_000)]
Chance = Annotated[float, Field(ge=0, le=1)]
Status = Literal["published", "held", "failed"]
Number = Annotated[int, Field(ge=1, le=2**31 - 1)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]


class Strict(BaseModel):
    """What holds just what it says, each of its own type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Header(Strict):
    """What the file is, and of which forecast."""

    kind: Literal["snapshot"] = "snapshot"
    format: Literal["posterity-snapshot"] = "posterity-snapshot"
    version: Literal[1] = 1
    forecast: Name


class Definition(Strict):
    """A version of the forecast's definition."""

    kind: Literal["definition"] = "definition"
    version: Number
    digest: Digest
    evidence_seen: bool
    recorded_at: AwareDatetime
    definition: Plain


class ReportVersion(Strict):
    """What a source said, or a person made of it, in one of its versions."""

    kind: Literal["report"] = "report"
    version: Number
    retracted: bool
    recorded_at: AwareDatetime
    origin: Text
    line: Count | None
    author: Text | None
    why: Text | None
    content: Plain


class Belongs(Strict):
    """A decision about the event that a report belongs to."""

    kind: Literal["membership"] = "membership"
    report_id: Name
    event_key: Name
    why: Text
    score: float | None
    runner_up: Name | None
    runner_up_score: float | None
    author: Text | None
    recorded_at: AwareDatetime


class Said(Strict):
    """What a run says of one scenario."""

    scenario: Name
    probability: Chance | None
    prior: Chance | None
    band_low: Chance | None
    band_high: Chance | None
    pymc_probability: float | None
    monte_carlo_error: float | None
    word: Text | None
    log_evidence: float | None
    pymc_log_evidence: float | None


class Checked(Strict):
    """What a check of a run found."""

    name: Name
    figure: float | None
    threshold: float
    passed: bool | None


class Expected(Strict):
    """How probable a run holds a further occasion to be."""

    indicator: Name
    days: Number
    starts_on: date
    until: date
    probability: Chance


class Run(Strict):
    """A run; `supersedes` is the number of an earlier one, `evidence` stands with the first that saw it."""

    kind: Literal["run"] = "run"
    number: Number
    supersedes: Count
    as_of: date
    status: Status
    engine: Name
    evidence_digest: Digest | None
    forecast_digest: Digest
    code_digest: Digest
    observed_until: date | None
    recorded_at: AwareDatetime
    seconds: Annotated[float, Field(ge=0)]
    evidence: Plain | None
    posteriors: list[Said]
    checks: list[Checked]
    warnings: list[Text]
    outlook: list[Expected]
    document: Plain


class Outlook(Strict):
    """What became of what a run expected."""

    kind: Literal["outlook"] = "outlook"
    run: Number
    position: Count
    outcome: Chance
    events: Count
    resolved_as_of: date
    recorded_at: AwareDatetime


class Resolution(Strict):
    """A decision about what became of the forecast."""

    kind: Literal["resolution"] = "resolution"
    decision: Literal["resolved", "corrected", "annulled", "reopened"]
    scenario: Name | None
    closed_on: date | None
    why: Text
    author: Text
    forecast_digest: Digest
    recorded_at: AwareDatetime


class End(Strict):
    """How many lines stand before it, and their digest."""

    kind: Literal["end"] = "end"
    lines: Count
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


Line = Header | Definition | ReportVersion | Belongs | Run | Outlook | Resolution
KINDS: tuple[type[Line], ...] = get_args(Line)  # in the order in which they stand

_LINE: TypeAdapter[Line] = TypeAdapter(Annotated[Line, Field(discriminator="kind")])
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


def _not_a_number(name: str) -> object:
    raise InvalidValue(f"{name} is no number of JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=without_doubles, parse_constant=_not_a_number)


def write(lines: Iterable[Line], stream: BinaryIO) -> End:
    """Write lines as a snapshot, and answer with how it ends.

    Raises
    ------
    PosterityError
        A line is longer than one that is read.
    """
    told, number = hashlib.sha256(), 0
    for number, line in enumerate(lines, 1):
        piece = ("[\n" if number == 1 else "") + _encode(line.model_dump(mode="json")) + ",\n"
        if len(piece) > LONGEST:
            raise PosterityError(
                f"a {line.kind} of it takes more than {LONGEST >> 20} MiB, and nobody would read that; hand "
                "the database on instead (`posterity backup FILE`)"
            )
        told.update(piece.encode("ascii"))
        stream.write(piece.encode("ascii"))
    end = End(lines=number, sha256=told.hexdigest())
    stream.write(f"{_encode(end.model_dump(mode='json'))}\n]\n".encode("ascii"))
    return end


def refuse_later(stream: BinaryIO, *, shown: str) -> None:
    """Raise a `UsageError` for a snapshot of a later format; whatever else may be wrong is left to others."""
    stream.seek(0)
    if stream.readline(3) != b"[\n":
        return
    try:
        told = _DECODER.decode(stream.readline(_HEADER).decode("ascii").rstrip(",\n"))
    except (ValueError, RecursionError):
        return
    version = told.get("version") if isinstance(told, dict) else None
    if isinstance(version, int) and told.get("format") == "posterity-snapshot" and version > _VERSION:
        raise UsageError(
            f"{shown} is of format version {version}, and this release reads version {_VERSION}; install the "
            "release that wrote it, or a later one"
        )


def sealed(stream: BinaryIO, *, shown: str) -> End:
    """Read a snapshot from end to end without looking at its lines, and answer with how it ends.

    Raises
    ------
    InputRefused
        As `raw_lines` does.
    """
    lines = raw_lines(stream, shown=shown)
    while True:
        try:
            next(lines)
        except StopIteration as ended:
            return cast("End", ended.value)


def raw_lines(stream: BinaryIO, *, shown: str, like: End | None = None) -> Generator[bytes, None, End]:
    """Read the lines of a snapshot, and make sure at their end that they are as they were written.

    Parameters
    ----------
    shown
        The file's name in complaints.
    like
        How it ended when it was read before; it must be the same still.

    Raises
    ------
    InputRefused
        It is no snapshot, is longer than one may be, or its digest does not match.
    """
    stream.seek(0)
    told, number = hashlib.sha256(), 0
    if stream.readline(3) != b"[\n":
        raise InputRefused(f"{shown} is no snapshot; name a file that `posterity export` wrote")
    told.update(b"[\n")
    while (raw := stream.readline(LONGEST + 1)).endswith(b",\n"):
        number += 1
        told.update(raw)
        yield raw[:-2]
    if len(raw) > LONGEST:
        raise InputRefused(f"{shown}: line {number + 2} is longer than {LONGEST >> 20} MiB; nothing was read")
    end = _checked_end(raw, stream.read(3), number, told.hexdigest(), shown)
    if like not in {None, end}:
        raise InputRefused(f"{shown} was changed while it was read; try again")
    return end


def _checked_end(raw: bytes, rest: bytes, number: int, sha256: str, shown: str) -> End:
    again = "it was altered, or cut short; export it again, or get the file anew"
    try:
        end = End.model_validate_json(raw)
    except ValidationError:
        raise InputRefused(f"{shown} does not end as a snapshot does: {again}") from None
    if rest != b"]\n" or end.lines != number or end.sha256 != sha256:
        raise InputRefused(f"{shown} does not match its SHA-256 digest: {again}")
    return end


def reread(raw: bytes) -> Line:
    """Read a line again that `parsed` has read, and of which the digest has not changed since."""
    return _LINE.validate_json(raw)


def parsed(raw: bytes) -> Line:
    """Read one line.

    Raises
    ------
    InvalidValue
        Everything that is wrong with its form, in one line.
    """
    try:
        text = raw.decode("ascii")
        json_value(_DECODER.decode(text))
        return _LINE.validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        told = [f"{'.'.join(map(str, one['loc'][1:])) or 'kind'}: {one['msg']}" for one in found[:_MOST_TOLD]]
        more = [f"and {len(found) - _MOST_TOLD} more"] if len(found) > _MOST_TOLD else []
        raise InvalidValue("; ".join([*told, *more])) from None
    except InvalidValue:
        raise
    except (ValueError, RecursionError) as error:
        raise InvalidValue(f"is not JSON as a snapshot has it ({error})") from None
