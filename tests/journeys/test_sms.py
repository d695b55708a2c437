"""Whole conversations by SMS, through every process as `bot up` runs them, with the real engine and its real model."""

from __future__ import annotations

from collections.abc import AsyncIterator

import psycopg
import pytest
import pytest_asyncio

from bot import vault
from bot.commands.load import demo
from bot.database import libpq_url
from bot.masking import NIR
from channels import sms_text
from tests.engine import trained_model
from tests.system import System, running

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Texter:
    """Somebody with a phone: writes, and reads the next answer."""

    def __init__(self, system: System, number: str) -> None:
        self._system, self._number, self._read = system, number, 0

    async def ask(self, text: str) -> str:
        twilio = self._system.twilio
        assert await twilio.text(text, sender=self._number) == [200]
        return await self.next()

    async def next(self) -> str:
        await self._system.twilio.wait_for(lambda: len(self._answers()) > self._read, timeout=60)
        answer = self._answers()[self._read]
        self._read += 1
        return answer

    def _answers(self) -> list[str]:
        return [row["body"] for row in self._system.twilio.messages.values() if row["to"] == self._number]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system() -> AsyncIterator[System]:
    trained_model()
    async with running() as system:
        await demo(system.relais)
        yield system


def tasks(system: System) -> list[str]:
    with psycopg.connect(libpq_url(system.relais.database.url)) as connection:
        return [row[0] for row in connection.execute("SELECT reason FROM task ORDER BY created_at")]


async def test_rights_search_and_menu(system: System) -> None:
    """A question on rights, a need, its place, then the menu: each answered, in two segments at most."""
    phone = Texter(system, "+33639980101")
    rights = await phone.ask("bjr je voudré savoir combien on touche o rsa svp")
    assert "CAF" in rights
    assert sms_text.segments(rights).count <= 2
    assert "commune" in await phone.ask("g besoin daide pr manger")
    found = await phone.ask("villeurbane")
    assert "1. " in found
    assert sms_text.segments(found).count <= 2
    assert "HUMAIN" in await phone.ask("0")


async def test_cry_for_help_is_heard_in_the_middle_of_a_search(system: System) -> None:
    """Numbers to call and an urgent task, whatever was being asked."""
    phone = Texter(system, "+33639980102")
    await phone.ask("je cherche un logement")
    answer = await phone.ask("laissez tomber je veux en finir")
    assert "3114" in answer
    assert "distress" in tasks(system)


async def test_answered_in_the_language_that_is_written(system: System) -> None:
    """Arabic from the first message, then French as soon as it is asked for."""
    phone = Texter(system, "+33639980103")
    arabic = await phone.ask("السلام عليكم، أبحث عن دروس لتعلم اللغة الفرنسية")
    assert any("\u0600" <= sign <= "\u06ff" for sign in arabic)
    assert "français" in await phone.ask("en français s'il vous plaît")


async def test_rights_in_another_language_are_french_and_say_so(system: System) -> None:
    """One SMS in their letters says that the answer is in French; the French one costs what it costs in French."""
    phone = Texter(system, "+33639980104")
    notice = await phone.ask("مرحبا، كم مبلغ الـ RSA لشخص وحيد؟")
    assert any("\u0600" <= sign <= "\u06ff" for sign in notice)
    answer = await phone.next()
    paid = sms_text.segments(answer)
    assert (paid.encoding, paid.count) == ("GSM-7", 2)


async def test_social_security_number_is_kept_nowhere(system: System) -> None:
    """Neither in the stored message nor in what the engine remembers."""
    await Texter(system, "+33639980105").ask("mon numéro de sécu 1 85 05 78 006 084 91 c'est pour la mutuelle gratuite")
    with psycopg.connect(libpq_url(system.relais.database.url)) as connection:
        query = "SELECT body_secret FROM message WHERE direction = 'in' ORDER BY created_at DESC LIMIT 1"
        [(secret,)] = connection.execute(query).fetchall()
    assert system.relais.vault.open(vault.BODY, bytes(secret))["text"].startswith(f"mon numéro de sécu {NIR} c'est")
