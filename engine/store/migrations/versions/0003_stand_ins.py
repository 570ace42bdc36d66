"""Which jobs were spoken by a voice that stood in for the one that was asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("stand_in", sa.String()))


def downgrade() -> None:
    op.drop_column("jobs", "stand_in")
