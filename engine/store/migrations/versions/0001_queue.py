"""The queue: jobs, their chunks, lanes, the audio cache's index, facts."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("requester", sa.String(), nullable=False),
        sa.Column("voice", sa.String(), nullable=False),
        sa.Column("style", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("started_at", sa.Float()),
        sa.Column("ended_at", sa.Float()),
        sa.Column("ended_by", sa.String()),
        sa.Column("ended_actor", sa.String()),
        sa.Column("error", sa.Text()),
        sa.Column("origin", sa.JSON(), nullable=False),
        sa.Column("origin_key", sa.String(), unique=True),
        sa.Column("shown", sa.String()),
        sa.Column("stalled_before", sa.Float(), nullable=False),
        sa.Column("card", sa.String()),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "jobs_live", "jobs", ["lane"], sqlite_where=sa.text("state IN ('queued', 'speaking')")
    )
    op.create_index("jobs_ended", "jobs", ["ended_at"])
    op.create_table(
        "chunks",
        sa.Column(
            "job_id", sa.Integer(), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("position", sa.Integer(), primary_key=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("pause_after", sa.Float(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("audio", sa.String()),
        sa.Column("seconds", sa.Float()),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lanes",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("place", sa.JSON()),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("stalled_seconds", sa.Float(), nullable=False),
    )
    op.create_table(
        "audio",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("used_at", sa.Float(), nullable=False),
    )
    op.create_index("audio_used", "audio", ["used_at"])
    op.create_table(
        "facts",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("value", sa.JSON(), nullable=False),
    )


def downgrade() -> None:
    for table in ("facts", "audio", "lanes", "chunks", "jobs"):
        op.drop_table(table)
