"""The waiting list: a freed seat goes to the first, for a while, then to the next; by day; nobody is forgotten."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text, update

from bot import clock
from bot.appointment_models import appointment, person, session, waiting
from bot.appointments.people import Person
from bot.appointments.seats import is_on
from bot.errors import DatabaseUnavailable
from bot.models import conversation, message
from bot.outbox import SYSTEM, Line
from bot.reminders import quiet, switch
from bot.reminders.bucket import Bucket
from channels.base import Reply
from tests.bot.appointments.rooms import Rooms, noon
from tests.bot.conftest import Pipeline

HOUR = 3600


@pytest.fixture
def rooms(pipeline: Pipeline, tmp_path: Path) -> Rooms:
    """It is noon of a working day, and tomorrow is one as well."""
    clock.start(tmp_path / "noon", noon())
    return Rooms(pipeline)


async def full_with(rooms: Rooms, waiters: int, **more: Any) -> tuple[UUID, UUID | None, list[Person]]:
    """A session of one seat that is taken, and people who wait for it."""
    session_id = await rooms.session(**{"seats": 1, "days": 12, **more})
    taken = await rooms.book(session_id, await rooms.person(100))
    people = await rooms.people(waiters)
    for whose in people:
        assert (await rooms.book(session_id, whose)).what == "full"
        assert await rooms.join(session_id, whose) == "waiting"
    return session_id, taken.appointment_id, people


@pytest.mark.parametrize("status", ["excused", "revoked", "removed"])
async def test_freed_seat_is_offered_to_the_first(rooms: Rooms, status: str) -> None:
    """Whoever freed it: once, to one person, with two numbered answers, while it is held for them."""
    session_id, mine, [first, second] = await full_with(rooms, 2)
    if status == "removed":
        async with rooms.relais.database.begin() as connection:
            await rooms.relais.register.remove(connection, "relais", str(session_id), clock.now(), "api")
    else:
        await rooms.cancel(mine, status)
    assert [await rooms.scan() for _ in range(2)] == [1, 0]
    assert await rooms.states(session_id) == ["offered", "waiting"]
    [offer] = await rooms.told(first)
    assert offer.key == "system_session_offer"
    assert [choice.payload.split("{")[0] for choice in offer.choices] == ["/book_appointment"] * 2
    assert await rooms.told(second) == []
    assert (await rooms.book(session_id, await rooms.person(50))).what == "full"
    assert (await rooms.book(session_id, second)).what == "full"
    assert (await rooms.book(session_id, first)).what == "booked"
    assert await rooms.states(session_id) == ["taken", "waiting"]


async def test_offer_is_marked_as_unasked_and_ends(rooms: Rooms) -> None:
    """Its message is bulk, leaves while there is half of the time to answer, and is written once."""
    _, mine, [first] = await full_with(rooms, 1)
    await rooms.cancel(mine)
    await rooms.scan()
    [row] = await rooms.rows(message, message.c.direction == "out")
    [entry] = await rooms.rows(waiting)
    assert (row.author, row.bulk, row.has_choices) == ("system", True, True)
    assert row.valid_until - entry.offered_at == (entry.expires_at - entry.offered_at) / 2
    assert timedelta(hours=23) < entry.expires_at - clock.now() <= timedelta(hours=24)
    assert (await rooms.told(first))[0].text.count("RSA") == 0


async def test_offer_that_nobody_answers_goes_to_the_next(rooms: Rooms, later: Callable[[float], None]) -> None:
    """The first who answers then is told that it is too late, and stays on the list, behind those who wait."""
    session_id, mine, [first, second] = await full_with(rooms, 2)
    await rooms.cancel(mine)
    await rooms.scan()
    later(24 * HOUR + 60)
    await rooms.scan()
    assert await rooms.states(session_id) == ["expired", "offered"]
    late = await rooms.book(session_id, first)
    assert (late.what, late.waits, late.late) == ("full", True, True)
    assert (await rooms.book(session_id, second)).what == "booked"
    assert Counter(await rooms.states(session_id)) == {"taken": 1, "waiting": 1}


async def test_late_answer_is_good_while_nobody_else_wants_the_seat(
    rooms: Rooms, later: Callable[[float], None]
) -> None:
    """The time is up, the seat is still there."""
    session_id, mine, [first] = await full_with(rooms, 1)
    await rooms.cancel(mine)
    await rooms.scan()
    later(24 * HOUR + 60)
    await rooms.scan()
    assert (await rooms.book(session_id, first)).what == "booked"


async def test_offer_close_to_the_day_is_short(rooms: Rooms) -> None:
    """Three hours, when the session begins within two days."""
    session_id, mine, _ = await full_with(rooms, 1, days=1)
    await rooms.cancel(mine)
    await rooms.scan()
    [entry] = await rooms.rows(waiting)
    assert timedelta(hours=2, minutes=55) < entry.expires_at - clock.now() <= timedelta(hours=3)
    assert await rooms.states(session_id) == ["offered"]


async def test_seat_freed_at_night_is_offered_in_the_morning(rooms: Rooms, later: Callable[[float], None]) -> None:
    """Until then it is kept for the list: nobody who writes at night passes before."""
    session_id, mine, [first] = await full_with(rooms, 1)
    later(10 * HOUR)
    assert quiet.is_quiet(clock.now())
    await rooms.cancel(mine)
    assert await rooms.scan() == 0
    assert (await rooms.told(first), await rooms.states(session_id)) == ([], ["waiting"])
    assert (await rooms.book(session_id, await rooms.person(50))).what == "full"
    later(11 * HOUR)
    assert not quiet.is_quiet(clock.now())
    assert await rooms.scan() == 1
    assert len(await rooms.told(first)) == 1


async def test_offer_that_ends_at_night_goes_on_in_the_morning(rooms: Rooms, later: Callable[[float], None]) -> None:
    """It is closed at once; the next one is asked by day."""
    session_id, mine, [_, second] = await full_with(rooms, 2)
    later(5 * HOUR)
    await rooms.cancel(mine)
    await rooms.scan()
    later(24 * HOUR + 4 * HOUR)
    assert quiet.is_quiet(clock.now())
    await rooms.scan()
    assert (await rooms.states(session_id), await rooms.told(second)) == (["expired", "waiting"], [])
    later(12 * HOUR)
    while quiet.is_quiet(clock.now()):
        later(24 * HOUR)
    await rooms.scan()
    assert await rooms.states(session_id) == ["expired", "offered"]


async def test_first_on_the_list_may_take_what_is_kept_for_it(rooms: Rooms) -> None:
    """Who asks before the offer has come is not told that it is full; who is behind them is."""
    session_id, mine, [first, second] = await full_with(rooms, 2)
    await rooms.cancel(mine)
    assert (await rooms.book(session_id, second)).what == "full"
    assert (await rooms.book(session_id, first)).what == "booked"


async def test_no_thank_you_passes_it_on_at_once(rooms: Rooms) -> None:
    """Who declines is off the list, and the next is asked."""
    session_id, mine, [first, second] = await full_with(rooms, 2)
    await rooms.cancel(mine)
    await rooms.scan()
    assert await rooms.leave(session_id, first)
    await rooms.scan()
    assert await rooms.states(session_id) == ["left", "offered"]
    assert len(await rooms.told(second)) == 1
    assert not await rooms.leave(session_id, first)


async def test_who_can_not_be_told_is_left_to_a_human(rooms: Rooms) -> None:
    """Without a conversation, opted out or unreachable: the next is asked, and a task is there."""
    session_id, mine, [first, second] = await full_with(rooms, 2)
    async with rooms.relais.database.begin() as connection:
        index = rooms.relais.vault.address_index("phone", first.phone)
        silent = update(conversation).where(conversation.c.address_index == index).values(opted_out_at=clock.now())
        await connection.execute(silent)
    await rooms.cancel(mine)
    await rooms.scan()
    assert (await rooms.states(session_id), await rooms.tasks()) == (["left", "offered"], ["session_untold"])
    assert (await rooms.told(first), len(await rooms.told(second))) == ([], 1)


@pytest.mark.parametrize("halted", ["switch", "provider"])
async def test_nothing_is_offered_while_nothing_leaves(
    rooms: Rooms, later: Callable[[float], None], halted: str
) -> None:
    """Days of it cost nobody their place on the list."""
    session_id, mine, [first, second] = await full_with(rooms, 2)
    async with rooms.relais.database.begin() as connection:
        if halted == "switch":
            await switch.stop(connection, "reminders")
        else:
            await Bucket("phone", 10).refused(connection, clock.now())
    await rooms.cancel(mine)
    await rooms.scan()
    assert (await rooms.states(session_id), await rooms.told(first)) == (["waiting", "waiting"], [])
    later(HOUR)
    async with rooms.relais.database.begin() as connection:
        await switch.start(connection)
    await rooms.scan()
    assert (await rooms.states(session_id), len(await rooms.told(first))) == (["offered", "waiting"], 1)
    assert await rooms.told(second) == []


@pytest.mark.parametrize("skipped", [True, False])
async def test_offer_that_never_left_is_made_anew(rooms: Rooms, later: Callable[[float], None], skipped: bool) -> None:
    """Stopped before it left: still queued when the time is up, or set aside as it would leave too late."""
    session_id, mine, [first, second] = await full_with(rooms, 2)
    await rooms.cancel(mine)
    await rooms.scan(leaves=False)
    if skipped:
        later(20 * HOUR)
        async with rooms.relais.database.begin() as connection:
            await connection.execute(update(message).where(message.c.bulk).values(state="skipped", reason="too late"))
    else:
        later(24 * HOUR + 60)
    await rooms.scan()
    assert await rooms.states(session_id) == ["offered", "waiting"]
    assert (len(await rooms.told(first)), await rooms.told(second)) == (2, [])
    later(24 * HOUR + 60)
    await rooms.scan()
    assert await rooms.states(session_id) == ["expired", "offered"]


async def test_who_had_enough_today_is_asked_tomorrow(rooms: Rooms, later: Callable[[float], None]) -> None:
    """The next one is asked today; nobody is taken off the list, and no human is asked."""
    session_id, mine, [first, second] = await full_with(rooms, 2)
    await had_enough(rooms, first)
    await rooms.cancel(mine)
    await rooms.scan()
    assert (await rooms.states(session_id), await rooms.tasks()) == (["waiting", "offered"], [])
    await rooms.leave(session_id, second)
    await rooms.scan()
    assert (await rooms.states(session_id))[0] == "waiting"
    later(24 * HOUR)
    await rooms.scan()
    assert (await rooms.states(session_id))[0] == "offered"


async def had_enough(rooms: Rooms, whose: Person) -> None:
    """They were sent today what a day allows."""
    index = rooms.relais.vault.address_index("phone", whose.phone)
    async with rooms.relais.database.begin() as connection:
        mine = await connection.scalar(select(conversation.c.id).where(conversation.c.address_index == index))
        for number in range(rooms.relais.settings.reminders_a_day):
            line = Line(Reply("Rappel"), SYSTEM, f"had:{number}", bulk=True)
            await rooms.relais.outbox.say(connection, mine, None, [line])
        await connection.execute(update(message).where(message.c.bulk).values(state="sent", sent_at=clock.now()))


async def test_somebody_unreadable_holds_up_nobody(rooms: Rooms) -> None:
    """They are left to a human; the others of their session are told, and offered what is free."""
    session_id, mine, [first, second] = await full_with(rooms, 2)
    async with rooms.relais.database.begin() as connection:
        await connection.execute(update(person).where(person.c.id == first.id).values(phone_secret=b"broken"))
    await rooms.change(session_id, place="Salle des fêtes", starts_at=clock.now() + timedelta(days=13))
    await rooms.cancel(mine)
    assert await rooms.scan() == 1
    assert [reply.key for reply in await rooms.told(second)] == ["system_session_list_moved", "system_session_offer"]
    assert (await rooms.states(session_id), set(await rooms.tasks())) == (["left", "offered"], {"session_untold"})


async def test_the_day_s_messages_are_counted_for_notices_too(rooms: Rooms) -> None:
    """Who has had what a day allows is told by a human; a replacement of that session is another thing to tell."""
    session_id, _, [first, _] = await full_with(rooms, 2)
    for days in range(13, 13 + rooms.relais.settings.reminders_a_day):
        await rooms.change(session_id, starts_at=clock.now() + timedelta(days=days))
        await rooms.scan()
    assert len(await rooms.told(first)) == rooms.relais.settings.reminders_a_day
    for days, tasks in ((30, 3), (31, 6)):
        await rooms.change(session_id, starts_at=clock.now() + timedelta(days=days))
        await rooms.scan()
        assert len(await rooms.tasks()) == tasks
    assert len(await rooms.told(first)) == rooms.relais.settings.reminders_a_day


async def test_notices_leave_at_the_sender_s_pace(rooms: Rooms) -> None:
    """Everybody of a session is told, one after the other; none of it waits for a reminder's turn."""
    rate = rooms.relais.settings.sms_per_second
    session_id, _, _ = await full_with(rooms, 6)
    await rooms.change(session_id, starts_at=clock.now() + timedelta(days=13))
    await rooms.scan()
    rows = sorted(row.due_at for row in await rooms.rows(message) if row.bulk)
    spread = [(due - rows[0]).total_seconds() for due in rows]
    assert spread[-1] == pytest.approx((len(rows) - max(1, rate)) / rate, abs=0.5)


