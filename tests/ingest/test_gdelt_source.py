"""Exports out of a folder and from an update list: what is read, and what hostile sources get."""

import json
import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import stamina

from ingest.gdelt.batches import TRIES
from ingest.items import Batch, NewsItem, Source, SourceItem
from ingest.records import Refused
from ingest.sources.gdelt import Gdelt
from model.errors import InputRefused, Unavailable
from tests.ingest.gdelt_exports import (
    IN_2015,
    IN_2019,
    MANGLED,
    NOW,
    REAL,
    STAMP,
    URL,
    archive,
    cells,
    export,
    line,
    zipped,
)
from tests.web_servers import Reply, Route, Site, dropping, stalling

EXAMPLE = Path(__file__).parents[2] / "examples" / "gdelt.toml"
ACCORD = {"code": ["057"], "actor1": ["RU"], "actor2": ["PE"], "tag": "accord", "either_way": True}
MISREAD = "letters that were misread in names: put right"

type Read = tuple[Batch, list[SourceItem]]


def gdelt(**keys: Any) -> Gdelt:
    return Gdelt.model_validate({"id": "gdelt", "codes": [ACCORD], **keys})


def read(source: Source, cursor: Any = None) -> list[Read]:
    """Batches, each with a cursor as it comes back out of a database."""
    return [
        (batch, list(batch.items)) for batch in source.poll(json.loads(json.dumps(cursor or {})), now=NOW)
    ]


def names(found: list[Read]) -> list[str]:
    return [batch.name for batch, _ in found]


def stamps(*clocks: str) -> list[str]:
    return [f"20260131{clock}00" for clock in clocks]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number, stamp in enumerate(stamps("2145", "2200", "2215")):
        row = cells(DATEADDED=stamp, SOURCEURL=f"https://example.org/{number}")
        (tmp_path / f"{stamp}.export.CSV").write_bytes(export(row))
    return tmp_path


# ---- a folder ------------------------------------------------------------------------------------------


def test_a_folder_is_read_file_by_file_from_the_oldest_on(folder: Path) -> None:
    found = read(gdelt(path=folder))
    assert names(found) == [f"{stamp}.export.CSV" for stamp in stamps("2145", "2200", "2215")]
    assert [item.url for _, items in found for item in items if isinstance(item, NewsItem)] == [
        f"https://example.org/{number}" for number in range(3)
    ]
    assert found[0][0].notes == ("1 row of 1 article: 1 coded, 0 that no coding asks for",)


def test_after_each_file_the_cursor_leads_to_the_next(folder: Path) -> None:
    first, second, third = read(gdelt(path=folder))
    assert names(read(gdelt(path=folder), first[0].cursor)) == names([second, third])
    assert read(gdelt(path=folder), third[0].cursor) == []
    again = read(gdelt(path=folder), first[0].cursor)
    assert [items for _, items in again] == [second[1], third[1]]
    (folder / f"{STAMP[:-4]}3000.export.CSV").write_bytes(export(cells(DATEADDED=STAMP)))
    assert names(read(gdelt(path=folder), third[0].cursor)) == [f"{STAMP[:-4]}3000.export.CSV"]


def test_archives_and_spreadsheets_are_read_too_and_other_files_are_named(folder: Path) -> None:
    (folder / "20260131223000.export.CSV.zip").write_bytes(zipped(export(cells())))
    (folder / "20260131224500.saved by hand.csv").write_bytes(
        export(cells(DATEADDED="2.03E+13"), delimiter=";")
    )
    for other in ("20260131224500.gkg.csv.zip", "notes.csv", "readme.txt"):
        (folder / other).write_text("x")
    found = read(gdelt(path=folder))
    assert names(found)[3:] == ["20260131223000.export.CSV.zip", "20260131224500.saved by hand.csv"]
    assert all(isinstance(item, NewsItem) for _, items in found for item in items)
    assert "not named as exports, and left: 20260131224500.gkg.csv.zip, notes.csv" in found[0][0].notes


