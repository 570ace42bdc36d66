"""Run by Alembic: gives it the connection and the tables.

A new step is a file in `versions/`, numbered after the last, that makes the same change as was
made in `tables.py`.
"""

from alembic import context

from engine.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a column only by copying its table
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
