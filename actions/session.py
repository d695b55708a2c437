"""A place at a collective session: what is open, one chosen, booked, changed, or waited for. By telephone only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from actions import session_words as say
from actions.first_name import ASKED, name_said
from actions.kit import Events, Kit, Turn, Words, set_slots
from actions.where import remember, where
from bot import clock
from bot.appointments.joining import join, leave, offers_of
from bot.appointments.people import Person
from bot.appointments.sessions import Booking
from knowledge.places import Place
from knowledge.words import fold, words

Offer = tuple[UUID, UUID]
"""A session that was offered, and to whom."""


@dataclass(frozen=True)
class BookSession:
    """Everything that is said of getting a seat; what has been chosen so far is in the slot `booking`."""

    kit: Kit
    name = "action_book_session"

    async def run(self, turn: Turn) -> Events:
        if turn.message.kind != "sms":
            turn.say("utter_session_by_phone")
            return _close()
        async with self.kit.database.begin() as connection:
            return await (await _counter(self.kit, turn, connection)).act()


@dataclass(frozen=True)
class _Counter:
    """One turn at the desk: who is there, and what they want."""

    kit: Kit
    turn: Turn
    connection: AsyncConnection
    phone: str
    people: list[Person]

    @property
    def kept(self) -> dict[str, Any]:
        return dict(self.turn.slot("booking") or {})

    async def act(self) -> Events:
        step, wanted = _first(self.turn, "step"), _uuid(_first(self.turn, "session"))
        named = self._known(_first(self.turn, "person"))
        if step == "keep":
            self.turn.say("utter_session_kept")
            return _close()
        if step == "other":
            return self._ask_name(self.kept)
        if wanted is not None and step in ("decline", "wait"):
            return await (self._decline(wanted, named) if step == "decline" else self._wait(wanted))
        if wanted is not None and named is not None:  # an offer names its person, whatever else was begun
            return await self._choose(wanted, {"session": str(wanted), "person": str(named.id)})
        if wanted is not None:
            return await self._choose(wanted, {**self.kept, "session": str(wanted)})
        if named is not None:
            return await self._for(named, self.kept)
        if name := name_said(self.turn):
            whose = await self.kit.desk.people.named(self.connection, name, self.phone, self.turn.language)
            return await self._for(whose, self.kept)
        if self.turn.awaited == ASKED and self.kept.get("ask") == "name" and self.turn.intent != "book_appointment":
            return self._ask_name(self.kept) if self.turn.intent != "deny" else self.stop()
        return await self._list(step)

    def stop(self) -> Events:
        self.turn.say("utter_session_stopped")
        return _close()

    async def answer(self, *, yes: bool, shown: Offer | None = None) -> Events | None:
        """A bare yes or no to an offer, else to a booking that waits; None when there is neither.

        `shown` is the offer that reached them last, open or not any more.
        """
        open_ones = await offers_of(self.connection, [one.id for one in self.people])
        offers = list(dict.fromkeys([*([shown] if shown else []), *open_ones]))
        theirs = [one for one in offers if self._is_named(one[1])] or offers
        if len({person_id for _, person_id in theirs}) > 1:
            return await self._ask_whose(theirs, yes=yes)
        if theirs:
            session_id, person_id = theirs[0]
            whose = next(one for one in self.people if one.id == person_id)
            kept = {"session": str(session_id)}
            return await self._for(whose, kept) if yes else await self._decline(session_id, whose)
        if not self.kept:
            return None
        return await self._list("first") if yes else self.stop()

    def _is_named(self, person_id: UUID) -> bool:
        whose = self._known(str(person_id))
        parts = set(fold(whose.first_name).split()) if whose else set()
        return bool(parts) and parts <= {word.text for word in words(self.turn.text)}

    async def _ask_whose(self, offers: Sequence[Offer], *, yes: bool) -> Events:
        """Several people of one telephone were offered a seat: by first name, which of them is meant."""
        found = []
        for session_id, person_id in offers:
            there, whose = await self.kit.desk.sessions.get(self.connection, session_id), self._known(str(person_id))
            if there is not None and whose is not None:
                found.append((there, whose))
        say.ask_whose(self.turn, found, decline=not yes)
        return _close()

    async def others(self, person_id: UUID) -> Events | None:
        """The sessions that may take the place of theirs; None when there is none, or it is not ours to move."""
        whose, sessions, now = self._known(str(person_id)), self.kit.desk.sessions, clock.now()
        held = whose and await sessions.held_by(self.connection, person_id, now)
        if not held or held.session_id is None:
            return None
        found = await sessions.open_for(
            self.connection, language=self.turn.language, place=None, now=now, limit=1, but=[held.session_id]
        )
        return await self._list("move", whose) if found else None

    async def _list(self, step: str, whose: Person | None = None) -> Events:
        """Show what is open: the next ones for « more », others than theirs for « move »."""
        before = self.kept if step == "more" else {}
        whose = whose or self._known(before.get("person")) or (self.people[0] if len(self.people) == 1 else None)
        held = whose and await self.kit.desk.sessions.held_by(self.connection, whose.id, clock.now())
        if held and (step not in ("move", "more") or held.session_id is None):  # theirs to move who gave it
            return say.already(self.turn, whose.first_name if whose else "", held)
        found = where(self.kit, self.turn)
        but = [UUID(one) for one in before.get("shown", ())] + ([held.session_id] if held and held.session_id else [])
        open_ones = await self.kit.desk.sessions.open_for(
            self.connection, language=self.turn.language, place=found.place, now=clock.now(), limit=4, but=but
        )
        known = remember(found.place) if found.place and found.said else []
        if not open_ones:
            return known + await self._nothing(found.place, more=bool(but))
        shown = open_ones[:3]
        say.listed(self.turn, shown, more=len(open_ones) > 3)
        moving = step == "move" or bool(before.get("moving"))
        shown_so_far = [*before.get("shown", ()), *(str(one.id) for one in shown)]
        return known + _keep(shown=shown_so_far, moving=moving, person=str(whose.id) if whose else None)

    def _known(self, person_id: str | None) -> Person | None:
        return next((one for one in self.people if str(one.id) == person_id), None)

    async def _nothing(self, place: Place | None, *, more: bool) -> Events:
        if more:
            self.turn.say("utter_session_no_more")
            return _close()
        full = await self.kit.desk.sessions.full_for(self.connection, place=place, now=clock.now())
        if full:
            say.all_full(self.turn, full)
            return _keep(shown=[])
        commune, heard = place.code if place else "", self.turn.message
        await self.kit.desk.wanted(
            self.connection, heard.conversation_id, heard.message_id, commune=commune, language=heard.language
        )
        self.turn.say("utter_session_none")
        return _close()

    async def _choose(self, session_id: UUID, kept: dict[str, Any]) -> Events:
        if not self.people:
            return self._ask_name(kept)
        chosen = self._known(kept.get("person"))
        if chosen is None and len(self.people) > 1:
            say.ask_who(self.turn, self.people)
            return _keep(**kept)
        return await self._for(chosen or self.people[0], kept)

    def _ask_name(self, kept: dict[str, Any]) -> Events:
        self.turn.say("utter_session_ask_name")
        return _keep(**{**kept, "ask": "name"})

    async def _for(self, whose: Person, kept: dict[str, Any]) -> Events:
        """Book what was chosen for this person; choose first, if nothing was."""
        session_id = _uuid(kept.get("session", ""))
        if session_id is None:
            return await self._list("first", whose)
        if kept.get("wait"):
            return await self._wait_for(session_id, whose)
        return await self._told(await self._book(session_id, whose, kept), session_id, whose)

    async def _book(self, session_id: UUID, whose: Person, kept: dict[str, Any]) -> Booking:
        sessions, heard = self.kit.desk.sessions, self.turn.message
        given: dict[str, Any] = {"cause": heard.message_id, "how": heard.kind}
        held = await sessions.held_by(self.connection, whose.id, clock.now()) if kept.get("moving") else None
        if held is not None:
            return await sessions.move(self.connection, held.id, session_id, whose, **given)
        return await sessions.book(self.connection, session_id, whose, **given)

    async def _told(self, booking: Booking, session_id: UUID, whose: Person) -> Events:
        there = await self.kit.desk.sessions.get(self.connection, session_id)
        if booking.what == "gone" or there is None:
            self.turn.say("utter_session_gone")
            return await self._list("first")
        if booking.what == "full":
            return say.full(self.turn, there, waits=booking.waits, late=booking.late)
        if booking.what == "already":
            held = await self.kit.desk.sessions.held_by(self.connection, whose.id, clock.now())
            return say.already(self.turn, whose.first_name, held) if held else await self._list("first")
        say.booked(self.turn, whose.first_name, there)
        return _close()

    async def _wait(self, session_id: UUID) -> Events:
        kept = {"session": str(session_id), "wait": True}
        return await self._choose(session_id, kept)

    async def _wait_for(self, session_id: UUID, whose: Person) -> Events:
        joined = await join(self.connection, self.kit.desk.sessions, session_id, whose)
        there = await self.kit.desk.sessions.get(self.connection, session_id)
        if joined == "gone" or there is None:
            return await self._told(Booking("gone"), session_id, whose)
        if joined == "already":
            return await self._told(Booking("already"), session_id, whose)
        self.turn.say("utter_session_waiting", when=say.when(self.turn, there))
        return _close()

    async def _decline(self, session_id: UUID, whose: Person | None = None) -> Events:
        """Whoever was offered the seat leaves the list; the others of this telephone stay on it."""
        left = [await leave(self.connection, session_id, one.id) for one in ([whose] if whose else self.people)]
        self.turn.say("utter_session_declined" if any(left) else "utter_session_stopped")
        return _close()


async def _counter(kit: Kit, turn: Turn, connection: AsyncConnection) -> _Counter:
    phone = await kit.desk.phone(connection, turn.conversation_id)
    return _Counter(kit, turn, connection, phone, await kit.desk.sharing(connection, phone))


async def answer(
    kit: Kit, turn: Turn, connection: AsyncConnection, *, yes: bool, shown: Offer | None = None
) -> Events | None:
    """What a yes or a no means to an offer or a booking; None when none waits."""
    if turn.message.kind != "sms":
        return None
    return await (await _counter(kit, turn, connection)).answer(yes=yes, shown=shown)


async def offer_lines(kit: Kit, turn: Turn, connection: AsyncConnection, offer: Offer) -> list[Words]:
    """The choice to take the seat that was offered; none when the session is gone."""
    there = await kit.desk.sessions.get(connection, offer[0])
    return say.offered(turn, there, await kit.desk.people.get(connection, offer[1])) if there else []


async def others(kit: Kit, turn: Turn, connection: AsyncConnection, person_id: UUID) -> Events | None:
    """Offer other sessions to somebody who has a seat in one; None when nothing else is open."""
    return await (await _counter(kit, turn, connection)).others(person_id)


def takes(turn: Turn) -> bool:
    """Whether a message belongs to a booking that waits, whatever it was read as."""
    if turn.awaited != ASKED or not turn.text:
        return False
    place_alone = turn.intent == "search_service" and turn.heard("place") and not turn.heard("need")
    return bool(name_said(turn) or place_alone)


def resume(turn: Turn, events: Events) -> Events:
    """After a digression that asks nothing itself: say how to go on with the booking."""
    after = {**turn.tracker.slots, **{one["name"]: one["value"] for one in events if "name" in one}}
    kept = after.get("booking") or {}
    if not kept or (after.get("search_open") and after.get("asked") != ASKED) or int(kept.get("times", 0)) > 1:
        return events
    turn.say("utter_session_ask_name" if kept.get("ask") == "name" else "utter_session_resume")
    return [*events, *_keep(**{**kept, "times": int(kept.get("times", 0)) + 1})]


def _keep(**booking: Any) -> Events:
    name_open = booking.get("ask") == "name"
    return set_slots(booking=booking, name_open=name_open, search_open=True, asked=ASKED, topic=ASKED)


def _close() -> Events:
    return set_slots(booking=None, name_open=False, search_open=False, asked=None, topic=ASKED)


def _first(turn: Turn, entity: str) -> str:
    return next(iter(turn.heard(entity)), "")


def _uuid(given: str) -> UUID | None:
    try:
        return UUID(given)
    except ValueError:
        return None


def actions(kit: Kit) -> list[BookSession]:
    return [BookSession(kit)]
