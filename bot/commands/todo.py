"""`tasks`: what a human has to do, in a terminal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from rich.console import Console
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.assembly import Relais
from bot.handoff import Said
from bot.settings import Settings
from bot.tasks import OpenTask
from bot.tickets import Entry

NEWEST = 5
"""How many messages of a ticket the list shows; `tasks show` shows them all."""
LONGEST = 1000
_REPLIED: dict[Said, str] = {
    "said": "Réponse en route. La personne vous répond à vous : fermez la tâche pour lui rendre l'assistant.",
    "opted out": "Cette personne a écrit STOP : rien ne lui est envoyé. Appelez-la si c'est possible.",
    "nobody": "Personne ne peut être joint : la conversation a été effacée, ou la tâche n'en a pas.",
}
_TICKETS = frozenset({"human", "complaint", "distress"})
_WHO = {"person": "la personne", "assistant": "l'assistant", "system": "Relais", "counsellor": "un conseiller"}


async def show_all(settings: Settings) -> None:
    """Print the open tasks, urgent ones first: where to reach the person, and what they wrote since."""
    console = _console()
    async with _opened(settings) as (relais, connection):
        tasks = await relais.tasks.list_open(connection)
        tickets = {task.id: await relais.tickets.read(connection, task) for task in tasks if task.reason in _TICKETS}
    for task in tasks:
        _print_task(console, task)
        _print_newest(console, task, [entry for entry in tickets.get(task.id, ()) if entry.author == "person"])
    if not tasks:
        console.print("Aucune tâche ouverte.")


async def show(settings: Settings, prefix: str) -> int:
    """Print one task, and the whole conversation since it was opened."""
    console = _console()
    async with _opened(settings) as (relais, connection):
        task = await _find(relais, connection, console, prefix)
        entries = await relais.tickets.read(connection, task) if task else ()
    if task is None:
        return 1
    _print_task(console, task)
    for entry in entries:
        _print_entry(console, entry)
    return 0


async def reply(settings: Settings, prefix: str, words: str) -> int:
    """Answer the person of the task whose id begins so, where they wrote; they are the counsellor's until `close`."""
    console = _console()
    if not 0 < len(words.strip()) <= LONGEST:
        console.print(f"Une réponse a entre 1 et {LONGEST} caractères. Celle-ci en a {len(words.strip())}.")
        return 1
    async with _opened(settings) as (relais, connection):
        task = await _find(relais, connection, console, prefix)
        if task is None:
            return 1
        said = await relais.handoff.reply(connection, task, words.strip())
    console.print(_REPLIED[said])
    return 0 if said == "said" else 1


async def close(settings: Settings, prefix: str, outcome: str) -> int:
    """Close the task whose id begins so; the person goes back to the assistant when nothing else waits."""
    console = _console()
    async with _opened(settings) as (relais, connection):
        task = await _find(relais, connection, console, prefix)
        if task is None:
            return 1
        back = await relais.handoff.close(connection, task, outcome, kind=_kind(relais, task))
    console.print("Tâche fermée. La personne retrouve l'assistant." if back else "Tâche fermée.")
    return 0


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Relais, AsyncConnection]]:
    relais = Relais.build(settings, pool_size=1)
    try:
        async with relais.database.begin() as connection:
            yield relais, connection
    finally:
        await relais.close()


async def _find(relais: Relais, connection: AsyncConnection, console: Console, prefix: str) -> OpenTask | None:
    found = [task for task in await relais.tasks.list_open(connection) if str(task.id).startswith(prefix)]
    if len(found) == 1:
        return found[0]
    console.print(f"{len(found)} tâches ouvertes commencent par {prefix}.")
    return None


def _kind(relais: Relais, task: OpenTask) -> str:
    channel = relais.channels.get(task.channel)
    return channel.kind if channel else "sms"


def _print_task(console: Console, task: OpenTask) -> None:
    urgent = "URGENT " if task.urgent else ""
    answered = f"répondu le {_when(task.answered_at)}  " if task.answered_at else ""
    details = " · ".join(str(value) for value in task.details.values() if value)
    console.print(
        f"{_short(task.id)}  {_when(task.created_at)}  {urgent}{task.reason}  {answered}{task.address}  {details}"
    )


def _print_newest(console: Console, task: OpenTask, entries: Sequence[Entry]) -> None:
    if len(entries) > NEWEST:
        console.print(
            f"    … {len(entries) - NEWEST} messages avant ceux-ci : python -m bot tasks show {_short(task.id)}"
        )
    for entry in entries[-NEWEST:]:
        _print_entry(console, entry)


def _print_entry(console: Console, entry: Entry) -> None:
    who = _WHO.get(entry.author, entry.author)
    text = entry.text or "(une image ou un message vocal)"
    console.print(f"    {_when(entry.at)}  {_short(entry.message_id)}  {who} : {text}")


def _when(moment: datetime) -> str:
    return moment.astimezone(clock.PARIS).strftime("%d/%m %H:%M")


def _short(identity: object) -> str:
    return str(identity)[:8]


def _console() -> Console:
    """What people wrote is printed as they wrote it, whatever brackets and colons it has."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
