"""What a choice carries to the engine: `/intent{"name": value}`."""

from __future__ import annotations

import json
from typing import Any


def read(payload: str) -> tuple[str, dict[str, Any]]:
    """The intent, with its slash, and what it names: {} for nothing, or nothing that can be read."""
    intent, brace, rest = payload.partition("{")
    try:
        given = json.loads(brace + rest) if brace else {}
    except ValueError:
        given = {}
    return intent, given if isinstance(given, dict) else {}
