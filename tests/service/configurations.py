"""Configurations for the tests, and the types of the fixtures that load them."""

from collections.abc import Callable

from service.configuration import Configuration

FORECAST = """
[[forecasts]]
id = "{id}"
opened = 2026-01-01
horizon = 2026-12-31

[[forecasts.scenarios]]
id = "down"
prior = 0.4

[[forecasts.scenarios]]
id = "up"
prior = 0.6
"""

INDICATOR = """
[[forecasts.indicators]]
id = "{id}"
tag = "deal"
countries = ["PE"]
expected = {{ down = 1, up = 2.5 }}
"""

VALID = FORECAST.format(id="f") + INDICATOR.format(id="deals")

Load = Callable[..., Configuration]
Refused = Callable[..., list[str]]
