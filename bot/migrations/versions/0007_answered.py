"""When a counsellor last answered from a task.

Revision ID: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "task",
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True, comment="a counsellor wrote from it"),
    )


def downgrade() -> None:
    op.drop_column("task", "answered_at")
