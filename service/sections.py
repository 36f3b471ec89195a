"""The sections of ``config.toml``: their keys, their defaults, and what each value may be."""

from collections.abc import Iterator
from datetime import date, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from model.domain import MOST_BURST_DAYS, MOST_SPREAD, Forecast, Indicator, Scenario
from service import toml_values as read
from service.problems import DELIMITER, PREFIX
from service.toml_values import Weekly

if TYPE_CHECKING:
    from model.credibility import Grades as Worth

Id = Annotated[str, BeforeValidator(read.slug)]
Text = Annotated[str, BeforeValidator(read.text)]
Line = Annotated[str, BeforeValidator(read.line)]
Name = Annotated[str, BeforeValidator(read.name)]
Mailbox = Annotated[str, BeforeValidator(read.mailbox)]
Names = tuple[Name, ...]
Tag = Annotated[str, BeforeValidator(read.tag)]
Tags = Annotated[tuple[Tag, ...], BeforeValidator(read.one_or_more)]
Country = Annotated[str, BeforeValidator(read.country)]
Countries = Annotated[tuple[Country, ...], AfterValidator(read.once)]  # PE and pe are one
Places = Annotated[tuple[Annotated[str, BeforeValidator(read.place)], ...], AfterValidator(read.once)]
Folder = Annotated[Path, BeforeValidator(read.name)]
Day = Annotated[date, BeforeValidator(read.day)]

Rate = Annotated[float, BeforeValidator(read.number("rates are 0 or more", low=0))]
Chance = Annotated[float, BeforeValidator(read.number("probabilities lie between 0 and 1", low=0, high=1))]
Share = Annotated[float, BeforeValidator(read.number("write a number from 0 to 1", low=0, high=1))]
Inside = Annotated[float, BeforeValidator(read.inside("write a number above 0 and below 1"))]
NotNegative = Annotated[float, BeforeValidator(read.number("write 0 or more", low=0))]
Spread = Annotated[
    float, BeforeValidator(read.number("write a number from 0 to 10", low=0, high=MOST_SPREAD))
]
Positive = Annotated[float, BeforeValidator(read.number("write a number above 0", low=read.TINY))]
Timing = Annotated[float, BeforeValidator(read.timing)]
Days = Annotated[
    int, BeforeValidator(read.whole("write whole days, 0 to 36500", low=0, high=MOST_BURST_DAYS))
]
Nights = Annotated[int, BeforeValidator(read.whole("write a number of nights, 1 to 400", low=1, high=400))]
Attempts = Annotated[int, BeforeValidator(read.whole("write a number of attempts, 1 to 10", low=1, high=10))]
LeaseSeconds = Annotated[int, BeforeValidator(read.whole("write whole seconds, 1 to 50", low=1, high=50))]
Hours = Annotated[int, BeforeValidator(read.whole("write whole hours, 1 to 168", low=1, high=168))]
Percent = Annotated[float, BeforeValidator(read.number("write a percentage, 0 to 100", low=0, high=100))]
Interval = Annotated[timedelta, BeforeValidator(read.interval)]
Port = Annotated[int, BeforeValidator(read.whole("ports are 1 to 65535", low=1, high=65535))]
Security = Annotated[str, BeforeValidator(read.one_of("none", "starttls", "tls"))]


