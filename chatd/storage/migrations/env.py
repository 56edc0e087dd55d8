"""Runs the steps on the connection that `chatd.storage.migrate` hands over.

Alembic executes this file. It leaves logging alone, and the transaction to who opened it: all
steps are made, or none.
"""

from __future__ import annotations

from alembic import context

from chatd.storage.schema import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
