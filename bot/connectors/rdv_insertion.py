"""RDV-Insertion: its webhook, joined to RDV Service Public by the numbers that it keeps of it.

Pure. The NIR and all else that it sends of a person go no further than here. It does not know the number to write
back to, nor whether RDV Service Public reminds; by default it does, and so does RDV-Insertion.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.connectors.reading import identity, moment, section, text
from bot.connectors.told import Seat, Told, is_collective, tell, told_at

CONNECTOR = "rdv_insertion"
SIGNED_BY = "X-RDVI-SIGNATURE"

log = logging.getLogger(__name__)


def read(body: Mapping[str, Any], received_at: datetime) -> Told | None:
    """What a webhook tells; None when it is of an invitation, or of a meeting that cannot be joined."""
    meta, data = section(body, "meta"), section(body, "data")
    if text(meta, "model") != "Rdv":
        return None
    meeting = identity(data, "rdv_solidarites_rdv_id")
    if not meeting:
        log.warning("rdv_insertion %s has no number of RDV Service Public: refused", identity(data, "id") or "?")
        return None
    listed = data.get("participations")
    seats = [_seat(data, given) for given in listed] if isinstance(listed, list) else None
    at, event = told_at(meta, received_at), text(meta, "event")
    told = tell(CONNECTOR, meeting, data, seats, at=at, event=event, meta=meta)
    return replace(told, organisation=identity(section(data, "organisation"), "rdv_solidarites_organisation_id"))


def _seat(data: Mapping[str, Any], given: Any) -> Seat:
    given = given if isinstance(given, Mapping) else {}
    user = section(given, "user")
    return Seat(
        user=identity(user, "rdv_solidarites_user_id"),
        number=identity(given, "id"),
        first_name=text(user, "first_name", 60),
        phone=text(user, "phone_number", 30),
        status=given.get("status", None if is_collective(data) else data.get("status")),
        starts_at=moment(given, "starts_at"),
        reminded_upstream=True,
        given=given,
    )
