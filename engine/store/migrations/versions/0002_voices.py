"""Voices: references, who may use them, what admins decide, the trail, and what is to be erased."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("reference", sa.String()))
    op.create_index(
        "jobs_cloned", "jobs", ["lane", "voice"], sqlite_where=sa.text("reference IS NOT NULL")
    )
    op.add_column("audio", sa.Column("voice", sa.String(), nullable=False, server_default=""))
    op.create_index("audio_voice", "audio", ["voice"])
    op.create_table(
        "voices",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("lane", sa.String()),
        sa.Column("style", sa.JSON(), nullable=False),
        sa.Column("report", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("voices_name", "voices", ["owner", "name_key"], unique=True)
    op.create_index("voices_lane", "voices", ["lane"])
    op.create_index("voices_reference", "voices", ["reference"])
    op.create_table(
        "voice_members",
        _voice(),
        sa.Column("member", sa.String(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("voice_members_member", "voice_members", ["member"])
    op.create_table(
        "consents",
        _voice(),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("lane", sa.String()),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("given_at", sa.Float(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "choices",
        sa.Column("member", sa.String(), primary_key=True),
        sa.Column("lane", sa.String(), primary_key=True),
        sa.Column("voice", sa.String(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "lane_rules",
        sa.Column("lane", sa.String(), primary_key=True),
        sa.Column("default_voice", sa.String()),
        sa.Column("uploaders", sa.String()),
        sa.Column("cloned", sa.String(), nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "freezes",
        sa.Column("lane", sa.String(), primary_key=True),
        sa.Column("voice_id", sa.Integer(), primary_key=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("after", sa.Integer()),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("lane", sa.String()),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("voice_id", sa.Integer()),
        sa.Column("detail", sa.Text(), nullable=False),
    )
    op.create_index("audit_lane", "audit", ["lane", "id"])
    op.create_index("audit_actor", "audit", ["actor", "action", "at"])
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("origin", sa.JSON(), nullable=False),
        sa.Column("failure", sa.Text()),
    )
    op.create_index("erasures_member", "erasures", ["member"])
    op.create_table(
        "purges",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("key", sa.String(), primary_key=True),
        sqlite_with_rowid=False,
    )


def _voice() -> sa.Column[int]:
    return sa.Column(
        "voice_id",
        sa.Integer(),
        sa.ForeignKey("voices.id", ondelete="CASCADE"),
        primary_key=True,
    )


def downgrade() -> None:
    for table in (
        *("purges", "erasures", "audit", "freezes", "lane_rules"),
        *("choices", "consents", "voice_members", "voices"),
    ):
        op.drop_table(table)
    op.drop_index("audio_voice", "audio")
    op.drop_column("audio", "voice")
    op.drop_index("jobs_cloned", "jobs")
    op.drop_column("jobs", "reference")
