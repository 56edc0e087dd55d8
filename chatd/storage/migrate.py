"""Brings the schema of a database up to date: Alembic, run by the program itself.

The steps are in a script directory, by default the one that is shipped. All that are missing are
made in one transaction. Says nothing, and leaves logging alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from chatd.core.errors import StoreError
from chatd.storage.engine import Database
from chatd.storage.schema import VERSION_TABLE

SCRIPTS: Final = Path(__file__).parent / "migrations"


def bring_up_to_date(database: Database, scripts: Path = SCRIPTS) -> None:
    """Make the steps that are missing; raise `StoreError` if the schema is one that we do not know."""
    config = Config()
    # A percent sign means something to ConfigParser.
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    steps = ScriptDirectory.from_config(config)
    # By the link that reads, so that both are there from the start on: descriptors may get scarce.
    revisions = database.reader.run(_revisions)
    if revisions == steps.get_heads():
        return
    if not set(revisions) <= {step.revision for step in steps.walk_revisions()}:
        raise StoreError(
            f"{database.place} was made by a newer chatd: install that one, "
            "or go back to a backup made before."
        )
    for revision in revisions:
        database.back_up(revision)
    database.writer.run(lambda connection: _upgrade(connection, config))


def _revisions(connection: Connection) -> list[str]:
    """Return the version of the schema, as a list of one, or an empty one in a new database."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return list(context.get_current_heads())


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
