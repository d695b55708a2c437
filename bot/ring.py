"""The ring of keys that encrypts personal data, and the key that finds it again.

Pure, and readable by the engine's Python 3.10. Encrypted values are
`0x01 | 4 bytes of key id | 12 bytes of nonce | AES-256-GCM ciphertext and tag`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from typing import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_KEY_BYTES = 32


class UnreadableSecret(Exception):
    """No key of the ring opens this value. Put the old key back in RELAIS_SECRET_KEYS, after the new one."""


class BadKey(ValueError):
    """A key is not 32 bytes in base64url. Make one with `python -m bot settings --new-key`."""


def new_key() -> str:
    """A fresh random key, 32 bytes in base64url without padding."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).rstrip(b"=").decode()


def read_key(text: str) -> bytes:
    """The 32 bytes of a base64url key; raises BadKey."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise BadKey(BadKey.__doc__) from None
    if len(raw) != _KEY_BYTES:
        raise BadKey(BadKey.__doc__)
    return raw


class Ring:
    """Encrypts with its first key, decrypts with any of them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys:
            raise BadKey(BadKey.__doc__)
        self._ciphers = {hashlib.sha256(key).digest()[:4]: AESGCM(key) for key in keys}
        self._first = hashlib.sha256(keys[0]).digest()[:4]

    @classmethod
    def from_text(cls, comma_list: str) -> Ring:
        """A ring from a comma list of base64url keys."""
        return cls([read_key(part.strip()) for part in comma_list.split(",") if part.strip()])

    def encrypt(self, clear: bytes, context: bytes) -> bytes:
        """Encrypt; the same `context` must be given to decrypt."""
        nonce = os.urandom(12)
        return _VERSION + self._first + nonce + self._ciphers[self._first].encrypt(nonce, clear, context)

    def decrypt(self, secret: bytes, context: bytes) -> bytes:
        """Decrypt; raises UnreadableSecret."""
        cipher = self._ciphers.get(secret[1:5])
        if cipher is None or secret[:1] != _VERSION:
            raise UnreadableSecret(UnreadableSecret.__doc__)
        try:
            return cipher.decrypt(secret[5:17], secret[17:], context)
        except InvalidTag:
            raise UnreadableSecret(UnreadableSecret.__doc__) from None


class Index:
    """Turns a phone number or an address into a fingerprint that can be looked up but not read."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, *parts: str) -> bytes:
        """32 bytes; the parts are separated, so that ("a", "bc") differs from ("ab", "c")."""
        return hmac.new(self._key, "\x1f".join(parts).encode(), hashlib.sha256).digest()
