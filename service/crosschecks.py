"""What must hold between the values of a configuration, checked on what was written.

These checks look at the raw tables, so that one bad value hides none of them; what they cannot read is
passed over, for its own reader refuses it.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations

from model.domain import PRIOR_TOLERANCE, Forecast, Indicator
from service import toml_values
from service.problems import Key, Problem, bare, listed, nearest, shown

Table = Mapping[str, object]

DEEPEST = 8  # no key that we know lies deeper

_FITS = {True: ("expected", "it recurs"), False: ("probability", "it does not recur")}


def problems(tree: Table) -> Iterator[Problem]:
    """Find everything that does not hold between the values of a configuration."""
    sources = _tables(tree.get("sources"), ("sources",))
    forecasts = _tables(tree.get("forecasts"), ("forecasts",))
    yield from _repeated(sources)
    yield from _repeated(forecasts)
    yield from _repetitions(tree, ())
    yield from _families(tree.get("ingest"))
    for key, source in sources:
        if ("url" in source) == ("path" in source):
            yield Problem(key, "needs either url or path; write one of the two")
    for key, forecast in forecasts:
        yield from _dates(key, forecast)
        yield from _watchers(key, forecast, _ids(sources))
        yield from _elicitation(key, forecast)


def _repetitions(value: object, key: Key) -> Iterator[Problem]:
    """Find texts that stand twice in one list, wherever the list is."""
    if len(key) > DEEPEST:
        return
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _repetitions(item, (*key, name))
    seen: set[str] = set()
    for place, item in enumerate(value if isinstance(value, list) else []):
        yield from _repetitions(item, (*key, place))
        if isinstance(item, str) and item in seen:
            yield Problem((*key, place), f"names {shown(item)} again; write it once")
        seen |= {item} if isinstance(item, str) else set()


def _families(ingest: object) -> Iterator[Problem]:
    families = ingest.get("tag_families") if isinstance(ingest, Mapping) else None
    taken: set[str] = set()
    for place, family in enumerate(families if isinstance(families, list) else []):
        tags = {tag for tag in family if isinstance(tag, str)} if isinstance(family, list) else set()
        key: Key = ("ingest", "tag_families", place)
        if isinstance(family, list) and len(family) < 2:
            yield Problem(key, "is too short; name the tags, two or more, that may be one event")
        for tag in sorted(tags & taken):
            yield Problem(key, f"{shown(tag)} stands in another family too; write all of them as one family")
        taken |= tags


def _tables(value: object, key: Key) -> list[tuple[Key, Table]]:
    items = value if isinstance(value, list) else []
    return [((*key, place), item) for place, item in enumerate(items) if isinstance(item, Mapping)]


def _ids(tables: Iterable[tuple[Key, Table]]) -> list[str]:
    return [found for _, table in tables if isinstance(found := table.get("id"), str)]


def _repeated(tables: Iterable[tuple[Key, Table]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for key, table in tables:
        match table.get("id"):
            case str(found) if found in seen:
                yield Problem((*key, "id"), f"{shown(found)} is taken already; write another id")
            case str(found):
                seen.add(found)


def _read[T](reader: Callable[[object], T], value: object) -> T | None:
    try:
        return reader(value)
    except ValueError:
        return None


def _dates(key: Key, table: Table) -> Iterator[Problem]:
    opened, horizon = (_read(toml_values.day, table.get(name)) for name in ("opened", "horizon"))
    if opened and horizon and opened >= horizon:
        text = f"is {horizon}, not after opened, {opened}; write a later day"
        yield Problem((*key, "horizon"), text)


def _watchers(key: Key, table: Table, known: list[str]) -> Iterator[Problem]:
    named = table.get("sources")
    for place, name in enumerate(named if isinstance(named, list) else []):
        if isinstance(name, str) and name not in known:
            advice = nearest(name, known) if known else "there is no [[sources]] table"
            yield Problem((*key, "sources", place), f"{shown(name)} is not a source; {advice}")


def _elicitation(key: Key, table: Table) -> Iterator[Problem]:
    scenarios = _tables(table.get("scenarios"), (*key, "scenarios"))
    indicators = _tables(table.get("indicators"), (*key, "indicators"))
    yield from _repeated(scenarios)
    yield from _repeated(indicators)
    if isinstance(written := table.get("scenarios"), list) and len(written) < 2:
        yield Problem(
            (*key, "scenarios"), "are fewer than two; write a [[forecasts.scenarios]] table for each"
        )
    if scenarios and table["scenarios"] == [scenario for _, scenario in scenarios]:
        yield from _sum((*key, "scenarios"), scenarios)
    ids = _ids(scenarios)
    for place, indicator in indicators:
        if indicator.get("tag") == []:
            yield Problem((*place, "tag"), "names none; write the kind of event that it counts")
        yield from _fitting(place, indicator, ids)
        if len(ids) == len(scenarios) > 1:
            yield from _complete(place, indicator, ids)


def _sum(key: Key, scenarios: list[tuple[Key, Table]]) -> Iterator[Problem]:
    reader = toml_values.number("", low=0, high=1)
    priors = [_read(reader, scenario.get("prior")) for _, scenario in scenarios]
    readable = [prior for prior in priors if isinstance(prior, float)]
    total = math.fsum(readable)
    if len(readable) == len(priors) and abs(total - 1) > PRIOR_TOLERANCE:
        text = f"priors sum to {total:.10g}, not to 1; write probabilities that sum to 1"
        yield Problem(key, text)


def _fitting(key: Key, table: Table, ids: list[str]) -> Iterator[Problem]:
    recurs = table.get("recurs", True)
    if not isinstance(recurs, bool):
        return
    (wanted, because), (other, _) = _FITS[recurs], _FITS[not recurs]
    write = f"{wanted} = {{ {', '.join(f'{bare(name)} = …' for name in ids or ['scenario'])} }}"
    if "base_rate" in table:
        yield from _referring((*key, "base_rate"), table, recurs)
    if other in table:
        advice = "leave this out" if wanted in table else f"write {write}"
        yield Problem((*key, other), f"does not fit this indicator, for {because}; {advice}")
    elif wanted not in table and "base_rate" not in table:
        yield Problem((*key, wanted), f"is missing; write {write}")


def _referring(key: Key, table: Table, recurs: bool) -> Iterator[Problem]:
    if not recurs:
        yield Problem(key, "counts occasions, but this does not recur; leave it out")
    elif "expected" in table:
        yield Problem(key, "stands beside expected; write one of the two")
    if not table.get("countries"):
        yield Problem(key, "needs the countries whose record it is; write countries = […]")


def _complete(key: Key, table: Table, ids: list[str]) -> Iterator[Problem]:
    recurs = table.get("recurs", True)
    names = [_FITS[recurs][0]] if isinstance(recurs, bool) else ["expected", "probability"]
    base_rate = table.get("base_rate")
    factor = base_rate.get("factor") if isinstance(base_rate, Mapping) else None
    for place, stated in (*(((name,), table.get(name)) for name in names), (("base_rate", "factor"), factor)):
        if not isinstance(stated, Mapping):
            continue
        for scenario in (each for each in ids if each not in stated):
            text = f"is missing; write one number for each scenario: {listed(ids)}"
            yield Problem((*key, *place, scenario), text)
        for scenario in (each for each in stated if each not in ids):
            text = f"is not a scenario of this forecast; they are {listed(ids)}"
            yield Problem((*key, *place, scenario), text)


def oddities(place: int, forecast: Forecast) -> Iterator[Problem]:
    """Find what a forecast may well say, but perhaps did not mean to."""
    key: Key = ("forecasts", place)
    for at, scenario in enumerate(forecast.scenarios):
        if scenario.prior == 0:
            text = "is 0: no evidence will ever raise this scenario above 0"
            yield Problem((*key, "scenarios", at, "prior"), text)
    for at, indicator in enumerate(forecast.indicators):
        if len(set(indicator.stated.values())) == 1:
            text = (
                "states one number for all scenarios: what it counts says nothing about which of them holds"
            )
            yield Problem((*key, "indicators", at), f"{indicator.id} {text}")
    yield from _overlaps(key, forecast)


def _overlaps(key: Key, forecast: Forecast) -> Iterator[Problem]:
    claims: dict[str, list[tuple[int, Indicator]]] = {}
    for at, indicator in enumerate(forecast.indicators):
        for tag in indicator.tags:
            claims.setdefault(tag, []).append((at, indicator))
    for tag, claimants in claims.items():
        for (_, first), (at, second) in combinations(claimants, 2):
            if _meet(first, second):
                text = f"{second.id} and {first.id} both count {shown(tag)} in the same countries"
                yield Problem((*key, "indicators", at), f"{text}: one event counts in each")


def _meet(first: Indicator, second: Indicator) -> bool:
    one, other = set(first.countries), set(second.countries)
    return not one or not other or not one.isdisjoint(other)
