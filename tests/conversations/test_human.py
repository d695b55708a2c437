"""A wish for a human, from the phone to the ticket, through the real engine and its real action."""

from __future__ import annotations

from uuid import uuid4

import pytest

from bot.assembly import Relais
from bot.database import Database
from bot.keys import load_keys
from channels.base import Inbound
from knowledge.lexicons import Lexicon
from tests.bot.conftest import Phone
from tests.engine import Engine

WISH = "je veux entendre une voix humaine"


@pytest.fixture
async def road(engine: Engine) -> tuple[Relais, Phone]:
    """The pipeline over the engine's own database, with a phone."""
    engine.actions.mode = "well"
    settings = engine.settings.model_copy(update={"rasa_url": engine.url})
    relais, phone = Relais(settings, load_keys(settings), Database(settings.database_url), "test"), Phone()
    relais.__dict__["channels"] = {"phone": phone}
    return relais, phone


async def test_wish_in_other_words_queues_the_person(engine: Engine, road: tuple[Relais, Phone]) -> None:
    """The engine understands what the lexicon does not know: one ticket, one sentence, nothing of the engine's."""
    relais, phone = road
    assert not Lexicon.from_file().first_reading(WISH).human
    inbound = Inbound("phone", f"SM{uuid4().hex}", "+33639980001", "+33939980000", WISH)
    conversation_id = (await relais.inbox.receive(inbound)).conversation_id
    await relais.turns.answer(conversation_id)
    await relais.delivery.deliver(conversation_id)
    assert [text.split(".")[0] for text in phone.texts] == ["Votre demande est transmise à un conseiller"]
    rows = engine.rows("SELECT owner FROM conversation WHERE id = %s", conversation_id)
    assert rows == [("queue",)]
    assert engine.rows("SELECT reason FROM task WHERE conversation_id = %s", conversation_id) == [("human",)]
    assert engine.rows(
        "SELECT direction, author, state FROM message WHERE conversation_id = %s ORDER BY seq", conversation_id
    ) == [("in", "person", "answered"), ("out", "system", "sent")]
    await relais.close()
