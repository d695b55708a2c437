"""« oui » and « non » are about what reached the person last, whatever else waits; in doubt nothing is cancelled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from bot.appointment_models import appointment, session
from bot.appointments.facts import SessionFacts
from bot.appointments.joining import join
from bot.models import message
from bot.outbox import COUNSELLOR
from channels.base import Reply
from tests.bot.appointments.reminded import Reminded, in_days
from tests.conversations.test_session import WISH, Sms, names, number, sms_road

__all__ = ["sms_road"]


@dataclass
class Waits:
    """Somebody on the waiting list of a full session, and what else the office knows of their telephone."""

    road: Sms
    mine: str
    holder: str
    desk: Reminded

    async def offer(self) -> Reply:
        """Who has the seat gives it back: it is offered to them."""
        await self.road.say("annulez mon rendez-vous", self.holder)
        await self.road.say("oui", self.holder)
        [offer] = await self.road.offers(self.mine)
        assert offer.key == "system_session_offer"
        return offer

    async def say(self, words: str) -> list[str]:
        return names(await self.road.say(words, self.mine))

    async def other(self) -> UUID:
        """An appointment of theirs that has nothing to do with the session."""
        return await self.desk.take(first_name="Oksana", kind="follow_up", starts_at=in_days(9))

    async def passes(self, time: timedelta) -> None:
        """What was said so far was said longer ago."""
        mine = message.c.conversation_id == self.desk.conversation_id
        earlier = {"created_at": message.c.created_at - time, "sent_at": message.c.sent_at - time}
        await self.desk.run(update(message).where(mine).values(**earlier))

    def seats(self) -> list[str]:
        return sorted(self.road.status("Petite salle"))


@pytest.fixture
async def waits(sms_road: Sms) -> Waits:
    mine, holder = number(), number()
    await sms_road.session("Petite salle", 12, seats=1)
    for words in (WISH, "1", "Ali"):
        await sms_road.say(words, holder)
    for words in (WISH, "1", "Oksana"):
        await sms_road.say(words, mine)
    desk = Reminded(sms_road.relais, phone=mine)
    await desk.open()
    return Waits(sms_road, mine, holder, desk)


async def test_yes_to_an_offer_answers_no_older_question(waits: Waits) -> None:
    """« Voulez-vous l'annuler ? » was left without an answer the day before."""
    other = await waits.other()
    assert await waits.say("annuler mon rendez-vous") == ["utter_cancel_ask"]
    await waits.passes(timedelta(days=1))
    await waits.offer()
    assert (await waits.say("oui"))[0] == "utter_session_booked"
    assert await waits.desk.events(other) == []
    assert waits.seats() == ["excused", "unknown"]


async def test_no_to_an_offer_is_no_answer_to_an_older_question(waits: Waits) -> None:
    """The seat is declined."""
    other = await waits.other()
    await waits.say("annuler mon rendez-vous")
    await waits.passes(timedelta(days=1))
    await waits.offer()
    assert (await waits.say("non merci"))[0] == "utter_session_declined"
    assert await waits.desk.events(other) == []


async def test_question_and_offer_at_the_same_moment_ask_which(waits: Waits) -> None:
    """Either may be meant, and one would cancel: each choice says what it does."""
    other = await waits.other()
    await waits.say("annuler mon rendez-vous")
    await waits.offer()
    [asked] = await waits.road.say("oui", waits.mine)
    assert asked.key == "utter_appointment_which"
    assert [one.title.rpartition(" : ")[2] for one in asked.choices] == ["Oui, annuler", "Oui, je la prends"]
    assert "annuler" not in " ".join(await waits.say("oui"))
    assert (await waits.desk.events(other), waits.seats()) == ([], ["excused"])
    await waits.say("annuler mon rendez-vous")
    assert await waits.desk.events(other) == []


async def test_the_choice_of_the_two_that_takes_the_seat(waits: Waits) -> None:
    """And cancels nothing."""
    other = await waits.other()
    await waits.say("annuler mon rendez-vous")
    await waits.offer()
    await waits.say("oui")
    assert (await waits.say("2"))[0] == "utter_session_booked"
    assert await waits.desk.events(other) == []


async def test_yes_to_an_offer_is_no_answer_to_an_older_reminder(waits: Waits) -> None:
    """The seat is taken; the reminder still waits."""
    other = await waits.other()
    await waits.desk.remind(other, ago=timedelta(hours=5))
    await waits.offer()
    assert (await waits.say("oui"))[0] == "utter_session_booked"
    assert await waits.desk.events(other) == []


async def test_yes_to_an_offer_in_the_middle_of_a_search(waits: Waits) -> None:
    """The offer came last."""
    await waits.say("je voudrais passer le permis")
    await waits.offer()
    assert "utter_session_booked" in await waits.say("oui")


async def test_yes_to_a_reminder_that_came_after_an_offer(waits: Waits) -> None:
    """It confirms; the next yes may still take the seat."""
    other = await waits.other()
    await waits.offer()
    await waits.desk.remind(other, ago=timedelta(seconds=-1))
    assert (await waits.say("oui"))[0] == "utter_appointment_confirmed"
    assert (await waits.desk.events(other), waits.seats()) == (["confirmed"], ["excused"])


