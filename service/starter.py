"""What ``posterity init`` writes: a configuration to learn from, and an inbox."""

from datetime import date, timedelta
from pathlib import Path

from model.errors import Unavailable, UsageError

TWO_YEARS = timedelta(days=730)
FIRST_DAY = date(2026, 1, 1)

CONFIGURATION = """\
# Posterity's configuration. Every section but [[forecasts]] may be left out: what stands here with a
# hash before it is the default. Relative paths start from this file's folder. An environment variable
# goes before this file: POSTERITY__SECTION__KEY, such as POSTERITY__DIGEST__SMTP__PASSWORD.
# After a change: posterity check

# Further files of [[forecasts]]; this line must stay above the first [section].
# include = ["forecasts/*.toml"]

[storage]
# url = "sqlite:///var/posterity.db"          # or "postgresql+psycopg://user@host/name"
# draws = "var/draws"                         # folder of the posterior's draws
# keep_draws_days = 90

[schedule]
# timezone = "UTC"                            # or "Europe/Berlin"
# nightly = "02:15"                           # every forecast is updated
# digest = "mon 07:00"                        # day names, never numbers
# inbox = "15m"                               # how often the inbox is looked into
# catch_up_nights = 14                        # at most so many missed nights are made up for
# step_limit = "30m"                          # a step that takes longer is stopped, and tried again
# attempts = 3                                # how often a step is tried
# lease_seconds = 40                          # after so long without a sign of life another process works

[ingest]
# drop_folder = "inbox"                       # *.jsonl, *.csv, *.json; taken files move to inbox/done
# accept_above = 0.8                          # a tag less sure than this waits for review
# cluster_days = 7                            # reports so close may tell of one event
# tag_families = [["line_opened", "line_delayed"]]  # tags that may be one event

# What the grades of sources are worth: the probability that a report is true, by its letter (the
# source) and by its figure (what it says). Unknown is F6, not the worst.
[grades]
# reliability = { A = 0.95, B = 0.80, C = 0.65, D = 0.45, E = 0.20, F = 0.50 }
# credibility = { 1 = 0.95, 2 = 0.80, 3 = 0.65, 4 = 0.35, 5 = 0.10, 6 = 0.50 }
# corroboration = 0.5                         # how much each further report adds: 0 nothing, 1 all of it

# Every night is computed by the exact engine and by PyMC, which takes seconds a forecast. With hundreds of
# forecasts let PyMC check so many a night, all of them in turn; docs/operations.md says how they are drawn.
[model]
# pymc = "every"                              # or a number, such as 10

# Sources that are polled, and rules that tag what they bring; what is less sure than [ingest] accept_above
# waits for `posterity review`. docs/sources.md tells of each kind.
# [[sources]]
# id = "ministry"
# kind = "rss"
# url = "https://example.org/news.rss"
# every = "6h"
# grade = "B2"
#
# [[rules]]
# tag = "money_granted"
# countries = ["PT"]
# all_of = ["tram"]
# any_of = ["grant", "funding"]
# none_of = ["rejected"]
# publishers = ["example.org"]
# confidence = 0.9

# The weekly mail.
[digest]
# sender = "Posterity <posterity@localhost>"
# recipients = ["desk@example.org"]           # none by default: nothing is mailed until someone is listed
# smtp = { host = "localhost", port = 25, security = "none" }  # or "starttls", "tls"; username, password,
#                                             # ca_file (of a certificate of your own), timeout_seconds

# When someone is told at once. A forecast may have keys of its own: alerts = { move_points = 5 }
[alerts]
# move_points = 10                            # percentage points by which a probability moved
# move_bits = 0.05                            # the same in bits, over all scenarios
# stale_days = 3                              # days without a published result
# operators = ["ops@example.org"]             # who is told when something is wrong
# disk_free_percent = 5                       # when a disk counts as nearly full
# digest_late_hours = 6                       # when a digest counts as not sent

# The API and the pages.
[serve]
# host = "127.0.0.1"                          # any other address needs keys: posterity keys create
# port = 8000
# public_url = "https://forecasts.example.org"  # how links in mails begin

# The record that the page of countries and `posterity panel` read.
[panel]
# register = "trade-register.csv"              # SIPRI's trade register
# votes = "un-votes.csv"                       # votes in the UN General Assembly

# One question, the ways in which it may turn out, and the news that would tell them apart.
[[forecasts]]
id = "tram"                                   # small letters, digits and hyphens
title = "The city's new tram line"
question = "How far will the city's new tram line have come by the horizon?"
opened = OPENED                           # the first day that counts
horizon = HORIZON                          # the last one
# observed_until = HORIZON                 # where your reports end; silence counts only until then
# sources = ["ministry"]                      # who watches for it; all of them where none is named
# prior_strength = 40                         # how sure you are of the priors, as a number of cases
# coverage_sd = 0.25                          # how far the press may report more, or less, of everything
# elicitation_sd = 0.2                        # how far your numbers below may be off

  # Worst to best: ranked scores and charts use this order. Exactly one will come true, so that the
  # priors (your probabilities before any evidence) sum to 1.
  [[forecasts.scenarios]]
  id = "shelved"
  title = "Shelved"
  prior = 0.2
  summary = "Money or a majority is lost, and the line goes back into the drawer."
  resolves = "The council has cancelled the line, or building has not begun by the horizon."

  [[forecasts.scenarios]]
  id = "late"
  title = "Built late"
  prior = 0.5
  summary = "Building goes on, and no passenger rides by the horizon."
  resolves = "Building has begun, and no section is open to passengers by the horizon."

  [[forecasts.scenarios]]
  id = "running"
  title = "Running"
  prior = 0.3
  summary = "Trams run on a first section, or on all of it."
  resolves = "At least one section is open to passengers by the horizon."

  # An indicator is a kind of news. For one that recurs, say how many separate occasions you expect
  # from the first day to the last if each scenario is true: here one delay if trams will run, four
  # if the line will be shelved.
  [[forecasts.indicators]]
  id = "delays"
  tag = "line_delayed"                        # reports carry this tag; a list counts several
  # countries = ["PT"]                        # ISO codes; everywhere where none is named
  expected = { shelved = 4, late = 3, running = 1 }
  # timing = "even"                           # or "early", "late", or a number: 2 is late, 0.5 early
  # spread = 0.5                              # how far the overall volume may be off, relative to it
  # burst_days = 14                           # news so close together is one occasion

  [[forecasts.indicators]]
  id = "money"
  tag = ["money_granted", "loan_signed"]
  expected = { shelved = 0.3, late = 1.5, running = 2.5 }
  timing = "early"

  # One that happens once or never: the probability that it happens by the horizon.
  [[forecasts.indicators]]
  id = "first-rails"
  tag = "first_rails_laid"
  recurs = false
  probability = { shelved = 0.05, late = 0.8, running = 0.98 }

  # A secondary effect: predicted, and weak evidence.
  [[forecasts.indicators]]
  id = "effect-rents"
  tag = "rents_rise"
  effect = "impact on other sectors"
  expected = { shelved = 0.5, late = 0.8, running = 1.5 }
  spread = 1.0
"""

