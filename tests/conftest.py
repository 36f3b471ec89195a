"""How the suite is spread: over how many workers, and the longest files first, so that they end together."""

import os

import pytest

# By their time, the longest first; `make test` hands whole files to workers in this order.
LONGEST = (
    "model/test_base_rates_fit.py",
    "service/test_replay_processes.py",
    "service/test_pages_browser.py",
    "test_benchmarks.py",
    "service/test_base_rates.py",
    "storage/test_stored_backups.py",
    "service/test_scheduler.py",
    "service/test_api_schemathesis.py",
    "model/test_sampling.py",
    "service/test_night_faults.py",
    "service/test_web_process.py",
    "service/test_backup.py",
    "storage/test_migrations.py",
    "service/test_pages_walks.py",
    "service/test_nightly_sampled.py",
    "service/test_outbox.py",
    "service/test_smtp.py",
    "service/test_cli_help.py",
    "service/test_intake.py",
    "model/test_exact.py",
    "test_readme.py",
    "service/test_backup_faults.py",
    "service/test_review_history.py",
    "service/test_api_process.py",
    "service/test_steps.py",
    "service/test_sampled_nights.py",
    "service/test_backup_killed.py",
    "service/test_api_reports.py",
    "service/test_snapshots.py",
    "service/test_faults.py",
    "service/test_cli_exit_codes.py",
    "service/test_digest_command.py",
)


def pytest_xdist_auto_num_workers() -> int:
    """Use one process more than there are cores: about a quarter of the time tests wait."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first; the others stay as they are."""
    places = {config.rootpath / "tests" / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda one: places.get(one.path, len(LONGEST)))
