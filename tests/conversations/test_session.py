"""A place at a collective session, by SMS, through the real engine: booked, changed, waited for, offered, accepted."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from bot import clock
from bot.appointment_models import appointment
from bot.appointments.facts import SessionFacts
from bot.assembly import Relais
from bot.database import Database
from bot.keys import load_keys
from channels.base import Inbound, Reply
from knowledge.dates import DAYS
from tests.bot.appointments.conftest import facts
from tests.bot.appointments.rooms import noon
from tests.bot.conftest import Phone
from tests.engine import Engine, Talk, keys

WISH = "je veux m'inscrire à la réunion d'information"


NUMBERS = count(5000)


@dataclass
class Sms:
    """Some people's telephones, and the sessions of one test."""

    relais: Relais
    phone: Phone
    engine: Engine
    sessions: dict[str, UUID] = field(default_factory=dict)

    async def session(self, name: str, days: int, *, seats: int = 9, **more: Any) -> UUID:
        at = clock.now().astimezone(clock.PARIS) + timedelta(days=days)
        at = at.replace(hour=14, minute=0, second=0, microsecond=0)
        given: dict[str, Any] = {"place": name, "commune": "69029", "bring": "Une pièce d'identité", **more}
        async with self.relais.database.begin() as connection:
            kept = await self.relais.programme.keep(connection, SessionFacts("test", uuid4().hex, at, seats, **given))
        self.sessions[name] = kept.session_id
        return kept.session_id

    async def say(self, words: str, number: str) -> list[Reply]:
        before = len(self.phone.sent)
        inbound = Inbound("phone", f"SM{uuid4().hex}", number, "+33939980000", words)
        conversation_id = (await self.relais.inbox.receive(inbound)).conversation_id
        await self.relais.turns.answer(conversation_id)
        await self.relais.delivery.deliver(conversation_id)
        return [one.reply for one in self.phone.sent[before:]]

    async def offers(self, number: str) -> list[Reply]:
        """What the minute's look sends to this telephone."""
        before = len(self.phone.sent)
        await self.relais.rounds.scan()
        rows = self.engine.rows("SELECT id FROM conversation WHERE channel = 'phone'")
        for (conversation_id,) in rows:
            await self.relais.delivery.deliver(conversation_id)
        return [one.reply for one in self.phone.sent[before:] if one.address == number]

    def status(self, name: str) -> list[str]:
        rows = self.engine.rows("SELECT status FROM appointment WHERE session_id = %s", self.sessions[name])
        return [status for (status,) in rows]


@pytest.fixture
async def sms_road(engine: Engine, tmp_path: Path) -> AsyncIterator[Sms]:
    """The pipeline over the engine's own database at noon of a working day; other tests' sessions are off."""
    engine.actions.mode = "well"
    clock.start(tmp_path / "noon", noon())
    settings = engine.settings.model_copy(update={"rasa_url": engine.url, "sms_per_second": 1000})
    relais, phone = Relais(settings, load_keys(settings), Database(settings.database_url), "test"), Phone()
    relais.__dict__["channels"] = {"phone": phone}
    yield Sms(relais, phone, engine)
    async with relais.database.begin() as connection:
        await connection.exec_driver_sql("UPDATE session SET cancelled_at = created_at")
        await connection.exec_driver_sql("UPDATE waiting SET state = 'left'")
    await relais.close()


def number() -> str:
    """Of the mobiles kept for trials: each is somebody's of whom nothing was heard before, for the database is one."""
    return f"+3363998{next(NUMBERS):04}"


def names(replies: list[Reply]) -> list[str]:
    return [reply.key for reply in replies]


async def test_books_by_first_name_alone(sms_road: Sms) -> None:
    """The dates, a number, the first name: booked, with place and what to bring; never twice."""
    mine = number()
    await sms_road.session("Mairie de Bron", 8)
    await sms_road.session("Centre social", 10)
    [listed] = await sms_road.say(WISH, mine)
    assert listed.key == "utter_session_list"
    assert "Mairie de Bron" in listed.choices[0].title
    assert names(await sms_road.say("1", mine)) == ["utter_session_ask_name"]
    [booked] = await sms_road.say("Je m'appelle Amina Exemple", mine)
    assert booked.key == "utter_session_booked"
    assert "Amina" in booked.text
    assert "Exemple" not in booked.text
    assert "Une pièce d'identité" in booked.text
    assert sms_road.status("Mairie de Bron") == ["unknown"]
    assert names(await sms_road.say(WISH, mine)) == ["utter_session_already"]