def test_one_broken_file_is_refused_and_loses_no_other(folder: Path) -> None:
    (folder / f"{stamps('2200')[0]}.export.CSV").unlink()
    (folder / f"{stamps('2200')[0]}.export.CSV.zip").write_bytes(zipped(export(cells()))[:-40])
    (_, first), (batch, items), (_, last) = read(gdelt(path=folder))
    assert isinstance(first[0], NewsItem)
    assert isinstance(last[0], NewsItem)
    (refused,) = items
    assert isinstance(refused, Refused)
    assert (refused.line, batch.name) == (0, "20260131220000.export.CSV.zip")
    assert refused.reason.startswith("the archive is broken")
    assert names(read(gdelt(path=folder), batch.cursor)) == ["20260131221500.export.CSV"]


def test_a_broken_row_is_refused_beside_the_items_of_the_others(tmp_path: Path) -> None:
    (tmp_path / f"{STAMP}.export.CSV").write_bytes(
        export(cells(), cells(SQLDATE="x"), ["y"], cells(SOURCEURL=URL + "8"))
    )
    ((batch, items),) = read(gdelt(path=tmp_path))
    assert [item.line for item in items if isinstance(item, Refused)] == [2, 3]
    assert [item.line for item in items if isinstance(item, NewsItem)] == [1, 4]
    assert batch.notes == ("2 rows of 2 articles: 2 coded, 0 that no coding asks for",)


def test_a_poll_takes_only_so_many_files_and_says_that_more_wait(folder: Path) -> None:
    found = read(gdelt(path=folder, max_files=2))
    assert len(found) == 2
    assert "more exports wait for the next poll" in found[0][0].notes
    assert names(read(gdelt(path=folder, max_files=2), found[-1][0].cursor)) == ["20260131221500.export.CSV"]


def test_a_single_export_can_be_read(folder: Path) -> None:
    assert names(read(gdelt(path=folder / "20260131220000.export.CSV"))) == ["20260131220000.export.CSV"]


def test_a_folder_without_exports_gives_nothing_and_one_with_other_names_is_refused(tmp_path: Path) -> None:
    assert read(gdelt(path=tmp_path)) == []
    (tmp_path / "export.csv").write_bytes(export(cells()))
    with pytest.raises(InputRefused, match="no file is named as GDELT does"):
        read(gdelt(path=tmp_path))


def test_a_folder_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no such folder or file"):
        read(gdelt(path=tmp_path / "nowhere"))


def test_an_article_in_a_later_file_again_is_the_same_item(tmp_path: Path) -> None:
    again = {"GLOBALEVENTID": "7", "DATEADDED": "20260201001500", "SQLDATE": "20260201", "NumMentions": "90"}
    (tmp_path / "20260131234500.export.CSV").write_bytes(export(cells(), cells(EventCode="042")))
    (tmp_path / "20260201001500.export.CSV").write_bytes(export(cells(**again)))
    (tmp_path / "20260201003000.export.CSV").write_bytes(export(cells(EventCode="010", **again)))
    (_, first), (_, second), (_, third) = read(gdelt(path=tmp_path))
    assert first == second == third
    cursor = read(gdelt(path=tmp_path, max_files=1))[0][0].cursor
    assert [items for _, items in read(gdelt(path=tmp_path), cursor)] == [second, third]


def test_articles_that_no_coding_asks_for_are_left_unless_the_rules_may_judge_them(tmp_path: Path) -> None:
    rows = cells(EventCode="010"), cells(EventCode="010", SOURCEURL="https://example.org/1")
    (tmp_path / f"{STAMP}.export.CSV").write_bytes(export(*rows))
    ((batch, items),) = read(gdelt(path=tmp_path))
    assert items == []
    assert batch.notes == ("2 rows of 2 articles: 0 coded, 2 that no coding asks for",)
    ((_, items),) = read(gdelt(path=tmp_path, rules=True))
    assert [(item.headline, item.tag) for item in items if isinstance(item, NewsItem)] == [
        ("Russia and peru sign accord on helicopters", None)
    ]


