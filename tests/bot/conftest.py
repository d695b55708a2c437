"""The pipeline over a real database and a door that obeys the test; only the engine and the provider are played."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from bot import clock, language, vault
from bot.assembly import Relais
from bot.database import Database
from bot.keys import Keys, load_keys
from bot.models import conversation, message
from bot.settings import Settings
from channels.base import Inbound, Listing, Lookup, Outbound, Reply, Sent
from channels.errors import ChannelError
from tests.standins.engine import TOKEN, Engine
from tests.standins.server import serving

MORNING = datetime(2026, 9, 8, 10, 0, tzinfo=clock.PARIS)
"""A Tuesday; no holiday and no change of the clock for six weeks."""


class Phone:
    """A provider whose sends the test sees, holds, or makes fail; it is a channel like any other."""

    name = "phone"
    kind = "sms"

    def __init__(self) -> None:
        self.sent: list[Outbound] = []
        self.faults: list[ChannelError] = []
        self.listed: list[Inbound] = []
        self.listed_whole = True
        self.known: dict[UUID, list[Sent]] = {}
        self.gate = asyncio.Event()
        self.gate.set()
        self.entered = asyncio.Event()

    async def send(self, outbound: Outbound) -> Sent:
        self.entered.set()
        await self.gate.wait()
        if self.faults:
            raise self.faults.pop(0)
        self.sent.append(outbound)
        return Sent(f"SM{len(self.sent)}", 1)

    async def received_since(self, since: datetime) -> Listing:
        """What was written since; without a date of its own, a message is of now."""
        recent = [inbound for inbound in self.listed if inbound.sent_at is None or inbound.sent_at >= since]
        return Listing(tuple(recent), self.listed_whole)

    async def find_sent(self, outbound: Outbound) -> Lookup:
        return Lookup(tuple(self.known.get(outbound.message_id, ())), self.listed_whole)

    async def close(self) -> None:
        return None

    @property
    def texts(self) -> list[str]:
        return [outbound.reply.text for outbound in self.sent]


@dataclass
class Pipeline:
    relais: Relais
    engine: Engine
    phone: Phone
    address: str = "+33639980001"

    def sms(self, words: str, *, sid: str = "", address: str = "", **more: Any) -> Inbound:
        return Inbound("phone", sid or f"SM{uuid4().hex}", address or self.address, "+33939980000", words, **more)

    async def write(self, words: str, **more: Any) -> UUID:
        """Take a message in; return its conversation."""
        return (await self.relais.inbox.receive(self.sms(words, **more))).conversation_id

    async def say(self, words: str, **more: Any) -> list[str]:
        """Take a message in, answer, deliver; return the texts that arrived."""
        before = len(self.phone.sent)
        conversation_id = await self.write(words, **more)
        await self.work(conversation_id)
        return self.phone.texts[before:]

    async def work(self, conversation_id: UUID) -> None:
        await self.relais.turns.answer(conversation_id)
        await self.relais.delivery.deliver(conversation_id)

    async def choose(self, message_id: UUID, code: str) -> None:
        """Record the language that the engine understood to be asked for."""
        async with self.relais.database.begin() as connection:
            await language.choose(connection, message_id, code)

    async def hang(self, words: str) -> tuple[UUID, asyncio.Task[None]]:
        """A conversation, and its turn, which stays in the engine until `engine.gate` is set."""
        self.engine.gate.clear()
        conversation_id = await self.write(words)
        turn = asyncio.create_task(self.relais.turns.answer(conversation_id))
        await self.engine.entered.wait()
        return conversation_id, turn

    async def rows(self, direction: str = "out") -> list[Any]:
        async with self.relais.database.begin() as connection:
            return list(
                await connection.execute(
                    select(message)
                    .where(message.c.direction == direction)
                    .order_by(message.c.created_at, message.c.seq)
                )
            )

    async def states(self, direction: str = "out") -> list[tuple[str, str]]:
        return [(row.state, row.reason) for row in await self.rows(direction)]

    async def jobs(self) -> list[str]:
        async with self.relais.database.begin() as connection:
            return list(await connection.scalars(text("SELECT task_name FROM queue.procrastinate_jobs ORDER BY id")))

    async def thread(self) -> Any:
        async with self.relais.database.begin() as connection:
            return (await connection.execute(select(conversation))).one()

    async def tasks(self) -> list[Any]:
        async with self.relais.database.begin() as connection:
            return list(await self.relais.tasks.list_open(connection))

    def text_of(self, row: Any) -> str:
        return Reply.from_json(self.relais.vault.open(vault.BODY, row.body_secret)).text

    def another(self) -> Relais:
        """A second process over the same database and provider."""
        other = Relais(self.relais.settings, self.relais.keys, Database(self.relais.database.url), "other")
        other.__dict__["channels"] = {"phone": self.phone}
        return other


@pytest.fixture
async def pipeline(settings: Settings) -> AsyncIterator[Pipeline]:
    engine, phone = Engine(), Phone()
    async with serving(engine.app) as url:
        changed = settings.model_copy(update={"rasa_url": url})
        keys = Keys(**{**_keys(changed), "rasa_token": TOKEN})
        relais = Relais(changed, keys, Database(changed.database_url), "test")
        relais.__dict__["channels"] = {"phone": phone}
        yield Pipeline(relais, engine, phone)
        await relais.close()


@pytest.fixture(autouse=True)
def working_morning(real_clock: None, tmp_path: Path) -> None:
    """Every test begins at the same instant, so that « in two days at 14:00 » is as far at whatever hour it runs."""
    clock.start(tmp_path / "data", MORNING)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """With the same instant for what reads its clock from the settings."""
    return settings.model_copy(update={"clock": MORNING})


@pytest.fixture
def later(tmp_path: Path) -> Callable[[float], None]:
    """Moves the clock of this process forward, by seconds."""

    def move(seconds: float) -> None:
        clock.start(tmp_path / str(seconds), clock.now() + timedelta(seconds=seconds))

    return move


def _keys(settings: Settings) -> dict[str, str]:
    return asdict(load_keys(settings))
