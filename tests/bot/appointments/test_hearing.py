"""Answers to reminders that the engine is not asked about, and numbers that may mean two things."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot import clock
from bot.models import conversation
from bot.outbox import COUNSELLOR
from channels.base import Choice, Reply
from tests.bot.appointments.reminded import Reminded, in_days
from tests.bot.conftest import Pipeline
from tests.standins.engine import away


@pytest.fixture
def desk(pipeline: Pipeline) -> Reminded:
    return Reminded(pipeline.relais)


async def owned(desk: Reminded, **values: Any) -> None:
    await desk.run(update(conversation).values(**values))


@pytest.mark.parametrize("values", [{"owner": "human"}, {"opted_out_at": in_days(-1)}])
@pytest.mark.parametrize(
    ("words", "event"),
    [("oui merci", "confirmed"), ("ok jy serai", "confirmed"), ("1", "confirmed"), ("3", "move_asked"),
     ("non jpeux pas", "cancel_asked"), ("2", "cancel_asked"), ("нет", "cancel_asked"), ("نعم", "confirmed")],
)  # fmt: skip
async def test_answer_is_recorded_and_nothing_is_said(
    pipeline: Pipeline, desk: Reminded, values: dict[str, Any], words: str, event: str
) -> None:
    """While a counsellor owns the conversation, or after a STOP."""
    mine = await desk.take()
    await desk.remind(mine)
    await owned(desk, **values)
    assert await pipeline.say(words) == []
    assert await desk.events(mine) == [event]
    assert pipeline.engine.asked == []


async def test_who_waits_for_a_human_is_heard_too(pipeline: Pipeline, desk: Reminded) -> None:
    """The acknowledgement is all that is said."""
    mine = await desk.take()
    await desk.remind(mine)
    await owned(desk, owner="queue")
    [said] = await pipeline.say("oui")
    assert "conseiller" in said
    assert await desk.state(mine) == ("unknown", True, "sms")


async def test_who_does_not_come_is_left_to_the_team(pipeline: Pipeline, desk: Reminded) -> None:
    """Nobody asks whether they are sure: nothing is cancelled yet."""
    mine = await desk.take()
    await desk.remind(mine)
    await owned(desk, owner="human")
    await pipeline.say("je viens pas")
    assert (await desk.state(mine))[0] == "unknown"
    assert await desk.tasks() == ["appointment_cancel"]


@pytest.mark.parametrize("words", ["oui", "non", "je viens de recevoir la lettre", "oui ?", "bonjour"])
async def test_words_to_the_counsellor_are_no_answer(pipeline: Pipeline, desk: Reminded, words: str) -> None:
    """« non » after « avez-vous reçu la lettre ? » says nothing of the appointment; a number does."""
    mine = await desk.take()
    await desk.remind(mine, ago=timedelta(hours=1))
    await desk.show(Reply("Avez-vous reçu la lettre ?"), ago=timedelta(minutes=1), author=COUNSELLOR)
    await owned(desk, owner="human")
    await pipeline.say(words)
    assert await desk.events(mine) == []
    await pipeline.say("1")
    assert await desk.events(mine) == ["confirmed"]


async def test_two_reminders_and_a_word_is_not_clear(pipeline: Pipeline, desk: Reminded) -> None:
    """Nothing is recorded of either."""
    for name in ("Amina", "Karim"):
        await desk.remind(await desk.take(first_name=name))
    await owned(desk, owner="human")
    await pipeline.say("oui")
    assert [await desk.events(one) for one in desk.ids] == [[], []]


async def test_old_reminder_never_changes_the_new_date(pipeline: Pipeline, desk: Reminded) -> None:
    """Whoever owns the conversation."""
    mine = await desk.take(starts_at=in_days(3))
    await desk.remind(mine)
    await desk.move(mine, in_days(8))
    await owned(desk, owner="human")
    await pipeline.say("1")
    await pipeline.say("oui")
    assert await desk.events(mine) == []


async def test_number_answers_the_reminder_shown_last(pipeline: Pipeline, desk: Reminded) -> None:
    """By the time of sending: it may have waited behind an answer that was stored after it."""
    mine = await desk.take()
    await desk.remind(mine, ago=timedelta(minutes=20))
    await pipeline.say("1")
    assert pipeline.engine.asked[-1]["payload"].startswith("/confirm_appointment{")
    await desk.show(LIST, ago=timedelta(minutes=40))  # stored after it, shown before
    await pipeline.say("2")
    assert pipeline.engine.asked[-1]["payload"].startswith("/cancel_appointment{")


LIST = Reply("Voici :", (Choice("Crèche des Lilas", "/service_details{}"), Choice("Halte", "/service_details{}")))


async def test_two_open_reminders_ask_which(pipeline: Pipeline, desk: Reminded) -> None:
    """However old the first one is; each choice names its person and its day, and leads on."""
    for name, days in (("Amina", 3), ("Karim", 4)):
        await desk.remind(await desk.take(first_name=name, starts_at=in_days(days)), ago=timedelta(days=5 - days))
    [asked] = await pipeline.say("1")
    assert asked.startswith("Ce numéro peut vouloir dire plusieurs choses")
    titles = [choice.title for choice in pipeline.phone.sent[-1].reply.choices]
    assert [title.split(",")[0] for title in titles] == ["Karim", "Amina"]
    assert all(title.endswith(": Je viens") for title in titles)
    assert pipeline.engine.asked == []
    await pipeline.say("2")
    assert str(desk.ids[0]) in pipeline.engine.asked[-1]["payload"]


@pytest.mark.parametrize(
    ("list_ago", "reminder_ago", "asks"),
    [(2, 1, True), (30, 1, False), (1, 2, True), (1, 30, False)],
)
async def test_list_and_reminder_close_together_ask_which(
    pipeline: Pipeline, desk: Reminded, list_ago: int, reminder_ago: int, asks: bool
) -> None:
    """Within ten minutes of each other either may be meant; else the later one is."""
    mine = await desk.take()
    await desk.remind(mine, ago=timedelta(minutes=reminder_ago))
    await desk.show(LIST, ago=timedelta(minutes=list_ago))
    await pipeline.say("1")
    if asks:
        assert [one.title for one in pipeline.phone.sent[-1].reply.choices][-1 if reminder_ago < list_ago else 0] == (
            "Crèche des Lilas"
        )
    else:
        last = "/confirm_appointment" if reminder_ago < list_ago else "/service_details"
        assert pipeline.engine.asked[-1]["payload"].startswith(last)


async def test_number_that_only_one_of_them_has_is_clear(pipeline: Pipeline, desk: Reminded) -> None:
    """The list has two choices, the reminder three."""
    mine = await desk.take()
    await desk.show(LIST, ago=timedelta(minutes=2))
    await desk.remind(mine)
    await pipeline.say("3")
    assert pipeline.engine.asked[-1]["payload"].startswith("/reschedule_appointment")


async def test_our_own_question_stands_before_its_reminder(pipeline: Pipeline, desk: Reminded) -> None:
    """« Voulez-vous l'annuler ? 1. Oui » names the same appointment: nothing to ask."""
    mine = await desk.take()
    await desk.remind(mine, ago=timedelta(minutes=2))
    sure = Choice("Oui, annuler", f'/cancel_appointment{{"appointment": "{mine}", "sure": "yes"}}')
    await desk.show(Reply("Voulez-vous l'annuler ?", (sure,)), ago=timedelta(minutes=1))
    await pipeline.say("1")
    assert pipeline.engine.asked[-1]["payload"] == sure.payload
    await owned(desk, owner="human")
    await pipeline.say("1")
    assert (await desk.state(mine))[0] == "excused"


