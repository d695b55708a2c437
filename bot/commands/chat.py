"""`chat`: the assistant in a terminal, over the running engine and worker."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from uuid import UUID, uuid4

from bot.assembly import Relais
from bot.delivery import Delivery
from bot.settings import Settings
from channels.base import Inbound
from channels.terminal import Terminal

LOOK_SECONDS = 0.1


async def chat(settings: Settings) -> None:
    """Take in each line; print what the worker's turns answer, until the end of input."""
    relais = Relais.build(settings, name="relais chat", pool_size=3)
    terminal = Terminal(address=f"terminal-{uuid4()}")
    delivery = Delivery(relais.database, relais.vault, {terminal.name: terminal}, relais.tasks, relais.worker_name)
    conversation: asyncio.Future[UUID] = asyncio.get_running_loop().create_future()

    async def receive(inbound: Inbound) -> None:
        received = await relais.inbox.receive(inbound)
        if not conversation.done():
            conversation.set_result(received.conversation_id)

    async def print_answers() -> None:
        conversation_id = await conversation
        while True:
            await delivery.deliver(conversation_id)
            await asyncio.sleep(LOOK_SECONDS)

    printing = asyncio.create_task(print_answers())
    try:
        await terminal.converse(receive)
    finally:
        printing.cancel()
        with suppress(asyncio.CancelledError):
            await printing
        await relais.close()
