"""The engine's own tables: the events of its conversations, and the turns that it has answered.

Revision ID: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS rasa")
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(), primary_key=True),
        sa.Column("sender_id", sa.String(255), nullable=False, comment="the conversation's id"),
        sa.Column("type_name", sa.String(255), nullable=False),
        sa.Column("timestamp", sa.Double(), nullable=True),
        sa.Column(
            "intent_name", sa.String(255), nullable=True, comment="left empty: an intent tells of a person's life"
        ),
        sa.Column("action_name", sa.String(255), nullable=True, comment="left empty, likewise"),
        sa.Column("data", sa.Text(), nullable=True, comment="encrypted"),
        schema="rasa",
        comment="Rasa's own layout, so that its tools can read it",
    )
    op.create_index("events_sender", "events", ["sender_id", "id"], schema="rasa")
    op.create_index(
        "events_session",
        "events",
        ["sender_id", "id"],
        schema="rasa",
        postgresql_where=sa.text("type_name = 'session_started'"),
    )
    op.create_table(
        "turns",
        sa.Column("message_id", sa.Uuid(), primary_key=True),
        sa.Column("conversation_id", sa.Uuid(), nullable=False, index=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True, comment="encrypted; written with the turn's events"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        schema="rasa",
    )


def downgrade() -> None:
    op.execute("DROP SCHEMA rasa CASCADE")