async def test_answer_to_a_reminder_of_another_sender_is_of_the_same_person(pipeline: Pipeline, desk: Reminded) -> None:
    """The conversation is the phone's, whichever number of ours wrote to it."""
    mine = await desk.take()
    await desk.remind(mine)
    await owned(desk, sender="+33939980099", owner="human")
    await pipeline.say("oui")
    assert await desk.events(mine) == ["confirmed"]
    assert clock.now()


@pytest.mark.parametrize(
    ("words", "event"),
    [("1", "confirmed"), ("oui", "confirmed"), ("oui je viens", "confirmed"), ("2", "cancel_asked"),
     ("je viens pas", "cancel_asked"), ("3", "move_asked")],
)  # fmt: skip
async def test_what_is_read_too_late_is_recorded(
    pipeline: Pipeline, desk: Reminded, later: Callable[[float], None], words: str, event: str
) -> None:
    """Written in the evening, while nobody worked: the reminder is answered, and a human has the task."""
    mine = await desk.take()
    await desk.remind(mine)
    conversation_id = await pipeline.write(words)
    later(11 * 3600)
    await pipeline.work(conversation_id)
    assert await desk.events(mine) == [event]
    assert "engine_down" in await desk.tasks()
    assert pipeline.engine.asked == []


async def test_an_outage_hides_no_answer(pipeline: Pipeline, desk: Reminded, later: Callable[[float], None]) -> None:
    """That the assistant is down was said since, and nobody answers to that."""
    mine = await desk.take()
    await desk.remind(mine)
    pipeline.engine.fault = lambda question: away()
    conversation_id = await pipeline.write("bonjour")
    later(60)
    await pipeline.work(conversation_id)
    assert len(pipeline.phone.texts) == 1
    await pipeline.write("oui je viens")
    later(20 * 60)
    await pipeline.work(conversation_id)
    assert await desk.events(mine) == ["confirmed"]


async def test_what_fails_three_times_is_recorded(
    pipeline: Pipeline, desk: Reminded, later: Callable[[float], None]
) -> None:
    """The turn's fault is none of the person's."""
    mine = await desk.take()
    await desk.remind(mine)
    pipeline.engine.fault = lambda question: away("action")
    conversation_id = await pipeline.write("2")
    for _ in range(3):
        await pipeline.work(conversation_id)
        later(30)
    assert await desk.events(mine) == ["cancel_asked"]
    assert sorted(await desk.tasks()) == ["appointment_cancel", "turn_failed"]


async def test_a_late_yes_to_a_counsellor_is_no_answer(
    pipeline: Pipeline, desk: Reminded, later: Callable[[float], None]
) -> None:
    """However late it is read; a number is one."""
    mine = await desk.take()
    await desk.remind(mine, ago=timedelta(hours=1))
    await desk.show(Reply("Avez-vous reçu la lettre ?"), ago=timedelta(minutes=1), author=COUNSELLOR)
    conversation_id = await pipeline.write("oui")
    later(16 * 60)
    await pipeline.work(conversation_id)
    assert await desk.events(mine) == []