class Section(BaseModel):
    """A table of the configuration: frozen, and refusing keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Storage(Section):
    """``[storage]``: where everything is kept. The address may hold a password, so it is never shown."""

    url: Annotated[str, BeforeValidator(read.database), Field(repr=False)] = "sqlite:///var/posterity.db"
    draws: Folder = Path("var/draws")
    keep_draws_days: Days = 90


class Schedule(Section):
    """``[schedule]``: when the service works by itself, in one time zone."""

    timezone: Annotated[str, BeforeValidator(read.zone)] = "UTC"
    nightly: Annotated[time, BeforeValidator(read.clock)] = time(2, 15)
    digest: Annotated[Weekly, PlainValidator(read.weekly)] = Weekly("mon", time(7, 0))
    inbox: Interval = timedelta(minutes=15)
    catch_up_nights: Nights = 14
    step_limit: Interval = timedelta(minutes=30)
    attempts: Attempts = 3
    lease_seconds: LeaseSeconds = 40


class Ingest(Section):
    """``[ingest]``: how reports come in and become events."""

    drop_folder: Folder = Path("inbox")
    accept_above: Chance = 0.8
    cluster_days: Days = 7
    tag_families: tuple[Names, ...] = ()


class Reliability(Section):
    """Probability that stands for each letter of a grade."""

    A: Inside = 0.95
    B: Inside = 0.80
    C: Inside = 0.65
    D: Inside = 0.45
    E: Inside = 0.20
    F: Inside = 0.50


class Credibility(Section):
    """Probability that stands for each figure of a grade."""

    confirmed: Inside = Field(default=0.95, alias="1")
    probably_true: Inside = Field(default=0.80, alias="2")
    possibly_true: Inside = Field(default=0.65, alias="3")
    doubtful: Inside = Field(default=0.35, alias="4")
    improbable: Inside = Field(default=0.10, alias="5")
    unknown: Inside = Field(default=0.50, alias="6")


class Grades(Section):
    """``[grades]``: what the Admiralty grades are worth."""

    reliability: Reliability = Reliability()
    credibility: Credibility = Credibility()
    corroboration: Share = 0.5

    def worth(self) -> "Worth":
        """Make the model's value."""
        from model.credibility import Grades as Worth  # noqa: PLC0415 - loads rapidfuzz

        return Worth(
            reliability=self.reliability.model_dump(),
            credibility=self.credibility.model_dump(by_alias=True),
            corroboration=self.corroboration,
        )


class Model(Section):
    """``[model]``: how nights are computed; `pymc` is None for every forecast every night."""

    pymc: Annotated[int | None, BeforeValidator(read.sample)] = None


class Source(Section):
    """``[[sources]]``: one source of reports; further keys belong to its kind."""

    model_config = ConfigDict(extra="allow")

    id: Id
    kind: Name
    url: Annotated[Name | None, Field(repr=False)] = None
    path: Folder | None = None
    every: Interval = timedelta(hours=6)
    grade: Annotated[str | None, BeforeValidator(read.grade)] = None

    def __repr_args__(self) -> Iterator[tuple[str, object]]:
        """Show no further keys: one of them may be a password."""
        yield from (("id", self.id), ("kind", self.kind))


class Rule(Section):
    """``[[rules]]``: which words give a report its tag."""

    tag: Name
    countries: Places = ()
    all_of: Names = ()
    any_of: Names = ()
    none_of: Names = ()
    publishers: Names = ()
    confidence: Chance = 0.9


class Smtp(Section):
    """The server that takes our mail."""

    host: Name = "localhost"
    port: Port = 25
    security: Security = "none"
    username: Line = ""
    password: Annotated[SecretStr | None, BeforeValidator(read.secret)] = None
    ca_file: Folder | None = None
    timeout_seconds: Annotated[
        int, BeforeValidator(read.whole("write whole seconds, 1 to 600", low=1, high=600))
    ] = 120


class Digest(Section):
    """``[digest]``: the weekly mail; nothing is mailed until someone is listed."""

    sender: Mailbox = "Posterity <posterity@localhost>"
    recipients: tuple[Mailbox, ...] = ()
    smtp: Smtp = Smtp()


class Moves(Section):
    """How far a forecast moves, or how old it grows, before someone is told; a forecast may have its own."""

    move_points: NotNegative = 10.0
    move_bits: NotNegative = 0.05
    stale_days: Days = 3


class Alerts(Moves):
    """``[alerts]``: the same for all forecasts, and what operators are told."""

    operators: tuple[Mailbox, ...] = ()
    disk_free_percent: Percent = 5.0
    digest_late_hours: Hours = 6


