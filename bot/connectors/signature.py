"""Whether a webhook's body is really its source's: hexadecimal HMAC-SHA256 under a secret that both know."""

from __future__ import annotations

import hashlib
import hmac


def signed(secret: str, body: bytes, given: str) -> bool:
    """Compared in constant time. Without a secret nothing is ever signed."""
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return bool(secret) and hmac.compare_digest(wanted.encode(), given.strip().lower().encode("utf-8", "replace"))


def as_signed(secret: str, body: bytes, given: str) -> bytes | None:
    """The body as it was signed, or None.

    RDV-Insertion signs UTF-8, and what stands between it and us has been seen to deliver latin-1: such a body is
    judged once more as UTF-8, and never taken unsigned.
    """
    if signed(secret, body, given):
        return body
    again = body.decode("latin-1").encode("utf-8")
    return again if again != body and signed(secret, again, given) else None
