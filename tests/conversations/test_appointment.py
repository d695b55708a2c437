"""Appointments by message: the real engine, the real actions, a real phone's conversation."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import update

from bot import clock
from bot.appointment_models import appointment
from bot.assembly import Relais
from bot.database import Database
from bot.keys import load_keys
from bot.models import conversation
from channels.base import Inbound
from tests.bot.appointments.reminded import OURS, Reminded, in_days
from tests.bot.appointments.rooms import noon
from tests.bot.conftest import Phone
from tests.engine import Engine, Talk, keys, said

NUMBERS = count(2000)
"""Of the mobiles kept for trials: each test has a phone of its own, for the database is one."""


class Line:
    """A phone, its conversation, and what the office knows of its people."""

    def __init__(self, relais: Relais, phone: Phone) -> None:
        number = f"+3363998{next(NUMBERS):04}"
        self.relais, self.phone = relais, phone
        self.desk = Reminded(relais, phone=number)

    async def say(self, words: str, *, language: str = "") -> str:
        """Write; what comes back, numbered choices included."""
        before = len(self.phone.sent)
        inbound = Inbound("phone", f"SM{uuid4().hex}", self.desk.phone, OURS, words)
        self.desk.conversation_id = (await self.relais.inbox.receive(inbound)).conversation_id
        if language:
            mine = conversation.c.id == self.desk.conversation_id
            await self.desk.run(update(conversation).where(mine).values(language=language, language_asked=True))
        await self.relais.turns.answer(self.desk.conversation_id)
        await self.relais.delivery.deliver(self.desk.conversation_id)
        lines = []
        for sent in self.phone.sent[before:]:
            lines += [sent.reply.text, *(f"{n}. {one.title}" for n, one in enumerate(sent.reply.choices, 1))]
        return "\n".join(lines)


@pytest.fixture
async def line(engine: Engine, tmp_path: Path) -> AsyncIterator[Line]:
    """The pipeline over the engine's own database, at noon of a working day."""
    engine.actions.mode = "well"
    clock.start(tmp_path / "noon", noon())
    settings = engine.settings.model_copy(update={"rasa_url": engine.url})
    relais, phone = Relais(settings, load_keys(settings), Database(settings.database_url), "test"), Phone()
    relais.__dict__["channels"] = {"phone": phone}
    yield Line(relais, phone)
    await relais.close()


@pytest.mark.parametrize("words", ["oui", "oui merci", "ok jy serai", "1", "je serai là"])
async def test_answers_a_reminder_three_days_later(line: Line, words: str) -> None:
    """It is confirmed, with when and how, and the date is said back."""
    mine = await line.desk.take(starts_at=in_days(4))
    await line.desk.remind(mine, ago=timedelta(days=3))
    answer = await line.say(words)
    assert answer.startswith("Merci, c'est noté. Rendez-vous :")
    assert await line.desk.state(mine) == ("unknown", True, "sms")


@pytest.mark.parametrize("words", ["non", "non jpeux pas", "2", "je suis malade", "je viens pas", "annulez"])
async def test_says_no_and_is_asked_once(line: Line, words: str) -> None:
    """Nothing is cancelled before the plain question has its yes; then somebody tells the service."""
    mine = await line.desk.take()
    await line.desk.remind(mine)
    asked = await line.say(words)
    assert "Voulez-vous l'annuler ?\n1. Oui, annuler\n2. Non, je viens\n3. Je veux une autre date" in asked
    assert (await line.desk.state(mine))[0] == "unknown"
    done = await line.say("oui")
    assert done.startswith("C'est annulé.")
    assert "Je veux une autre date" in done
    assert await line.desk.state(mine) == ("excused", False, "sms")


async def test_says_no_then_asks_for_another_date(line: Line) -> None:
    """The team finds one; the appointment stands until then."""
    mine = await line.desk.take()
    await line.desk.remind(mine)
    await line.say("non")
    answer = await line.say("je voudrais une autre date")
    assert answer.startswith("Votre demande est transmise.")
    assert "reste prévu" in answer
    assert (await line.desk.events(mine))[-1] == "move_asked"


async def test_changes_their_mind(line: Line) -> None:
    """Yes, no, yes: what was said last holds, and each is written down."""
    mine = await line.desk.take()
    await line.desk.remind(mine)
    await line.say("oui")
    assert "Voulez-vous l'annuler ?" in await line.say("finalement je ne peux pas venir")
    assert (await line.say("1")).startswith("C'est annulé.")
    assert (await line.say("finalement je viens")).startswith("C'est noté : le rendez-vous n'est plus annulé.")
    assert await line.desk.state(mine) == ("unknown", True, "sms")
    assert await line.desk.events(mine) == ["confirmed", "cancelled", "confirmed"]


