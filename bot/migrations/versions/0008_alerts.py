"""When somebody was alerted of an urgent task, or when it is to be tried again.

Revision ID: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "task",
        sa.Column("alert_due_at", sa.DateTime(timezone=True), nullable=True, comment="empty: no alert is to be sent"),
    )
    op.add_column("task", sa.Column("alert_attempts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("task", sa.Column("alerted_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_task_alert", "task", ["alert_due_at"], unique=False, postgresql_where=sa.text("alert_due_at IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_task_alert", table_name="task")
    for column in ("alerted_at", "alert_attempts", "alert_due_at"):
        op.drop_column("task", column)
