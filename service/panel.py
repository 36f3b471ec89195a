"""`posterity panel`: the countries side by side, out of the record and out of what is stored."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from ingest.register.countries import asked
from model import credibility
from model.domain import Event, Forecast
from model.errors import UsageError
from model.evidence import Evidence, opens
from service.composition import Service
from service.knowledge import known_evidence
from service.panel_question import KINDS, Question
from service.panel_record import RegisterRecord, VotingRecord, register_record, voting_record
from service.panel_values import Counting, Expected, Occurrences, Panel, Row, years_of
from storage.events import evidence_reports
from storage.evidence_pages import countries_told

type Rates = Mapping[str, tuple[float, float, float]]


def panel(
    service: Service, forecast: Forecast, question: Question, rates: Rates = MappingProxyType({})
) -> Panel:
    """Put together what is known of each country.

    Parameters
    ----------
    rates
        By country, the expected number of occasions over the forecast's window, and its low and high end.

    Raises
    ------
    UsageError
        The question cannot be asked, of these files or at all.
    Unavailable, InputRefused
        A file cannot be read, or is not what it should be.
    """
    countries = _countries(service, forecast, question)
    register = register_record(
        question.register, supplier=question.partner, countries=countries, years=question.years
    )
    partners = (question.partner, question.against)
    votes = voting_record(question.votes, partners=partners, countries=countries, years=question.years)
    events, told = list(_stored(service, question)), _told(service, countries)
    counted = _counted(service, forecast, countries)
    unsearched = _unsearched(question, events, [one for one in countries if one not in told])
    return Panel(
        forecast=forecast.id,
        opened=forecast.opened,
        as_of=service.today(),
        years=question.years,
        register_years=register.years,
        generated=register.generated,
        has_votes=question.votes is not None,
        partner=question.partner,
        against=question.against,
        names={one: asked(one).name for one in partners},
        tags={kind: question.tags[kind] for kind in KINDS},
        rows=tuple(
            _row(one, question, (register, votes), events if one in told else (), counted, rates)
            for one in countries
        ),
        notes=(*_notes(question, events, countries), *register.notes),
        missing=(*register.missing, *votes.missing, *unsearched, *_unopened(forecast, counted)),
    )


def _countries(service: Service, forecast: Forecast, question: Question) -> tuple[str, ...]:
    """Check the question, and say of which countries it is."""
    this_year = service.today().year
    if question.first > question.last:
        raise UsageError(
            f"the years {question.first} to {question.last} are none; write the earlier one first"
        )
    if question.last > this_year:
        raise UsageError(f"{question.last} is yet to come; the last year can be {this_year} at most")
    if question.partner == question.against:
        raise UsageError(f"{question.partner} is compared with itself; let --against be another country")
    named = (one for indicator in forecast.indicators for one in indicator.countries)
    countries = question.countries or tuple(dict.fromkeys(named))
    if not countries:
        raise UsageError(f"the indicators of {forecast.id} name no countries; write --countries PE,BR")
    for one in (question.partner, question.against):
        if one in countries:
            raise UsageError(f"{one} would be compared with itself; leave it out of the countries")
    return countries


def _stored(service: Service, question: Question) -> Iterator[Event]:
    """Give the stored events of the years and tags that are asked for, as known now."""
    wanted = frozenset(tag for kind in KINDS for tag in question.tags[kind])
    today = service.today()
    with service.database.reading() as session:
        reports = evidence_reports(session, wanted, opened=date(question.first, 1, 1), as_of=today)
    for event in credibility.events(reports, as_of=today, grades=service.configuration.grades.worth()):
        if event.tag in wanted and event.occurred.year in question.years:
            yield event


def _told(service: Service, countries: Iterable[str]) -> set[str]:
    """Find the countries of which any event at all is stored: of others, nobody may have searched for any."""
    with service.database.reading() as session:
        return countries_told(session, tuple(countries))


def _counted(service: Service, forecast: Forecast, countries: Iterable[str]) -> Mapping[str, Counting] | None:
    """Count by country the events that count in the forecast; None before it has opened."""
    if service.today() < forecast.opened:
        return None
    evidence = known_evidence(service, forecast, as_of=service.today())
    return {one: _counting(evidence, one) for one in countries}


def _counting(evidence: Evidence, country: str) -> Counting:
    keys: dict[str, set[str]] = {}
    for seen in evidence.indicators:
        if seen.indicator.countries and country not in seen.indicator.countries:
            continue
        here = {event.key for event in seen.counted if country in event.countries}
        if here:
            keys[seen.indicator.id] = here
    by_indicator = {name: len(here) for name, here in keys.items()}
    return Counting(total=len(set().union(*keys.values())), by_indicator=by_indicator)


def _row(  # noqa: PLR0913, PLR0917 - one for each column's source
    country: str,
    question: Question,
    record: tuple[RegisterRecord, VotingRecord],
    events: Sequence[Event],
    counted: Mapping[str, Counting] | None,
    rates: Rates,
) -> Row:
    register, votes = record
    orders, deliveries = register.transfers.get(country, (None, None))
    return Row(
        country=country,
        name=asked(country).name,
        orders=orders,
        deliveries=deliveries,
        occurrences={kind: _occurrences(question, kind, country, events) for kind in KINDS},
        voting={one: votes.voting.get(country, {}).get(one) for one in (question.partner, question.against)},
        counting=counted[country] if counted is not None else None,
        base_rate=_expected(rates.get(country)),
    )


def _occurrences(question: Question, kind: str, country: str, events: Iterable[Event]) -> Occurrences | None:
    """Count events of a kind; None where none is stored of any country: nobody may have searched for them."""
    of_kind = [event for event in events if event.tag in question.tags[kind]]
    if not of_kind:
        return None
    here = [event for event in of_kind if country in event.countries]
    years = [event.occurred.year for event in here if opens(event)]
    return Occurrences(
        counts={year: years.count(year) for year in question.years}, doubtful=len(here) - len(years)
    )


def _expected(rate: tuple[float, float, float] | None) -> Expected | None:
    return Expected(number=rate[0], low=rate[1], high=rate[2]) if rate else None


def _notes(question: Question, events: Sequence[Event], countries: Sequence[str]) -> Iterator[str]:
    yield (
        "agreements, visits and exercises are stored events: what was searched for and reported, not a"
        " census; their tags name no partner"
    )
    here = [event for event in events if not set(countries).isdisjoint(event.countries)]
    doubtful = sum(not opens(event) for event in here)
    if doubtful:
        yield f"stored events that are less credible than 0.5 are not counted: {doubtful}"
    if question.votes is not None:
        yield "agreement counts the same vote 1, one abstention 0.5, opposite votes 0; absences are left out"


def _unsearched(question: Question, events: Iterable[Event], silent: Collection[str]) -> Iterator[str]:
    """Say of which countries and of which kinds no event is stored."""
    if silent:
        kinds = ", ".join(KINDS)
        yield f"{kinds} of {', '.join(silent)} are not known, rather than 0: nothing is stored of them at all"
    found = {event.tag for event in events}
    for kind in KINDS:
        wanted = question.tags[kind]
        if found.isdisjoint(wanted):
            where = f"is tagged {' or '.join(wanted)} in {years_of(question.years)}"
            yield f"{kind} are not known, rather than 0: no stored event of any country {where}"


def _unopened(forecast: Forecast, counted: Mapping[str, Counting] | None) -> Iterator[str]:
    if counted is None:
        yield f"{forecast.id} opens on {forecast.opened}: no event can count in it yet"
