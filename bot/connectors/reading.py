"""Reads single values out of what a source sent, whatever it sent: a wrong type is an absent value, never a crash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot import clock

_APART = re.compile(r"\s+(?:UTC|Z|(?P<sign>[+-]\d{2}):?(?P<minutes>\d{2}))$")
_LONGEST_ID = 18


def section(data: Any, name: str) -> Mapping[str, Any]:
    """An object inside another one; empty where there is none (`lieu` is null for an appointment by phone)."""
    value = data.get(name) if isinstance(data, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def text(data: Mapping[str, Any], name: str, longest: int = 200) -> str:
    """A text on one line, without what a database cannot store; "" where there is none."""
    value = data.get(name)
    return " ".join(value.replace("\0", " ").split())[:longest] if isinstance(value, str) else ""


def identity(data: Mapping[str, Any], name: str) -> str:
    """A number by which a source knows something; "" where there is none."""
    value = data.get(name)
    if isinstance(value, bool):
        return ""
    written = str(value) if isinstance(value, int) else value if isinstance(value, str) else ""
    return written if written.isascii() and written.isdigit() and len(written) <= _LONGEST_ID else ""


def moment(data: Mapping[str, Any], name: str) -> datetime | None:
    """An instant; one without a zone is by the clock of Lyon. None when it is no date at all."""
    value = data.get(name)
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(_APART.sub(_joined, value.strip()))
        aware = read if read.tzinfo else read.replace(tzinfo=clock.PARIS)
        return aware.astimezone(clock.UTC)
    except (ValueError, OverflowError):
        return None


def flag(data: Mapping[str, Any], name: str, default: bool) -> bool:
    """A yes or a no."""
    value = data.get(name)
    return value if isinstance(value, bool) else default


def _joined(found: re.Match[str]) -> str:
    """« 2026-12-01 14:00:00 +0100 », as Ruby writes it, in ISO 8601."""
    return f"{found['sign']}:{found['minutes']}" if found["sign"] else "+00:00"
