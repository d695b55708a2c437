"""Production answers with real services and branches only: what is an example in the base stops the start."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.exc import ProgrammingError

from bot.appointment_models import appointment, session
from bot.database import Database
from bot.errors import DatabaseUnavailable, DemoData
from bot.settings import Settings
from knowledge.tables import branch, service

EXAMPLE = "exemple"
"""The source of the fictional appointments and sessions."""


async def require_real_data(settings: Settings, url: str) -> None:
    """Raise DemoData, with the cure, when production would show examples; a base that is away is not judged."""
    if settings.env != "production":
        return
    fictional = [
        select(func.count()).select_from(table).where(table.c.fictional).scalar_subquery()
        for table in (service, branch)
    ]
    fictional.append(select(func.count()).where(appointment.c.source == EXAMPLE).scalar_subquery())
    fictional.append(select(func.count()).where(session.c.source == EXAMPLE).scalar_subquery())
    database = Database(url, pool_size=1, name="relais start")
    try:
        async with database.begin() as connection:
            services, branches, appointments, sessions = (await connection.execute(select(*fictional))).one()
    except (DatabaseUnavailable, ProgrammingError):  # away, or not migrated yet
        return
    finally:
        await database.close()
    if services or branches or appointments or sessions:
        raise DemoData(
            f"La base contient des exemples fictifs : {services} services, {branches} antennes, "
            f"{appointments} rendez-vous, {sessions} séances. La production les refuse. "
            "Remède : `RELAIS_ENV=development python -m bot up --no-demo`, puis "
            "`python -m bot import services …` et `python -m bot import branches …` avec les vraies données, "
            "puis redémarrer en production. Si ce sont les rendez-vous : une base neuve."
        )