async def test_keeps_the_appointment_after_all(line: Line) -> None:
    """« no » to the question cancels nothing."""
    mine = await line.desk.take()
    await line.desk.remind(mine)
    await line.say("je veux annuler mon rendez-vous")
    assert (await line.say("non")).startswith("D'accord, rien n'est annulé.")
    assert (await line.desk.state(mine))[0] == "unknown"


KEEPS = [
    ("fr", "non annulez pas"), ("fr", "non surtout annulez pas"), ("fr", "pas d'annulation"), ("fr", "n'annulez pas"),
    ("en", "no don't cancel it"), ("ar", "لا تلغوا الموعد"), ("es", "no, no lo cancelen"), ("pt", "não cancelem"),
    ("tr", "randevumu iptal etmeyin"), ("uk", "ні, не скасовуйте"), ("ru", "нет, не отменяйте"),
    ("ro", "nu, nu anulați"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "words"), KEEPS)
async def test_a_refused_cancellation_cancels_nothing(line: Line, language: str, words: str) -> None:
    """To our question it is a yes to coming; before it, it is no wish to cancel."""
    mine = await line.desk.take()
    await line.desk.remind(mine)
    await line.say("2", language=language)
    await line.say(words)
    assert (await line.desk.state(mine))[0] == "unknown"
    assert "cancelled" not in await line.desk.events(mine)
    if language == "fr":
        assert (await line.desk.state(mine))[1]


@pytest.mark.parametrize("words", ["non annulez", "je peux pas annuler"])
async def test_a_cancellation_beside_a_no_is_asked_again(line: Line, words: str) -> None:
    """It may mean either."""
    mine = await line.desk.take()
    await line.desk.remind(mine)
    await line.say("2")
    await line.say(words)
    assert (await line.desk.state(mine))[0] == "unknown"


async def test_in_the_middle_of_a_search(line: Line) -> None:
    """The reminder came last: « yes » is for it, and the search goes on where it was."""
    mine = await line.desk.take()
    assert "commune" in await line.say("je voudrais passer le permis")
    await line.desk.remind(mine, ago=timedelta(seconds=-1))
    answer = await line.say("oui")
    assert answer.startswith("Merci, c'est noté.")
    assert "Je continue votre recherche" in answer
    assert "permis" in (await line.say("Bron")).lower()


async def test_yes_to_an_open_search_is_no_answer_to_an_older_reminder(line: Line) -> None:
    """The search's question was asked after it."""
    mine = await line.desk.take()
    await line.desk.remind(mine, ago=timedelta(hours=1))
    await line.say("je voudrais passer le permis")
    assert "Je continue votre recherche" in await line.say("oui")
    assert await line.desk.events(mine) == []


async def test_question_survives_a_digression(line: Line) -> None:
    """A greeting, a search, a question on rights: it is said again, and its answer is understood."""
    mine = await line.desk.take()
    await line.say("je veux annuler mon rendez-vous")
    assert "Voulez-vous l'annuler ?" in await line.say("bonjour")
    assert "Voulez-vous l'annuler ?" in await line.say("combien on touche au rsa quand on est seul")
    assert "Voulez-vous l'annuler ?" in await line.say("je cherche une garde d'enfants à Vaulx")
    assert (await line.say("oui")).startswith("C'est annulé.")
    assert (await line.desk.state(mine))[0] == "excused"


async def test_two_people_on_one_phone(line: Line) -> None:
    """Asked which, by first name and date; a name, a day or a number chooses."""
    amina = await line.desk.take(first_name="Amina", starts_at=in_days(3))
    karim = await line.desk.take(first_name="Karim", starts_at=in_days(6))
    for one in (amina, karim):
        await line.desk.remind(one)
    asked = await line.say("oui")
    assert asked.startswith("De quel rendez-vous parlez-vous ?\n1. Amina, ")
    assert "\n2. Karim, " in asked
    assert "pour Karim" in await line.say("pour Karim")
    assert await line.desk.events(karim) == ["confirmed"]
    assert "Voulez-vous l'annuler ?" in await line.say("Amina ne peut pas venir à son rdv")
    assert await line.desk.events(amina) == []


