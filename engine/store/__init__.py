"""The database: SQLite through SQLAlchemy. The only package with SQL.

    tables.py      columns and keys
    migrations/    how an older schema becomes a newer one; migrate.py runs them
    integrity.py   checks a file, and finds its schema
    sqlite.py      one connection, its pragmas, transactions that cancellation cannot interrupt
    transaction.py the database as other packages see it: a repository for each noun
    repository.py  what the repositories share
    jobs.py        every statement on jobs, their deliveries, chunks, lanes and metadata
    audio.py       … on what the audio cache holds
    voices.py      … on voices, their lists, members' choices and servers' rules
    freezes.py     … on fingerprints, frozen recordings, blocked members
    audit.py       … on the audit log, and on attempts, for hourly limits
    deletions.py   … that deletes permanently, and counts a member's rows
    readonly.py    reads the file while a running bot holds it

It does not know which transitions are allowed or when they are due: `queue/changes.py` does.
"""
