"""`tasks`: what a human has to do, in a terminal."""

from __future__ import annotations

from rich.console import Console

from bot import clock
from bot.assembly import Relais
from bot.handoff import change_owner
from bot.settings import Settings


async def show(settings: Settings) -> None:
    """Print the open tasks, urgent ones first, with what the person wrote and where to reach them."""
    relais = Relais.build(settings, pool_size=1)
    console = Console(highlight=False, markup=False)
    try:
        async with relais.database.begin() as connection:
            tasks = await relais.tasks.list_open(connection)
    finally:
        await relais.close()
    for task in tasks:
        when = task.created_at.astimezone(clock.PARIS).strftime("%d/%m %H:%M")
        urgent = "URGENT " if task.urgent else ""
        details = " · ".join(str(value) for value in task.details.values() if value)
        console.print(f"{str(task.id)[:8]}  {when}  {urgent}{task.reason}  {task.address}  {details}")
    if not tasks:
        console.print("Aucune tâche ouverte.")


async def close(settings: Settings, prefix: str, outcome: str) -> int:
    """Close the task whose id begins so; a conversation that waited in the queue goes back to the assistant."""
    relais = Relais.build(settings, pool_size=1)
    console = Console(highlight=False)
    try:
        async with relais.database.begin() as connection:
            found = [task for task in await relais.tasks.list_open(connection) if str(task.id).startswith(prefix)]
            if len(found) != 1:
                console.print(f"{len(found)} tâches ouvertes commencent par {prefix}.")
                return 1
            await relais.tasks.close(connection, found[0].id, outcome)
            if found[0].reason == "human" and found[0].conversation_id is not None:
                await change_owner(connection, found[0].conversation_id, before="queue", after="bot")
    finally:
        await relais.close()
    console.print("Tâche fermée.")
    return 0
