"""Where the queue is durable: SQLite through SQLAlchemy. The only room in which SQL is spoken.

    tables.py      columns and keys
    migrations/    how an older database becomes a newer one; migrate.py runs them
    examine.py     is this file sound, and of which schema? before anything is opened for work
    database.py    one connection, its pragmas, transactions that no cancelled caller can cut
    queries.py     every statement on jobs, chunks, lanes and facts, typed at both ends
    audio_index.py every statement on what the audio cache holds
    voice_queries.py    every statement on voices and their lists
    rule_queries.py     … on choices and servers' decisions
    freeze_queries.py   … on fingerprints, on what is frozen where, on barred members
    audit_queries.py    … on the trail
    erasure_queries.py  … by which something goes for good
    holding_queries.py  … that counts what is kept of a member
    attempt_queries.py  … on attempts, which are counted for an hour
    looking.py     a read-only look at the file that a running bot holds
    slices.py      lists cut to what one statement takes

Does not know: what a transition means, or when it is due. `queue.py` does.
"""
