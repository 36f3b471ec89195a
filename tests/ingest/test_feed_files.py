"""Every real feed and every hostile one: how many items come of each, and what is refused and why."""

from pathlib import Path

import pytest

from model.errors import InputRefused
from tests.ingest.feed_examples import DATA, read, refused, taken

BROKEN = "is not well-formed XML ({}); what can be told of it was read"
REAL = {
    "aljazeera_20260218.xml": (25, (), ()),
    "asia_300items_20260217.xml": (300, (), ()),
    "bbcnews_20260217.xml": (33, (), ()),
    "bozo_oscard0m.xml": (15, (), (BROKEN.format("line 45, column 49: not well-formed (invalid token)"),)),
    "deutschewelle_rdf_20260217.xml": (141, (), ()),
    "elpais_english_20260217.xml": (56, (), ()),
    "notafeed_7ef13a42fa7e177a.xml": (
        34,
        ((308, "id: is that of the item on line 230, which was taken"),),
        (BROKEN.format("line 3, column 7: not well-formed (invalid token)"),),
    ),
    "npr_world_20260217.xml": (10, (), ()),
    "washingtonpost_world_20260217.xml": (9, (), ()),
}
ENTITIES = "declares entities of its own"
HOSTILE = {
    "cyclic.xml": ENTITIES,
    "external.xml": ENTITIES,
    "quadratic.xml": ENTITIES,
    "xmlbomb.xml": ENTITIES,
    "dtd.xml": "is neither RSS, Atom nor RDF",
}


def real(folder: str, name: str) -> bytes:
    path = DATA / folder / name
    if not path.exists():
        pytest.skip("the shared feeds are absent")
    return path.read_bytes()


@pytest.mark.parametrize("name", REAL)
def test_a_real_feed_gives_all_its_items(name: str) -> None:
    accepted, reasons, notes = REAL[name]
    feed = read(real("real", name))
    assert len(taken(feed)) == accepted
    assert tuple((one.line, one.reason) for one in refused(feed)) == reasons
    assert feed.notes == notes
    assert all(one.published and one.url and one.publisher for one in taken(feed))


@pytest.mark.parametrize("name", REAL)
def test_a_real_feed_that_is_broken_at_its_end_gives_the_same_items(name: str) -> None:
    body = real("real", name)
    assert read(body + b"<").items == read(body).items


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_feed_is_refused_whole(name: str) -> None:
    with pytest.raises(InputRefused, match=HOSTILE[name]):
        read(real("hostile", name))


def test_every_file_there_is_stands_here() -> None:
    if not DATA.exists():
        pytest.skip("the shared feeds are absent")
    assert _names(DATA / "real") == set(REAL)
    assert _names(DATA / "hostile") == set(HOSTILE)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
