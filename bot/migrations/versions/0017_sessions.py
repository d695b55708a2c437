"""The date that somebody on a waiting list knows.

Revision ID: 0017
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("waiting", sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE waiting SET starts_at = session.starts_at FROM session WHERE session.id = waiting.session_id")
    op.alter_column("waiting", "starts_at", nullable=False, comment="the session's date as they were told it")


def downgrade() -> None:
    op.drop_column("waiting", "starts_at")
