"""What was last heard of each meeting, and who renews the token of a connector.

Revision ID: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "meeting",
        sa.Column("source", sa.Text(), nullable=False, comment="the system that told of it"),
        sa.Column("meeting", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), server_default="", nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False, comment="the date of its newest word"),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True, comment="when a webhook told of it as new"),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True, comment="the source has it no more"),
        sa.PrimaryKeyConstraint("source", "meeting", name=op.f("pk_meeting")),
    )
    op.create_index("ix_meeting_heard", "meeting", ["source", "heard_at"], unique=False)
    op.add_column(
        "connector",
        sa.Column(
            "renewing_until", sa.DateTime(timezone=True), nullable=True, comment="one process asks for a new token"
        ),
    )


def downgrade() -> None:
    op.drop_column("connector", "renewing_until")
    op.drop_table("meeting")
