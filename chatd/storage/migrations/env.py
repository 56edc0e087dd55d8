"""Runs the migrations on the connection that `chatd.storage.engine` passes in.

Alembic executes this file. It leaves logging alone, and the transaction to its caller: either all
migrations are applied, or none.
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
