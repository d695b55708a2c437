"""The people of the appointments: found again by their phone and first name, so that two may share one phone."""

from __future__ import annotations

import unicodedata
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


class People:
    def __init__(self, vault: Vault, countries: tuple[str, ...] = phones.FRANCE) -> None:
        self._vault = vault
        self._countries = countries

    async def of(self, connection: AsyncConnection, facts: Facts) -> Person:
        """The person whom a source names; stored with the first appointment."""
        phone = phones.read(facts.phone, self._countries)
        values: dict[str, Any] = {
            "key_index": self._key(facts, phone),
            "first_name_secret": self._vault.seal(vault.FIRST_NAME, facts.first_name),
            "phone_index": self._vault.phone_index(phone.e164) if phone.e164 else None,
            "phone_secret": self._vault.seal(vault.PHONE, phone.e164) if phone.e164 else None,
        }
        known = await self._find(connection, values["key_index"])
        values["phone_fault"] = fault = _fault(phone, facts.no_sms, known)
        if known is None:
            added = insert(person).values(id=uuid4(), created_at=clock.now(), language=facts.language or "fr", **values)
            await connection.execute(added.on_conflict_do_nothing(index_elements=["key_index"]))
            known = await self._find(connection, values["key_index"])
        elif known.phone_fault != fault:
            changed = {name: values[name] for name in ("phone_index", "phone_secret", "phone_fault")}
            await connection.execute(update(person).where(person.c.id == known.id).values(changed))
        assert known is not None  # noqa: S101 (just stored)
        return self._person(known)

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

    async def _find(self, connection: AsyncConnection, key: bytes) -> AnyRow | None:
        return (await connection.execute(select(person).where(person.c.key_index == key))).one_or_none()

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


def _fault(phone: phones.Phone, no_sms: bool | None, known: AnyRow | None) -> str:
    """Why no SMS is sent; a source that does not know whether they are wanted leaves what another one told."""
    refused = no_sms if no_sms is not None else known is not None and known.phone_fault == UNWANTED
    return phone.fault or (UNWANTED if refused else "")


def _folded(name: str) -> str:
    apart = unicodedata.normalize("NFKD", name.casefold())
    return " ".join(
        "".join(sign if sign.isalnum() else " " for sign in apart if not unicodedata.combining(sign)).split()
    )
