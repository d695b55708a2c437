"""The statements by which due reminders are claimed: each is for a whole batch."""

from __future__ import annotations

from sqlalchemy import text

# The limit counts what could be locked: an appointment under change takes nobody's place. LATERAL goes through the
# reminders in their order, one by one, and stops at the limit: a plain join would lock or fetch all that is due. Only
# their ids are sorted: with 50,000 due and one more column, the sort leaves its memory and takes a quarter longer.
DUE = text(
    """
    WITH picked AS MATERIALIZED (
      SELECT due.*, here.*
      FROM (
        SELECT id FROM reminder
        WHERE state = 'planned' AND channel = :kind AND due_at <= :now AND NOT EXISTS (
          SELECT FROM intake WHERE intake.id = reminder.intake_id AND held_at IS NOT NULL AND approved_at IS NULL)
        ORDER BY valid_until, due_at
        FOR UPDATE SKIP LOCKED
      ) AS due
      CROSS JOIN LATERAL (
        SELECT id AS appointment_id, person_id, starts_at, zone, medium, place, status, removed_at, created_at
        FROM appointment
        WHERE appointment.id = (SELECT mine.appointment_id FROM reminder AS mine WHERE mine.id = due.id)
        FOR SHARE SKIP LOCKED
      ) AS here
      LIMIT :count
    )
    SELECT picked.*, reminder.starts_at AS planned_for, reminder.valid_until, reminder.due_at,
           person.first_name_secret, person.phone_secret, person.phone_fault, person.language,
           EXISTS (SELECT FROM write_back WHERE write_back.appointment_id = picked.appointment_id
                   AND write_back.state = 'waiting') AS asked_off
    FROM picked
    JOIN reminder ON reminder.id = picked.id
    JOIN person ON person.id = picked.person_id
    ORDER BY reminder.due_at, picked.created_at
    """
)
HELD = text(
    """
    UPDATE reminder SET state = 'skipped', reason = :reason, settled_at = :now
    WHERE id = ANY (ARRAY(
      SELECT reminder.id FROM intake JOIN reminder ON reminder.intake_id = intake.id
      WHERE held_at IS NOT NULL AND approved_at IS NULL
        AND reminder.state = 'planned' AND reminder.due_at <= :now AND reminder.valid_until <= :now
      LIMIT :count
      FOR UPDATE OF reminder SKIP LOCKED
    ))
    """
)
CONVERSATIONS = text(
    """
    INSERT INTO conversation (id, channel, address_index, address_secret, language, created_at)
    SELECT id, :channel, address_index, address_secret, language, :now
    FROM unnest(CAST(:id AS uuid[]), CAST(:address_index AS bytea[]), CAST(:address_secret AS bytea[]),
                CAST(:language AS text[])) AS given (id, address_index, address_secret, language)
    ON CONFLICT (channel, address_index) DO UPDATE SET last_seq = conversation.last_seq
    RETURNING id, address_index, last_seq, version, sender, language, language_seq, opted_out_at, unreachable_at
    """
)
BEFORE = text(
    """
    SELECT conversation_id,
           count(*) FILTER (WHERE direction = 'out' AND state IN ('queued', 'sending')) AS waiting,
           coalesce(sum(CASE
             WHEN state = 'queued' THEN CASE WHEN sent_at >= :midnight THEN cardinality(lost_ids) ELSE 0 END
               + CASE WHEN due_at >= :tomorrow THEN 0 ELSE 1 END
             WHEN coalesce(sent_at, created_at) >= :midnight THEN 1 + cardinality(lost_ids)
             ELSE 0 END) FILTER (WHERE bulk AND state <> 'skipped'), 0) AS today
    FROM message
    WHERE conversation_id = ANY(:ids) AND (bulk OR (direction = 'out' AND state IN ('queued', 'sending')))
    GROUP BY conversation_id
    """
)
COUNT = text(
    """
    UPDATE conversation SET last_seq = last_seq + counted.more
    FROM unnest(CAST(:id AS uuid[]), CAST(:more AS integer[])) AS counted (id, more)
    WHERE conversation.id = counted.id
    """
)
MESSAGES = text(
    """
    INSERT INTO message (id, conversation_id, seq, direction, author, channel, body_secret, has_choices, state, part,
                         version, attempts, bulk, valid_until, trace, created_at, sent_at)
    SELECT id, conversation_id, seq, 'out', 'system', :channel, body_secret, true, state, part,
           version, CASE state WHEN 'sending' THEN 1 ELSE 0 END, true, valid_until, :worker, :now,
           CASE state WHEN 'sending' THEN CAST(:now AS timestamptz) END
    FROM unnest(CAST(:id AS uuid[]), CAST(:conversation_id AS uuid[]), CAST(:seq AS bigint[]),
                CAST(:body_secret AS bytea[]), CAST(:state AS text[]), CAST(:part AS text[]),
                CAST(:version AS integer[]), CAST(:valid_until AS timestamptz[]))
      AS given (id, conversation_id, seq, body_secret, state, part, version, valid_until)
    """
)
SETTLED = text(
    """
    UPDATE reminder SET state = given.state, reason = given.reason, message_id = given.message_id, settled_at = :now
    FROM unnest(CAST(:id AS uuid[]), CAST(:state AS text[]), CAST(:reason AS text[]), CAST(:message_id AS uuid[]))
      AS given (id, state, reason, message_id)
    WHERE reminder.id = given.id
    """
)
