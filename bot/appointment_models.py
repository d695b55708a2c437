"""The tables of appointments: whose, when, and what was said of them. `*_secret` and `*_index` as in `bot/models.py`.

Whoever writes to several of these locks the session first, then the meeting, then the appointment, then its reminders;
a conversation is locked after them, and several in the order of `bot.models.IN_ORDER`. To note an event of an
appointment locks it as well.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from bot.models import metadata, moment, one_of

STATUSES = ("unknown", "seen", "excused", "revoked", "noshow")
"""RDV Service Public's words: to come or to be told, came, cancelled by the person, by the service, absent."""
MEDIUMS = ("place", "phone", "video", "home")
REMINDER_STATES = ("planned", "handed", "skipped")
"""Once `handed`, what became of it is its message's state."""

person = Table(
    "person",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("key_index", LargeBinary, nullable=False, comment="phone and first name, or the source's own number"),
    Column("first_name_secret", LargeBinary),
    Column("phone_index", LargeBinary),
    Column("phone_secret", LargeBinary),
    Column("phone_fault", Text, nullable=False, server_default="", comment="why no SMS can reach the number given"),
    Column("language", Text, nullable=False, server_default="fr"),
    moment("created_at", nullable=False),
    UniqueConstraint("key_index"),
    Index("ix_person_phone", "phone_index", postgresql_where=text("phone_index IS NOT NULL")),
)

intake = Table(
    "intake",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("what", Text, nullable=False, comment="import, backfill, reconciliation"),
    moment("created_at", nullable=False),
    moment("held_at", comment="its reminders wait for a human's yes"),
    moment("approved_at"),
    Column("approved_by", Text, nullable=False, server_default=""),
)

session = Table(
    "session",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    moment("starts_at", nullable=False),
    Column("zone", Text, nullable=False, server_default="Europe/Paris"),
    Column("duration_min", Integer, nullable=False, server_default="120"),
    Column("place", Text, nullable=False, server_default=""),
    Column("commune", Text, nullable=False, server_default="", comment="INSEE code"),
    Column("structure", Text, nullable=False, server_default=""),
    Column("seats", Integer, nullable=False),
    Column("languages", ARRAY(Text), nullable=False, server_default="{fr}"),
    Column("accessibility", Text, nullable=False, server_default=""),
    Column("bring", Text, nullable=False, server_default=""),
    moment("cancelled_at"),
    moment("created_at", nullable=False),
    UniqueConstraint("source", "source_id"),
    CheckConstraint("seats >= 0", name="seats"),
    Index("ix_session_open", "starts_at", postgresql_where=text("cancelled_at IS NULL")),
)

appointment = Table(
    "appointment",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False, comment="one person at one meeting"),
    Column("meeting", Text, nullable=False, server_default="", comment="the meeting's number, shared by those invited"),
    Column("participation", Text, nullable=False, server_default="", comment="the number to write back to, if any"),
    Column("person_id", Uuid, ForeignKey("person.id"), nullable=False),
    Column("session_id", Uuid, ForeignKey("session.id")),
    Column("intake_id", Uuid, ForeignKey("intake.id")),
    moment("starts_at", nullable=False),
    Column("zone", Text, nullable=False, server_default="Europe/Paris"),
    Column("duration_min", Integer, nullable=False, server_default="60"),
    Column("medium", Text, nullable=False, server_default="place"),
    Column("place", Text, nullable=False, server_default="", comment="never somebody's home"),
    Column("phone", Text, nullable=False, server_default="", comment="the structure's own number"),
    Column("kind", Text, nullable=False, server_default="other"),
    Column("structure", Text, nullable=False, server_default=""),
    Column("bring", Text, nullable=False, server_default=""),
    Column("status", Text, nullable=False, server_default="unknown"),
    moment("confirmed_at"),
    moment("answered_at", comment="when the person last said whether they come"),
    Column("answered_how", Text, nullable=False, server_default="", comment="the channel they said it on"),
    Column("reminded_upstream", Boolean, nullable=False, server_default="false"),
    Column("notified_upstream", Boolean, nullable=False, server_default="false"),
    moment("told_at", nullable=False, comment="the source's own date of what we know"),
    moment("created_at", nullable=False),
    moment("updated_at", nullable=False),
    moment("removed_at", comment="the source has it no more"),
    UniqueConstraint("source", "source_id"),
    CheckConstraint(one_of("status", STATUSES), name="status"),
    CheckConstraint(one_of("medium", MEDIUMS), name="medium"),
    Index("ix_appointment_person", "person_id", "starts_at"),
    Index("ix_appointment_meeting", "source", "meeting"),
    Index("ix_appointment_session", "session_id", postgresql_where=text("session_id IS NOT NULL")),
)

