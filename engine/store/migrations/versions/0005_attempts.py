"""Attempts at what costs something: counted under a keyed hash, for an hour."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
    )
    op.create_index("attempts_mark", "attempts", ["mark", "at"])


def downgrade() -> None:
    op.drop_table("attempts")
