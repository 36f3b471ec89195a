"""A poll of fifty feeds, one of which hangs and one of which sends forever.

``python -m benchmarks.polls`` serves them from this machine, polls them as a night does, and prints how
long it took and what came of each kind.
"""

import argparse
import tempfile
import time
from pathlib import Path

from service.composition import Service, opened
from service.polling import Polled, chosen, polled
from tests.service.commands import quiet
from tests.service.feeds import entry, feed
from tests.web_servers import Site, endless, head, reply, stalling

HANGS, ENDLESS = "/hangs.xml", "/endless.xml"
ITEMS = 30
RULE = '[[rules]]\ntag = "deal"\ncountries = ["PE"]\nall_of = ["sign*"]\n'


def sound(number: int) -> str:
    """Give the path of a feed that is as it should be."""
    return f"/feed{number}.xml"


def served(number: int, items: int) -> bytes:
    """Give a feed's body: one item in ten is of concern."""
    titles = ("Peru signs for {} helicopters", *["Rain in Oslo, for the {}th day"] * 9)
    entries = [entry(f"{number}-{at}", titles[at % 10].format(number * 100 + at)) for at in range(items)]
    return feed(*entries).encode()


def site(feeds: int, items: int = ITEMS) -> Site:
    """Make the site: all but two of the feeds are sound."""
    kind = {"Content-Type": "application/rss+xml"}
    routes = {sound(at): reply(200, kind, served(at, items)) for at in range(feeds - 2)}
    begun = head(200, kind) + b"<rss><channel>"
    return Site({**routes, HANGS: stalling(begun), ENDLESS: endless(begun, b"<item></item>" * 1000)})


def configuration(of: Site, feeds: int, seconds: int) -> str:
    """Configure a source for each feed."""
    paths = [HANGS, *map(sound, range(feeds - 2)), ENDLESS]
    tables = (
        f'[[sources]]\nid = "feed-{at}"\nkind = "rss"\nurl = "{of.url(path)}"\n'
        f"allow_private = true\ntimeout_seconds = {seconds}\n"
        for at, path in enumerate(paths)
    )
    return "".join(tables) + RULE + quiet()


def asked(service: Service) -> tuple[list[Polled], float]:
    """Poll all sources; give what came of it, and the seconds that it took."""
    began = time.perf_counter()
    found = list(polled(service, chosen(service, ())))
    return found, time.perf_counter() - began


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=50)
    parser.add_argument("--seconds", type=int, default=20, help="the time limit of each")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, site(given.feeds) as of:
        path = Path(folder) / "config.toml"
        path.write_text(configuration(of, given.feeds, given.seconds), encoding="utf-8")
        with opened(path) as service:
            found, seconds = asked(service)
            again, after = asked(service)
    for name, polls, lasted in (("first poll", found, seconds), ("second poll", again, after)):
        sums = {key: sum(one.counts[key] for one in polls) for key in ("accepted", "duplicate", "irrelevant")}
        whole = sum(not one.trouble for one in polls)
        print(f"{name}: {whole} of {len(polls)} sources read in {lasted:.1f} s; {sums}")
        for one in polls:
            if one.trouble:
                print(f"  {one.source}: {one.trouble}")


if __name__ == "__main__":
    main()