# ---- real ones -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(not REAL.exists(), reason="the real exports are absent")
@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ({}, {IN_2015: 0, IN_2019: 0, MANGLED: 0}),
        ({"code": ["05*"], "actor1": ["US"]}, {IN_2015: 25, IN_2019: 18, MANGLED: 18}),
        ({"code": ["04*"], "actor1": ["RU"], "either_way": True}, {IN_2015: 1, IN_2019: 0, MANGLED: 0}),
        ({"code": ["04*"], "place": ["IL"]}, {IN_2015: 3, IN_2019: 2, MANGLED: 2}),
        ({"code": ["19*"], "actor1_type": "MIL", "country": "US"}, {IN_2015: 5, IN_2019: 6, MANGLED: 6}),
    ],
)
def test_of_the_real_exports_so_many_articles_are_coded(
    coding: dict[str, Any], coded: dict[str, int]
) -> None:
    shipped = tomllib.loads(EXAMPLE.read_text())["sources"][0]["codes"]
    source = gdelt(path=REAL, codes=[{"tag": "x", **coding}] if coding else shipped)
    found = read(source)
    assert {batch.name: len(items) for batch, items in found} == coded
    assert all(isinstance(item, NewsItem) for _, items in found for item in items)
    assert [batch.notes[0] for batch, _ in found] == [
        f"{rows} rows of {articles} articles: {coded[name]} coded,"
        f" {articles - coded[name]} that no coding asks for"
        for name, rows, articles in (
            (IN_2015, "2,116", 569),
            (IN_2019, "1,629", 360),
            (MANGLED, "1,629", 360),
        )
    ]
    assert [batch.notes[-1] for batch, _ in found] == [
        "not named as exports, and left: GDELT_2.0_Events_Column_Labels_Sep2016.csv",
        f"{MISREAD} (16 rows)",
        f"{MISREAD} (16 rows)",
    ]
    assert [items for _, items in found[1:2]] == [items for _, items in moved_by_a_header(found[2:])]


def moved_by_a_header(found: list[Read]) -> list[Read]:
    """The same items, a line higher."""
    return [
        (batch, [replace(item, line=item.line - 1) for item in items if isinstance(item, NewsItem)])
        for batch, items in found
    ]


@pytest.mark.skipif(not REAL.exists(), reason="the real exports are absent")
def test_the_words_of_real_addresses_can_be_left_to_the_rules(tmp_path: Path) -> None:
    shutil.copy(REAL / IN_2019, tmp_path / IN_2019)
    ((_, items),) = read(gdelt(path=tmp_path, rules=True))
    assert len(items) == 333


# ---- an update list ------------------------------------------------------------------------------------


