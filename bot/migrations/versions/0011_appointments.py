"""People, appointments and sessions: who is expected where.

Revision ID: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "intake",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False, comment="import, backfill, reconciliation"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=True, comment="its reminders wait for a human's yes"),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "key_index", sa.LargeBinary(), nullable=False, comment="phone and first name, or the source's own number"
        ),
        sa.Column("first_name_secret", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("phone_secret", sa.LargeBinary(), nullable=True),
        sa.Column(
            "phone_fault", sa.Text(), server_default="", nullable=False, comment="why no SMS can reach the number given"
        ),
        sa.Column("language", sa.Text(), server_default="fr", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("key_index", name=op.f("uq_person_key_index")),
    )
    op.create_index(
        "ix_person_phone", "person", ["phone_index"], unique=False, postgresql_where=sa.text("phone_index IS NOT NULL")
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.Text(), server_default="Europe/Paris", nullable=False),
        sa.Column("duration_min", sa.Integer(), server_default="120", nullable=False),
        sa.Column("place", sa.Text(), server_default="", nullable=False),
        sa.Column("commune", sa.Text(), server_default="", nullable=False, comment="INSEE code"),
        sa.Column("structure", sa.Text(), server_default="", nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("languages", sa.ARRAY(sa.Text()), server_default="{fr}", nullable=False),
        sa.Column("accessibility", sa.Text(), server_default="", nullable=False),
        sa.Column("bring", sa.Text(), server_default="", nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("seats >= 0", name=op.f("ck_session_seats")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_session_source_source_id")),
    )
    op.create_index(
        "ix_session_open", "session", ["starts_at"], unique=False, postgresql_where=sa.text("cancelled_at IS NULL")
    )
    op.create_table(
        "appointment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False, comment="one person at one meeting"),
        sa.Column(
            "meeting",
            sa.Text(),
            server_default="",
            nullable=False,
            comment="the meeting's number, shared by those invited",
        ),
        sa.Column(
            "participation", sa.Text(), server_default="", nullable=False, comment="the number to write back to, if any"
        ),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("intake_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.Text(), server_default="Europe/Paris", nullable=False),
        sa.Column("duration_min", sa.Integer(), server_default="60", nullable=False),
        sa.Column("medium", sa.Text(), server_default="place", nullable=False),
        sa.Column("place", sa.Text(), server_default="", nullable=False, comment="never somebody's home"),
        sa.Column("phone", sa.Text(), server_default="", nullable=False, comment="the structure's own number"),
        sa.Column("kind", sa.Text(), server_default="other", nullable=False),
        sa.Column("structure", sa.Text(), server_default="", nullable=False),
        sa.Column("bring", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "answered_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when the person last said whether they come",
        ),
        sa.Column("answered_how", sa.Text(), server_default="", nullable=False, comment="the channel they said it on"),
        sa.Column("reminded_upstream", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("notified_upstream", sa.Boolean(), server_default="false", nullable=False),
        sa.Column(
            "told_at", sa.DateTime(timezone=True), nullable=False, comment="the source's own date of what we know"
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True, comment="the source has it no more"),
        sa.CheckConstraint("medium IN ('place', 'phone', 'video', 'home')", name=op.f("ck_appointment_medium")),
        sa.CheckConstraint(
            "status IN ('unknown', 'seen', 'excused', 'revoked', 'noshow')", name=op.f("ck_appointment_status")
        ),
        sa.ForeignKeyConstraint(["intake_id"], ["intake.id"], name=op.f("fk_appointment_intake_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_appointment_person_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_appointment_session_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sa.UniqueConstraint("source", "source_id", name=op.f("uq_appointment_source_source_id")),
    )
    op.create_index("ix_appointment_meeting", "appointment", ["source", "meeting"], unique=False)
    op.create_index("ix_appointment_person", "appointment", ["person_id", "starts_at"], unique=False)
    op.create_index(
        "ix_appointment_session",
        "appointment",
        ["session_id"],
        unique=False,
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )
    op.create_table(
        "waiting",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "state",
            sa.Text(),
            server_default="waiting",
            nullable=False,
            comment="waiting, offered, taken, expired, left",
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_waiting_person_id")),
        sa.ForeignKeyConstraint(["session_id"], ["session.id"], name=op.f("fk_waiting_session_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting")),
        sa.UniqueConstraint("session_id", "person_id", name=op.f("uq_waiting_session_id_person_id")),
    )
    op.create_index(
        "ix_waiting_open",
        "waiting",
        ["session_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('waiting', 'offered')"),
    )
    op.create_table(
        "appointment_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("what", sa.Text(), nullable=False, comment="new, moved, confirmed, cancelled, late, status, removed"),
        sa.Column("how", sa.Text(), nullable=False, comment="a channel or a source"),
        sa.Column("cause", sa.Uuid(), nullable=True, comment="the inbound message that brought it about"),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False, comment="what it was said of"),
        sa.Column("detail", sa.Text(), server_default="", nullable=False, comment="no personal data"),
        sa.ForeignKeyConstraint(
            ["appointment_id"], ["appointment.id"], name=op.f("fk_appointment_event_appointment_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_event")),
        sa.UniqueConstraint(
            "appointment_id", "what", "cause", name=op.f("uq_appointment_event_appointment_id_what_cause")
        ),
    )
    op.create_index("ix_appointment_event_of", "appointment_event", ["appointment_id", "at"], unique=False)


def downgrade() -> None:
    op.drop_table("appointment_event")
    op.drop_table("waiting")
    op.drop_table("appointment")
    op.drop_table("session")
    op.drop_table("person")
    op.drop_table("intake")
