"""The commands of those who run Relais: the switch, the list, the yes to what is held. Ids only."""

from __future__ import annotations

from collections.abc import Awaitable
from uuid import uuid4

import pytest

from bot import clock
from bot.appointment_models import intake, reminder
from bot.commands import remind
from bot.commands.show import doctor
from bot.settings import Settings
from tests.bot.reminders.conftest import Desk


async def run[T](desk: Desk, command: Awaitable[T]) -> T:
    """As a process of its own does: this one's clock stays where it was."""
    now = clock.now()
    done = await command
    desk.at(now)
    return done


async def test_stop_status_start(settings: Settings, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """What is stopped is said with its cure, also by `doctor`."""
    await run(desk, remind.stop(settings, everything=False))
    assert "python -m bot sending start" in capsys.readouterr().out
    await desk.due()
    await desk.round()
    assert desk.sent == []
    await run(desk, doctor(settings))
    assert "Les rappels sont arrêtés" in " ".join(capsys.readouterr().out.split())
    await run(desk, remind.start(settings))
    await desk.round()
    await run(desk, remind.status(settings))
    told = capsys.readouterr().out
    assert "Rien n'est arrêté." in told and "1  sent" in told
    assert len(desk.sent) == 1


async def test_list_and_show(settings: Settings, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """State and reason of each, nobody's number or name."""
    taken = await desk.due()
    await desk.round()
    await run(desk, remind.show_all(settings, "", 50))
    told = capsys.readouterr().out
    assert "made late" in told and "planned" in told and "sent" in told
    assert "3363998" not in told and "Amina" not in told
    assert await run(desk, remind.show(settings, str(taken.appointment_id)[:8])) == 0
    assert await run(desk, remind.show(settings, "zzz")) == 1
    await run(desk, remind.show_all(settings, "failed", 50))
    assert "Aucun rappel." in capsys.readouterr().out


async def test_approve(settings: Settings, desk: Desk) -> None:
    """An intake that is not held, or is none, has nothing to approve."""
    held = uuid4()
    async with desk.relais.database.begin() as connection:
        row = {"id": held, "source": "api", "what": "import", "created_at": clock.now()}
        await connection.execute(intake.insert().values(**row))
        assert await desk.relais.hold.settle(connection, held, always=True)
    await desk.due()
    await desk.change(reminder, intake_id=held)
    await desk.round()
    assert (desk.sent, await desk.tasks()) == ([], ["intake_held"])
    assert [await run(desk, remind.approve(settings, str(one))) for one in (held, held, uuid4(), "x")] == [0, 1, 1, 1]
    await desk.round()
    assert len(desk.sent) == 1
    assert await desk.tasks() == []
