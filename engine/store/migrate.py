"""Migrates a database's schema to the newest revision: `python -m engine.store.migrate FILE`.

Knows: Alembic. It runs as a separate process, because importing Alembic would cost the bot about
15 MB for the rest of its life, and it is needed only once an upgrade.
Does not know: what the tables are for.
"""

import argparse
import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event

from engine.base.redaction import guard_output

MIGRATIONS = Path(__file__).parent / "migrations"


def config_for(file: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["file"] = file
    return config


def upgrade(file: Path) -> None:
    """Migrate `file` to the newest revision, in one transaction; creates it if it does not
    exist."""
    engine = create_engine(f"sqlite:///{file}", hide_parameters=True)
    event.listen(engine, "connect", _set_up)
    event.listen(engine, "begin", _begin)
    config = config_for(file)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()
    engine.dispose()


def _set_up(connection: sqlite3.Connection, record: object) -> None:
    # The driver would begin a transaction only at the first INSERT, and commit each statement
    # before it on its own.
    connection.isolation_level = None
    # Otherwise, copying a table to a new schema would leave its texts in free pages.
    connection.execute("PRAGMA secure_delete = ON")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def main() -> None:
    parser = argparse.ArgumentParser(description="Bring a mynah database to the newest schema.")
    parser.add_argument("file", type=Path)
    file = parser.parse_args().file
    guard_output()  # an error's message may contain data from the database
    upgrade(file)


if __name__ == "__main__":
    main()
