"""The tables of the queue and of the voices.

Knows: columns, keys and indexes, as the newest migration leaves them. A test compares the two.
Does not know: queries, transactions, allowed transitions (`engine/model/jobs.py` does).
"""

from enum import Enum
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    text,
)

from engine.model.errors import Failure
from engine.model.jobs import ChunkState, EndReason, JobState, Substitution, Urgency
from engine.model.voices import Action, ClonePolicy, Scope

schema = MetaData()


class Word(TypeDecorator[Enum]):
    """A string that is a value of an enumeration."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__()
        self.kind = kind

    def process_result_value(self, value: str | None, dialect: object) -> Enum | None:
        return None if value is None else self.kind(value)


class FailureJson(TypeDecorator[Failure]):
    """The code and the fields of an error."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Failure | None, dialect: object) -> Any:
        return None if value is None else {"code": value.code, "fields": dict(value.fields)}

    def process_result_value(self, value: Any, dialect: object) -> Failure | None:
        return None if value is None else Failure(**value)


jobs = Table(
    "jobs",
    schema,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("frontend", String, nullable=False),  # the front end that submitted it
    Column("lane", String, nullable=False),  # one of its front end's lanes
    # The guild whose permissions, freezes and lists of speakers apply to it; NULL: none.
    Column("place", String),
    Column("requester", String, nullable=False),
    # "": the engine's default; "en-us": a built-in voice; "@12": row 12 of `voices`
    Column("voice", String, nullable=False),
    Column("reference", String),  # a registered voice's recording, by content hash
    # Whether `voice` was named for this text. It may be any word until the first engine is known.
    Column("typed", Boolean, nullable=False),
    Column("style", JSON, nullable=False),
    Column("text", Text, nullable=False),  # as it was submitted; chunks hold what is spoken
    Column("priority", Integer, nullable=False),
    Column("urgency", Word(Urgency)),  # it is fetch-only; NULL: it is spoken
    Column("state", Word(JobState), nullable=False),
    Column("pending", Boolean, nullable=False),  # not confirmed yet
    Column("created_at", Float, nullable=False),
    Column("started_at", Float),
    Column("ended_at", Float),
    Column("ended_by", Word(EndReason)),
    Column("ended_actor", String),
    Column("error", FailureJson),
    # `lanes.stalled_seconds` at the submission: expiry counts the difference.
    Column("stalled_before", Float, nullable=False),
    # `ActiveEngine.id` of the engine under which the text was split; NULL until one is known.
    Column("engine", String),
    Column("substitution", Word(Substitution)),
    Index("jobs_live", "frontend", "lane", sqlite_where=text("state IN ('queued', 'speaking')")),
    Index("jobs_ended", "ended_at"),
    Index("jobs_cloned", "place", "voice", sqlite_where=text("reference IS NOT NULL")),
    # Ids are never reused, so that an old button cannot act on a newer job.
    sqlite_autoincrement=True,
)

# What a front end stores with its job: the key, its own note, and what was last shown.
deliveries = Table(
    "deliveries",
    schema,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("frontend", String, nullable=False),
    Column("key", String),  # the same key twice makes one job
    Column("note", JSON, nullable=False),
    Column("shown", String),
    Index("deliveries_key", "frontend", "key", unique=True),
    sqlite_with_rowid=False,
)

