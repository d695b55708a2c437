"""Fictional appointments and sessions for a first run: whoever texts the demo from such a number has an appointment."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import uuid4

import yaml
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from bot import clock
from bot.appointment_models import appointment, session
from bot.appointments.facts import Facts
from bot.assembly import Relais
from bot.real_data import EXAMPLE as SOURCE
from bot.settings import ROOT

FILE = ROOT / "knowledge" / "demo" / "calendrier.yml"


async def load(relais: Relais) -> None:
    """Load them into a database that has no appointment and no session."""
    given = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    shared = {name: given[name] for name in ("place", "structure", "bring")}
    async with relais.database.begin() as connection:
        for table in (appointment, session):
            if await connection.scalar(select(func.count()).select_from(table)):
                return
        for one in given["sessions"]:
            values = {"source": SOURCE, "source_id": one["id"], "starts_at": _at(one), "commune": given["commune"]}
            values |= {**shared, "seats": one["seats"], "languages": one["languages"]}
            await connection.execute(insert(session).values(id=uuid4(), created_at=clock.now(), **values))
        for one in given["appointments"]:
            told = {name: one[name] for name in ("first_name", "phone", "kind")}
            facts = Facts(SOURCE, one["id"], _at(one), clock.now(), meeting=one["id"], **told, **shared)
            await relais.register.take(connection, facts, how=SOURCE)


def _at(one: dict[str, Any]) -> datetime:
    return datetime.combine(clock.today() + timedelta(days=one["days"]), time.fromisoformat(one["hour"]), clock.PARIS)
