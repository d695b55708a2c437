"""The people of the appointments: found again by their phone and first name, so that two may share one phone."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock, vault
from bot.appointment_models import person
from bot.appointments import phones
from bot.appointments.facts import Facts
from bot.database import AnyRow
from bot.vault import Vault

UNWANTED = "unwanted"


@dataclass(frozen=True)
class Person:
    """`phone` is E.164, "" when the number could not be read; `phone_fault` says why no SMS reaches it."""

    id: UUID
    first_name: str
    phone: str
    phone_fault: str
    language: str


@dataclass(frozen=True)
class _Named:
    facts: Facts
    phone: phones.Phone
    key: bytes


class People:
    def __init__(self, vault: Vault, countries: tuple[str, ...] = phones.FRANCE) -> None:
        self._vault = vault
        self._countries = countries

    async def of(self, connection: AsyncConnection, facts: Facts) -> Person:
        """The person whom a source names; stored with the first appointment."""
        return (await self.of_all(connection, [facts]))[0]

    async def of_all(self, connection: AsyncConnection, told: Sequence[Facts]) -> list[Person]:
        """Those whom a source names, in its order; found, and stored, all at once."""
        named = [self._named(facts) for facts in told]
        known = await self._find(connection, {one.key for one in named})
        strangers: dict[bytes, _Named] = {}
        for one in named:
            if one.key not in known:
                strangers.setdefault(one.key, one)
        if strangers:
            await self._store(connection, strangers.values())
            known |= await self._find(connection, strangers)
        if changed := await self._follow(connection, named, known):
            known |= await self._find(connection, changed)
        return [self._person(known[one.key]) for one in named]

    async def _store(self, connection: AsyncConnection, strangers: Iterable[_Named]) -> None:
        rows = [
            {
                "id": uuid4(),
                "created_at": clock.now(),
                "language": one.facts.language or "fr",
                "key_index": one.key,
                "first_name_secret": self._vault.seal(vault.FIRST_NAME, one.facts.first_name),
                **self._reached(one, _fault(one.phone, one.facts.no_sms, "")),
            }
            for one in strangers
        ]
        added = insert(person).on_conflict_do_nothing(index_elements=["key_index"]).returning(person.c.id)
        await connection.execute(added, rows)

    async def _follow(
        self, connection: AsyncConnection, named: Sequence[_Named], known: dict[bytes, AnyRow]
    ) -> set[bytes]:
        """Whether an SMS is wanted, and reaches them, and their language, as it was told last; whose changed."""
        changed: set[bytes] = set()
        are = {key: (row.phone_fault, row.language) for key, row in known.items()}
        for one in named:
            fault, language = are[one.key]
            told = _fault(one.phone, one.facts.no_sms, fault), one.facts.language or language
            if told != (fault, language):
                are[one.key] = told
                changed.add(one.key)
                mine = person.c.id == known[one.key].id
                values = {**self._reached(one, told[0]), "language": told[1]}
                await connection.execute(update(person).where(mine).values(values))
        return changed

    def _reached(self, one: _Named, fault: str) -> dict[str, Any]:
        e164 = one.phone.e164
        return {
            "phone_index": self._vault.phone_index(e164) if e164 else None,
            "phone_secret": self._vault.seal(vault.PHONE, e164) if e164 else None,
            "phone_fault": fault,
        }

    async def named(self, connection: AsyncConnection, first_name: str, phone: str, language: str) -> Person:
        """The person of this first name on this number, stored when nobody told of them before."""
        now = clock.now()
        told = Facts("relais", "", now, now, first_name=first_name, phone=phone, language=language)
        return await self.of(connection, told)

    async def get(self, connection: AsyncConnection, person_id: UUID) -> Person:
        """One person by id."""
        found = await connection.execute(select(person).where(person.c.id == person_id))
        return self._person(found.one())

    async def sharing(self, connection: AsyncConnection, phone: str) -> list[Person]:
        """All whose number this is: a couple, a parent and a child."""
        found = await connection.execute(
            select(person).where(person.c.phone_index == self._vault.phone_index(phone)).order_by(person.c.created_at)
        )
        return [self._person(row) for row in found]

    async def _find(self, connection: AsyncConnection, keys: Collection[bytes]) -> dict[bytes, AnyRow]:
        found = await connection.execute(select(person).where(person.c.key_index.in_(keys)))
        return {bytes(row.key_index): row for row in found}

    def _named(self, facts: Facts) -> _Named:
        phone = phones.read(facts.phone, self._countries)
        return _Named(facts, phone, self._key(facts, phone))

    def _key(self, facts: Facts, phone: phones.Phone) -> bytes:
        if phone.e164:
            return self._vault.person_index("phone", phone.e164, _folded(facts.first_name))
        return self._vault.person_index(facts.source, facts.person_key or facts.source_id)

    def _person(self, row: AnyRow) -> Person:
        return Person(
            id=row.id,
            first_name=self._vault.open(vault.FIRST_NAME, row.first_name_secret) or "",
            phone=self._vault.open(vault.PHONE, row.phone_secret) or "",
            phone_fault=row.phone_fault,
            language=row.language,
        )


def _fault(phone: phones.Phone, no_sms: bool | None, was: str) -> str:
    """Why no SMS is sent; a source that does not know whether they are wanted leaves what another one told."""
    refused = no_sms if no_sms is not None else was == UNWANTED
    return phone.fault or (UNWANTED if refused else "")


def _folded(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name.casefold())
    return " ".join(
        "".join(sign if sign.isalnum() else " " for sign in apart if not unicodedata.combining(sign)).split()
    )
