"""A day's worth of machine-coded events: how long an export takes to read, and whether any breaks the reader.

``python -m benchmarks.gdelt`` reads the real exports of ``../shared/data/gdelt`` where they are, else rows of
our own; ``python -m benchmarks.gdelt --fuzz 600`` damages them in every way it knows for so many seconds.
"""

import argparse
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

from benchmarks.measuring import middle, table, timed
from ingest.gdelt.articles import articles, coded_item
from ingest.gdelt.batches import Batches
from ingest.gdelt.files import Named, named, unpacked
from ingest.gdelt.rows import read_export
from ingest.items import NewsItem
from ingest.records import Refused
from ingest.sources.gdelt import Gdelt
from model.errors import InputRefused
from tests.ingest.gdelt_exports import NOW, REAL, cells, coder, export, zipped

EVERYTHING = {"code": [f"{root:02}*" for root in range(1, 21)], "tag": "anything"}
ROWS = 2000
TOKENS = (
    *(
        b"\t",
        b"\n",
        b"\r\n",
        b";",
        b'"',
        b"\0",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\x9e",
        b"\xe2\x80\xae",
        b"E+13",
    ),
    *(
        b"https://[",
        b"http://a@b/",
        b"javascript:",
        b"%FF%00",
        b"20991231",
        b"00250101",
        b"-",
        b"0",
        b"1" * 50,
    ),
)


def exports() -> dict[str, bytes]:
    """Give the real exports by their names, or one of our own."""
    found = {path.name: path.read_bytes() for path in sorted(REAL.glob("*.export*")) if named(path.name)}
    return found or {"20260131221500.export.CSV": export(*(own_row(number) for number in range(ROWS)))}


def own_row(number: int) -> list[str]:
    """Make a row: five of an article."""
    url = f"https://example.org/{number // 5}/russia-and-peru-sign-an-accord-again"
    return cells(GLOBALEVENTID=str(number), SOURCEURL=url, Actor2Code=f"PER{number % 5}")


def measured(name: str, body: bytes) -> list[str]:
    """Time an export: its rows, its items, and both with all around it, as a poll of a folder does."""
    code = coder(EVERYTHING)
    moment = Named(name[:14], name).moment
    rows = read_export(body, added=moment, now=NOW).rows

    def items() -> list[NewsItem]:
        return [coded_item(one) for one in articles(rows, code, {}) if one.coded]

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(body)
        source = Gdelt.model_validate({"id": "g", "path": folder, "codes": [EVERYTHING]})
        works = (
            lambda: read_export(body, added=moment, now=NOW),
            items,
            lambda: [list(batch.items) for batch in source.poll({}, now=NOW)],
        )
        seconds = [middle(timed(work) for _ in range(7)).wall for work in works]
    return [name, f"{len(rows):,}", f"{len(items()):,}", *(f"{1000 * wall:.0f} ms" for wall in seconds)]


def damaged(body: bytes, chance: random.Random) -> bytes:
    """Damage a few lines of an export."""
    lines = body.split(b"\n")
    some = b"\n".join(chance.sample(lines, min(len(lines), chance.randint(1, 30))))
    found = bytearray(some)
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(4):
            case 0:
                found[at:at] = chance.choice(TOKENS)
            case 1:
                found[at : at + chance.randint(1, 40)] = b""
            case 2:
                found[at : at + 1] = chance.randbytes(1)
            case _:
                found[at:at] = found[: chance.randint(0, 200)]
    return bytes(found)


def packed(body: bytes, chance: random.Random) -> bytes:
    """Pack it, and damage the archive."""
    found = bytearray(zipped(body))
    for _ in range(chance.randint(0, 4)):
        found[chance.randrange(len(found))] = chance.randrange(256)
    return bytes(found[: len(found) - chance.choice((0, 0, 0, 1, 30))])


def fuzzed(seconds: float, seed: int) -> Counter[str]:
    """Read damaged exports; anything but items and refusals ends it with a traceback."""
    chance = random.Random(seed)  # noqa: S311 - it damages files, and keeps no secret
    found, bodies = Counter[str](), list(exports().values())
    name = named("20260131221500.export.CSV.zip")
    assert name is not None
    kept: dict[str, object] = {}
    slowest, until = 0.0, time.monotonic() + seconds
    while time.monotonic() < until:
        body = damaged(chance.choice(bodies), chance)
        began = time.process_time()
        batches = Batches.since(kept, coder=coder(EVERYTHING), rules=True, now=NOW)
        try:
            inner = unpacked(packed(body, chance), name.name)
        except InputRefused:
            found["archives refused"] += 1
            inner = body
        batch = batches.batch(name, zipped(inner))
        for item in batch.items:
            found["rows refused" if isinstance(item, Refused) else "items"] += 1
            assert not isinstance(item, NewsItem) or item.headline.isprintable()
        kept = dict(batch.cursor)
        slowest = max(slowest, time.process_time() - began)
        found["exports"] += 1
    print(f"slowest export: {slowest:.2f} CPU seconds")
    return found


def main() -> None:
    """Measure, or fuzz, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fuzz", type=float, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.fuzz:
        print(dict(fuzzed(given.fuzz, given.seed)))
        return
    headers = ["export", "rows", "items", "rows read", "items made", "poll of a folder"]
    print(table(headers, (measured(name, body) for name, body in exports().items())))


if __name__ == "__main__":
    main()
