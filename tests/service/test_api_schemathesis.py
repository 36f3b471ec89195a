"""Bad input over the API: whatever is sent, the answer is one that the description names, and none is 5xx."""

from pathlib import Path

import pytest

from service import keys
from service.web import create_app
from storage.database import Database
from tests.databases import POSTGRESQL
from tests.service.fuzzing import fuzz, serving
from tests.service.offices import Office


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite", *POSTGRESQL], indirect=True)
def test_whatever_is_sent_is_answered_as_the_description_says(
    tmp_path: Path, database: Database, database_url: str
) -> None:
    office = Office(tmp_path, database, database_url)
    office.fills()
    key = keys.create(office.service, "fuzzer", "admin")
    with serving(create_app(office.service, local=False)) as url:
        found = fuzz(tmp_path, url, key, examples=5)
    assert found.is_clean, found.said
    assert found.cases > 1000
