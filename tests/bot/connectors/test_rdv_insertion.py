"""RDV-Insertion's webhooks, and how they are joined to those of RDV Service Public."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from bot import clock
from tests.bot.appointments.conftest import in_days
from tests.bot.connectors.conftest import PLANNED, Site
from tests.bot.connectors.test_rdv_service_public import everything
from tests.standins.rdv_service_public import MARK, body, insertion, meeting, seat, signature_of, user

HEADER = "X-RDVI-SIGNATURE"


def told() -> dict[str, Any]:
    return meeting(1, in_days(20), seat(11, user(21)))


async def test_a_meeting_is_taken_in(site: Site) -> None:
    """Under the numbers of RDV Service Public, with none to write back to; upstream is taken to remind by itself."""
    assert await site.upstream.tell_insertion(insertion(500, told()), "created") == 200
    row = await site.the_one()
    assert (row.source, row.source_id, row.participation) == ("rdv_service_public", "1:21", "")
    assert (row.place, row.kind, row.reminded_upstream) == (
        "MDM de Bron, 2 rue Paul Pic, Bron, 69500",
        "orientation",
        True,
    )
    assert await site.reminders() == [PLANNED[0], ("j2", "skipped", "reminded upstream"), PLANNED[2]]
    assert MARK not in await everything(site)


@pytest.mark.parametrize("first", ["insertion", "service"])
async def test_both_sources_make_one(site: Site, first: str) -> None:
    """One row and one set of reminders, whichever comes first; RDV Service Public's own word stands."""
    now = clock.now()
    words = {
        "service": lambda: site.upstream.tell(told(), "created", at=now - timedelta(seconds=20)),
        "insertion": lambda: site.upstream.tell_insertion(insertion(500, told()), "created", at=now),
    }
    for name in sorted(words, key=lambda name: name != first):
        assert await words[name]() == 200
    row = await site.the_one()
    assert (row.participation, row.reminded_upstream, row.notified_upstream) == ("11", False, True)
    assert len(await site.reminders()) == 3


async def test_a_copy_that_is_behind_changes_nothing(site: Site) -> None:
    """RDV-Insertion learns of a move later than we do, and tells other things meanwhile."""
    await site.upstream.tell(told(), "created", at=clock.now() - timedelta(minutes=5))
    await site.upstream.tell(meeting(1, in_days(30), seat(11, user(21))), at=clock.now() - timedelta(minutes=3))
    await site.upstream.tell_insertion(insertion(500, told()))
    assert (await site.the_one()).starts_at == in_days(30)


async def test_alone_it_moves_and_removes(site: Site) -> None:
    """Where RDV Service Public tells nothing, RDV-Insertion is the source."""
    await site.upstream.tell_insertion(insertion(500, told()), "created")
    await site.upstream.tell_insertion(insertion(500, meeting(1, in_days(30), seat(11, user(21)))))
    assert (await site.the_one()).starts_at == in_days(30)
    await site.upstream.tell_insertion(insertion(500, meeting(1, in_days(30))), "destroyed")
    assert (await site.the_one()).removed_at is not None


async def test_no_participations_and_no_place(site: Site) -> None:
    """Both are absent at times, which broke another reader of these webhooks."""
    data = insertion(500, meeting(1, in_days(20), seat(11, user(21)), lieu=None))
    assert await site.upstream.tell_insertion(data, "created") == 200
    later = insertion(500, meeting(1, in_days(30), lieu=None))
    del later["participations"]
    assert await site.upstream.tell_insertion(later) == 200
    assert (await site.the_one()).starts_at == in_days(30)


async def test_a_body_that_became_latin_1(site: Site) -> None:
    """Signed as UTF-8 and delivered as latin-1: judged as UTF-8, and read so."""
    data = insertion(500, meeting(1, in_days(20), seat(11, user(21, "Zoé"))))
    content = body(data, {"model": "Rdv", "event": "created"})
    latin = content.decode().encode("latin-1")
    assert await site.upstream.post("rdv-insertion", HEADER, latin, signature=signature_of(content)) == 200
    assert await site.people() == [("Zoé", "+33639980001")]
    assert await site.upstream.post("rdv-insertion", HEADER, latin, signature="0" * 64) == 403


async def test_a_jwt_proves_nothing(site: Site) -> None:
    """It does not cover the body."""
    content = body(insertion(500, told()), {"model": "Rdv", "event": "created"})
    async with httpx.AsyncClient(trust_env=False) as client:
        url = f"{site.upstream.site}/connectors/rdv-insertion"
        answer = await client.post(url, content=content, headers={"Authorization": "Bearer e30.e30.x"})
    assert (answer.status_code, await site.appointments()) == (403, [])


async def test_invitations_are_ignored(site: Site) -> None:
    """200, and nothing kept."""
    content = body({"id": 1, "user": user(21)}, {"model": "Invitation", "event": "created"})
    assert await site.upstream.post("rdv-insertion", HEADER, content) == 200
    assert (await site.appointments(), await site.people()) == ([], [])


@pytest.mark.parametrize("number", [None, "", "x", True, -1])
async def test_what_cannot_be_joined_is_refused(site: Site, number: Any) -> None:
    """Without the number of RDV Service Public it might be doubled; one person without theirs holds up no other."""
    assert await site.upstream.tell_insertion({**insertion(500, told()), "rdv_solidarites_rdv_id": number}) == 200
    assert await site.appointments() == []
    two = insertion(500, meeting(1, in_days(20), seat(11, user(21)), seat(12, user(22, "Karim"))))
    two["participations"][0]["user"]["rdv_solidarites_user_id"] = number
    await site.upstream.tell_insertion(two)
    assert [row.source_id for row in await site.appointments()] == ["1:22"]
