"""What becomes of every real and hostile file by the shipped rules; skipped where they are absent."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.composition import opened
from service.polling import Polled, chosen, polled
from tests.service.commands import ROOT

DATA = ROOT.parent / "shared" / "data"
SHIPPED = (ROOT / "config.toml").read_text(encoding="utf-8")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real feeds and exports are not here"),
]
BOMB = "declares entities of its own"
NO_FEED = "is neither RSS, Atom nor RDF"
TWICE = "id: is that of the item on line 230, which was taken"

# Of each file: accepted, merged, waiting for review, irrelevant, and why anything was refused.
FEEDS: dict[str, tuple[int, int, int, int, list[str]]] = {
    "real/aljazeera_20260218.xml": (0, 0, 1, 24, []),  # Peru ousts interim president
    "real/asia_300items_20260217.xml": (0, 0, 0, 300, []),
    "real/bbcnews_20260217.xml": (0, 0, 0, 33, []),
    "real/bozo_oscard0m.xml": (0, 0, 0, 15, []),
    "real/deutschewelle_rdf_20260217.xml": (0, 0, 1, 140, []),  # Peru's Congress votes to impeach
    "real/elpais_english_20260217.xml": (0, 0, 0, 56, []),
    "real/notafeed_7ef13a42fa7e177a.xml": (0, 0, 0, 34, [TWICE]),
    "real/npr_world_20260217.xml": (0, 0, 0, 10, []),
    "real/washingtonpost_world_20260217.xml": (0, 0, 0, 9, []),
    "hostile/cyclic.xml": (0, 0, 0, 0, [BOMB]),
    "hostile/dtd.xml": (0, 0, 0, 0, [NO_FEED]),
    "hostile/external.xml": (0, 0, 0, 0, [BOMB]),
    "hostile/quadratic.xml": (0, 0, 0, 0, [BOMB]),
    "hostile/xmlbomb.xml": (0, 0, 0, 0, [BOMB]),
}
EXPORTS = {  # articles that the shipped codes ask for; rows and articles of each
    "20151027220000.export.CSV": (0, "2,116 rows of 569 articles"),
    "20190121220000.export.CSV": (0, "1,629 rows of 360 articles"),
    "20190121220000.export2.excel-mangled.csv": (0, "1,629 rows of 360 articles"),
}


def brought(folder: Path, source: str) -> Iterator[Polled]:
    path = folder / "config.toml"
    path.write_text(f"{SHIPPED}\n{source}", encoding="utf-8")
    with opened(path) as service:
        yield from polled(service, chosen(service, ()))


def test_no_file_is_left_out() -> None:
    there = {str(path.relative_to(DATA / "feeds")) for path in (DATA / "feeds").rglob("*.xml")}
    assert there == set(FEEDS)
    assert {path.name for path in (DATA / "gdelt").glob("*export*")} == set(EXPORTS)


@pytest.mark.parametrize("name", FEEDS)
def test_each_feed_gives_what_it_holds(tmp_path: Path, name: str) -> None:
    source = f'[[sources]]\nid = "real"\nkind = "rss"\npath = "{DATA / "feeds" / name}"\n'
    (found,) = brought(tmp_path, source)
    accepted, merged, waiting, irrelevant, refused = FEEDS[name]
    assert found.trouble == ""
    assert [found.counts[one] for one in ("accepted", "merged", "waiting", "irrelevant")] == [
        *(accepted, merged, waiting, irrelevant)
    ]
    assert [any(one.reason.startswith(why) for why in refused) for one in found.refused] == [True] * len(
        refused
    )


@pytest.mark.parametrize("name", EXPORTS)
def test_each_export_gives_what_it_holds(tmp_path: Path, name: str) -> None:
    codes = (ROOT / "examples" / "gdelt.toml").read_text(encoding="utf-8")
    source = re.sub(r"^url = .*$", f'path = "{DATA / "gdelt" / name}"', codes, count=1, flags=re.MULTILINE)
    (found,) = brought(tmp_path, source)
    coded, size = EXPORTS[name]
    assert (found.trouble, found.refused) == ("", [])
    assert found.counts["waiting"] == coded
    assert not found.counts["accepted"]
    assert any(note.startswith(size) for note in found.notes)
