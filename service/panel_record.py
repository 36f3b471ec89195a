"""What a trade register and the votes of the General Assembly tell of countries; what they do not is None."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from ingest.register import Register, YearlyCounts, read_register
from ingest.register.countries import asked, same
from ingest.votes import Agreement, Votes, read_votes, trend
from model.errors import UsageError
from service.files_read import once
from service.panel_values import Transfers, Voting, years_of

RECENT = 10  # years over which an agreement and its trend are taken, back from the newest one with votes

_LAST_SOVIET_YEAR = 1991
_NO_REGISTER = (
    "orders and deliveries are not known without --register FILE, or register in [panel]; the file is yours"
    " to download: the trade register of the SIPRI Arms Transfers Database,"
    " https://www.sipri.org/databases/armstransfers, as CSV"
)
_NO_VOTES = (
    "voting agreement is not known without --votes FILE, or votes in [panel]; the file is yours to download:"
    " votes of the UN General Assembly by E. Voeten, https://doi.org/10.7910/DVN/LEJUQZ, as CSV with a row"
    " per roll call and a column per country (wide), or with a row per vote"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterRecord:
    """What the register tells of each country.

    Parameters
    ----------
    years
        Those that it tells of; None without a register.
    generated
        When it was exported, as it says itself.
    transfers
        Orders and deliveries by country; a country that it does not tell of is not there.
    """

    years: range | None = None
    generated: str | None = None
    transfers: Mapping[str, tuple[Transfers, Transfers]]
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class VotingRecord:
    """How each country voted, by its code and by whom it is compared with."""

    voting: Mapping[str, Mapping[str, Voting | None]]
    missing: tuple[str, ...] = ()


def register_record(
    path: Path | None, *, supplier: str, countries: Sequence[str], years: range
) -> RegisterRecord:
    """Count what a country delivered to others.

    Raises
    ------
    Unavailable, InputRefused
        As `read_register`.
    UsageError
        The register tells of none of these years, or not of the supplier or a recipient.
    """
    if path is None:
        return RegisterRecord(transfers={}, missing=(_NO_REGISTER,))
    register = once(read_register, path)
    told = _told_years(path, register, years)
    known = [one for one in countries if _tells_of(register, one)]
    unknown = [one for one in countries if one not in known]
    return RegisterRecord(
        years=told,
        generated=register.generated,
        transfers=_transfers(register, supplier, known, told),
        notes=tuple(_notes(path, register, supplier, told)),
        missing=tuple(_gaps(path, unknown, years, told)),
    )


def _told_years(path: Path, register: Register, years: range) -> range:
    """Find the years that the register tells of: without a preamble, those that some delivery is of."""
    delivered = [one.year for one in register.deliveries]
    span = register.span or ((min(delivered), max(delivered)) if delivered else None)
    told = range(max(years[0], span[0]), min(years[-1], span[1]) + 1) if span else range(0)
    if not told:
        whole = f"{span[0]} to {span[1]}" if span else "no year"
        advice = "ask for other years, or download a newer one"
        raise UsageError(f"{path}: tells of {whole}, not of {years_of(years)}; {advice}")
    return told


def _tells_of(register: Register, country: str) -> bool:
    """Whether a recipient without a row had no transfers, rather than not being in the selection."""
    if register.years is not None and register.recipient is None:
        return True
    whole = asked(register.recipient) if register.recipient else None
    if whole and whole.code:
        return True  # of one country: the register itself refuses the others
    return any(same(deal.recipient, asked(country)) for deal in register.deals)


def _transfers(
    register: Register, supplier: str, countries: Sequence[str], years: range
) -> dict[str, tuple[Transfers, Transfers]]:
    if not countries:
        return {}
    first, last = years[0], years[-1]
    orders = register.counted("orders", supplier=supplier, recipients=countries, first=first, last=last)
    deliveries = register.counted(
        "deliveries", supplier=supplier, recipients=countries, first=first, last=last
    )
    volume = register.volume(supplier=supplier, recipients=countries, first=first, last=last)
    return {
        one: (_of(orders, one), _of(deliveries, one, dict(zip(years, volume[one], strict=True))))
        for one in countries
    }


def _of(counted: YearlyCounts, country: str, tiv: Mapping[int, float | None] | None = None) -> Transfers:
    return Transfers(
        counts=dict(zip(counted.years, counted[country], strict=True)),
        estimated=dict(zip(counted.years, counted.estimated[country], strict=True)),
        undated=counted.undated[country],
        tiv=tiv or {},
    )


def _notes(path: Path, register: Register, supplier: str, told: range) -> Iterator[str]:
    yield (
        "a deal stands in the trade register once something of it was delivered:"
        f" orders of the last years up to {told[-1]} are incomplete"
    )
    if supplier == "RU" and told[0] <= _LAST_SOVIET_YEAR:
        yield "the register lists the Soviet Union apart: its transfers, up to 1991, are not in Russia's"
    yield from (f"{path}: {note}" for note in register.notes)


def _gaps(path: Path, unknown: Sequence[str], years: range, told: range) -> Iterator[str]:
    if unknown:
        yield (
            f"{path}: has no row of {', '.join(unknown)}, and does not say that it was asked for:"
            " orders and deliveries are not known, rather than 0"
        )
    if told != years:
        yield f"{path}: tells of {years_of(told)} only; orders and deliveries of other years are not known"


def voting_record(
    path: Path | None, *, partners: Sequence[str], countries: Sequence[str], years: range
) -> VotingRecord:
    """Compare how countries voted with how others did.

    Raises
    ------
    Unavailable, InputRefused
        As `read_votes`.
    UsageError
        The votes have none of one whom the countries are compared with.
    """
    if path is None:
        return VotingRecord(voting={}, missing=(_NO_VOTES,))
    votes = once(read_votes, path)
    for one in partners:
        if one not in votes.countries:
            told = ", ".join(votes.countries[:30])
            raise UsageError(f"{path}: has no votes of {one}, to compare with; it has those of {told}")
    found = {
        country: {one: _voting(votes, country, one, years) for one in partners}
        for country in countries
        if country in votes.countries
    }
    return VotingRecord(voting=found, missing=tuple(_without_votes(path, countries, found, years)))


def _voting(votes: Votes, country: str, partner: str, years: range) -> Voting | None:
    by_year = votes.agreement(country, partner, first=years[0], last=years[-1])
    recent = {year: one for year, one in by_year.items() if year > max(by_year) - RECENT}
    if not recent:
        return None
    return Voting(
        agreement=_share(recent),
        votes=sum(one.votes for one in recent.values()),
        first=min(recent),
        last=max(recent),
        trend=trend(by_year, years=RECENT),
        by_year=by_year,
    )


def _share(by_year: Mapping[int, Agreement]) -> float:
    """Give every vote the same weight, whichever its year."""
    every = sum(one.votes for one in by_year.values())
    return sum(one.agreement * one.votes for one in by_year.values()) / every


def _without_votes(
    path: Path, countries: Sequence[str], found: Mapping[str, Mapping[str, Voting | None]], years: range
) -> Iterator[str]:
    absent = [one for one in countries if one not in found]
    if absent:
        yield f"{path}: has no votes of {', '.join(absent)}; their agreement is not known"
    silent = [one for one, by in found.items() if None in by.values()]
    if silent:
        yield f"{path}: has no common vote of {', '.join(silent)} in {years_of(years)}; that is not known"
    voting = [one for one in chain.from_iterable(by.values() for by in found.values()) if one]
    newest = max((one.last for one in voting), default=years[-1])
    if newest < years[-1]:
        yield f"{path}: has no votes after {newest}; agreement of later years is not known"