@pytest.mark.parametrize("words", ["le {0:%d/%m}", "{1}", "ok je prends celui de {1}", "le deuxième svp", "{1} à 14h"])
async def test_chooses_in_words(sms_road: Sms, words: str) -> None:
    """By the day or the place in the list, as people say it; « pas mardi » chooses nothing."""
    mine = number()
    await sms_road.session("Mairie de Bron", 8)
    await sms_road.session("Centre social", 10)
    await sms_road.say(WISH, mine)
    day = (clock.now() + timedelta(days=10)).astimezone(clock.PARIS)
    named = words.format(day, DAYS[day.weekday()])
    assert "utter_session_ask_name" not in names(await sms_road.say(f"pas {named}", mine))
    await sms_road.say(WISH, mine)
    assert names(await sms_road.say(named, mine)) == ["utter_session_ask_name"]
    await sms_road.say("Amina", mine)
    assert (sms_road.status("Mairie de Bron"), sms_road.status("Centre social")) == ([], ["unknown"])


async def test_changes_their_mind(sms_road: Sms) -> None:
    """« Changer de date » books the other first, then frees the first."""
    mine = number()
    await sms_road.session("Mairie de Bron", 8)
    await sms_road.session("Centre social", 10)
    for words in (WISH, "1", "Karim"):
        await sms_road.say(words, mine)
    assert names(await sms_road.say(WISH, mine)) == ["utter_session_already"]
    [listed] = await sms_road.say("1", mine)
    assert ["Centre social" in one.title for one in listed.choices] == [True]
    assert names(await sms_road.say("1", mine)) == ["utter_session_booked"]
    assert (sms_road.status("Mairie de Bron"), sms_road.status("Centre social")) == (["excused"], ["unknown"])


async def test_what_another_source_gave_meanwhile_is_not_doubled(sms_road: Sms) -> None:
    """The counsellor gave a date while the list was read: they are told so, and the way to another one."""
    mine = number()
    await sms_road.session("Mairie de Bron", 8)
    await sms_road.session("Centre social", 10)
    for words in (WISH, "1", "Karim", WISH, "1"):
        await sms_road.say(words, mine)
    given = facts(source="rdv_service_public", source_id=mine, phone=mine, first_name="Karim")
    async with sms_road.relais.database.begin() as connection:
        here = appointment.c.session_id == sms_road.sessions["Mairie de Bron"]
        seat = (await connection.execute(select(appointment.c.id).where(here))).one()
        await sms_road.relais.register.change(connection, seat.id, clock.now(), given.source, status="revoked")
        await sms_road.relais.register.take(connection, given, how=given.source)
    [told] = await sms_road.say("1", mine)
    assert told.key == "utter_session_already"
    assert "/reschedule_appointment" in told.choices[0].payload
    assert sms_road.status("Centre social") == []


async def test_wants_another_date_in_words_of_their_own(sms_road: Sms) -> None:
    """« décaler mon rendez-vous » shows the other sessions; with none open, the team is told."""
    mine = number()
    await sms_road.session("Mairie de Bron", 8)
    for words in (WISH, "1", "Karim"):
        await sms_road.say(words, mine)
    assert names(await sms_road.say("je voudrais décaler mon rendez-vous", mine)) == ["utter_move_asked"]
    await sms_road.session("Centre social", 10)
    [listed] = await sms_road.say("je voudrais décaler mon rendez-vous", mine)
    assert ["Centre social" in one.title for one in listed.choices] == [True]
    assert names(await sms_road.say("1", mine)) == ["utter_session_booked"]
    assert (sms_road.status("Mairie de Bron"), sms_road.status("Centre social")) == (["excused"], ["unknown"])


