"""The tables of the pipeline. Columns named `*_secret` are encrypted; `*_index` are fingerprints.

Whoever writes to several rows of a conversation locks the conversation first, then its messages, then its tasks.
Whoever writes to several conversations in one transaction locks them all before, in the order of `IN_ORDER`; whoever
writes to appointments too locks those before (`bot/appointment_models.py`).
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from knowledge.tables import NAMES

metadata = MetaData(naming_convention=NAMES)

OWNERS = ("bot", "queue", "human")
AUTHORS = ("person", "assistant", "system", "counsellor")
INBOUND_STATES = ("waiting", "answered", "task", "erased")
OUTBOUND_STATES = (
    "queued", "sending", "sent", "unknown", "delivered", "undelivered", "failed", "skipped", "erased",
)  # fmt: skip


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The check that a column holds one of these."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def moment(name: str, **options: object) -> Column[object]:
    """A column that holds an instant."""
    return Column(name, DateTime(timezone=True), **options)  # type: ignore[arg-type]


conversation = Table(
    "conversation",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("address_index", LargeBinary, nullable=False),
    Column("address_secret", LargeBinary, nullable=False),
    Column("sender", Text, nullable=False, server_default="", comment="which account of ours they wrote to"),
    Column("owner", Text, nullable=False, server_default="bot"),
    Column("version", Integer, nullable=False, server_default="0", comment="the fence: +1 when the owner changes"),
    Column("last_seq", BigInteger, nullable=False, server_default="0"),
    Column("last_inbound_seq", BigInteger, nullable=False, server_default="0"),
    Column("lease", Uuid),
    moment("lease_until"),
    Column("language", Text, nullable=False, server_default="fr"),
    Column("language_asked", Boolean, nullable=False, server_default="false", comment="the person chose it"),
    Column("language_seq", BigInteger, nullable=False, server_default="0", comment="the message that decided it"),
    moment("opted_out_at"),
    moment("created_at", nullable=False),
    moment("last_inbound_at"),
    moment("erased_at", comment="the person wanted it gone"),
    moment("unreachable_at", comment="the provider says that nothing reaches this address"),
    UniqueConstraint("channel", "address_index"),
    CheckConstraint(one_of("owner", OWNERS), name="owner"),
)
IN_ORDER = (conversation.c.channel, conversation.c.address_index)
"""In which order several conversations are locked; the reminders lock theirs so too (`bot/reminders/due.py`)."""

message = Table(
    "message",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("conversation_id", Uuid, ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("direction", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("provider_id", Text),
    Column("body_secret", LargeBinary, comment="JSON: an Inbound's text and choice, or a Reply"),
    Column("has_choices", Boolean, nullable=False, server_default="false"),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default="", comment="why it was skipped, failed, or is a task"),
    Column("cause", Uuid, comment="the inbound message that brought this one about"),
    Column("part", Text, comment="which of the answers to `cause`"),
    Column("version", Integer, comment="the conversation's version when it was queued"),
    Column("attempts", Integer, nullable=False, server_default="0"),
    moment("due_at", comment="not to be tried before"),
    Column("bulk", Boolean, nullable=False, server_default="false", comment="nobody has asked for it: a reminder"),
    moment("valid_until", comment="not to be sent after"),
    Column(
        "lost_ids",
        ARRAY(Text),
        nullable=False,
        server_default="{}",
        comment="the provider's ids of the tries that did not arrive",
    ),
    Column("segments", Integer, nullable=False, server_default="0"),
    Column("trace", Text, nullable=False, server_default="", comment="which worker sends it"),
    moment("created_at", nullable=False),
    moment("sent_at"),
    moment("settled_at"),
    UniqueConstraint("conversation_id", "seq"),
    UniqueConstraint("cause", "part"),
    CheckConstraint("direction IN ('in', 'out')", name="direction"),
    CheckConstraint(one_of("author", AUTHORS), name="author"),
    CheckConstraint(one_of("state", tuple(dict.fromkeys(INBOUND_STATES + OUTBOUND_STATES))), name="state"),
    Index("uq_message_inbound", "channel", "provider_id", unique=True, postgresql_where=text("direction = 'in'")),
    Index("ix_message_sent", "channel", "provider_id", postgresql_where=text("direction = 'out'")),
    Index("ix_message_waiting", "conversation_id", "seq", postgresql_where=text("state = 'waiting'")),
    Index("ix_message_sending", "conversation_id", "seq", postgresql_where=text("state IN ('queued', 'sending')")),
    Index("ix_message_unknown", "created_at", postgresql_where=text("state = 'unknown'")),
    Index(
        "ix_message_replied",
        "channel",
        "sent_at",
        postgresql_where=text("direction = 'out' AND (NOT bulk OR attempts > 1)"),
    ),
    Index("ix_message_bulk", "conversation_id", "created_at", postgresql_where=text("bulk")),
)

listing = Table(
    "listing",
    metadata,
    Column("channel", Text, primary_key=True),
    moment("listed_until", nullable=False, comment="the provider's inbound list was read to its end up to then"),
)

task = Table(
    "task",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("cause", Text, nullable=False, comment="what brought it about; a repeat opens nothing"),
    Column("conversation_id", Uuid, ForeignKey("conversation.id", ondelete="SET NULL")),
    Column("message_id", Uuid, ForeignKey("message.id", ondelete="SET NULL")),
    Column("details_secret", LargeBinary, nullable=False),
    Column("urgent", Boolean, nullable=False, server_default="false"),
    moment("due_at"),
    moment("created_at", nullable=False),
    moment("alert_due_at", comment="empty: no alert is to be sent"),
    Column("alert_attempts", Integer, nullable=False, server_default="0"),
    moment("alerted_at"),
    moment("answered_at", comment="a counsellor wrote from it"),
    moment("closed_at"),
    Column("outcome_secret", LargeBinary),
    UniqueConstraint("reason", "cause"),
    Index("ix_task_open", "urgent", "created_at", postgresql_where=text("closed_at IS NULL")),
    Index("ix_task_alert", "alert_due_at", postgresql_where=text("alert_due_at IS NOT NULL")),
)
