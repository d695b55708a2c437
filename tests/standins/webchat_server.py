"""The real web chat on a real database, with scripted words in place of the engine and the worker.

Run as a process of its own, so that it can be killed and started again on the same port.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from types import SimpleNamespace
from uuid import UUID, uuid4

import orjson
import uvicorn
from fastapi import FastAPI
from sqlalchemy import select

from bot import chat, clock, pages, vault
from bot.database import Database
from bot.delivery import Delivery
from bot.inbox import Inbox
from bot.keys import load_keys
from bot.lane import Lane
from bot.listen import Hub
from bot.models import conversation, message
from bot.outbox import Outbox
from bot.queue import Queue, build_app
from bot.settings import Settings
from bot.tasks import Tasks
from bot.thread import Threads
from bot.vault import Vault
from channels.base import Card, Choice, Reply
from channels.webchat import WebChat

CARDS = (
    Card(
        "Halte-garderie Les Petits Pas", "1,2 km", "04 65 71 00 12", "8 rue des Lilas, 69120 Vaulx-en-Velin",
        "2026-09-14", "Exemple fictif", "https://www.openstreetmap.org/?mlat=45.7770&mlon=4.9190#map=17/45.7770/4.9190",
        hours="Du lundi au vendredi, de 8 h à 18 h",
    ),
    Card(
        "Crèche associative La Ritournelle", "2,4 km", "04 65 71 00 27", "31 avenue du Marché, 69120 Vaulx-en-Velin",
        "2026-07-02", "Exemple fictif", "https://www.openstreetmap.org/?mlat=45.7801&mlon=4.9302#map=17/45.7801/4.9302",
    ),
    Card(
        "Relais petite enfance du Grand Vire", "3,1 km", "04 65 71 00 41", "4 place du Vire, 69120 Vaulx-en-Velin",
        "2026-05-20", "Exemple fictif", "https://www.openstreetmap.org/?mlat=45.7755&mlon=4.9236#map=17/45.7755/4.9236",
        "https://petite-enfance.example/",
    ),
)  # fmt: skip
SCRIPT: dict[str, tuple[Reply, ...]] = {
    "garde": (
        Reply(
            "Voici 3 services de garde d'enfants près de Vaulx-en-Velin :",
            tuple(
                Choice(f"{card.name}, {card.distance}", f'/service_details{{"ordinal": "{n}"}}', card)
                for n, card in enumerate(CARDS, 1)
            ),
            footer="Pour voir d'autres services, écrivez « suite ».",
        ),
    ),
    "details": (
        Reply(
            "La halte-garderie Les Petits Pas accueille les enfants de 3 mois à 4 ans, quelques heures par semaine.\n"
            "Appelez le 04 65 71 00 12 pour savoir s'il y a une place.",
            (Choice("Autres services", "/more_results"), Choice("Signaler une erreur", "/report_error")),
        ),
    ),
    "choix": (Reply("Quelle commune ?", (Choice("Bron", "/choose_place"), Choice("Chassieu", "/choose_place"))),),
    "lien": (Reply("<b>gras</b> https://exemple.test/page?a=1&b=2. Ou appelez le 3114."),),
    "deux": (Reply("Première phrase."), Reply("Deuxième phrase.")),
    "arabe": (
        Reply(
            "مرحبا،\n\u200eMaison de la Métropole (Vaulx)\u200e: اتصل على 04 65 71 00 12 قبل الذهاب.\n"
            "هل تريد شيئا آخر؟",
            (Choice("نعم", "/affirm"), Choice(f"{CARDS[0].name}, 1,2 km", "/service_details", CARDS[0])),
            footer="اختر رقما.",
            language="ar",
        ),
    ),
    "menu": (Reply("Pour voir d'autres services, écrivez « suite ».", (Choice("Autres services", "/more_results"),)),),
}


class Scripted:
    """Answers each waiting message by the first word of the script that it holds."""

    def __init__(self, relais: SimpleNamespace, queue: Queue) -> None:
        self._relais = relais
        self._lane = Lane(relais.database)
        self._threads = Threads(relais.vault, {"web": "web"})
        self._outbox = Outbox(relais.database, relais.vault, queue)
        self._delivery = Delivery(relais.database, relais.vault, {"web": WebChat()}, Tasks(relais.vault), "test")

    async def run(self) -> None:
        while True:
            async with self._relais.database.begin() as connection:
                found = await connection.scalars(
                    select(message.c.conversation_id).where(message.c.state == "waiting").distinct()
                )
            for identity in found.all():
                await self._answer(identity)
            await asyncio.sleep(0.05)

    async def _answer(self, identity: UUID) -> None:
        lease = await self._lane.take(identity)
        if lease is None:
            return
        async with self._relais.database.begin() as connection:
            thread = await self._threads.read(connection, identity)
        for waiting in thread.waiting:
            said = waiting.text.lower()
            if "patience" in said:
                await asyncio.sleep(1.5)
            name = next((word for word in SCRIPT if word in said), "details" if waiting.choice else "")
            replies = SCRIPT.get(name, (Reply(f"Vous avez écrit : {waiting.text}"),))
            await self._outbox.answer(lease, waiting.id, replies, version=thread.version)
        await self._lane.abandon(lease)
        await self._delivery.deliver(identity)

    async def as_counsellor(self, text: str) -> None:
        """Give the newest conversation to a human, who says something."""
        async with self._relais.database.begin() as connection:
            row = (await connection.execute(select(conversation).order_by(conversation.c.created_at.desc()))).first()
            assert row
            last = row.last_seq + 1
            await connection.execute(
                conversation.update().where(conversation.c.id == row.id).values(last_seq=last, owner="human")
            )
            await connection.execute(
                message.insert().values(
                    id=uuid4(), conversation_id=row.id, seq=last, direction="out",
                    author="counsellor", channel="web", state="queued", created_at=clock.now(),
                    body_secret=self._relais.vault.seal(vault.BODY, Reply(text).to_json()),
                )
            )  # fmt: skip
        await self._delivery.deliver(row.id)


def create(settings: Settings) -> FastAPI:
    keys = load_keys(settings)
    database, box = Database(settings.database_url), Vault(keys)
    app_queue = build_app(database.url)
    queue = Queue(app_queue)
    relais = SimpleNamespace(
        settings=settings, keys=keys, database=database, vault=box, inbox=Inbox(database, box, queue)
    )
    hub, scripted = Hub(database.url), Scripted(relais, queue)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with app_queue.open_async():
            running = [asyncio.create_task(hub.run()), asyncio.create_task(scripted.run())]
            await hub.listening()
            yield
            for task in running:
                task.cancel()
        await database.close()

    app = FastAPI(lifespan=lifespan)
    app.state.relais, app.state.hub = relais, hub
    app.include_router(chat.router)
    app.include_router(pages.router)

    @app.post("/as-counsellor")
    async def as_counsellor(text: str) -> None:
        await scripted.as_counsellor(text)

    return app


if __name__ == "__main__":
    given = orjson.loads(sys.argv[1])
    running = Settings(_env_file=None, **given)  # type: ignore[call-arg]
    uvicorn.run(create(running), host="127.0.0.1", port=running.port, log_level="warning", timeout_graceful_shutdown=1)