class World:
    """A server of exports, whose list names the newest."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.lines: dict[str, str] = {}

    def emit(self, *clocks: str, listed: bool = True) -> None:
        for stamp in stamps(*clocks):
            row = cells(DATEADDED=stamp, SOURCEURL=f"https://example.org/{stamp}")
            self.serve(stamp, zipped(export(row), f"{stamp}.export.CSV"), listed=listed)

    def serve(self, stamp: str, body: bytes, *, listed: bool = True, route: Route | None = None) -> None:
        path = f"/gdeltv2/{stamp}.export.CSV.zip"
        self.site.routes[path] = route or (200, {}, body)
        self.lines[stamp] = line(body, self.site.url(path))
        if listed:
            other = line(b"x", self.site.url(f"/gdeltv2/{stamp}.mentions.CSV.zip"))
            self.list_of(self.lines[stamp] + other)

    def list_of(self, text: str) -> None:
        self.site.routes["/gdeltv2/lastupdate.txt"] = (200, {}, text.encode())

    def source(self, **keys: Any) -> Gdelt:
        return gdelt(url=self.site.url("/gdeltv2/lastupdate.txt"), allow_private=True, **keys)

    def poll(self, cursor: Any = None, **keys: Any) -> list[Read]:
        return read(self.source(**keys), cursor)

    def fetched(self) -> list[str]:
        """Which exports were asked for since this was last asked."""
        paths = [
            path.removeprefix("/gdeltv2/20260131").removesuffix("00.export.CSV.zip")
            for path in self.site.paths()
        ]
        self.site.asked.clear()
        return [path for path in paths if len(path) == 4]


@pytest.fixture
def world() -> Iterator[World]:
    with stamina.set_testing(True, attempts=1), Site() as site:
        yield World(site)


def test_the_first_poll_begins_with_the_newest_export_and_says_so(world: World) -> None:
    world.emit("2200", "2215")
    ((batch, items),) = world.poll()
    assert batch.name == f"{STAMP}.export.CSV.zip"
    assert [item.url for item in items if isinstance(item, NewsItem)] == [f"https://example.org/{STAMP}"]
    assert "the first poll begins with the newest export; older ones are not fetched" in batch.notes
    assert world.fetched() == ["2215"]


def test_a_list_with_nothing_new_gives_nothing(world: World) -> None:
    world.emit("2215")
    ((batch, _),) = world.poll()
    assert world.poll(batch.cursor) == []


def test_exports_that_were_missed_are_fetched_by_their_names(world: World) -> None:
    world.emit("2145")
    ((batch, _),) = world.poll()
    world.emit("2200", "2215", "2230")
    world.fetched()
    found = world.poll(batch.cursor)
    assert world.fetched() == ["2200", "2215", "2230"]
    assert [len(items) for _, items in found] == [1, 1, 1]
    assert world.poll(found[-1][0].cursor) == []
    assert names(world.poll(found[0][0].cursor)) == names(found[1:])


def test_a_long_absence_is_made_good_poll_by_poll(world: World) -> None:
    world.emit("2100")
    ((batch, _),) = world.poll()
    world.emit("2115", "2130", "2145", "2200", "2215")
    first = world.poll(batch.cursor, max_files=2)
    assert "more exports wait for the next poll" in first[0][0].notes
    second = world.poll(first[-1][0].cursor, max_files=2)
    third = world.poll(second[-1][0].cursor, max_files=2)
    assert [name[8:12] for name in names(first + second + third)] == ["2115", "2130", "2145", "2200", "2215"]
    assert world.poll(third[-1][0].cursor) == []


def test_a_list_that_reaches_back_names_the_exports_itself(world: World) -> None:
    world.emit("2100")
    ((batch, _),) = world.poll()
    world.emit("2115", "2145")
    world.list_of("".join(world.lines.values()))
    world.fetched()
    assert len(world.poll(batch.cursor)) == 2
    assert world.fetched() == ["2115", "2145"]


def test_an_export_that_is_not_there_is_looked_for_again_and_then_given_up(world: World) -> None:
    world.emit("2000")
    ((batch, _),) = world.poll()
    told = []
    for clock in ("2030", "2045", "2100", "2115", "2130", "2145", "2200", "2215", "2230"):
        world.emit(clock)
        ((batch, _),) = world.poll(batch.cursor)
        told += [note for note in batch.notes if "not there" in note]
    missing = "20260131201500.export.CSV.zip is not there"
    assert told == [f"{missing}; it is looked for again"] * (TRIES - 1) + [
        f"{missing}; given up after 8 polls"
    ]
    assert batch.cursor["missing"] == {}
    assert world.fetched().count("2015") == TRIES


def test_an_export_that_comes_late_is_still_taken(world: World) -> None:
    world.emit("2145")
    ((batch, _),) = world.poll()
    world.emit("2215")
    ((batch, _),) = world.poll(batch.cursor)
    assert "20260131220000.export.CSV.zip is not there; it is looked for again" in batch.notes
    world.emit("2200", listed=False)
    world.emit("2230")
    found = world.poll(batch.cursor)
    assert [name[8:12] for name in names(found)] == ["2200", "2230"]
    assert found[-1][0].cursor["missing"] == {}
    assert str(found[0][0].cursor["done"]).startswith(STAMP)


@pytest.mark.parametrize(
    "excuse",
    [
        (404, {}, b""),
        (200, {}, b"<html>Not found</html>"),
        (503, {}, b""),
        dropping(),
        dropping(b"HTTP/1.1 200 OK\r\n"),
    ],
)
def test_what_stands_in_place_of_a_missed_export_hinders_no_other(world: World, excuse: Reply) -> None:
    world.emit("2145")
    ((batch, _),) = world.poll()
    world.serve(stamps("2200")[0], b"", listed=False, route=excuse)
    world.emit("2215")
    ((batch, items),) = world.poll(batch.cursor)
    assert batch.name == f"{STAMP}.export.CSV.zip"
    assert len(items) == 1
    assert "20260131220000.export.CSV.zip is not there; it is looked for again" in batch.notes


def test_a_poll_whose_last_exports_are_missing_still_moves_on(world: World) -> None:
    world.emit("2100")
    ((batch, _),) = world.poll()
    world.emit("2215")
    ((batch, items),) = world.poll(batch.cursor, max_files=2)
    assert (batch.name, items) == ("", [])
    assert [note[8:12] for note in batch.notes if "not there" in note] == ["2115", "2130"]
    found = world.poll(batch.cursor, max_files=3)
    assert names(found) == [f"{STAMP}.export.CSV.zip"]


@pytest.mark.parametrize("damage", [b"PK\3\4 not what was listed", zipped(export(cells(), cells()))])
def test_a_download_that_is_not_what_was_listed_is_not_used(world: World, damage: bytes) -> None:
    world.serve(STAMP, zipped(export(cells())), route=(200, {}, damage))
    with pytest.raises(Unavailable, match="not what is listed"):
        world.poll()


def test_a_digest_that_differs_is_enough(world: World) -> None:
    body = bytearray(archive({"a.CSV": export(cells())}))
    world.serve(STAMP, bytes(body))
    body[-1] ^= 1
    world.site.routes[f"/gdeltv2/{STAMP}.export.CSV.zip"] = (200, {}, bytes(body))
    with pytest.raises(Unavailable, match="its digest differ"):
        world.poll()


def test_the_newest_export_out_of_reach_makes_the_source_unavailable(world: World) -> None:
    world.emit("2215")
    del world.site.routes[f"/gdeltv2/{STAMP}.export.CSV.zip"]
    with pytest.raises(Unavailable, match="404"):
        world.poll()


def test_what_is_listed_and_harmful_is_refused_and_passed(world: World) -> None:
    world.serve(STAMP, archive({"../evil": export(cells())}))
    ((batch, items),) = world.poll()
    (refused,) = items
    assert isinstance(refused, Refused)
    assert "of another one" in refused.reason
    assert world.poll(batch.cursor) == []


@pytest.mark.parametrize(
    "text", ["", "<html>Sign in</html>", "150383 297a16b493de7cf6ca809a7cc31d0b93 ftp://x/y.zip"]
)
def test_a_list_that_is_none_is_refused(world: World, text: str) -> None:
    world.list_of(text)
    with pytest.raises(InputRefused, match="no list of event exports"):
        world.poll()


def test_a_list_may_not_send_us_into_our_own_network(world: World) -> None:
    world.emit("2215")
    with pytest.raises(Unavailable):
        read(gdelt(url=world.site.url("/gdeltv2/lastupdate.txt")))
    assert world.fetched() == []


@pytest.mark.slow
def test_a_list_that_never_ends_is_cut_off(world: World) -> None:
    world.site.routes["/gdeltv2/lastupdate.txt"] = stalling(b"HTTP/1.1 200 OK\r\n\r\n1")
    with pytest.raises(Unavailable, match="no whole answer within 1 s"):
        world.poll(timeout_seconds=1)


def test_a_poll_that_takes_too_long_goes_on_the_next_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.emit("2145")
    ((batch, _),) = world.poll()
    world.emit("2200", "2215")
    monkeypatch.setattr("ingest.sources.gdelt._POLL_SECONDS", -1.0)
    ((nothing, items),) = world.poll(batch.cursor)
    assert items == []
    assert nothing.notes == ("this poll took its time; the rest waits for the next one",)
    monkeypatch.undo()
    assert [name[8:12] for name in names(world.poll(nothing.cursor))] == ["2200", "2215"]


@pytest.mark.parametrize(
    "cursor", [{"etag": "x"}, {"done": 5, "missing": [], "recent": "x"}, {"done": "x", "missing": {"a": 1}}]
)
def test_a_cursor_of_another_kind_of_source_counts_as_none(folder: Path, cursor: dict[str, object]) -> None:
    assert len(read(gdelt(path=folder), cursor)) == 3
