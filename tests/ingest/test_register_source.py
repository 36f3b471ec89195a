"""The trade register as a source: what it tells, when that was published, and what a new export changes."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ingest.items import Batch, NewsItem
from ingest.sources import kind
from ingest.sources.register import Register
from model.errors import InputRefused, Unavailable
from tests.ingest.registers import PREAMBLE, cells, export

NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
TWICE = (cells(), cells(delivery_year="2012", numbers_delivered="3", delivery_year_is_estimate="Yes"))


def source(path: Path, **keys: Any) -> Register:
    tags = {} if {"orders", "deliveries"} & set(keys) else {"orders": "arms_order", "deliveries": "delivery"}
    return Register.model_validate({"id": "sipri", "path": path, **tags, **keys})


def file(folder: Path, *rows: list[str], preamble: tuple[str, ...] = PREAMBLE) -> Path:
    path = folder / "trade-register.csv"
    path.write_bytes(export(*rows, preamble=preamble))
    return path


def poll(register: Register, cursor: object = None, *, now: datetime = NOW) -> Batch | None:
    """The batch of a poll, with a cursor as it comes back out of a database."""
    return next(register.poll(json.loads(json.dumps(cursor or {})), now=now), None)


def news(register: Register, *, now: datetime = NOW) -> dict[str, NewsItem]:
    batch = poll(register, now=now)
    assert batch is not None
    return {item.key: item for item in batch.items if isinstance(item, NewsItem)}


# ---- what is told --------------------------------------------------------------------------------------


def test_an_order_and_each_year_of_delivery_are_events_of_a_years_precision(tmp_path: Path) -> None:
    found = news(source(file(tmp_path, *TWICE)))
    assert {key: (item.tag, str(item.occurred), item.headline) for key, item in found.items()} == {
        "36452:order": ("arms_order", "2009", "Brazil orders Mi-35M combat helicopters from Russia (2009)"),
        "36452:2010": ("delivery", "2010", "Russia delivers 6 Mi-35M combat helicopters to Brazil (2010)"),
        "36452:2012": (
            "delivery",
            "2012",
            "Russia delivers 3 Mi-35M combat helicopters to Brazil (2012, year estimated)",
        ),
    }
    assert {item.country for item in found.values()} == {"BR"}
    assert {item.publisher for item in found.values()} == {"sipri.org"}
    assert len({item.extra["event"] for item in found.values()}) == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"numbers_delivered_is_estimate": "Yes"},
            "Russia delivers about 6 Mi-35M combat helicopters to Brazil (2010)",
        ),
        ({"numbers_delivered": "1"}, "Russia delivers 1 Mi-35M combat helicopter to Brazil (2010)"),
        ({"numbers_delivered": "1286"}, "Russia delivers 1,286 Mi-35M combat helicopters to Brazil (2010)"),
        ({"numbers_delivered": ""}, "Russia delivers Mi-35M combat helicopters to Brazil (2010)"),
        (
            {"status": "Second hand"},
            "Russia delivers 6 second-hand Mi-35M combat helicopters to Brazil (2010)",
        ),
        (
            {"designation": "C-295 -", "description": "transport aircraft"},
            "Russia delivers 6 C-295 transport aircraft to Brazil (2010)",
        ),
        ({"description": "ASW torpedo"}, "Russia delivers 6 Mi-35M ASW torpedoes to Brazil (2010)"),
        ({"description": ""}, "Russia delivers 6 Mi-35M to Brazil (2010)"),
        ({"description": "", "designation": ""}, "Russia delivers 6 arms to Brazil (2010)"),
    ],
)
def test_a_headline_says_estimates_and_leaves_out_what_is_not_known(
    tmp_path: Path, changes: dict[str, str], said: str
) -> None:
    found = news(source(file(tmp_path, cells(**changes)), deliveries="delivery"))
    assert [item.headline for item in found.values()] == [said]


def test_what_the_register_says_besides_is_kept_where_it_says_it(tmp_path: Path) -> None:
    found = news(source(file(tmp_path, cells(tiv_delivery_values="", status=""))))
    assert found["36452:2010"].extra["sipri"] == {
        "deal": "36452",
        "supplier": "RU",
        "category": "Aircraft",
        "local_production": False,
        "year_is_estimate": False,
        "number": 6,
        "number_is_estimate": False,
    }


def test_what_has_no_tag_is_not_taken_in(tmp_path: Path) -> None:
    path = file(tmp_path, *TWICE)
    assert set(news(source(path, orders="arms_order"))) == {"36452:order"}
    assert set(news(source(path, deliveries="delivery"))) == {"36452:2010", "36452:2012"}


def test_suppliers_and_recipients_are_chosen_by_code_or_name(tmp_path: Path) -> None:
    path = file(tmp_path, cells(), cells(id="2", recipient="Peru"), cells(id="3", supplier="Soviet Union"))
    assert set(news(source(path, deliveries="d"))) == {"36452:2010", "2:2010"}
    assert set(news(source(path, deliveries="d", recipients=["Peru"]))) == {"2:2010"}
    assert set(news(source(path, deliveries="d", supplier=["Russia", "Soviet Union"], recipients="BR"))) == {
        *("36452:2010", "3:2010")
    }


def test_recipients_that_no_report_can_name_are_left_and_said(tmp_path: Path) -> None:
    batch = poll(source(file(tmp_path, cells(), cells(id="2", recipient="Hezbollah (Lebanon)*"))))
    assert batch is not None
    assert len(list(batch.items)) == 2
    assert batch.notes == ("recipients without an ISO code, left: Hezbollah (Lebanon)*",)


def test_orders_without_a_year_are_left_and_said(tmp_path: Path) -> None:
    batch = poll(source(file(tmp_path, cells(order_date=""))))
    assert batch is not None
    assert batch.notes == ("orders without a year, left: 1",)


# ---- when it was published -----------------------------------------------------------------------------


def test_a_row_was_published_when_the_export_was_made(tmp_path: Path) -> None:
    found = news(source(file(tmp_path)))
    assert {str(item.published) for item in found.values()} == {"2025-01-03"}


def test_without_a_preamble_it_was_published_after_the_last_year_that_the_export_tells_of(
    tmp_path: Path,
) -> None:
    path = file(tmp_path, *TWICE, preamble=())
    assert {str(item.published) for item in news(source(path)).values()} == {"2012-12-31"}
    this_year = file(tmp_path, cells(delivery_year="2026"), preamble=())
    assert {str(item.published) for item in news(source(this_year)).values()} == {"2026-01-20"}


def test_an_export_of_tomorrow_is_refused(tmp_path: Path) -> None:
    made = (PREAMBLE[0], "Data generated: 22 Jan 2026 9:16:02 PM")
    with pytest.raises(InputRefused, match="was made on 2026-01-22, after today"):
        poll(source(file(tmp_path, preamble=made)))
    assert poll(source(tmp_path / "trade-register.csv"), now=NOW + timedelta(days=2)) is not None


# ---- new exports ---------------------------------------------------------------------------------------


def later(folder: Path, *rows: list[str]) -> None:
    file(folder, *rows, preamble=(PREAMBLE[0], "Data generated: 10 Nov 2025 9:16:02 AM"))


def test_an_export_that_has_not_changed_gives_nothing(tmp_path: Path) -> None:
    register = source(file(tmp_path))
    first = poll(register)
    assert first is not None
    assert poll(register, first.cursor) is None


def test_other_keys_read_the_same_export_anew(tmp_path: Path) -> None:
    path = file(tmp_path)
    first = poll(source(path, orders="arms_order"))
    assert first is not None
    second = poll(source(path, deliveries="delivery"), first.cursor)
    assert second is not None
    assert second.notes == ()


def test_in_a_newer_export_only_what_has_changed_is_published_anew(tmp_path: Path) -> None:
    register = source(file(tmp_path, *TWICE))
    first = poll(register)
    assert first is not None
    later(tmp_path, TWICE[0], cells(delivery_year="2012", numbers_delivered="4"))
    second = poll(register, first.cursor)
    assert second is not None
    assert {item.key: str(item.published) for item in second.items if isinstance(item, NewsItem)} == {
        "36452:order": "2025-01-03",
        "36452:2010": "2025-01-03",
        "36452:2012": "2025-11-10",
    }


def test_rows_that_a_newer_export_does_not_have_are_said(tmp_path: Path) -> None:
    register = source(file(tmp_path, *TWICE))
    first = poll(register)
    assert first is not None
    later(tmp_path, TWICE[0])
    second = poll(register, first.cursor)
    assert second is not None
    assert second.notes == ("no longer in the register, retract what was wrong: 36452:2012",)


# ---- trouble and configuration -------------------------------------------------------------------------


def test_a_broken_export_is_refused_in_one_line(tmp_path: Path) -> None:
    path = file(tmp_path, *(cells(id=str(number), status="?!") for number in range(30)))
    with pytest.raises(InputRefused) as refused:
        poll(source(path))
    said = str(refused.value)
    assert "\n" not in said
    assert said.startswith(f"{path}: line 7, Status: '?!' is no status of the register")
    assert "download it anew from the SIPRI Arms Transfers Database" in said


def test_an_export_without_end_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file(tmp_path)
    monkeypatch.setattr("ingest.sources.register.MAX_BYTES", 100)
    with pytest.raises(InputRefused, match=r"^[^\n]*register\.csv: is larger than 100 bytes[^\n]*$"):
        poll(source(path))


def test_an_export_that_is_not_there_is_out_of_reach(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        poll(source(tmp_path / "none.csv"))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"orders": "arms order"}, 'write the kind of event, such as "delivery"'),
        ({"supplier": "Rusia"}, "'Rusia' is neither an ISO code nor a name of the register"),
        ({"supplier": 7}, "7 is neither an ISO code"),
        ({"supplier": []}, "is empty; name at least one"),
        ({"recipients": ["Soviet Union"]}, "'Soviet Union' has no ISO code, which every report needs"),
        ({"url": "https://www.sipri.org"}, "download the register, and write the path of the file"),
        ({"suppliers": "RU"}, "Extra inputs are not permitted"),
    ],
)
def test_keys_that_make_no_sense_are_refused(tmp_path: Path, keys: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        source(tmp_path / "x.csv", **keys)
    assert said in str(refused.value)


def test_a_source_of_which_nothing_would_come_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="has neither orders nor deliveries; write their tags"):
        Register.model_validate({"id": "sipri", "path": tmp_path / "x.csv"})


def test_it_is_a_kind_of_source() -> None:
    assert kind("register") is Register