EVENTS = (
    "new", "moved", "confirmed", "cancelled", "cancel_asked", "move_asked", "late", "status", "removed",
)  # fmt: skip
"""`cancel_asked`, `move_asked`: the person wants it, and the source or the team is to do it."""

appointment_event = Table(
    "appointment_event",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("appointment_id", Uuid, ForeignKey("appointment.id", ondelete="CASCADE"), nullable=False),
    moment("at", nullable=False),
    Column("what", Text, nullable=False, comment="new, moved, confirmed, cancelled, late, status, removed"),
    Column("how", Text, nullable=False, comment="a channel or a source"),
    Column("cause", Uuid, comment="the inbound message that brought it about"),
    moment("starts_at", nullable=False, comment="what it was said of"),
    Column("detail", Text, nullable=False, server_default="", comment="no personal data"),
    UniqueConstraint("appointment_id", "what", "cause"),
    Index("ix_appointment_event_of", "appointment_id", "at"),
)

waiting = Table(
    "waiting",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("session_id", Uuid, ForeignKey("session.id", ondelete="CASCADE"), nullable=False),
    Column("person_id", Uuid, ForeignKey("person.id"), nullable=False),
    Column("state", Text, nullable=False, server_default="waiting", comment="waiting, offered, taken, expired, left"),
    moment("created_at", nullable=False),
    moment("offered_at"),
    moment("expires_at"),
    moment("starts_at", nullable=False, comment="the session's date as they were told it"),
    UniqueConstraint("session_id", "person_id"),
    Index("ix_waiting_open", "session_id", "created_at", postgresql_where=text("state IN ('waiting', 'offered')")),
)

reminder = Table(
    "reminder",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("appointment_id", Uuid, ForeignKey("appointment.id", ondelete="CASCADE"), nullable=False),
    moment("starts_at", nullable=False, comment="the appointment as it stood when this was planned"),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False, comment="a kind of channel"),
    moment("due_at", nullable=False),
    moment("valid_until", nullable=False, comment="later than this it says nothing useful"),
    Column("state", Text, nullable=False, server_default="planned"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("intake_id", Uuid, ForeignKey("intake.id")),
    Column("message_id", Uuid, ForeignKey("message.id", ondelete="SET NULL")),
    moment("settled_at"),
    UniqueConstraint("appointment_id", "starts_at", "kind", "channel"),
    CheckConstraint(one_of("state", REMINDER_STATES), name="state"),
    Index("ix_reminder_due", "due_at", postgresql_where=text("state = 'planned'")),
    Index("ix_reminder_message", "message_id", postgresql_where=text("message_id IS NOT NULL")),
)

meeting = Table(
    "meeting",
    metadata,
    Column("source", Text, primary_key=True, comment="the system that told of it"),
    Column("meeting", Text, primary_key=True),
    Column("organisation", Text, nullable=False, server_default=""),
    moment("told_at", nullable=False, comment="the date of its newest word"),
    moment("heard_at", comment="when a webhook told of it as new"),
    moment("gone_at", comment="the source has it no more"),
    Index("ix_meeting_heard", "source", "heard_at"),
)

write_back = Table(
    "write_back",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("appointment_id", Uuid, ForeignKey("appointment.id", ondelete="CASCADE"), nullable=False),
    Column("status", Text, nullable=False, comment="what the source is told"),
    Column("conversation_id", Uuid, ForeignKey("conversation.id", ondelete="SET NULL")),
    Column("cause", Uuid, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting", comment="waiting, done, failed"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("attempts", Integer, nullable=False, server_default="0"),
    moment("due_at", nullable=False),
    moment("created_at", nullable=False),
    moment("settled_at"),
    UniqueConstraint("appointment_id", "cause"),
    Index("ix_write_back_due", "due_at", postgresql_where=text("state = 'waiting'")),
)

sending = Table(
    "sending",
    metadata,
    Column("what", Text, primary_key=True, comment="reminders, or everything"),
    moment("stopped_at", nullable=False),
    Column("stopped_by", Text, nullable=False, server_default=""),
)

bucket = Table(
    "bucket",
    metadata,
    Column("sender", Text, primary_key=True),
    Column("tokens", Float, nullable=False),
    moment("filled_at", nullable=False),
    moment("paused_until", comment="the provider refuses everything: nothing is sent in bulk until then"),
    Column(
        "refusals",
        Integer,
        nullable=False,
        server_default="0",
        comment="how often in a row the provider refused everything",
    ),
)

connector = Table(
    "connector",
    metadata,
    Column("source", Text, primary_key=True),
    moment("heard_at", comment="its last webhook"),
    moment("reconciled_at"),
    Column("token_secret", LargeBinary, comment="what OAuth gave last"),
    moment("renewing_until", comment="one process asks for a new token"),
)
