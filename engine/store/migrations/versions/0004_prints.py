"""Acoustic fingerprints; freezes of recordings, no matter who gives them; barred members."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "voice_prints",
        sa.Column(
            "voice_id",
            sa.Integer(),
            sa.ForeignKey("voices.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("print", sa.LargeBinary(), nullable=False),
    )
    op.rename_table("freezes", "freezes_by_owner")
    op.create_table(
        "freezes",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=True),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("print", sa.LargeBinary()),
        sa.Column("compared", sa.Boolean(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("freezes_lane", "freezes", ["lane", "reference"])
    op.create_table(
        "frozen_voices",
        sa.Column(
            "freeze_id",
            sa.Integer(),
            sa.ForeignKey("freezes.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column(
            "voice_id",
            sa.Integer(),
            sa.ForeignKey("voices.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("frozen_voices_voice", "frozen_voices", ["voice_id"])
    op.execute(
        "INSERT INTO freezes (lane, owner, reference, compared) "
        "SELECT DISTINCT lane, owner, reference, 0 FROM freezes_by_owner"
    )
    op.execute(
        "INSERT INTO frozen_voices (freeze_id, voice_id) "
        "SELECT DISTINCT freezes.id, voices.id FROM freezes JOIN voices "
        "ON voices.reference = freezes.reference OR voices.id IN ("
        "SELECT voice_id FROM freezes_by_owner AS old "
        "WHERE old.lane = freezes.lane AND old.reference = freezes.reference)"
    )
    op.drop_table("freezes_by_owner")
    op.create_table(
        "barred_members",
        sa.Column("lane", sa.String(), primary_key=True),
        sa.Column("member", sa.String(), primary_key=True),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("barred_members")
    op.create_table(
        "freezes_by_owner",
        sa.Column("lane", sa.String(), primary_key=True),
        sa.Column("voice_id", sa.Integer(), primary_key=True),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("after", sa.Integer()),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT OR IGNORE INTO freezes_by_owner (lane, voice_id, owner, reference) "
        "SELECT freezes.lane, voice_id, owner, reference FROM freezes "
        "JOIN frozen_voices ON freeze_id = freezes.id WHERE freezes.lane != ''"
    )
    op.drop_table("frozen_voices")
    op.drop_table("freezes")
    op.rename_table("freezes_by_owner", "freezes")
    op.drop_table("voice_prints")
