"""Seals personal data before it is stored, and opens it again."""

from __future__ import annotations

from typing import Any

import orjson

from bot.keys import Keys

ADDRESS = b"conversation.address"
BODY = b"message.body"
DETAILS = b"task.details"
OUTCOME = b"task.outcome"
FIRST_NAME = b"person.first_name"
PHONE = b"person.phone"
TOKEN = b"connector.token"


class Vault:
    """The ring and the index key, with the contexts that tie each value to its column."""

    def __init__(self, keys: Keys) -> None:
        self._ring = keys.ring
        self._index = keys.index

    def seal(self, context: bytes, value: Any) -> bytes:
        """Encrypt anything that JSON can say."""
        return self._ring.encrypt(orjson.dumps(value), context)

    def open(self, context: bytes, secret: bytes | None) -> Any:
        """What was sealed, or None when it was erased; raises UnreadableSecret."""
        return None if secret is None else orjson.loads(self._ring.decrypt(bytes(secret), context))

    def address_index(self, channel: str, address: str) -> bytes:
        """The fingerprint by which an address is found again."""
        return self._index.of("address", channel, address)

    def phone_index(self, phone: str) -> bytes:
        """The fingerprint by which the people of a number are found; `phone` in E.164."""
        return self._index.of("phone", phone)

    def person_index(self, *parts: str) -> bytes:
        """The fingerprint of what tells one person from another."""
        return self._index.of("person", *parts)
