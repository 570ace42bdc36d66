"""Run by Alembic: gives it the connection and the tables.

A new step is a file in `versions/`, numbered after the last, that makes the same change as was
made in `tables.py`.
"""

from alembic import context

from engine.store.tables import schema

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=schema,
    render_as_batch=True,  # SQLite alters a column only by copying its table
    # SQLite's DDL is transactional, which Alembic does not assume: a kill at any moment leaves the
    # old schema or the new one, and all that is in it.
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
