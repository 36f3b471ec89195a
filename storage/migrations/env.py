"""Alembic's entry: migrates over the connection, and in the transaction, that `storage.database` hands in."""

from alembic import context

from storage import experiment_tables, review_tables, service_tables  # noqa: F401 - register their tables
from storage.tables import Table

context.configure(connection=context.config.attributes["connection"], target_metadata=Table.metadata)
with context.begin_transaction():
    context.run_migrations()
