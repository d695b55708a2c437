"""The language of a conversation: whether the person asked for it, and which message decided.

Revision ID: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "conversation",
        sa.Column(
            "language_asked", sa.Boolean(), server_default="false", nullable=False, comment="the person chose it"
        ),
    )
    op.add_column(
        "conversation",
        sa.Column(
            "language_seq", sa.BigInteger(), server_default="0", nullable=False, comment="the message that decided it"
        ),
    )


def downgrade() -> None:
    op.drop_column("conversation", "language_seq")
    op.drop_column("conversation", "language_asked")
