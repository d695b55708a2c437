"""Sessions of our own making for a first run: on working days ahead, fictional, and named so."""

from __future__ import annotations

import csv
from datetime import date, datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointments.facts import SessionFacts
from bot.appointments.programme import Programme
from bot.real_data import EXAMPLE
from bot.reminders import quiet
from bot.settings import ROOT

SESSIONS = ROOT / "knowledge" / "demo" / "reunions.csv"
_SATURDAY = 5


async def load_sessions(connection: AsyncConnection, programme: Programme) -> int:
    """Keep the fictional sessions; how many."""
    facts = _facts(clock.today())
    for one in facts:
        await programme.keep(connection, one)
    return len(facts)


def _facts(today: date) -> list[SessionFacts]:
    lines = [line for line in SESSIONS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [
        SessionFacts(
            source=EXAMPLE,
            source_id=row["id"],
            starts_at=datetime.combine(_ahead(today, int(row["jours"])), time.fromisoformat(row["heure"]), clock.PARIS),
            seats=int(row["places"]),
            place=row["lieu"],
            commune=row["insee"],
            duration_min=int(row["duree"]),
            languages=tuple(row["langues"].split(",")),
            accessibility=row["acces"],
            bring=row["apporter"],
        )
        for row in csv.DictReader(lines, delimiter=";")
    ]


def _ahead(day: date, working_days: int) -> date:
    """So many working days later: no Saturday, no Sunday, no holiday."""
    while working_days:
        day += timedelta(days=1)
        working_days -= day.weekday() != _SATURDAY and not quiet.is_day_off(day)
    return day
