"""Where the queue is durable: SQLite through SQLAlchemy. The only room in which SQL is spoken.

    tables.py      columns and keys
    migrations/    how an older database becomes a newer one; migrate.py runs them
    examine.py     is this file sound, and of which schema? before anything is opened for work
    database.py    one connection, its pragmas, transactions that no cancelled caller can cut
    queries.py     every statement on jobs, chunks, lanes and facts, typed at both ends
    audio_index.py every statement on what the audio cache holds
    slices.py      lists cut to what one statement takes

Does not know: what a transition means, or when it is due. `queue.py` does.
"""
