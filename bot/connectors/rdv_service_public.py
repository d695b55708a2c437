"""RDV Service Public (and RDV-Solidarités): its webhook and its API describe a meeting with the same JSON.

Pure. Notes, birth, mail, home, housing, case and affiliation numbers, context and agents go no further than here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.connectors.reading import flag, identity, section, text
from bot.connectors.told import SOURCE, Seat, Told, is_collective, tell, told_at

SIGNED_BY = "X-Lapin-Signature"


def read(body: Mapping[str, Any], received_at: datetime) -> Told | None:
    """What a webhook tells; None when it is of something else, or of a meeting without a number."""
    meta, data = section(body, "meta"), section(body, "data")
    if text(meta, "model") != "Rdv":
        return None
    return read_meeting(data, told_at(meta, received_at), event=text(meta, "event"), meta=meta)


def read_meeting(
    data: Mapping[str, Any], at: datetime, *, event: str = "updated", meta: Mapping[str, Any] | None = None
) -> Told | None:
    """One meeting, of a webhook or of the API, as it was at `at`; None when it has no number."""
    meeting = identity(data, "id")
    if not meeting:
        return None
    listed = data.get("participations")
    seats = [_seat(data, given) for given in listed] if isinstance(listed, list) else None
    return tell(SOURCE, meeting, data, seats, at=at, event=event, meta=meta or {})


def _seat(data: Mapping[str, Any], given: Any) -> Seat:
    given = given if isinstance(given, Mapping) else {}
    user = section(given, "user")
    reached = user if _phone(user) else section(user, "responsible")
    notified = reached.get("notify_by_sms")
    return Seat(
        user=identity(user, "id"),
        number=identity(given, "id"),
        first_name=text(user, "first_name", 60),
        phone=_phone(reached),
        no_sms=not notified if isinstance(notified, bool) else None,
        status=given.get("status", None if is_collective(data) else data.get("status")),
        reminded_upstream=flag(given, "send_reminder_notification", True),
        notified_upstream=flag(given, "send_lifecycle_notifications", False),
        given=given,
    )


def _phone(user: Mapping[str, Any]) -> str:
    return text(user, "phone_number_formatted", 30) or text(user, "phone_number", 30)
