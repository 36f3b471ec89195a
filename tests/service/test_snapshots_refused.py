"""Snapshots that are no good, and histories that do not go together: refused, and nothing changes."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.digests import digest
from model.errors import InputRefused
from service.snapshot_check import checked
from service.snapshot_lines import raw_lines
from tests.service.commands import Desk, quiet, report
from tests.service.killing import killed
from tests.service.snapshots import Lines, forged, lines_in, lived, of_kind, signed, snapshot, stream

type Change = Callable[[Lines], object]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, database_kind: str) -> Path:
    desk = lived(Desk(tmp_path_factory.mktemp(f"refused-{database_kind}")))
    desk.types("resolve", "quiet", "up", "--on", "2025-06-01", "--because", "it came", "--by", "Ana")
    return snapshot(desk, desk.folder / "quiet.json")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path, quiet("other"))


@pytest.fixture
def copy(file: Path, tmp_path: Path) -> Path:
    return Path(tmp_path / "copy.json") if (tmp_path / "copy.json").write_bytes(file.read_bytes()) else file


def unchanged(desk: Desk, *arguments: str | Path, code: int = 1) -> list[str]:
    """What is said of an import that is refused, which must leave the database as it was."""
    before = desk.counts()
    answer = desk.types("import", *arguments)
    assert (answer.code, answer.out) == (code, "")
    assert desk.counts() == before
    lines = answer.err.splitlines()
    assert all(line.startswith("posterity: ") for line in lines)
    return [line.removeprefix("posterity: ") for line in lines]


# ---- altered, cut short, or nothing of the kind ----------------------------------------------------


def test_a_byte_that_was_altered_is_told_by_the_digest(desk: Desk, copy: Path) -> None:
    held = copy.read_bytes()
    copy.write_bytes(held.replace(b"Peru signs, says a", b"Peru signs, says b", 1))
    again = "it was altered, or cut short; export it again, or get the file anew"
    assert unchanged(desk, copy) == [f"{copy} does not match its SHA-256 digest: {again}"]
    copy.write_bytes(held[:-400])
    assert unchanged(desk, copy) == [f"{copy} does not end as a snapshot does: {again}"]


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_no_byte_can_be_altered_unseen(file: Path, data: st.DataObject) -> None:
    held = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(held) - 1))
    held[place] ^= data.draw(st.integers(1, 255))
    changed = file.with_name("altered.json")
    changed.write_bytes(held)
    with pytest.raises(InputRefused, match=r"digest|no snapshot|does not end"):
        all(raw_lines(stream(changed), shown="x"))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_it_can_be_cut_nowhere_unseen(file: Path, data: st.DataObject) -> None:
    held = file.read_bytes()
    changed = file.with_name("cut.json")
    changed.write_bytes(held[: data.draw(st.integers(0, len(held) - 1))])
    with pytest.raises(InputRefused, match=r"digest|no snapshot|does not end"):
        all(raw_lines(stream(changed), shown="x"))


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b"", "is no snapshot; name a file that `posterity export` wrote"),
        (b"\x00\xff" * 99, "is no snapshot"),
        (b'{"format":"posterity-snapshot"}', "is no snapshot"),
        (b"[\n]\n", "does not end as a snapshot does"),
        (b"[\n" + b"[" * 100_000 + b",\n", "does not end as a snapshot does"),
    ],
)
def test_what_is_no_snapshot_is_told_as_that(desk: Desk, tmp_path: Path, held: bytes, said: str) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(held)
    (line,) = unchanged(desk, path)
    assert said in line


def test_a_file_that_is_not_there_is_out_of_reach(desk: Desk, tmp_path: Path) -> None:
    (line,) = unchanged(desk, tmp_path / "none.json", code=3)
    assert "cannot be read (No such file or directory)" in line
    (line,) = unchanged(desk, tmp_path, code=3)
    assert "cannot be read (Is a directory)" in line


def test_one_of_a_later_format_names_the_way_out(desk: Desk, copy: Path) -> None:
    def later(lines: Lines) -> None:
        lines[0] |= {"version": 2, "more": 1}

    (line,) = unchanged(desk, forged(copy, later), code=2)
    assert "is of format version 2, and this release reads version 1" in line
    assert "install the release that wrote it" in line


# ---- signed, but unsound ---------------------------------------------------------------------------


def on(kind: str, place: int = 0, /, **fields: Any) -> Change:
    """Put fields into a line of a kind."""
    return lambda lines: of_kind(lines, kind)[place].update(fields)


def without(kind: str, place: int = 0) -> Change:
    """Take a line of a kind out."""
    return lambda lines: lines.remove(of_kind(lines, kind)[place])


def twice(kind: str) -> Change:
    """Write the first line of a kind twice."""
    return lambda lines: lines.insert(lines.index(of_kind(lines, kind)[0]), of_kind(lines, kind)[0])


def within(kind: str, part: str, **fields: Any) -> Change:
    """Put fields into a part of the first line of a kind."""

    def change(lines: Lines) -> None:
        found = of_kind(lines, kind)[0][part]
        (found[0] if isinstance(found, list) else found).update(fields)

    return change


def stated(**fields: Any) -> Change:
    """State a definition otherwise, its digest too."""

    def change(lines: Lines) -> None:
        line = of_kind(lines, "definition")[0]
        line["definition"] |= fields
        line["digest"] = digest(line["definition"])

    return change


UNSOUND: dict[str, tuple[Change, str]] = {
    "an unknown key": (on("run", more=1), "more: Extra inputs are not permitted"),
    "an unknown key within": (within("run", "posteriors", more=1), "posteriors.0.more: Extra inputs"),
    "an unknown kind": (on("report", kind="key"), "kind: Input tag 'key'"),
    "no kind": (lambda lines: lines.insert(1, {}), "kind: Unable to extract tag"),
    "text for a number": (on("run", seconds="1"), "seconds: Input should be a valid number"),
    "no probability": (within("run", "posteriors", probability=1.5), "less than or equal to 1"),
    "a moment without a zone": (on("report", recorded_at="2025-01-01T00:00:00"), "recorded_at: "),
    "a moment to come": (on("report", recorded_at="2999-01-01T00:00:00Z"), "was recorded after now"),
    "an unstorable character": (on("report", why="a\x00b"), "U+0000"),
    "half a character": (on("membership", why="\ud800"), "U+D800"),
    "a huge number": (within("report", "content", n=2**70), "more than 64 bits"),
    "two headers": (twice("snapshot"), "stands where no line of its kind may stand"),
    "no header": (without("snapshot"), "stands where no line of its kind may stand"),
    "a line too late": (
        lambda lines: lines.append(lines.pop(1)),
        "stands after lines that may only follow it",
    ),
    "no definition": (
        lambda lines: lines.__setitem__(slice(1, 3), []),
        "is not in the snapshot",
    ),
    "a definition twice": (twice("definition"), "version 1 is out of order"),
    "a definition's digest": (within("definition", "definition", title="x"), "does not match its digest"),
    "another forecast": (stated(id="other"), "definition: is of 'other'"),
    "priors of no sum": (
        stated(scenarios=[{"id": n, "prior": 0.9, "title": "", "summary": "", "resolves": ""} for n in "ab"]),
        "the definition is no forecast's",
    ),
    "a title of no text": (stated(title=5), "the definition is no forecast's: title"),
    "a definition of a list": (
        on("definition", definition=[]),
        "definition: Input should be an object",
    ),
    "a report twice": (twice("report"), "report 'a': version 1 is not its next one"),
    "a report's gap": (on("report", version=7), "version 7 is not its next one"),
    "a report's url": (within("report", "content", url="javascript:alert(1)"), "url: "),
    "a report's tag": (within("report", "content", tag="Deal!"), "tag: "),
    "a report's id": (within("report", "content", id=None), "is not written as a stored report is"),
    "a report of tomorrow": (within("report", "content", published_on="2198"), "lies after today"),
    "a membership of nobody": (on("membership", report_id="zz"), "the report 'zz' is not in the snapshot"),
    "evidence altered": (within("run", "evidence", observed_until="2025-01-05"), "does not match its digest"),
    "evidence gone": (on("run", evidence=None), "what it saw is not in the snapshot"),
    "evidence without a digest": (on("run", evidence_digest=None), "tells nothing of what it saw"),
    "a run twice": (twice("run"), "run 1: is out of order"),
    "a run of no definition": (on("run", forecast_digest=f"sha256:{'0' * 64}"), "is not in the snapshot"),
    "a run that supersedes itself": (on("run", supersedes=1), "supersedes what is no earlier run"),
    "a run before the opening": (on("run", as_of="2024-01-01"), "its cutoff is before the opening"),
    "other scenarios": (within("run", "posteriors", scenario="x"), "names other scenarios"),
    "another's document": (within("run", "document", forecast="x"), "its document is another run's"),
    "a document of no shape": (within("run", "document", reasons=5), "its document: reasons"),
    "diagnostics of no shape": (
        within("run", "document", diagnostics={"sampled": True}),
        "its document: diagnostics",
    ),
    "an outlook of no length": (
        lambda lines: of_kind(lines, "run")[0]["document"]["outlook"][0].pop("days"),
        "its document: outlook.0.days",
    ),
    "a document that lacks a part": (
        lambda lines: of_kind(lines, "run")[0]["document"].pop("checks"),
        "its document lacks checks",
    ),
    "a document that states nothing": (within("run", "document", band=None), "its document lacks band"),
    "an outlook of nothing": (on("outlook", position=99), "no run expected it"),
    "an outlook twice": (twice("outlook"), "is resolved twice"),
    "another scenario came true": (on("resolution", scenario="sideways"), "no such scenario"),
    "resolved on no day": (on("resolution", closed_on=None), "the day makes no sense"),
}


@pytest.mark.parametrize("name", UNSOUND)
@pytest.mark.sqlite("what is refused has not been near a database")
def test_a_forged_one_is_refused_where_it_is_unsound(copy: Path, name: str) -> None:
    change, said = UNSOUND[name]
    lines = refused(forged(copy, change))
    assert any(said in line for line in lines), lines
    assert all(line.startswith("x") for line in lines)


def refused(path: Path) -> list[str]:
    """What is said of a snapshot that is unsound in itself."""
    with pytest.raises(InputRefused) as caught:
        checked(raw_lines(stream(path), shown="x"), now=datetime.now(UTC), shown="x")
    return str(caught.value).split("\n")


@pytest.mark.sqlite("what is refused has not been near a database")
def test_all_that_is_wrong_is_said_at_once(desk: Desk, copy: Path) -> None:
    def change(lines: Lines) -> None:
        for each in (on("report", version=9), on("membership", report_id="zz"), on("outlook", outcome=2)):
            each(lines)

    found = unchanged(desk, forged(copy, change))
    for said in ("version 9", "the report 'zz'", "outcome: Input should be less than or equal to 1"):
        assert sum(said in line for line in found) == 1


@pytest.mark.sqlite("what is refused has not been near a database")
def test_where_all_is_wrong_twenty_problems_are_said(copy: Path) -> None:
    found = refused(forged(copy, lambda lines: lines.extend({"kind": "key"} for _ in range(50))))
    assert len(found) == 21
    assert found[-1] == "x: 30 further problems"


@pytest.mark.sqlite("what is refused has not been near a database")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"kind":"key","kind":"run"}', "the field 'kind' stands twice"),
        ('{"kind":"run","seconds":NaN}', "NaN is no number of JSON"),
        ("[" * 5000, "is not JSON"),
        ("{} {}", "is not JSON"),
    ],
)
def test_what_json_leaves_open_is_refused(copy: Path, line: str, said: str) -> None:
    path = signed(copy, lines_in(copy))
    head, _, _ = path.read_text(encoding="ascii").rpartition('{"kind":"end"')
    body = f"{head}{line},\n"
    number = len(body.splitlines()) - 1
    end = f'{{"kind":"end","lines":{number},"sha256":"{hashlib.sha256(body.encode()).hexdigest()}"}}'
    path.write_text(f"{body}{end}\n]\n", encoding="ascii")
    (found,) = refused(path)
    assert said in found


def test_numbers_that_do_not_come_out_again_are_told(desk: Desk, copy: Path) -> None:
    def change(lines: Lines) -> None:
        for one in of_kind(lines, "run")[-1]["posteriors"]:
            one["probability"] = 0.5

    answer = desk.types("import", forged(copy, change))
    assert answer.code == 1
    assert "2 runs imported, the last recomputed: it DISAGREES" in answer.out
    assert (
        "run 2 as of 2025-04-30 was stored as it was there, but here a probability differs by" in answer.out
    )


# ---- another history here --------------------------------------------------------------------------

ELSEWHERE = "name an empty database in storage.url, and import it there"


def test_a_forecast_of_that_id_with_another_history_stays_as_it_is(file: Path, tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.types("run", "--as-of", "2025-02-01").code == 0
    assert unchanged(desk, file, code=2) == [
        f"quiet has another history here, from its definition 1 on; {ELSEWHERE}"
    ]


def test_a_report_that_came_here_by_another_way_stays_as_it_is(desk: Desk, file: Path) -> None:
    desk.types("ingest", desk.write("a.jsonl", report("a")))
    assert unchanged(desk, file, code=2) == [
        f"the report 'a' is here with another history (version 1); {ELSEWHERE}"
    ]


def test_events_of_one_name_are_not_mixed(desk: Desk, file: Path) -> None:
    desk.types("ingest", desk.write("x.jsonl", report("x", event="b-event")))
    assert unchanged(desk, file, code=2) == [
        f"the event 'b-event' has a report here that the snapshot does not have ('x'); {ELSEWHERE}"
    ]


def test_where_both_went_on_by_themselves_nothing_is_added(desk: Desk, copy: Path, file: Path) -> None:
    early = signed(copy, [one for one in lines_in(file) if one["kind"] != "resolution"])
    assert desk.types("import", early).code == 0
    why = "--because", "no", "--by", "Eva"
    assert desk.types("resolve", "quiet", "down", "--on", "2025-06-02", *why).code == 0
    assert unchanged(desk, file, code=2) == [
        f"quiet has another history here, from its resolution 1 on; {ELSEWHERE}"
    ]
    assert desk.types("import", early).out.startswith("nothing added")


# ---- killed ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.sqlite("a transaction is one on either kind of database")
def test_killed_at_any_step_it_has_added_nothing_or_all_and_the_next_time_does(
    file: Path, tmp_path: Path
) -> None:
    whole = Desk(tmp_path / "whole", quiet("other"))
    steps = killed(whole, -1, "import", file)
    empty, full = Desk(tmp_path / "empty", quiet("other")).counts(), whole.counts()
    for place, last in enumerate((steps // 2, steps - 8)):
        desk = Desk(tmp_path / str(place), quiet("other"))
        assert killed(desk, last, "import", file) == 0
        assert desk.counts() in (empty, full)
        assert desk.types("import", file).code == 0
        assert desk.counts() == full
