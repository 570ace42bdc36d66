"""Several front ends on one queue: whose a job and a lane are, and where rules hold for a job.

What there is belongs to Discord's front end, whose lanes are guilds; so a job's place is its lane.
What a front end keeps with its job moves to `deliveries`. Names change with it, so that each word
has one sense: `lane` is where jobs are spoken in order, `place` is where rules hold. A job's error
is a code with fields, no longer a sentence.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_DISCORD = "discord"
#: Tables and columns of which only the name changes: table, old name, new name.
_COLUMNS = (
    ("voices", "lane", "place"),
    ("voices", "report", "analysis"),
    ("consents", "lane", "place"),
    ("choices", "lane", "place"),
    ("freezes", "lane", "place"),
    ("audit", "lane", "place"),
    ("lane_rules", "lane", "place"),
    ("barred_members", "lane", "place"),
    ("erasures", "origin", "note"),
)
_TABLES = (
    ("facts", "metadata"),
    ("lane_rules", "place_rules"),
    ("barred_members", "blocked_members"),
    ("purges", "pending_deletions"),
)
#: Of jobs, what stays as it is.
_JOBS = (
    *("id", "lane", "requester", "voice", "reference", "typed", "style", "text", "priority"),
    *("state", "created_at", "started_at", "ended_at", "ended_by", "ended_actor"),
    "stalled_before",
)
#: Of a job's error, which was a sentence.
_ERROR = (
    "iif(error IS NULL, NULL, json_object('code', 'older-version', 'fields', "
    "json_object('words', error)))"
)


def upgrade() -> None:
    _move_jobs()
    _move_lanes()
    op.execute("UPDATE facts SET name = 'engine' WHERE name = 'card'")
    for table, old, new in _COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}")
    for old, new in _TABLES:
        op.rename_table(old, new)
    for table, old, new, columns in (
        ("voices", "voices_lane", "voices_place", ["place"]),
        ("freezes", "freezes_lane", "freezes_place", ["place", "reference"]),
        ("audit", "audit_lane", "audit_place", ["place", "id"]),
    ):
        op.drop_index(old, table)
        op.create_index(new, table, columns)
    _move_redactions()


def _move_jobs() -> None:
    """Copied, for a column that must have a value takes none without a default otherwise."""
    op.create_table(
        "new_jobs",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("frontend", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("place", sa.String()),
        sa.Column("requester", sa.String(), nullable=False),
        sa.Column("voice", sa.String(), nullable=False),
        sa.Column("reference", sa.String()),
        sa.Column("typed", sa.Boolean(), nullable=False),
        sa.Column("style", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("urgency", sa.String()),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("pending", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float()),
        sa.Column("ended_at", sa.Float()),
        sa.Column("ended_by", sa.String()),
        sa.Column("ended_actor", sa.String()),
        sa.Column("error", sa.JSON()),
        sa.Column("stalled_before", sa.Float(), nullable=False),
        sa.Column("engine", sa.String()),
        sa.Column("substitution", sa.String()),
        sqlite_autoincrement=True,
    )
    same = ", ".join(_JOBS)
    op.execute(
        f"INSERT INTO new_jobs ({same}, frontend, place, pending, engine, substitution, error) "
        f"SELECT {same}, '{_DISCORD}', lane, held, card, stand_in, {_ERROR} FROM jobs"
    )
    op.execute("UPDATE new_jobs SET ended_by = 'aborted' WHERE ended_by = 'withdrawn'")
    op.create_table(
        "deliveries",
        sa.Column(
            "job_id", sa.Integer(), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("frontend", sa.String(), nullable=False),
        sa.Column("key", sa.String()),
        sa.Column("note", sa.JSON(), nullable=False),
        sa.Column("shown", sa.String()),
        sqlite_with_rowid=False,
    )
    op.create_index("deliveries_key", "deliveries", ["frontend", "key"], unique=True)
    op.execute(
        "INSERT INTO deliveries (job_id, frontend, key, note, shown) "
        f"SELECT id, '{_DISCORD}', origin_key, origin, shown FROM jobs"
    )
    # A button that a member pressed last month must never meet a younger job of the same id.
    op.execute(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'new_jobs', 0 WHERE NOT EXISTS "
        "(SELECT 1 FROM sqlite_sequence WHERE name = 'new_jobs')"
    )
    op.execute(
        "UPDATE sqlite_sequence SET seq = coalesce("
        "(SELECT seq FROM sqlite_sequence WHERE name = 'jobs'), 0) WHERE name = 'new_jobs'"
    )
    op.drop_table("jobs")
    op.rename_table("new_jobs", "jobs")
    op.create_index(
        "jobs_live",
        "jobs",
        ["frontend", "lane"],
        sqlite_where=sa.text("state IN ('queued', 'speaking')"),
    )
    op.create_index("jobs_ended", "jobs", ["ended_at"])
    op.create_index(
        "jobs_cloned", "jobs", ["place", "voice"], sqlite_where=sa.text("reference IS NOT NULL")
    )


def _move_lanes() -> None:
    op.rename_table("lanes", "old_lanes")
    op.create_table(
        "lanes",
        sa.Column("frontend", sa.String(), primary_key=True),
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("target", sa.JSON()),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("stalled_seconds", sa.Float(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO lanes (frontend, id, target, paused, stalled_seconds) "
        f"SELECT '{_DISCORD}', id, place, paused, stalled_seconds FROM old_lanes"
    )
    op.drop_table("old_lanes")


def _move_redactions() -> None:
    op.create_table(
        "pending_redactions",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("frontend", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("note", sa.JSON(), nullable=False),
        sa.Column("failure", sa.Text()),
    )
    op.execute(
        "INSERT INTO pending_redactions (id, frontend, member, note, failure) "
        f"SELECT id, '{_DISCORD}', member, note, failure FROM erasures"
    )
    op.drop_table("erasures")
    op.create_index("pending_redactions_member", "pending_redactions", ["member"])
