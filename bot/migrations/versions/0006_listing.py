"""How far each provider's list of inbound messages has been read.

Revision ID: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listing",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column(
            "listed_until",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="the provider's inbound list was read to its end up to then",
        ),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_listing")),
    )


def downgrade() -> None:
    op.drop_table("listing")