REPORT = """\
{"id": "example-1", "published_on": "DAY", "occurred_on": "DAY", "tag": "money_granted", \
"country": "PT", "headline": "Ministry grants money for the first section of the tram line", \
"publisher": "example.org", "url": "https://example.org/tram", "lang": "en", "grade": "B2"}
"""


def init(folder: Path, opened: date = FIRST_DAY) -> list[Path]:
    """Write a configuration and an inbox to start from.

    Parameters
    ----------
    folder
        Where to; it is made if need be.
    opened
        First day of the forecast in the example, which runs for two years.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    UsageError
        There is a configuration already; nothing was touched.
    Unavailable
        The folder cannot be written.
    """
    configuration, report = folder / "config.toml", folder / "inbox" / "example.jsonl.txt"
    if configuration.exists() or configuration.is_symlink():
        raise UsageError(f"{configuration} is there already; name another folder, or move it away")
    try:
        report.parent.mkdir(parents=True, exist_ok=True)
        written = [path for path, text in _contents(configuration, report, opened) if _write(path, text)]
    except OSError as error:
        raise Unavailable(f"{folder} cannot be written: {error.strerror}") from None
    return written


def _contents(configuration: Path, report: Path, opened: date) -> list[tuple[Path, str]]:
    horizon = (opened + TWO_YEARS).isoformat()
    text = CONFIGURATION.replace("OPENED", opened.isoformat()).replace("HORIZON", horizon)
    return [(report, REPORT.replace("DAY", opened.isoformat())), (configuration, text)]


def _write(path: Path, text: str) -> bool:
    """Write a new file; one that is there stays as it is."""
    try:
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        return False
    return True
