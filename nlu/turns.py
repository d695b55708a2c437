"""The record of turns: a message is answered once, and a repeat gets the recorded answer.

The claim, the tracker's events and the answer are one transaction, so that a crash at any moment
leaves all of them or none.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Optional
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.engine import Connection

from bot.ring import Ring
from nlu.errors import Busy, WrongConversation

_CLAIM = """
    INSERT INTO rasa.turns (message_id, conversation_id) VALUES (:message, :conversation)
    ON CONFLICT (message_id) DO NOTHING"""
_READ = "SELECT conversation_id, answer FROM rasa.turns WHERE message_id = :message"
_RECORD = "UPDATE rasa.turns SET answer = :answer WHERE message_id = :message"


@dataclass(frozen=True)
class Turns:
    ring: Ring

    def lock(self, connection: Connection, conversation_id: UUID) -> None:
        """Hold the conversation until the transaction ends; raises Busy when another holds it."""
        query = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:conversation, 0))")
        if not connection.execute(query, {"conversation": f"turn:{conversation_id}"}).scalar_one():
            raise Busy(str(conversation_id))

    def claim(self, connection: Connection, message_id: UUID, conversation_id: UUID) -> Optional[Dict[str, Any]]:
        """Take the message for this turn, or return the answer that it already got."""
        ids = {"message": str(message_id), "conversation": str(conversation_id)}
        if connection.execute(text(_CLAIM), ids).rowcount:
            return None
        row = connection.execute(text(_READ), ids).one()
        if str(row.conversation_id) != str(conversation_id):
            raise WrongConversation(str(message_id))
        answer: Dict[str, Any] = json.loads(self.ring.decrypt(bytes(row.answer), message_id.bytes))
        return answer

    def record(self, connection: Connection, message_id: UUID, answer: Dict[str, Any]) -> None:
        secret = self.ring.encrypt(json.dumps(answer).encode(), message_id.bytes)
        connection.execute(text(_RECORD), {"message": str(message_id), "answer": secret})
