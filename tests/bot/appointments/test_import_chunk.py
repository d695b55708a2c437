"""The rows of a file are taken in many at once: what is known of them is read, and what is new is written, together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Engine, event

from bot.appointment_models import appointment_event, person
from tests.bot.appointments.desk import HEAD, Desk, day, line


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    said: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def rows(count: int) -> str:
    return "\n".join([HEAD, *(line("Amina", f"06 39 98 00 {n:02}") for n in range(count))])


@pytest.mark.parametrize("apply", [False, True])
async def test_many_rows_ask_the_database_no_more_than_few(desk: Desk, apply: bool) -> None:
    """New, and again as they are: as many statements for sixty rows as for two."""
    asked = []
    for count in (2, 60):
        for _ in range(2):
            with counted() as said:
                await desk.give(rows(count).replace("MDM Bron", f"MDM {count}"), apply=apply)
            asked.append(len(said))
    assert asked[2:] == asked[:2]


async def test_a_person_of_several_rows_is_one(desk: Desk) -> None:
    """Met twice in one chunk, new or known; each row has its own event."""
    twice = f"{HEAD};Identifiant\n{line()};1\n{line(days=30)};2\n"
    assert (await desk.give(twice))[0] == "2 lignes : 2 nouveaux."
    assert (await desk.give(f"{twice}{line('Karim', days=40)};3\n"))[0] == "3 lignes : 1 nouveau, 2 inchangés."
    assert len(await desk.rows(person)) == 2
    assert [row.what for row in await desk.rows(appointment_event)] == ["new"] * 3


async def test_rows_of_all_sorts_in_one_chunk_are_told_in_order(desk: Desk) -> None:
    """New ones between those that move, are called off, or stay."""
    names = ("Amina", "Karim", "Sonia")
    await desk.give("\n".join([f"{HEAD};Statut", *(f"{line(name)};" for name in names)]))
    newer = [f"{line('Zoé')};", f"{line(days=25)};", f"{line('Ali')};", f"{line('Karim')};annulé", f"{line('Sonia')};"]
    said = await desk.give("\n".join([f"{HEAD};Statut", *newer]), apply=False)
    assert [one.split("  ")[2] for one in said[:5]] == ["nouveau", "déplacé", "nouveau", "annulé", "inchangé"]
    assert f"{day(20)} 14:30 → {day(25)} 14:30" in said[1]
