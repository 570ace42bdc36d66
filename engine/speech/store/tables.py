"""The tables of the queue.

Knows: columns, keys and indexes, as the newest migration leaves them. A test holds the two equal.
Does not know: queries, transactions, which states may follow which (`jobs.py` does).
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("lane", String, nullable=False),
    Column("requester", String, nullable=False),
    Column("voice", String, nullable=False),  # "": the engine's default
    Column("style", JSON, nullable=False),
    Column("text", Text, nullable=False),  # as it was submitted; chunks hold what is spoken
    Column("priority", Integer, nullable=False),
    Column("state", String, nullable=False),  # JobState
    Column("held", Boolean, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("ended_by", String),  # EndedBy
    Column("ended_actor", String),
    Column("error", Text),
    Column("origin", JSON, nullable=False),
    Column("origin_key", String, unique=True),
    Column("shown", String),
    # What `lanes.stalled_seconds` was at the submission: the job expires by the difference.
    Column("stalled_before", Float, nullable=False),
    # The engine's card under which the text was split; NULL until the first card is known.
    Column("card", String),
    Index("jobs_live", "lane", sqlite_where=text("state IN ('queued', 'speaking')")),
    Index("jobs_ended", "ended_at"),
    # A button that a member pressed last month must never meet a younger job of the same id.
    sqlite_autoincrement=True,
)

chunks = Table(
    "chunks",
    metadata,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("pause_after", Float, nullable=False),
    Column("state", String, nullable=False),  # ChunkState
    # Tries that were begun and have not ended well; written before the try.
    Column("attempts", Integer, nullable=False),
    # Deaths of the host with nothing but this chunk in work.
    Column("deaths", Integer, nullable=False),
    Column("audio", String),  # key of `audio`; no foreign key: the cache forgets on its own
    Column("seconds", Float),
    sqlite_with_rowid=False,
)

lanes = Table(
    "lanes",
    metadata,
    Column("id", String, primary_key=True),
    Column("place", JSON(none_as_null=True)),
    Column("paused", Boolean, nullable=False),
    Column("stalled_seconds", Float, nullable=False),
)

audio = Table(
    "audio",
    metadata,
    Column("key", String, primary_key=True),
    Column("bytes", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("used_at", Float, nullable=False),
    Index("audio_used", "used_at"),
)

# What the queue remembers of itself: `card`, the last engine's card; `alive`, when it last ran.
facts = Table(
    "facts",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", JSON, nullable=False),
)
