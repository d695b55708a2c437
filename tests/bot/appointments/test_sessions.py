"""Seats of the sessions: never more than there are, never two for one person, none lost when somebody moves."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update

from bot import clock
from bot.appointment_models import appointment, appointment_event, reminder, session
from bot.commands.demo import load_sessions
from bot.errors import DatabaseUnavailable
from bot.reminders import quiet
from knowledge.places import Places
from tests.bot.appointments.conftest import facts
from tests.bot.appointments.rooms import Rooms
from tests.bot.conftest import Pipeline


@pytest.fixture
def rooms(pipeline: Pipeline) -> Rooms:
    return Rooms(pipeline)


async def shown(rooms: Rooms, *, language: str = "fr", commune: str = "", **more: object) -> list[str]:
    """The places of the sessions that are proposed, in their order."""
    place = Places.from_file().get(commune) if commune else None
    async with rooms.relais.database.begin() as connection:
        found = await rooms.relais.sessions.open_for(
            connection, language=language, place=place, now=clock.now(), **more
        )  # type: ignore[arg-type]
    return [one.place for one in found]


async def test_open_sessions_are_those_that_can_be_reached(rooms: Rooms) -> None:
    """Not those that are full, cancelled, tomorrow before this hour, or shown already; three at most."""
    await rooms.session(0, hour=23, name="today", place="today")
    await rooms.session(5, name="off", place="off", cancelled=True)
    await rooms.session(5, name="full", place="full", seats=0)
    kept = [await rooms.session(days, name=f"D{days}", place=f"D{days}") for days in (9, 3, 7, 5)]
    assert await shown(rooms) == ["D3", "D5", "D7"]
    assert await shown(rooms, but=kept[1:]) == ["D9"]


async def test_language_then_distance_then_date_decide(rooms: Rooms) -> None:
    """A session in the person's language goes before a nearer one, a nearer one before a sooner one."""
    await rooms.session(3, name="A", place="Lyon 9e, tôt", commune="69389")
    await rooms.session(6, name="B", place="Bron, tard", commune="69029")
    await rooms.session(5, name="C", place="Bron", commune="69029")
    await rooms.session(8, name="D", place="Givors, arabe", commune="69091", languages=("fr", "ar"))
    assert await shown(rooms, commune="69029") == ["Bron", "Bron, tard", "Lyon 9e, tôt"]
    assert await shown(rooms, commune="69029", language="ar") == ["Givors, arabe", "Bron", "Bron, tard"]


async def test_booking_is_an_appointment_with_its_reminders(rooms: Rooms) -> None:
    """It has the session's date, place and what to bring, and is reminded of like any other."""
    session_id, whose = await rooms.session(20), await rooms.person(1)
    booking = await rooms.book(session_id, whose)
    [row] = await rooms.rows(appointment)
    assert (booking.what, booking.appointment_id) == ("booked", row.id)
    assert (row.source, row.source_id, row.kind) == ("relais", f"{session_id}:{whose.id}", "orientation")
    assert (row.place, row.bring, row.duration_min) == ("Mairie de Bron", "Une pièce d'identité", 120)
    assert (row.session_id, row.person_id) == (session_id, whose.id)
    assert {one.state for one in await rooms.rows(reminder)} == {"planned"}


@pytest.mark.parametrize("attempt", range(3))
async def test_forty_people_on_ten_seats(rooms: Rooms, attempt: int) -> None:
    """Ten are booked and thirty are told that it is full, every time."""
    session_id = await rooms.session(seats=10)
    people = await rooms.people(40)
    workers = [Rooms(rooms.pipeline, rooms.pipeline.another()) for _ in range(4)]  # ten connections each
    booked = await asyncio.gather(*(workers[n % 4].book(session_id, whose) for n, whose in enumerate(people)))
    for worker in workers:
        await worker.relais.close()
    assert Counter(one.what for one in booked) == {"booked": 10, "full": 30}
    assert await rooms.seated(session_id) == 10


async def test_one_person_is_booked_once(rooms: Rooms) -> None:
    """The same message again says the same; two wishes at once are one seat."""
    first, second = await rooms.session(5, name="A"), await rooms.session(6, name="B")
    whose, cause = await rooms.person(1), uuid4()
    assert [(await rooms.book(first, whose, cause)).what for _ in range(2)] == ["booked", "booked"]
    assert (await rooms.book(first, whose)).what == "already"
    other = await rooms.person(2)
    both = await asyncio.gather(rooms.book(first, other), rooms.book(second, other))
    assert sorted(one.what for one in both) == ["already", "booked"]
    assert len(await rooms.rows(appointment)) == 2


async def test_no_seat_where_nobody_can_go_any_more(rooms: Rooms, later) -> None:
    """A session that is cancelled, unknown, or about to begin takes nobody."""
    whose = await rooms.person(1)
    assert (await rooms.book(await rooms.session(cancelled=True), whose)).what == "gone"
    assert (await rooms.book(uuid4(), whose)).what == "gone"
    soon = await rooms.session(2, name="soon")
    [row] = await rooms.rows(appointment) or [None]
    assert row is None
    later(timedelta(days=2, hours=2, minutes=1).total_seconds())
    assert (await rooms.book(soon, whose)).what == "gone"


