"""An erased conversation takes nothing in any more, not even the end of a turn that was under way.

Revision ID: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "conversation",
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True, comment="the person wanted it gone"),
    )
    # The engine writes a turn's events and its answer in one transaction, the answer last. The lock makes it and an
    # erasure wait for each other: whichever commits second sees the other.
    op.execute(
        """
        CREATE FUNCTION rasa.refuse_what_was_erased() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE gone timestamptz;
        BEGIN
            SELECT erased_at INTO gone FROM public.conversation WHERE id = NEW.conversation_id FOR KEY SHARE;
            IF gone IS NOT NULL THEN
                RAISE EXCEPTION 'the conversation was erased';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER refuse_what_was_erased BEFORE UPDATE ON rasa.turns "
        "FOR EACH ROW EXECUTE FUNCTION rasa.refuse_what_was_erased()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER refuse_what_was_erased ON rasa.turns")
    op.execute("DROP FUNCTION rasa.refuse_what_was_erased")
    op.drop_column("conversation", "erased_at")