async def test_unfinished_booking_survives_a_digression(sms_road: Sms) -> None:
    """A question on rights in between is answered, and the first name is asked for again."""
    mine = number()
    await sms_road.session("Mairie de Bron", 8)
    await sms_road.say(WISH, mine)
    await sms_road.say("1", mine)
    said = names(await sms_road.say("quand est-ce que le RSA est payé ?", mine))
    assert said == ["utter_article", "utter_session_ask_name"]
    assert names(await sms_road.say("Sonia", mine)) == ["utter_session_booked"]


async def test_full_then_waits_then_is_offered_and_accepts(sms_road: Sms) -> None:
    """The whole way of a seat from one person to another."""
    first, second = number(), number()
    await sms_road.session("Petite salle", 8, seats=1)
    for words in (WISH, "1", "Ali"):
        await sms_road.say(words, first)
    assert names(await sms_road.say(WISH, second)) == ["utter_session_all_full"]
    await sms_road.say("1", second)
    assert names(await sms_road.say("Oksana", second)) == ["utter_session_waiting"]
    await sms_road.session("Grande salle", 12)
    await sms_road.say(WISH, first)
    await sms_road.say("1", first)
    assert names(await sms_road.say("1", first)) == ["utter_session_booked"]
    [offer] = await sms_road.offers(second)
    assert offer.key == "system_session_offer"
    assert names(await sms_road.say("1", second)) == ["utter_session_booked"]
    assert sorted(sms_road.status("Petite salle")) == ["excused", "unknown"]


async def test_two_people_on_one_phone(sms_road: Sms) -> None:
    """Each by first name; the second is booked without touching the first."""
    mine = number()
    await sms_road.session("Mairie de Bron", 8)
    for words in (WISH, "1", "Amina"):
        await sms_road.say(words, mine)
    await sms_road.say(WISH, mine)
    assert names(await sms_road.say("3", mine)) == ["utter_session_ask_name"]
    assert names(await sms_road.say("Karim", mine)) == ["utter_session_list"]
    [booked] = await sms_road.say("1", mine)
    assert "Karim" in booked.text
    assert sms_road.status("Mairie de Bron") == ["unknown", "unknown"]
    await sms_road.session("Centre social", 10)
    await sms_road.say(WISH, mine)
    [who] = await sms_road.say("1", mine)
    assert [one.title for one in who.choices][:2] == ["Amina", "Karim"]
    [theirs] = await sms_road.say("2", mine)
    assert (theirs.key, "Karim" in theirs.text) == ("utter_session_already", True)


async def test_says_yes_to_an_offer_or_no(sms_road: Sms) -> None:
    """In words, as well as by number; a seat that is declined goes to the next."""
    first, second, third = number(), number(), number()
    await sms_road.session("Petite salle", 8, seats=1)
    for words in (WISH, "1", "Ali"):
        await sms_road.say(words, first)
    for mine, name in ((second, "Maria"), (third, "Ana")):
        for words in (WISH, "1", name):
            await sms_road.say(words, mine)
    await sms_road.say("annulez mon rendez-vous", first)
    await sms_road.say("oui", first)
    assert sms_road.status("Petite salle") == ["excused"]
    assert names(await sms_road.offers(second)) == ["system_session_offer"]
    assert names(await sms_road.say("non merci", second)) == ["utter_session_declined"]
    assert names(await sms_road.offers(third)) == ["system_session_offer"]
    assert names(await sms_road.say("oui", third)) == ["utter_session_booked"]


async def test_no_session_is_told_to_the_team(sms_road: Sms) -> None:
    """A task with the commune, and the person knows."""
    mine = number()
    assert names(await sms_road.say("une réunion d'orientation à Bron, je veux m'inscrire", mine)) == [
        "utter_session_none"
    ]
    assert ("session_wanted",) in sms_road.engine.rows("SELECT reason FROM task")


def test_website_sends_to_the_telephone(talk: Talk) -> None:
    """Nobody is booked whose number is not known."""
    assert keys(talk.say(WISH)) == ["utter_session_by_phone"]