async def test_moving_books_the_other_first(rooms: Rooms) -> None:
    """The seat is kept when the other session is full; else it is free for others, and the reminders follow."""
    first, full, free = [await rooms.session(5 + n, name=f"S{n}", seats=n % 2) for n in (1, 2, 3)]
    whose, other = await rooms.person(1), await rooms.person(2)
    mine = (await rooms.book(first, whose)).appointment_id
    assert (await rooms.move(mine, full, whose)).what == "full"
    assert await rooms.seated(first) == 1
    cause = uuid4()
    moved = [await rooms.move(mine, free, whose, cause) for _ in range(2)]
    assert [one.what for one in moved] == ["booked", "booked"]
    assert (await rooms.seated(first), await rooms.seated(free)) == (0, 1)
    assert (await rooms.book(first, other)).what == "booked"
    called_off = {row.reason for row in await rooms.rows(reminder, reminder.c.appointment_id == mine)}
    assert "called off" in called_off
    assert (await rooms.move(moved[0].appointment_id, free, whose, cause)).what == "booked"
    last = await rooms.session(12, name="last")
    third = (await rooms.move(moved[0].appointment_id, last, whose)).appointment_id
    assert (await rooms.move(third, free, whose)).appointment_id == moved[0].appointment_id
    assert (await rooms.seated(free), await rooms.seated(last)) == (1, 0)


async def test_what_another_source_gave_is_not_moved(rooms: Rooms) -> None:
    """A seat beside it would be a second appointment that nobody told them of: they are told which one they have."""
    session_id, whose = await rooms.session(8), await rooms.person(1)
    given = facts(source="rdv_service_public", source_id="R1", phone=whose.phone, first_name=whose.first_name)
    async with rooms.relais.database.begin() as connection:
        theirs = (await rooms.relais.register.take(connection, given, how=given.source)).appointment_id
        await connection.execute(update(appointment).values(person_id=whose.id))
    booking = await rooms.move(theirs, session_id, whose)
    assert (booking.what, booking.appointment_id) == ("already", theirs)
    assert await rooms.seated(session_id) == 0


async def test_whoever_cancelled_may_come_again(rooms: Rooms) -> None:
    """The same appointment is on again, with its reminders, if there is still a seat."""
    session_id, whose = await rooms.session(20, seats=1), await rooms.person(1)
    mine = (await rooms.book(session_id, whose)).appointment_id
    await rooms.cancel(mine)
    again = await rooms.book(session_id, whose)
    assert (again.what, again.appointment_id) == ("booked", mine)
    assert "planned" in {row.state for row in await rooms.rows(reminder)}


async def test_two_who_exchange_their_seats_do_not_block_each_other(rooms: Rooms) -> None:
    """Sessions are locked in the order of their ids, whoever moves from where to where."""
    first, second = await rooms.session(5, name="A", seats=6), await rooms.session(6, name="B", seats=6)
    people = await rooms.people(6)
    held = [(await rooms.book(first if n % 2 else second, whose)).appointment_id for n, whose in enumerate(people)]
    async with asyncio.timeout(20):
        moved = await asyncio.gather(
            *(rooms.move(held[n], second if n % 2 else first, whose) for n, whose in enumerate(people))
        )
    assert {one.what for one in moved} == {"booked"}
    assert await rooms.seated(first) + await rooms.seated(second) == 6


async def test_a_worker_that_dies_leaves_no_half_booking(rooms: Rooms) -> None:
    """Killed between the seat and the commit: nobody has it, and somebody else can."""
    session_id = await rooms.session(seats=1)
    whose, other = await rooms.people(2)
    with pytest.raises(DatabaseUnavailable):
        async with rooms.relais.database.begin() as connection:
            await rooms.relais.sessions.book(connection, session_id, whose, cause=uuid4(), how="sms")
            mine = await connection.scalar(text("SELECT pg_backend_pid()"))
            async with rooms.relais.database.begin() as killer:
                await killer.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
            await connection.execute(text("SELECT 1"))
    assert await rooms.rows(appointment) == []
    assert (await rooms.book(session_id, other)).what == "booked"


async def test_what_was_done_is_written_down(rooms: Rooms) -> None:
    """New and booked, with the message that asked for it."""
    session_id, whose, cause = await rooms.session(), await rooms.person(1), uuid4()
    await rooms.book(session_id, whose, cause)
    async with rooms.relais.database.begin() as connection:
        events = (await connection.execute(select(appointment_event).order_by(appointment_event.c.id))).all()
    assert [(one.what, one.how, one.cause) for one in events] == [("new", "sms", None), ("booked", "sms", cause)]


async def test_demo_has_sessions_to_book(rooms: Rooms) -> None:
    """On working days ahead, named as examples; loaded again, they are the same."""
    for _ in range(2):
        async with rooms.relais.database.begin() as connection:
            count = await load_sessions(connection, rooms.relais.programme)
    there = await rooms.rows(session)
    assert len(there) == count
    assert all("Exemple" in row.place and row.starts_at > clock.now() + timedelta(days=3) for row in there)
    assert not any(quiet.is_day_off(row.starts_at.date()) or row.starts_at.weekday() > 4 for row in there)
    assert len(await shown(rooms)) == 3