async def test_who_has_a_seat_waits_for_none(rooms: Rooms) -> None:
    """A seat elsewhere takes them off every list, also an offer they had; and nobody with a seat gets on one."""
    session_id, mine, [first, second] = await full_with(rooms, 2)
    await rooms.cancel(mine)
    await rooms.scan()
    other = await rooms.session(8, name="other")
    assert (await rooms.book(other, first)).what == "booked"
    await rooms.scan()
    assert await rooms.states(session_id) == ["left", "offered"]
    assert len(await rooms.told(second)) == 1
    assert await rooms.join(session_id, first) == "already"


async def test_cancelled_session_is_told_once_to_all(rooms: Rooms, later: Callable[[float], None]) -> None:
    """Those who have a seat and those who wait, in the morning; their appointments are off, with their reminders."""
    session_id, mine, [first] = await full_with(rooms, 1)
    seated = await rooms.person(100, writes=False)
    later(10 * HOUR)
    await rooms.change(session_id, cancelled=True)
    await rooms.change(session_id, cancelled=True)
    assert await rooms.scan() == 0
    later(11 * HOUR)
    assert [await rooms.scan() for _ in range(2)] == [1, 0]
    for whose in (seated, first):
        assert [reply.key for reply in await rooms.told(whose)] == ["system_session_cancelled"]
    [row] = await rooms.rows(appointment, appointment.c.id == mine)
    assert (row.status, await rooms.states(session_id)) == ("revoked", ["left"])
    assert (await rooms.book(session_id, first)).what == "gone"


