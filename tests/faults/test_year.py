"""A short year: forty days with Easter and a change of clocks in them; `make faults` plays the whole one."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

from bot.assembly import Relais
from bot.database import Database
from bot.keys import load_keys
from bot.settings import Settings
from tests.faults.year import Postman, Year
from tests.faults.year_judge import broken
from tests.faults.year_world import make


async def test_no_reminder_is_lost_doubled_at_night_or_late(settings: Settings, tmp_path: Path) -> None:
    """400 appointments, moved, called off, told again, with a worker that is down at random."""
    changed = settings.model_copy(update={"sms_per_second": 1000})
    relais = Relais(changed, load_keys(changed), Database(changed.database_url), "year")
    postman = Postman(random.Random(1))
    relais.__dict__["channels"] = {"phone": postman}
    counts = await Year(relais, postman, make(400, date(2027, 3, 8), 40), tmp_path / "clock").play()
    await relais.close()
    print("\n".join(f"{name:<44}{number:>8}" for name, number in counts.items()))
    assert counts["messages that left"] > 500
    assert broken(counts) == {}
