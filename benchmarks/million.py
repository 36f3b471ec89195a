"""Stores with many reports that a forecast does not need, and what they cost it."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import batched
from pathlib import Path

from benchmarks import shipped
from benchmarks.measuring import Timing, middle, timed
from model import exact
from model.dates import CoarseDate
from model.domain import Report
from service.composition import Service
from service.knowledge import known_evidence
from storage.events import Membership, join_events
from storage.reports import file_reports

FEW, MANY, QUICK = 1_000, 1_000_000, 100_000
BATCH = 20_000
COUNTRIES = ("AR", "BO", "BR", "CL", "CO", "CU", "DO", "EC", "GT", "HN", "MX", "NI", "PA", "PE", "UY", "VE")
OTHER_TAGS = tuple(f"other_{number:02}" for number in range(30))
WHO = (
    "ministry",
    "president",
    "general",
    "envoy",
    "company",
    "parliament",
    "court",
    "union",
    "port",
    "plant",
)
DOES = ("signs", "delays", "denies", "opens", "reviews", "cancels", "praises", "funds", "inspects", "rejects")
WHAT = (
    "helicopters",
    "radar",
    "rifles",
    "trainers",
    "engines",
    "frigates",
    "drones",
    "tanks",
    "maps",
    "fuel",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """What so many reports more cost.

    Parameters
    ----------
    few, many
        Selecting the evidence and the exact update, on either store.
    again
        The same on the smaller store a second time: how much of the difference is chance.
    """

    few: Timing
    many: Timing
    again: Timing


def unneeded(tags: Sequence[str], opened: date, numbers: Iterable[int]) -> Iterator[Report]:
    """Make reports that change nothing: half of other tags, half of the forecast's from before it opened."""
    for number in numbers:
        if number % 2:
            yield _report(number, OTHER_TAGS[number // 2 % len(OTHER_TAGS)], opened + timedelta(number % 570))
        else:
            yield _report(number, tags[number // 2 % len(tags)], opened - timedelta(1 + number % 9000))


def strangers(tags: Sequence[str], opened: date, numbers: Iterable[int]) -> Iterator[Report]:
    """Make reports of the forecast's tags and window, from a country that no indicator names."""
    for number in numbers:
        day = opened + timedelta(number % 270)
        yield replace(_report(number, tags[number % len(tags)], day), country="IN")


def _report(number: int, tag: str, day: date) -> Report:
    words = f"{WHO[number % 10]} {DOES[number // 10 % 10]} {WHAT[number // 100 % 10]}"
    return Report(
        id=f"n{number:07}",
        published=CoarseDate.parse(f"{day}"),
        occurred=CoarseDate.parse(f"{day}"),
        tag=tag,
        country=COUNTRIES[number * 7 % len(COUNTRIES)],
        headline=f"{words}, says dispatch {number * 7919 % 1_000_003}",
        publisher=f"paper{number % 500}.example",
        url=f"https://paper{number % 500}.example/{day:%Y/%m}/{number}",
        lang="es",
        grade="C3",
    )


def fill(of: Service, reports: Iterable[Report]) -> None:
    """Put reports straight into the store, every second one with the one before it in one event."""
    at = of.clock()
    for batch in batched(reports, BATCH):
        with of.database.session() as session:
            file_reports(session, batch, at=at, origin="benchmark")
            joined = [_membership(report.id, int(report.id[1:]) // 4) for report in batch]
            join_events(session, joined, at=at)


def _membership(report_id: str, event: int) -> Membership:
    return Membership(report_id=report_id, event_key=f"benchmark-{event:07}", why="benchmark")


def few_reports(folder: Path) -> None:
    """Make the smaller store: the shipped reports, and unneeded ones up to a thousand."""
    with shipped.service(folder) as of:
        shipped.take_in(of)
        shipped_reports = len(shipped.REPORTS.read_text().splitlines())
        asked = shipped.forecast(of)
        fill(of, unneeded(sorted(asked.tags), asked.opened, range(shipped_reports, FEW)))


def many_reports(few: Path, folder: Path, number: int) -> None:
    """Make the larger store: the smaller one, and unneeded reports up to so many in all."""
    shutil.copytree(few, folder)
    with shipped.service(folder) as of:
        asked = shipped.forecast(of)
        fill(of, unneeded(sorted(asked.tags), asked.opened, range(FEW, number)))


def near_reports(few: Path, folder: Path, number: int) -> None:
    """Make the smaller store with so many reports more that are read before they turn out not to count.

    Only tags that every indicator counts in named countries are used, so that none of them counts.
    """
    shutil.copytree(few, folder)
    with shipped.service(folder) as of:
        asked = shipped.forecast(of)
        anywhere = {tag for one in asked.indicators if not one.countries for tag in one.tags}
        fill(of, strangers(sorted(asked.tags - anywhere), asked.opened, range(FEW, FEW + number)))


def inference(few: Path, many: Path, pairs: int) -> Crowd:
    """Time inference on both stores, turn by turn, so that what disturbs one disturbs the other."""
    with shipped.service(few) as small, shipped.service(many) as large:
        assert _infer(small) == _infer(large)
        rounds = [
            (timed(lambda: _infer(small)), timed(lambda: _infer(large)), timed(lambda: _infer(small)))
            for _ in range(pairs)
        ]
    of_few, of_many, again = (middle(timings) for timings in zip(*rounds, strict=True))
    return Crowd(few=of_few, many=of_many, again=again)


def _infer(of: Service) -> dict[str, float]:
    return exact.posterior(known_evidence(of, shipped.forecast(of), as_of=of.today()))
