"""Rasa's memory of conversations, encrypted, and written in the transaction of the turn.

Unlike Rasa's own store it raises when the database is away: Rasa wraps its stores in one that
answers from an empty memory instead, and forgets the turn.
"""

from __future__ import annotations

import base64
import json
from itertools import islice
from typing import Any, Dict, Iterable, List, Optional

from rasa.core.tracker_store import SerializedTrackerAsText, TrackerStore
from rasa.shared.core.events import Event
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy import text

from bot.ring import Ring
from nlu.database import connection, engine_for

_SESSION = """
    id >= coalesce((SELECT max(id) FROM rasa.events
                    WHERE sender_id = :sender AND type_name = 'session_started'), 0)"""
_READ = f"SELECT data FROM rasa.events WHERE sender_id = :sender AND {_SESSION} ORDER BY id"
_READ_ALL = "SELECT data FROM rasa.events WHERE sender_id = :sender ORDER BY id"
_COUNT = f"SELECT count(*) FROM rasa.events WHERE sender_id = :sender AND {_SESSION}"
_WRITE = """
    INSERT INTO rasa.events (sender_id, type_name, timestamp, data)
    SELECT :sender, type_name, instant, data
    FROM unnest(CAST(:types AS text[]), CAST(:times AS float8[]), CAST(:data AS text[]))
         WITH ORDINALITY AS given (type_name, instant, data, position)
    ORDER BY position"""


class EncryptedTrackerStore(TrackerStore, SerializedTrackerAsText):
    """Keeps trackers in `rasa.events`; `host` is the database's URL, `secret_keys` the ring's."""

    def __init__(
        self, domain: Any = None, host: str = "", event_broker: Any = None, secret_keys: str = "", **kwargs: Any
    ) -> None:
        self._engine = engine_for(host)
        self._ring = Ring.from_text(secret_keys)
        super().__init__(domain, event_broker, **kwargs)

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        """The tracker from the start of the current session, None when there is none."""
        return self._tracker(sender_id, _READ)

    async def retrieve_full_tracker(self, conversation_id: str) -> Optional[DialogueStateTracker]:
        return self._tracker(conversation_id, _READ_ALL)

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Add the events that are not stored yet."""
        with connection(self._engine) as current:
            stored = current.execute(text(_COUNT), {"sender": tracker.sender_id}).scalar_one()
            new = list(islice(tracker.events, stored, None))
            if new:
                current.execute(text(_WRITE), self._rows(tracker.sender_id, new))

    async def keys(self) -> Iterable[str]:
        with connection(self._engine) as current:
            return list(current.execute(text("SELECT DISTINCT sender_id FROM rasa.events")).scalars())

    def _tracker(self, sender_id: str, query: str) -> Optional[DialogueStateTracker]:
        with connection(self._engine) as current:
            rows = current.execute(text(query), {"sender": sender_id}).scalars().all()
        if not rows or not self.domain:
            return None
        events: List[Dict[str, Any]] = [self._open(sender_id, row) for row in rows]
        return DialogueStateTracker.from_dict(sender_id, events, self.domain.slots)

    def _rows(self, sender_id: str, events: List[Event]) -> Dict[str, Any]:
        return {
            "sender": sender_id,
            "types": [event.type_name for event in events],
            "times": [event.timestamp for event in events],
            "data": [self._seal(sender_id, event) for event in events],
        }

    def _seal(self, sender_id: str, event: Event) -> str:
        secret = self._ring.encrypt(json.dumps(event.as_dict()).encode(), sender_id.encode())
        return base64.b64encode(secret).decode()

    def _open(self, sender_id: str, row: str) -> Dict[str, Any]:
        opened: Dict[str, Any] = json.loads(self._ring.decrypt(base64.b64decode(row), sender_id.encode()))
        return opened
