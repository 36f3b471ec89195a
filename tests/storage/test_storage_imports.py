import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

LIGHT = ["database", "events", "forecasts", "history", "reports", "runs"]
HEAVY = {"alembic", "pandas", "pyarrow", "pymc", "psycopg", "scipy", "numpy"}


@pytest.mark.parametrize("module", LIGHT)
def test_reading_loads_neither_pandas_nor_alembic_nor_pymc(module: str) -> None:
    listed = f"import sys, storage.{module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", listed], check=True, capture_output=True, text=True)
    assert not HEAVY & set(loaded.stdout.split())


READ = """
import sys
from storage.database import open_database, prepare
from storage.history import history
with open_database(sys.argv[1]) as database:
    prepare(database)
    with database.reading() as session:
        list(history(session, "rla"))
print(*sys.modules)
"""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_reading_a_history_loads_nothing_heavy_on_the_way(database_url: str) -> None:
    command = [sys.executable, "-c", READ, database_url]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True)
    assert not HEAVY & set(loaded.stdout.split())