async def test_who_had_cancelled_is_not_told_that_it_is_cancelled(rooms: Rooms) -> None:
    """Not even when it was called off once before, and on again before anybody was told."""
    session_id, mine, _ = await full_with(rooms, 0)
    seated = await rooms.person(100, writes=False)
    await rooms.change(session_id, cancelled=True)
    await rooms.change(session_id, cancelled=False)
    assert (await rooms.book(session_id, seated)).what == "booked"
    await rooms.cancel(mine)
    await rooms.change(session_id, cancelled=True)
    assert (await rooms.scan(), await rooms.told(seated)) == (0, [])


async def test_moved_session_is_told_once_to_all(rooms: Rooms) -> None:
    """Appointments have the new date, each answer carries it, and the list goes on."""
    session_id, mine, [first] = await full_with(rooms, 1)
    seated = await rooms.person(100, writes=False)
    [before] = await rooms.rows(session)
    for days in (1, 2):
        await rooms.change(session_id, starts_at=before.starts_at + timedelta(days=days))
        assert [await rooms.scan() for _ in range(2)] == [1, 0]
        [row] = await rooms.rows(appointment, appointment.c.id == mine)
        assert row.starts_at == before.starts_at + timedelta(days=days)
        last = (await rooms.told(seated))[-1]
        assert (last.key, len(await rooms.told(seated))) == ("system_session_moved", days)
        assert row.starts_at.isoformat() in last.choices[0].payload
        assert [reply.key for reply in await rooms.told(first)] == ["system_session_list_moved"] * days
    assert await rooms.states(session_id) == ["waiting"]