class Serve(Section):
    """``[serve]``: where the API and the pages listen, and how others reach them."""

    host: Name = "127.0.0.1"
    port: Port = 8000
    public_url: Annotated[str, BeforeValidator(read.web_address)] = ""


class ScenarioTable(Section):
    """``[[forecasts.scenarios]]``."""

    id: Id
    prior: Chance
    title: Line = ""
    summary: Text = ""
    resolves: Text = ""


class BaseRates(Section):
    """``[base_rates]``: where `posterity base-rates --save` writes, and indicators look."""

    file: Folder = Path("base-rates.toml")


class RecordFiles(Section):
    """``[panel]``: the exports that `posterity panel` and the page of countries read."""

    trade_register: Folder | None = Field(default=None, alias="register")
    votes: Folder | None = None


class BaseRateTable(Section):
    """An indicator's ``base_rate``: a record, and by how much each scenario differs from it."""

    kind: Annotated[str, BeforeValidator(read.history), Field(alias="from")]
    factor: dict[str, Rate]


class IndicatorTable(Section):
    """``[[forecasts.indicators]]``; `expected` where it recurs, `probability` where it does not.

    `base_rate` stands in for `expected` until it is resolved.
    """

    id: Id
    tag: Tags
    countries: Countries = ()
    recurs: Annotated[bool, BeforeValidator(read.yes_or_no)] = True
    expected: dict[str, Rate] | None = None
    probability: dict[str, Chance] | None = None
    base_rate: BaseRateTable | None = None
    timing: Timing = 1.0
    spread: Spread = 0.5
    burst_days: Days = 14
    effect: Line = ""

    def indicator(self, scenarios: tuple[str, ...]) -> Indicator:
        """Make the domain's value, its numbers in the scenarios' order."""
        stated = (self.expected if self.recurs else self.probability) or {}
        own = self.model_dump(exclude={"tag", "expected", "probability", "base_rate"})
        return Indicator(**own, tags=self.tag, stated={key: stated[key] for key in scenarios})


class ForecastTable(Section):
    """``[[forecasts]]``: one question, its scenarios and its indicators."""

    id: Id
    opened: Day
    horizon: Day
    title: Line = ""
    question: Text = ""
    observed_until: Day | None = None
    sources: Names = ()
    prior_strength: Positive = 40.0
    coverage_sd: NotNegative = 0.25
    elicitation_sd: NotNegative = 0.2
    alerts: Moves = Moves()
    scenarios: tuple[ScenarioTable, ...]
    indicators: tuple[IndicatorTable, ...] = ()

    def forecast(self) -> Forecast:
        """Make the domain's value."""
        own: dict[str, Any] = self.model_dump(exclude={"alerts", "scenarios", "indicators"})
        scenarios = tuple(Scenario(**table.model_dump()) for table in self.scenarios)
        ids = tuple(scenario.id for scenario in scenarios)
        indicators = tuple(table.indicator(ids) for table in self.indicators)
        return Forecast(**own, scenarios=scenarios, indicators=indicators)


class Settings(BaseSettings):
    """The whole file, overridden by the environment."""

    # The names of TOML are as they are written; those of the environment are made small by its source.
    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        case_sensitive=True,
        env_prefix=PREFIX,
        env_nested_delimiter=DELIMITER,
        env_ignore_empty=True,
    )

    include: Names = ()
    storage: Storage = Storage()
    schedule: Schedule = Schedule()
    ingest: Ingest = Ingest()
    grades: Grades = Grades()
    model: Model = Model()
    sources: tuple[Source, ...] = ()
    words: dict[str, Names] = {}
    rules: tuple[Rule, ...] = ()
    base_rates: BaseRates = BaseRates()
    panel: RecordFiles = RecordFiles()
    digest: Digest = Digest()
    alerts: Alerts = Alerts()
    serve: Serve = Serve()
    forecasts: tuple[ForecastTable, ...] = ()
