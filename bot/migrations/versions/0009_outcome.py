"""What a counsellor writes when a task is closed is encrypted like the rest of it.

The outcomes written in clear before are dropped: nothing reads them, and this step has no key.

Revision ID: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("task", "outcome")
    op.add_column("task", sa.Column("outcome_secret", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("task", "outcome_secret")
    op.add_column("task", sa.Column("outcome", sa.Text(), server_default="", nullable=False))