chunks = Table(
    "chunks",
    schema,
    Column("job_id", ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("text", Text, nullable=False),
    Column("pause_after", Float, nullable=False),
    Column("state", Word(ChunkState), nullable=False),
    # Attempts without a good result; counted before each attempt begins.
    Column("attempts", Integer, nullable=False),
    # Deaths of the engine's process while it worked on this chunk alone.
    Column("deaths", Integer, nullable=False),
    Column("audio", String),  # key of `audio`; no foreign key: the cache evicts on its own
    Column("seconds", Float),
    sqlite_with_rowid=False,
)

lanes = Table(
    "lanes",
    schema,
    Column("frontend", String, primary_key=True),
    Column("id", String, primary_key=True),
    # The front end's own data on where it speaks; NULL: nowhere.
    Column("target", JSON(none_as_null=True)),
    Column("paused", Boolean, nullable=False),
    Column("stalled_seconds", Float, nullable=False),
    sqlite_with_rowid=False,
)

audio = Table(
    "audio",
    schema,
    Column("key", String, primary_key=True),
    Column("bytes", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("used_at", Float, nullable=False),
    # The registered voice in it ("@12"), so that it is deleted with its voice; "": none.
    Column("voice", String, nullable=False, server_default=""),
    Index("audio_used", "used_at"),
    Index("audio_voice", "voice"),
)

# Values of the queue as a whole: `engine`, the last engine's info; `alive`, the last heartbeat.
metadata = Table(
    "metadata",
    schema,
    Column("name", String, primary_key=True),
    Column("value", JSON, nullable=False),
)

# ---- voices

voices = Table(
    "voices",
    schema,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("owner", String, nullable=False),  # a member; "": the operator
    Column("name", String, nullable=False),
    Column("name_key", String, nullable=False),  # the casefolded name: unique for an owner
    Column("reference", String, nullable=False),  # content hash of the stored recording
    Column("scope", Word(Scope), nullable=False),
    Column("place", String),  # with scope `server`: the server that may use it
    Column("style", JSON, nullable=False),
    Column("analysis", JSON, nullable=False),  # RecordingAnalysis
    Column("created_at", Float, nullable=False),
    Index("voices_name", "owner", "name_key", unique=True),
    Index("voices_place", "place"),
    Index("voices_reference", "reference"),
    # Ids are never reused, so that an old button cannot act on a newer voice.
    sqlite_autoincrement=True,
)

# With scope `members`: the other members who may use a voice.
voice_members = Table(
    "voice_members",
    schema,
    Column("voice_id", ForeignKey("voices.id", ondelete="CASCADE"), primary_key=True),
    Column("member", String, primary_key=True),
    Index("voice_members_member", "member"),
    sqlite_with_rowid=False,
)

# What a member agreed to, and when. It is deleted with the voice.
consents = Table(
    "consents",
    schema,
    Column("voice_id", ForeignKey("voices.id", ondelete="CASCADE"), primary_key=True),
    Column("member", String, nullable=False),
    Column("place", String),  # where it was given; NULL: in a direct message
    Column("words", Text, nullable=False),  # what was agreed to
    Column("given_at", Float, nullable=False),
    sqlite_with_rowid=False,
)

# The voice that a member speaks in, on one server or ("") everywhere; built-in or registered.
choices = Table(
    "choices",
    schema,
    Column("member", String, primary_key=True),
    Column("place", String, primary_key=True),
    Column("voice", String, nullable=False),
    sqlite_with_rowid=False,
)

# The rules for voices that a server's admins have set.
place_rules = Table(
    "place_rules",
    schema,
    Column("place", String, primary_key=True),
    Column("default_voice", String),
    Column("uploaders", String),  # the role that may upload; NULL: everyone
    Column("cloned", Word(ClonePolicy), nullable=False),
    sqlite_with_rowid=False,
)

# The acoustic fingerprint of a voice's recording, by which it is recognized. It has its own table
# because it is much larger than a row of `voices`, and rarely read. No row: not computed yet.
voice_prints = Table(
    "voice_prints",
    schema,
    Column("voice_id", ForeignKey("voices.id", ondelete="CASCADE"), primary_key=True),
    Column("print", LargeBinary, nullable=False),  # empty: the recording cannot be read
)

# Recordings that may not be spoken on a server until they are released, regardless of the owner.
freezes = Table(
    "freezes",
    schema,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("place", String, nullable=False),  # "": everywhere, by the operator
    Column("owner", String, nullable=False),  # its owner then, for information; "-": erased
    Column("reference", String, nullable=False),
    Column("print", LargeBinary),  # NULL: not known yet; empty: recognized by its bytes only
    Column("compared", Boolean, nullable=False),  # with all voices that are older than it
    Index("freezes_place", "place", "reference"),
    sqlite_autoincrement=True,
)

# The voices under a freeze: it is of their recording, or their recording was recognized.
frozen_voices = Table(
    "frozen_voices",
    schema,
    Column("freeze_id", ForeignKey("freezes.id", ondelete="CASCADE"), primary_key=True),
    Column("voice_id", ForeignKey("voices.id", ondelete="CASCADE"), primary_key=True),
    Index("frozen_voices_voice", "voice_id"),
    sqlite_with_rowid=False,
)

# Members who may not add voices on a server.
blocked_members = Table(
    "blocked_members",
    schema,
    Column("place", String, primary_key=True),
    Column("member", String, primary_key=True),
    sqlite_with_rowid=False,
)

# Who did what to which voice, when, on which server. Never audio, never what was spoken.
audit = Table(
    "audit",
    schema,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("place", String),  # NULL: outside of any server
    Column("actor", String, nullable=False),  # a member; "": the operator; "-": erased
    Column("action", Word(Action), nullable=False),
    Column("voice_id", Integer),  # no foreign key: the audit log outlives the voice
    Column("detail", Text, nullable=False),
    Index("audit_place", "place", "id"),
    Index("audit_actor", "actor", "action", "at"),
)

# Messages of a front end that show data which a member had deleted, until each is redacted.
pending_redactions = Table(
    "pending_redactions",
    schema,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("frontend", String, nullable=False),
    Column("member", String, nullable=False),
    Column("note", JSON, nullable=False),  # the front end's own data on where the message is
    Column("failure", Text),  # why it cannot be reached; NULL: not tried to the end
    Index("pending_redactions_member", "member"),
)

# Files to delete: cached audio by key, recordings and derived state by content hash.
pending_deletions = Table(
    "pending_deletions",
    schema,
    Column("kind", String, primary_key=True),  # DeletionKind
    Column("key", String, primary_key=True),
    sqlite_with_rowid=False,
)

# Members' attempts in the last hour, for limits that outlive an erasure. A mark is a hash under a
# key that is not in this file, and the key is discarded with its last mark.
attempts = Table(
    "attempts",
    schema,
    Column("id", Integer, primary_key=True),
    Column("mark", String, nullable=False),
    Column("at", Float, nullable=False),
    Index("attempts_mark", "mark", "at"),
)
