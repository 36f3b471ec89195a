import gzip
import re
from pathlib import Path

import pytest

from service.pages.assets import address, asset
from service.pages.vega_bundle import VERSION, vega_bundle
from storage.database import Database
from tests.service.browsing import near
from tests.service.commands import ROOT, quiet
from tests.service.digests import Newsroom

pytestmark = pytest.mark.sqlite("what is shown, and to whom; its statements meet a server elsewhere")

FILES = sorted(path.name for path in (ROOT / "service" / "static").iterdir())


@pytest.fixture
def room(tmp_path: Path, database: Database) -> Newsroom:
    return Newsroom(tmp_path, database, quiet())


@pytest.mark.parametrize("name", FILES)
def test_a_file_has_an_address_of_its_content_and_is_kept_for_ever(room: Newsroom, name: str) -> None:
    answer = near(room.service).gets(address(name))
    assert answer.status_code == 200
    assert answer.content == (ROOT / "service" / "static" / name).read_bytes()
    assert "immutable" in answer.headers["cache-control"]
    assert address(name).endswith(asset(name).version)


def test_under_an_old_address_a_file_is_asked_for_again(room: Newsroom) -> None:
    answer = near(room.service).gets("/static/posterity.css?v=0000")
    assert answer.headers["cache-control"] == "no-cache"
    again = near(room.service).gets(
        "/static/posterity.css", headers={"if-none-match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


def test_a_file_is_packed_for_who_can_unpack_it(room: Newsroom) -> None:
    packed = near(room.service).gets(address("posterity.css"))
    plain = near(room.service).gets(address("posterity.css"), headers={"accept-encoding": "identity"})
    refused = near(room.service).gets(address("posterity.css"), headers={"accept-encoding": "gzip;q=0"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refused.headers
    assert packed.content == plain.content == refused.content


@pytest.mark.parametrize(
    "name", ["nothing.css", "..%2f..%2fconfig.toml", "%2e%2e/pages/shell.py", "posterity.css%00"]
)
def test_nothing_else_can_be_had(room: Newsroom, name: str) -> None:
    assert near(room.service).gets(f"/static/{name}").status_code in {404, 422}


def test_the_sheets_fetch_nothing_from_elsewhere() -> None:
    for name in FILES:
        text = asset(name).plain.decode()
        assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import|url\(", text), name


@pytest.mark.slow
def test_the_script_of_charts_is_made_once_and_kept(room: Newsroom) -> None:
    answer = near(room.service).gets(f"/vega.js?v={VERSION}")
    assert "immutable" in answer.headers["cache-control"]
    assert "window.vegaEmbed" in answer.text
    assert int(answer.headers["content-length"]) < 400_000
    (kept,) = (room.service.configuration.storage.draws.with_name("pages")).iterdir()
    assert gzip.decompress(kept.read_bytes()) == answer.content
    kept.write_bytes(gzip.compress(b"another"))
    vega_bundle.cache_clear()
    assert near(room.service).gets("/vega.js").text == "another"
    kept.write_bytes(b"cut short")
    vega_bundle.cache_clear()
    assert near(room.service).gets("/vega.js").content == answer.content
    vega_bundle.cache_clear()
