"""Brings the schema of a database up to date, with Alembic run by the program itself.

The migrations are in a script directory, by default the one that is shipped. All that are missing
are applied in one transaction. Prints nothing, and leaves logging alone.
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


def migrate(database: Database, scripts: Path = SCRIPTS) -> None:
    """Apply the missing migrations of the script directory `scripts`, after a backup.

    Raises `StoreError` if the schema is newer than the migrations.
    """
    config = Config()
    # A percent sign starts an interpolation in ConfigParser.
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    migrations = ScriptDirectory.from_config(config)
    # On the reader, so that both connections are open from the start: file descriptors may run out
    # later.
    revisions = database.reader.run(_revisions)
    if revisions == migrations.get_heads():
        return
    if not set(revisions) <= {script.revision for script in migrations.walk_revisions()}:
        raise StoreError(
            f"{database.location} was made by a newer chatd: install that one, "
            "or go back to a backup made before."
        )
    for revision in revisions:
        database.back_up(revision)
    database.writer.run(lambda connection: _upgrade(connection, config))


def _revisions(connection: Connection) -> list[str]:
    """Return the revision of the schema in a list, which is empty for a new database."""
    context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
    return list(context.get_current_heads())


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
