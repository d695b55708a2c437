"""Conversations, messages and tasks; the queue in a schema of its own.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE SCHEMA IF NOT EXISTS queue")
    _install_queue()
    op.create_table(
        "conversation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("address_secret", sa.LargeBinary(), nullable=False),
        sa.Column(
            "sender", sa.Text(), server_default="", nullable=False, comment="which account of ours they wrote to"
        ),
        sa.Column("owner", sa.Text(), server_default="bot", nullable=False),
        sa.Column(
            "version", sa.Integer(), server_default="0", nullable=False, comment="the fence: +1 when the owner changes"
        ),
        sa.Column("last_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("last_inbound_seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("lease", sa.Uuid(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("language", sa.Text(), server_default="fr", nullable=False),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_inbound_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("owner IN ('bot', 'queue', 'human')", name=op.f("ck_conversation_owner")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
        sa.UniqueConstraint("channel", "address_index", name=op.f("uq_conversation_channel_address_index")),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column(
            "body_secret", sa.LargeBinary(), nullable=True, comment="JSON: an Inbound's text and choice, or a Reply"
        ),
        sa.Column("has_choices", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "reason", sa.Text(), server_default="", nullable=False, comment="why it was skipped, failed, or is a task"
        ),
        sa.Column("cause", sa.Uuid(), nullable=True, comment="the inbound message that brought this one about"),
        sa.Column("part", sa.Text(), nullable=True, comment="which of the answers to `cause`"),
        sa.Column("version", sa.Integer(), nullable=True, comment="the conversation's version when it was queued"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True, comment="not to be tried before"),
        sa.Column("segments", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trace", sa.Text(), server_default="", nullable=False, comment="which worker sends it"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("author IN ('person', 'assistant', 'system', 'counsellor')", name=op.f("ck_message_author")),
        sa.CheckConstraint("direction IN ('in', 'out')", name=op.f("ck_message_direction")),
        sa.CheckConstraint(
            "state IN ('waiting', 'answered', 'task', 'erased', 'queued', 'sending', 'sent', 'unknown', 'delivered', 'undelivered', 'failed', 'skipped')",
            name=op.f("ck_message_state"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_message_conversation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint("cause", "part", name=op.f("uq_message_cause_part")),
        sa.UniqueConstraint("conversation_id", "seq", name=op.f("uq_message_conversation_id_seq")),
    )
    op.create_index(
        "ix_message_sending",
        "message",
        ["conversation_id", "seq"],
        unique=False,
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_index(
        "ix_message_sent",
        "message",
        ["channel", "provider_id"],
        unique=False,
        postgresql_where=sa.text("direction = 'out'"),
    )
    op.create_index(
        "ix_message_unknown", "message", ["created_at"], unique=False, postgresql_where=sa.text("state = 'unknown'")
    )
    op.create_index(
        "ix_message_waiting",
        "message",
        ["conversation_id", "seq"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_message_inbound",
        "message",
        ["channel", "provider_id"],
        unique=True,
        postgresql_where=sa.text("direction = 'in'"),
    )
    op.create_table(
        "task",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False, comment="what brought it about; a repeat opens nothing"),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("details_secret", sa.LargeBinary(), nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_task_conversation_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_task_message_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task")),
        sa.UniqueConstraint("reason", "cause", name=op.f("uq_task_reason_cause")),
    )
    op.create_index(
        "ix_task_open", "task", ["urgent", "created_at"], unique=False, postgresql_where=sa.text("closed_at IS NULL")
    )


def downgrade() -> None:
    for table in ("task", "message", "conversation"):
        op.drop_table(table)
    op.execute("DROP SCHEMA queue CASCADE")


def _install_queue() -> None:
    # procrastinate's script names no schema: the first one of the search path is where it lands.
    op.execute("SET LOCAL search_path TO queue, public")
    op.get_bind().connection.driver_connection.execute(SchemaManager.get_schema())
    op.execute("SET LOCAL search_path TO public, queue")