@pytest.mark.parametrize("words", ["oui", "oui oui"])
async def test_yes_to_a_counsellor_cancels_nothing(waits: Waits, words: str) -> None:
    """Our question is said again before anything is done."""
    other = await waits.other()
    await waits.say("annuler mon rendez-vous")
    await waits.passes(timedelta(minutes=20))
    await waits.desk.show(Reply("Avez-vous reçu la lettre ?"), ago=timedelta(minutes=1), author=COUNSELLOR)
    again = await waits.road.say(words, waits.mine)
    assert "Voulez-vous l'annuler ?" in again[0].text
    assert await waits.desk.events(other) == []


async def test_yes_to_a_counsellor_confirms_nothing(waits: Waits) -> None:
    """The reminder is asked of once more, and then the yes is clear."""
    other = await waits.other()
    await waits.desk.remind(other, ago=timedelta(hours=5))
    await waits.passes(timedelta(minutes=20))
    await waits.desk.show(Reply("Avez-vous reçu la lettre ?"), ago=timedelta(minutes=1), author=COUNSELLOR)
    assert await waits.say("oui") == ["utter_resume_come"]
    assert await waits.desk.events(other) == []
    assert (await waits.say("oui"))[0] == "utter_appointment_confirmed"


async def moved(waits: Waits) -> UUID:
    """They have the seat, and its session is moved: their appointment, after they were told so."""
    await waits.offer()
    await waits.say("1")
    session_id = waits.road.sessions["Petite salle"]
    async with waits.road.relais.database.begin() as connection:
        row = (await connection.execute(select(session).where(session.c.id == session_id))).one()
        given = {name: getattr(row, name) for name in SessionFacts.__dataclass_fields__ if name != "cancelled"}
        given |= {"languages": tuple(row.languages), "starts_at": row.starts_at + timedelta(days=1)}
        await waits.road.relais.programme.keep(connection, SessionFacts(**given))
    assert names(await waits.road.offers(waits.mine)) == ["system_session_moved"]
    mine = select(appointment.c.id).where(appointment.c.session_id == session_id, appointment.c.status == "unknown")
    return UUID(str((await waits.desk.one(mine)).id))


@pytest.mark.parametrize("words", ["oui", "ok", "oui merci"])
async def test_yes_to_the_notice_of_a_moved_session(waits: Waits, words: str) -> None:
    """They come on the new date; no reminder was needed for it, and none that is older is answered."""
    other = await waits.other()
    await waits.desk.remind(other, ago=timedelta(hours=5))
    theirs = await moved(waits)
    assert (await waits.say(words))[0] == "utter_appointment_confirmed"
    assert (await waits.desk.events(theirs))[-1] == "confirmed"
    assert await waits.desk.events(other) == []
    assert "utter_appointment_confirmed" in await waits.say("oui")  # the reminder, which still waits


@pytest.mark.parametrize("words", ["non", "non merci", "non jpeux pas"])
async def test_no_to_the_notice_of_a_moved_session(waits: Waits, words: str) -> None:
    """As to a reminder: asked once, with the way to another date."""
    theirs = await moved(waits)
    [asked] = await waits.road.say(words, waits.mine)
    assert (asked.key, asked.choices[-1].title) == ("utter_cancel_ask", "Je veux une autre date")
    assert (await waits.say("oui"))[0] == "utter_appointment_cancelled"
    assert (await waits.desk.state(theirs))[0] == "excused"


async def two(waits: Waits) -> None:
    """Karim, on the same telephone, waits for a seat as well; two seats are freed."""
    relais, session_id = waits.road.relais, waits.road.sessions["Petite salle"]
    async with relais.database.begin() as connection:
        karim = await relais.people.named(connection, "Karim", waits.mine, "fr")
        assert await join(connection, relais.sessions, session_id, karim) == "waiting"
        await connection.execute(update(session).where(session.c.id == session_id).values(seats=2))
    await waits.road.say("annulez mon rendez-vous", waits.holder)
    await waits.road.say("oui", waits.holder)
    assert names(await waits.road.offers(waits.mine)) == ["system_session_offer"] * 2


@pytest.mark.parametrize("chosen", ["1", "2"])
async def test_two_people_of_one_telephone_are_offered_a_seat(waits: Waits, chosen: str) -> None:
    """Whose is taken is asked, by first name, and nobody is booked before."""
    await two(waits)
    [asked] = await waits.road.say("oui", waits.mine)
    titles = [one.title.partition(",")[0] for one in asked.choices]
    assert (asked.key, sorted(titles), waits.seats()) == ("utter_session_ask_who", ["Karim", "Oksana"], ["excused"])
    [booked] = await waits.road.say(chosen, waits.mine)
    assert booked.key == "utter_session_booked"
    assert titles[int(chosen) - 1] in booked.text
    assert (await waits.say("oui"))[0] == "utter_session_booked"
    assert waits.seats() == ["excused", "unknown", "unknown"]


async def test_one_of_two_declines_by_name_or_number(waits: Waits) -> None:
    """A bare no asks who does not want it."""
    await two(waits)
    [asked] = await waits.road.say("non", waits.mine)
    assert asked.key == "utter_session_ask_who"
    place = [one.title.partition(",")[0] for one in asked.choices].index("Karim") + 1
    assert await waits.say(str(place)) == ["utter_session_declined"]
    [booked] = await waits.road.say("oui", waits.mine)
    assert (booked.key, "Oksana" in booked.text) == ("utter_session_booked", True)
