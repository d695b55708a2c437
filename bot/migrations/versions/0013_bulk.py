"""What bulk sending counts: the replies that left meanwhile, and how often the provider refused everything.

Revision ID: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_message_replied",
        "message",
        ["channel", "sent_at"],
        postgresql_where=sa.text("direction = 'out' AND (NOT bulk OR attempts > 1)"),
    )
    op.add_column(
        "bucket",
        sa.Column(
            "refusals",
            sa.Integer(),
            server_default="0",
            nullable=False,
            comment="how often in a row the provider refused everything",
        ),
    )


def downgrade() -> None:
    op.drop_column("bucket", "refusals")
    op.drop_index("ix_message_replied", table_name="message")
