"""What an indicator's ``base_rate`` stands for: numbers out of the file of base rates."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import ConfigurationError
from service import base_rate_file
from service.base_rate_file import Rate
from service.problems import Key, Problem
from service.sections import ForecastTable, IndicatorTable, Settings

if TYPE_CHECKING:
    from model.domain import Forecast
    from service.composition import Service


def resolved(settings: Settings, folder: Path) -> tuple[Settings, list[Problem]]:
    """Put numbers in the place of every ``base_rate``, and say where there are none."""
    path = folder / settings.base_rates.file
    try:
        rates = base_rate_file.read(path)
    except ValueError as error:
        return settings, [Problem(("base_rates", "file"), str(error))]
    problems: list[Problem] = []
    forecasts = []
    for place, table in enumerate(settings.forecasts):
        lookup = _Lookup(rates, table, path.name, ("forecasts", place, "indicators"))
        forecasts.append(table.model_copy(update={"indicators": tuple(lookup.indicators())}))
        problems += lookup.problems
    return settings.model_copy(update={"forecasts": tuple(forecasts)}), problems


def provisional(settings: Settings) -> Settings:
    """Let every ``base_rate`` stand for one occasion, for the command that finds out how many there are."""
    return settings.model_copy(
        update={
            "forecasts": tuple(
                table.model_copy(update={"indicators": tuple(_once(each) for each in table.indicators)})
                for table in settings.forecasts
            )
        }
    )


def _once(table: IndicatorTable) -> IndicatorTable:
    if table.base_rate is None:
        return table
    return table.model_copy(update={"expected": dict(table.base_rate.factor)})


def window(forecast: "Forecast | ForecastTable") -> int:
    """Count the days of a forecast's window, both ends included."""
    return (forecast.horizon - forecast.opened).days + 1


def orders_expected(service: "Service", forecast: "Forecast") -> dict[str, tuple[float, float, float]]:
    """Give what the file of base rates holds of single countries' orders over a forecast's window.

    Raises
    ------
    ConfigurationError
        There is a file that is none of base rates.
    """
    path = service.configuration.base_rates.file
    try:
        return base_rate_file.by_country(base_rate_file.read(path), "register:orders", window(forecast))
    except ValueError as error:
        raise ConfigurationError([f"base_rates.file: {error}"]) from error


class _Lookup:
    """Resolves the indicators of one forecast."""

    def __init__(self, rates: Sequence[Rate], table: ForecastTable, name: str, key: Key) -> None:
        self.rates, self.table, self.name, self.key = rates, table, name, key
        self.problems: list[Problem] = []

    def indicators(self) -> Iterator[IndicatorTable]:
        for place, table in enumerate(self.table.indicators):
            yield self._one(table, (*self.key, place, "base_rate"))

    def _one(self, table: IndicatorTable, key: Key) -> IndicatorTable:
        asked, days = table.base_rate, window(self.table)
        if asked is None:
            return table
        found = [one for one in self.rates if one.is_of(asked.kind, table.countries, days)]
        if not found:
            of = f"{asked.kind} in {', '.join(table.countries)} over {days} days"
            advice = f"run `posterity base-rates {self.table.id} --save`"
            self.problems.append(Problem(key, f"{self.name} holds no base rate of {of}; {advice}"))
            return table
        stated = {scenario: factor * found[-1].expected for scenario, factor in asked.factor.items()}
        spread = table.spread if "spread" in table.model_fields_set else found[-1].spread
        return table.model_copy(update={"expected": stated, "spread": spread})