async def test_a_day_chooses_among_several(line: Line) -> None:
    """« c bon pour … »; on a day without any, those that there are are said."""
    first, second = await line.desk.take(starts_at=in_days(9)), await line.desk.take(starts_at=in_days(10))
    day = (clock.today() + timedelta(days=10)).strftime("%d/%m/%Y")
    assert (await line.say(f"c bon pour le {day}")).startswith("Merci")
    assert (await line.desk.events(first), await line.desk.events(second)) == ([], ["confirmed"])
    other = (clock.today() + timedelta(days=15)).strftime("%d/%m/%Y")
    answer = await line.say(f"je peux pas venir le {other}")
    assert answer.startswith("Je ne vois pas de rendez-vous ce jour-là.")
    assert "\n2. " in answer


@pytest.mark.parametrize("words", ["oui", "1", "2", "non"])
async def test_old_reminder_after_the_appointment_moved(line: Line, words: str) -> None:
    """The new date is said and asked for; nothing is changed by the old answer."""
    mine = await line.desk.take(starts_at=in_days(3))
    await line.desk.remind(mine)
    await line.desk.move(mine, in_days(8))
    asked = await line.say(words)
    assert asked.startswith("La date a changé.")
    assert await line.desk.events(mine) == []
    assert (await line.say("oui")).startswith("Merci, c'est noté.")
    assert await line.desk.events(mine) == ["confirmed"]


async def test_a_number_with_two_open(line: Line) -> None:
    """Which reminder is meant is asked before anything is done."""
    for name in ("Amina", "Karim"):
        await line.desk.remind(await line.desk.take(first_name=name))
    asked = await line.say("1")
    assert asked.startswith("Ce numéro peut vouloir dire plusieurs choses. Laquelle ?")
    assert [await line.desk.events(one) for one in line.desk.ids] == [[], []]
    assert (await line.say("2")).startswith("Merci, c'est noté. Rendez-vous pour ")
    assert sorted([await line.desk.events(one) for one in line.desk.ids]) == [[], ["confirmed"]]


async def test_cancels_while_a_counsellor_owns_the_conversation(line: Line) -> None:
    """It is recorded, the team is to ask, and the machine says nothing."""
    mine = await line.desk.take()
    await line.desk.remind(mine)
    await line.desk.run(
        update(conversation).where(conversation.c.id == line.desk.conversation_id).values(owner="human")
    )
    assert await line.say("2") == ""
    assert await line.desk.events(mine) == ["cancel_asked"]


@pytest.mark.parametrize("words", ["le bus est en panne", "je serai en retard"])
async def test_late_today(line: Line, words: str) -> None:
    """The team is told."""
    mine = await line.desk.take()
    soon = clock.now() + timedelta(minutes=1)
    await line.desk.run(update(appointment).where(appointment.c.id == mine).values(starts_at=soon))
    assert (await line.say(words)).startswith("C'est noté, l'équipe est prévenue")
    assert await line.desk.events(mine) == ["late"]


async def test_asks_when_where_and_what_to_bring(line: Line) -> None:
    """Told on their phone, with the date in words."""
    await line.desk.take(bring="votre titre de séjour")
    answer = await line.say("c'est quand mon rdv")
    assert "Maison de la Métropole, Bron" in answer
    assert "à 14 h" in answer
    prepared = await line.say("quels papiers je dois apporter")
    assert "À apporter : votre titre de séjour." in prepared
    assert "environ 60 minutes" in prepared


async def test_nothing_known_of_this_phone(line: Line) -> None:
    """It is said, with a way to a human."""
    for words in ("c'est quand mon rdv", "je veux annuler mon rendez-vous", "je serai là, je confirme"):
        assert "HUMAIN" in await line.say(words)


@pytest.mark.parametrize("words", ["c'est quand mon rdv", "je veux annuler mon rendez-vous", "je serai en retard"])
def test_on_the_web(talk: Talk, words: str) -> None:
    """Nobody vouches for a chat: no appointment is told or changed there, and the way is said."""
    answer = talk.say(words)
    assert keys(answer) == ["utter_appointment_not_here"]
    assert "SMS" in said(answer)


@pytest.mark.parametrize(
    ("language", "yes", "no", "confirmed", "asked"),
    [
        ("en", "yes i will come", "i can't come", "Thank you, it is noted.", "Do you want to cancel it?"),
        ("ar", "نعم", "لا أستطيع الحضور", "شكرا، تم التسجيل.", "هل تريدون إلغاءه؟"),
    ],
)
async def test_in_other_languages(line: Line, language: str, yes: str, no: str, confirmed: str, asked: str) -> None:
    """Heard and answered in their language."""
    mine = await line.desk.take()
    await line.desk.remind(mine)
    assert (await line.say(yes, language=language)).startswith(confirmed)
    assert asked in await line.say(no, language=language)
    assert await line.desk.state(mine) == ("unknown", True, "sms")
