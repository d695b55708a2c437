"""Reminders, and what they need: a switch, a bucket a sender, what is written back to the sources.

Revision ID: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "conversation",
        sa.Column(
            "unreachable_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the provider says that nothing reaches this address",
        ),
    )
    op.add_column(
        "message",
        sa.Column(
            "bulk", sa.Boolean(), server_default="false", nullable=False, comment="nobody has asked for it: a reminder"
        ),
    )
    op.add_column(
        "message",
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True, comment="not to be sent after"),
    )
    op.create_index("ix_message_bulk", "message", ["conversation_id", "created_at"], postgresql_where=sa.text("bulk"))
    op.create_table(
        "bucket",
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("tokens", sa.Float(), nullable=False),
        sa.Column("filled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "paused_until",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="the provider refuses everything: nothing is sent in bulk until then",
        ),
        sa.PrimaryKeyConstraint("sender", name=op.f("pk_bucket")),
    )
    op.create_table(
        "connector",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True, comment="its last webhook"),
        sa.Column("reconciled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_secret", sa.LargeBinary(), nullable=True, comment="what OAuth gave last"),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_connector")),
    )
    op.create_table(
        "sending",
        sa.Column("what", sa.Text(), nullable=False, comment="reminders, or everything"),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("what", name=op.f("pk_sending")),
    )
    op.create_table(
        "reminder",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column(
            "starts_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="the appointment as it stood when this was planned",
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False, comment="a kind of channel"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "valid_until", sa.DateTime(timezone=True), nullable=False, comment="later than this it says nothing useful"
        ),
        sa.Column("state", sa.Text(), server_default="planned", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("intake_id", sa.Uuid(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('planned', 'handed', 'skipped')", name=op.f("ck_reminder_state")),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_reminder_appointment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["intake_id"], ["intake.id"], name=op.f("fk_reminder_intake_id")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_reminder_message_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reminder")),
        sa.UniqueConstraint(
            "appointment_id",
            "starts_at",
            "kind",
            "channel",
            name=op.f("uq_reminder_appointment_id_starts_at_kind_channel"),
        ),
    )
    op.create_index(
        "ix_reminder_due", "reminder", ["due_at"], unique=False, postgresql_where=sa.text("state = 'planned'")
    )
    op.create_index(
        "ix_reminder_message",
        "reminder",
        ["message_id"],
        unique=False,
        postgresql_where=sa.text("message_id IS NOT NULL"),
    )
    op.create_table(
        "write_back",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="what the source is told"),
        sa.Column("conversation_id", sa.Uuid(), nullable=True),
        sa.Column("cause", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False, comment="waiting, done, failed"),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_write_back_appointment_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_write_back_conversation_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_write_back")),
        sa.UniqueConstraint("appointment_id", "cause", name=op.f("uq_write_back_appointment_id_cause")),
    )
    op.create_index(
        "ix_write_back_due", "write_back", ["due_at"], unique=False, postgresql_where=sa.text("state = 'waiting'")
    )


def downgrade() -> None:
    op.drop_table("write_back")
    op.drop_table("reminder")
    op.drop_table("sending")
    op.drop_table("connector")
    op.drop_table("bucket")
    op.drop_index("ix_message_bulk", table_name="message")
    op.drop_column("message", "valid_until")
    op.drop_column("message", "bulk")
    op.drop_column("conversation", "unreachable_at")
