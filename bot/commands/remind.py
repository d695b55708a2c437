"""`sending` and `reminders`: the switch, and what became of each reminder."""

from __future__ import annotations

import contextlib
import getpass
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import NoResultFound
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.assembly import Relais
from bot.reminders import figures, switch
from bot.settings import Settings

STOPPED = {"reminders": "Les rappels sont arrêtés", "everything": "Tous les envois sont arrêtés"}


async def stop(settings: Settings, *, everything: bool) -> None:
    """Hold the reminders, or everything, at once."""
    async with _opened(settings) as (_, connection):
        await switch.stop(connection, "everything" if everything else "reminders", getpass.getuser())
    await status(settings)


async def start(settings: Settings) -> None:
    async with _opened(settings) as (_, connection):
        was = await switch.start(connection)
    _console().print("Les envois reprennent." if was else "Rien n'était arrêté.")


async def status(settings: Settings) -> None:
    """Print what is stopped, and how many reminders there are in each state."""
    console = _console()
    async with _opened(settings) as (_, connection):
        stopped = await switch.stopped(connection)
        counts = await figures.counts(connection)
    for sentence in told(stopped):
        console.print(sentence)
    if not stopped:
        console.print("Rien n'est arrêté.")
    for one in counts:
        console.print(f"{one.number:>8}  {one.state}")


def told(stopped: Sequence[switch.Stopped]) -> list[str]:
    """One sentence for each thing that is stopped, with how to start it again."""
    return [
        f"{STOPPED.get(one.what, one.what)} depuis le {_when(one.stopped_at)}"
        f"{f' par {one.stopped_by}' if one.stopped_by else ''}. Pour reprendre : python -m bot sending start"
        for one in stopped
    ]


async def show_all(settings: Settings, state: str, count: int) -> None:
    """Print the reminders, the last ones first."""
    async with _opened(settings) as (_, connection):
        lines = await figures.latest(connection, state, count)
    _print(lines)


async def show(settings: Settings, prefix: str) -> int:
    """Print the reminders of an appointment; 1 when there is none."""
    async with _opened(settings) as (_, connection):
        lines = await figures.of(connection, prefix)
    _print(lines)
    return 0 if lines else 1


async def approve(settings: Settings, intake: str) -> int:
    """Let a held intake's reminders leave; 1 when it is not held."""
    done = False
    with contextlib.suppress(NoResultFound, ValueError):
        async with _opened(settings) as (relais, connection):
            done = await relais.hold.approve(connection, UUID(intake), getpass.getuser())
    _console().print(
        "Les rappels partent." if done else f"L'import {intake} n'attend rien. Voir python -m bot tasks list"
    )
    return 0 if done else 1


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[tuple[Relais, AsyncConnection]]:
    relais = Relais.build(settings, pool_size=1)
    try:
        async with relais.database.begin() as connection:
            yield relais, connection
    finally:
        await relais.close()


def _print(lines: Sequence[figures.Line]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("rappel", "rendez-vous", "quand", "sorte", "état", "raison"):
        table.add_column(title, overflow="fold")
    for one in lines:
        ids = (str(one.id)[:8], str(one.appointment_id)[:8])
        table.add_row(*ids, _when(one.due_at), one.kind, one.state, one.reason)
    _console(soft_wrap=False).print(table if lines else "Aucun rappel.")


def _when(moment: datetime) -> str:
    return moment.astimezone(clock.PARIS).strftime("%d/%m %H:%M")


def _console(*, soft_wrap: bool = True) -> Console:
    """A sentence is one line, so that its command can be copied."""
    return Console(highlight=False, markup=False, emoji=False, soft_wrap=soft_wrap)
