"""A first run has fictional appointments; production refuses them."""

from __future__ import annotations

import pytest

from bot.appointment_models import appointment, person, reminder, session
from bot.assembly import Relais
from bot.commands import demo_calendar
from bot.errors import DemoData
from bot.real_data import require_real_data
from bot.settings import Settings
from tests.bot.appointments.conftest import Office


async def test_whoever_texts_the_demo_has_an_appointment(settings: Settings, office: Office) -> None:
    """Loaded once, on fictional numbers alone, reminded like any other; production does not start on them."""
    relais = Relais.build(settings, pool_size=1)
    for _ in range(2):
        await demo_calendar.load(relais)
    people = [await _phone(relais, row.id) for row in await office.rows(person)]
    await relais.close()
    assert sorted(people) == ["+33639980001", "+33639980002", "+33639980002"]
    assert [len(await office.rows(table)) for table in (appointment, session)] == [3, 2]
    assert "planned" in {row.state for row in await office.rows(reminder)}
    with pytest.raises(DemoData, match="3 rendez-vous, 2 séances"):
        await require_real_data(settings.model_copy(update={"env": "production"}), settings.database_url)


async def _phone(relais: Relais, person_id: object) -> str:
    async with relais.database.begin() as connection:
        return (await relais.people.get(connection, person_id)).phone  # type: ignore[arg-type]
