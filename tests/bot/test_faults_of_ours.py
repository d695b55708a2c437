"""A message that something of ours cannot stand never blocks its conversation, nor keeps others from being heard."""

from __future__ import annotations

from pathlib import Path

import yaml
from sqlalchemy import update
from starlette.responses import JSONResponse, Response

from bot.inbox import Inbox
from bot.models import message
from bot.settings import ROOT
from bot.texts import Texts
from tests.bot.conftest import Pipeline


async def turns(pipeline: Pipeline, conversation_id, later) -> None:
    for _ in range(3):
        await pipeline.work(conversation_id)
        later(10)


async def test_malformed_reply_of_the_engine_becomes_a_task(pipeline: Pipeline, later) -> None:
    """An answer that is not one counts as a failed turn, three times; then the next message is answered."""
    broken = [Response("<html>"), JSONResponse({}), JSONResponse({"replies": [7]})]
    pipeline.engine.fault = lambda question: broken.pop() if question["text"] == "poison" else None
    conversation_id = await pipeline.write("poison")
    await pipeline.write("bonjour")
    await turns(pipeline, conversation_id, later)
    assert broken == []
    assert [task.reason for task in await pipeline.tasks()] == ["turn_failed"]
    assert pipeline.phone.texts[-1] == "réponse à bonjour"


async def test_unreadable_message_becomes_a_task(pipeline: Pipeline, later) -> None:
    """A body that no key opens goes to a human; what comes after it is heard and answered."""
    conversation_id = await pipeline.write("x")
    async with pipeline.relais.database.begin() as connection:
        await connection.execute(update(message).values(body_secret=b"\x01sealed with a key that is gone"))
    relais = pipeline.relais
    # Stored without having been heard at the door, as when that failed: the lane has to hear it.
    await Inbox(relais.database, relais.vault, relais.queue).receive(pipeline.sms("il me frappe"))
    await pipeline.write("bonjour")
    await pipeline.work(conversation_id)
    assert "3919" in pipeline.phone.texts[0]
    later(10)
    await turns(pipeline, conversation_id, later)
    assert sorted(task.reason for task in await pipeline.tasks()) == ["distress", "turn_failed"]
    assert "transmis" in pipeline.phone.texts[1]
    assert pipeline.phone.texts[2] == "réponse à bonjour"


async def test_missing_sentences_leave_a_task_and_let_the_next_message_pass(
    pipeline: Pipeline, later, tmp_path: Path
) -> None:
    """What cannot be said is said to nobody: a human gets the message, even without a sentence to tell so."""
    texts = yaml.safe_load((ROOT / "nlu" / "responses" / "fr.yml").read_text())
    for key in ("system_distress_suicide", "system_given_to_team"):
        del texts["responses"][key]
    (tmp_path / "fr.yml").write_text(yaml.safe_dump(texts))
    pipeline.relais.__dict__["texts"] = Texts(tmp_path)
    conversation_id = await pipeline.write("je veux mourir")
    await pipeline.write("bonjour")
    await turns(pipeline, conversation_id, later)
    assert [(task.reason, task.details["text"]) for task in await pipeline.tasks()] == [
        ("turn_failed", "je veux mourir")
    ]
    assert pipeline.phone.texts == ["réponse à bonjour"]
    assert all(question["text"] == "bonjour" for question in pipeline.engine.asked)