async def test_another_place_is_told_as_well(rooms: Rooms) -> None:
    """They would stand before the wrong door."""
    session_id, _, _ = await full_with(rooms, 0)
    await rooms.change(session_id, place="Mairie de Vénissieux")
    await rooms.scan()
    [reply] = await rooms.told(await rooms.person(100, writes=False))
    assert "Mairie de Vénissieux" in reply.text


async def test_two_workers_make_one_offer(rooms: Rooms) -> None:
    """Whoever comes second leaves it to the first, or finds nothing to do."""
    session_id, mine, [first, _] = await full_with(rooms, 2)
    await rooms.cancel(mine)
    other = rooms.pipeline.another()
    await asyncio.gather(*(relais.rounds.scan() for relais in (rooms.relais, other) for _ in range(3)))
    await other.close()
    assert len(await rooms.told(first)) == 1
    assert await rooms.states(session_id) == ["offered", "waiting"]


async def test_worker_that_dies_makes_the_offer_later(rooms: Rooms) -> None:
    """Killed before the commit: neither the state nor the message is there; the next look makes both."""
    session_id, mine, [first] = await full_with(rooms, 1)
    await rooms.cancel(mine)
    with pytest.raises(DatabaseUnavailable):
        async with rooms.relais.database.begin() as connection:
            assert await rooms.relais.waiting_list.refill(connection, session_id) == 1
            backend = await connection.scalar(text("SELECT pg_backend_pid()"))
            async with rooms.relais.database.begin() as killer:
                await killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": backend})
            await connection.execute(text("SELECT 1"))
    assert (await rooms.told(first), await rooms.states(session_id)) == ([], ["waiting"])
    await rooms.scan()
    assert (len(await rooms.told(first)), await rooms.states(session_id)) == (1, ["offered"])


