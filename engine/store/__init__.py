"""The database: SQLite through SQLAlchemy. The only package with SQL.

    tables.py      columns and keys
    migrations/    how an older database becomes a newer one; migrate.py runs them
    integrity.py   is this file sound, and which schema does it have?
    sqlite.py      one connection, its pragmas, transactions that no cancelled caller can cut
    transaction.py what all others see of the database: a repository for each noun
    repository.py  what these have in common
    jobs.py        every statement on jobs, their deliveries, chunks, lanes and metadata
    audio.py       … on what the audio cache holds
    voices.py      … on voices and their lists
    rules.py       … on choices and servers' decisions
    freezes.py     … on fingerprints, frozen recordings, blocked members
    audit.py       … on the audit log
    deletions.py   … that deletes permanently, and counts what is kept of a member
    attempts.py    … on rate limits of an hour
    readonly.py    a read-only look at the file that a running bot holds

It does not know what a transition means or when it is due: `queue/changes.py` does.
"""