async def test_list_is_closed_when_the_session_begins(rooms: Rooms, later: Callable[[float], None]) -> None:
    """Nobody is offered a seat at a meeting that has begun, and nobody is looked at for ever."""
    session_id, mine, _ = await full_with(rooms, 1, days=3)
    later(4 * 24 * HOUR)
    await rooms.cancel(mine)
    await rooms.scan()
    assert (await rooms.states(session_id), await rooms.scan()) == (["left"], 0)


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_of_events(rooms: Rooms, later: Callable[[float], None], seed: int) -> None:
    """Whoever books, cancels, moves, waits, accepts, declines, in whatever order and at once: the seats are right."""
    chance = random.Random(seed)
    sessions = [await rooms.session(20 + n, name=f"S{n}", seats=1 + n) for n in range(3)]
    people = await rooms.people(8)
    for _ in range(12):
        await asyncio.gather(*(act(rooms, chance, sessions, people) for _ in range(5)))
        await check(rooms)
        if chance.random() < 0.3:
            later(chance.choice([1, 5, 25]) * HOUR)
        if chance.random() < 0.15:
            await rooms.change(chance.choice(sessions), cancelled=chance.random() < 0.5)
        await rooms.scan()
        await check(rooms)
        if not quiet.is_quiet(clock.now()):
            await nobody_is_forgotten(rooms)


async def act(rooms: Rooms, chance: random.Random, sessions: list[UUID], people: list[Person]) -> None:
    session_id, whose = chance.choice(sessions), chance.choice(people)
    held = await rooms.rows(appointment, appointment.c.person_id == whose.id, is_on())
    match chance.choice(["book", "book", "join", "cancel", "move", "leave", "scan"]):
        case "book":
            await rooms.book(session_id, whose, uuid4())
        case "join":
            await rooms.join(session_id, whose)
        case "cancel" if held:
            await rooms.cancel(held[0].id)
        case "move" if held:
            await rooms.move(held[0].id, session_id, whose)
        case "leave":
            await rooms.leave(session_id, whose)
        case _:
            await rooms.scan()


async def check(rooms: Rooms) -> None:
    """Never more seats than there are, taken or held; nobody both has one and waits; nobody has two."""
    seated = await rooms.rows(appointment, is_on())
    listed = await rooms.rows(waiting, waiting.c.state.in_(("waiting", "offered")))
    for row in await rooms.rows(session):
        taken = sum(one.session_id == row.id for one in seated)
        held = sum(one.session_id == row.id and one.state == "offered" for one in listed)
        assert taken + held <= row.seats
    persons = [one.person_id for one in seated]
    assert len(persons) == len(set(persons))
    assert not set(persons) & {one.person_id for one in listed}


async def nobody_is_forgotten(rooms: Rooms) -> None:
    """By day, after a look, there is no free seat that somebody waits for."""
    async with rooms.relais.database.begin() as connection:
        rows = (await connection.execute(select(session).where(session.c.cancelled_at.is_(None)))).all()
    for row in rows:
        states = Counter(await rooms.states(row.id))
        if states["waiting"]:
            assert await rooms.seated(row.id) + states["offered"] == row.seats
