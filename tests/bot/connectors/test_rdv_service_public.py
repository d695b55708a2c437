"""RDV Service Public's webhooks, over real HTTP, with every trap that was seen in the wild."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot import clock, vault
from bot.appointment_models import connector, person
from tests.bot.appointments.conftest import in_days
from tests.bot.connectors.conftest import PLANNED, Site
from tests.standins.rdv_service_public import MARK, body, meeting, seat, signature_of, user


def dropped(reason: str) -> list[tuple[str, str, str]]:
    return [(kind, "skipped", reason) for kind, _, _ in PLANNED]


async def test_a_meeting_is_taken_in(site: Site) -> None:
    """One row, with the number to write back to, and its reminders."""
    assert await site.upstream.tell(meeting(1, in_days(20), seat(11, user(21))), "created") == 200
    row = await site.the_one()
    assert (row.source, row.source_id, row.meeting, row.participation) == ("rdv_service_public", "1:21", "1", "11")
    assert (row.place, row.phone) == ("MDM de Bron, 2 rue Paul Pic, Bron, 69500", "+33478000002")
    assert (row.medium, row.kind, row.duration_min, row.zone) == ("place", "orientation", 45, "Europe/Paris")
    assert (row.structure, row.bring) == ("Maison de la Métropole de Bron", "Apportez une pièce d'identité.")
    assert (row.reminded_upstream, row.notified_upstream, row.intake_id) == (False, True, None)
    assert await site.people() == [("Amina", "+33639980001")]
    assert await site.reminders() == PLANNED
    assert [row.heard_at is not None for row in await site.rows(connector)] == [True]


async def test_secrets_go_no_further_than_the_parser(site: Site) -> None:
    """Neither in the clear nor sealed: not one field that Relais has no need of is in the database."""
    child = user(22, "Lina", phone=None, responsible=user(21))
    await site.upstream.tell(meeting(1, in_days(20), seat(11, user(21)), seat(12, child)), "created")
    await site.upstream.tell(meeting(2, in_days(21), seat(13, user(21)), lieu=None), "created")
    assert MARK not in await everything(site)


async def everything(site: Site) -> str:
    """Every row of every table, the sealed columns opened."""
    opened = []
    async with site.relais.database.begin() as connection:
        names = (
            await connection.scalars(
                text("SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('public', 'queue')")
            )
        ).all()
        for name in names:
            opened += list((await connection.scalars(text(f"SELECT to_jsonb(t)::text FROM {name} t"))).all())
    for row in await site.rows(person):
        opened.append(site.relais.vault.open(vault.FIRST_NAME, row.first_name_secret) or "")
        opened.append(site.relais.vault.open(vault.PHONE, row.phone_secret) or "")
    assert "Amina" in opened
    return "\n".join(opened)


@pytest.mark.parametrize("signature", ["", "0" * 64, "é", signature_of(b"something else")])
async def test_a_false_signature_is_refused(site: Site, signature: str) -> None:
    """With 403, and nothing is taken in."""
    content = body(meeting(1, in_days(20), seat(11, user(21))), {"model": "Rdv", "event": "created"})
    assert await site.upstream.post("rdv-service-public", "X-Lapin-Signature", content, signature=signature) == 403
    assert await site.appointments() == []


async def test_forged_webhooks_raise_the_alarm(site: Site) -> None:
    """Many at once are a task for a human."""
    for _ in range(21):
        await site.upstream.post("rdv-service-public", "", b"{}")
    assert [task.reason for task in await site.tasks()] == ["forged_webhooks"]


async def test_a_repeat_changes_nothing(site: Site) -> None:
    """The same body again, however often, answers 200."""
    at, data = clock.now(), meeting(1, in_days(20), seat(11, user(21)))
    assert [await site.upstream.tell(data, "created", at=at) for _ in range(3)] == [200, 200, 200]
    assert (await site.events(), await site.reminders()) == (["new"], PLANNED)


async def test_what_is_not_a_meeting_is_ignored(site: Site) -> None:
    """Other models, and bodies that say nothing, are answered 200; what is not JSON is not."""
    data = meeting(1, in_days(20), seat(11, user(21)))
    assert await site.upstream.tell(data, model="Absence") == 200
    for content, answer in ((b"{}", 200), (b'{"data": [], "meta": 3}', 200), (b"[]", 400), (b"caf\xe9", 400)):
        assert await site.upstream.post("rdv-service-public", "X-Lapin-Signature", content) == answer
    assert await site.appointments() == []


@pytest.mark.parametrize(
    ("location", "medium"), [("phone", "phone"), ("visio", "video"), ("home", "home"), ("x", "place")]
)
async def test_no_place_is_no_fault(site: Site, location: str, medium: str) -> None:
    """`lieu` is null by phone; at somebody's home their address is not kept."""
    data = meeting(1, in_days(20), seat(11, user(21)), lieu=None)
    data["motif"]["location_type"] = location
    await site.upstream.tell(data, "created")
    row = await site.the_one()
    assert (row.medium, row.place, row.phone) == (medium, "", "+33478000001")


async def test_a_word_without_participations_moves_everybody(site: Site) -> None:
    """The key is missing: nobody is gone, and what it says of the meeting counts for all."""
    data = meeting(1, in_days(20), seat(11, user(21)), seat(12, user(22, "Karim")))
    await site.upstream.tell(data, "created")
    moved = {**meeting(1, in_days(30)), "status": "unknown"}
    del moved["participations"]
    await site.upstream.tell(moved)
    assert [row.starts_at for row in await site.appointments()] == [in_days(30), in_days(30)]
    assert [row.participation for row in await site.appointments()] == ["11", "12"]
    assert sorted(await site.reminders()) == sorted(2 * (dropped("moved") + PLANNED))


async def test_who_is_no_longer_listed_is_gone(site: Site) -> None:
    """Only them."""
    both = seat(11, user(21)), seat(12, user(22, "Karim"))
    await site.upstream.tell(meeting(1, in_days(20), *both), "created")
    await site.upstream.tell(meeting(1, in_days(20), both[0]))
    assert [row.removed_at is not None for row in await site.appointments()] == [False, True]
    assert sorted(await site.reminders()) == sorted(PLANNED + dropped("called off"))


async def test_somebody_who_cannot_be_read_removes_nobody(site: Site) -> None:
    """Without the number of its person, a participation is refused; the others go on, and none is taken for gone."""
    both = seat(11, user(21)), seat(12, user(22, "Karim"))
    await site.upstream.tell(meeting(1, in_days(20), *both), "created")
    unread = meeting(1, in_days(30), both[0], seat(12, {"first_name": "Karim"}))
    await site.upstream.tell({**unread, "participations": [*unread["participations"], None]})
    rows = await site.appointments()
    assert [(row.starts_at, row.removed_at) for row in rows] == [(in_days(30), None), (in_days(20), None)]


async def test_an_older_word_changes_nothing(site: Site) -> None:
    """Also of somebody whom the newer word does not list, and after a return to the same date."""
    now, here, there = clock.now(), in_days(20), in_days(30)
    one, two = seat(11, user(21)), seat(12, user(22, "Karim"))
    await site.upstream.tell(meeting(1, here, one), "created", at=now - timedelta(minutes=9))
    await site.upstream.tell(meeting(1, here, one), at=now - timedelta(minutes=1))
    await site.upstream.tell(meeting(1, there, one, two), at=now - timedelta(minutes=5))
    assert [(row.source_id, row.starts_at) for row in await site.appointments()] == [("1:21", here)]


async def test_created_after_destroyed_stays_away(site: Site) -> None:
    """The word that came late does not bring back what is gone."""
    now, data = clock.now(), meeting(1, in_days(20), seat(11, user(21)))
    await site.upstream.tell(data, "destroyed", at=now)
    await site.upstream.tell(data, "created", at=now - timedelta(minutes=3))
    assert await site.appointments() == []


async def test_a_clock_that_runs_ahead_silences_nothing(site: Site) -> None:
    """A date from the future counts as now."""
    await site.upstream.tell(meeting(1, in_days(20), seat(11, user(21))), at=clock.now() + timedelta(days=9))
    await site.upstream.tell(meeting(1, in_days(30), seat(11, user(21))))
    assert (await site.the_one()).starts_at == in_days(30)


async def test_destroyed_is_removed_and_the_person_stays(site: Site) -> None:
    """The service deleted it: no reminder leaves; who it was for is still known."""
    data = meeting(1, in_days(20), seat(11, user(21)))
    await site.upstream.tell(data, "created")
    await site.upstream.tell(data, "destroyed")
    assert (await site.the_one()).removed_at is not None
    assert await site.reminders() == dropped("called off")
    assert await site.people() == [("Amina", "+33639980001")]


async def test_rgpd_forgets_whoever_has_nothing_else(site: Site) -> None:
    """Name and number go, and a return is another person; who has another appointment stays."""
    both = seat(11, user(21)), seat(12, user(22, "Karim"))
    data = meeting(1, in_days(20), *both)
    await site.upstream.tell(data, "created")
    await site.upstream.tell(meeting(2, in_days(21), both[1]), "created")
    await site.upstream.tell(data, "destroyed", webhook_reason="rgpd")
    assert await site.people() == [("", ""), ("Karim", "+33639980001")]
    await site.upstream.tell(meeting(3, in_days(22), both[0]), "created")
    assert await site.people() == [("", ""), ("Amina", "+33639980001"), ("Karim", "+33639980001")]


async def test_a_hundred_seats_and_one_that_changes(site: Site) -> None:
    """The whole meeting comes again with each change: one status is written, the rest is as it was."""
    seats = [seat(1000 + n, user(2000 + n, f"Personne{n}", f"+336399{n:05d}")) for n in range(100)]
    data = meeting(1, in_days(20), *seats, collectif=True, status="revoked")
    assert await site.upstream.tell(data, "created") == 200
    seats[40] = seat(1040, seats[40]["user"], "excused")
    assert await site.upstream.tell({**data, "participations": seats}) == 200
    rows = await site.appointments()
    assert sorted(row.status for row in rows) == ["excused", *["unknown"] * 99]
    assert await site.events() == ["new"] * 100 + ["cancelled"]


async def test_the_status_of_a_collective_is_nobodys(site: Site) -> None:
    """Without participations either; alone, it is the person's own."""
    for number, together in ((1, True), (2, False)):
        data = meeting(number, in_days(20), seat(10 + number, user(20 + number)), collectif=together)
        await site.upstream.tell(data, "created")
        del data["participations"]
        await site.upstream.tell({**data, "status": "revoked"})
    assert [row.status for row in await site.appointments()] == ["unknown", "revoked"]


@pytest.mark.parametrize("word", ["cancelled_by_somebody", 7, None, ["seen"]])
async def test_an_unknown_status_is_kept_as_unknown(site: Site, word: Any, caplog: pytest.LogCaptureFixture) -> None:
    """New words come without warning: the appointment is known all the same, and reminded."""
    assert await site.upstream.tell(meeting(1, in_days(20), seat(11, user(21), word)), "created") == 200
    assert (await site.the_one()).status == "unknown"
    assert (word is None) != ("participation 11 has a status" in caplog.text)
    assert await site.reminders() == PLANNED


@pytest.mark.parametrize("named", [True, False])
async def test_an_unknown_status_revives_nothing(site: Site, named: bool) -> None:
    """What was called off stays so, whether the word is of a person or of the whole meeting."""
    await site.upstream.tell(meeting(1, in_days(20), seat(11, user(21), "revoked")), "created")
    data = meeting(1, in_days(20), seat(11, user(21), "new_word"), status="new_word")
    if not named:
        del data["participations"]
    await site.upstream.tell(data)
    assert (await site.the_one()).status == "revoked"
    assert [state for _, state, _ in await site.reminders() if state == "planned"] == []


async def test_the_old_word_for_absent(site: Site) -> None:
    """`notexcused` was `noshow` until 2021."""
    await site.upstream.tell(meeting(1, in_days(20), seat(11, user(21), "notexcused")))
    assert (await site.the_one()).status == "noshow"


async def test_the_responsible_gets_the_sms_of_whoever_has_no_phone(site: Site) -> None:
    """By the participant's own first name; a number of one's own comes first."""
    mother = user(21, "Amina")
    lina = seat(11, user(31, "Lina", phone=None, responsible=mother))
    omar = seat(12, user(32, "Omar", phone="+33639980002", responsible=mother))
    await site.upstream.tell(meeting(1, in_days(20), lina, omar), "created")
    assert await site.people() == [("Lina", "+33639980001"), ("Omar", "+33639980002")]


async def test_who_wants_no_sms_is_known_and_not_written_to(site: Site) -> None:
    """`notify_by_sms` is false: the number finds the appointment, and has its fault."""
    await site.upstream.tell(meeting(1, in_days(20), seat(11, user(21, notify_by_sms=False))), "created")
    (row,) = await site.rows(person)
    assert row.phone_fault == "unwanted"
    await site.upstream.tell(meeting(1, in_days(20), seat(11, user(21, notify_by_sms=True))))
    (row,) = await site.rows(person)
    assert row.phone_fault == ""


async def test_moved_after_its_reminder(site: Site, database_url: str) -> None:
    """What was handed for one date says nothing of another: it is reminded again."""
    await site.upstream.tell(meeting(1, in_days(20), seat(11, user(21))), "created")
    async with site.relais.database.begin() as connection:
        await connection.execute(text("UPDATE reminder SET state = 'handed' WHERE kind = 'j7'"))
    await site.upstream.tell(meeting(1, in_days(30), seat(11, user(21))))
    assert await site.reminders() == [("j7", "handed", ""), *dropped("moved")[1:], *PLANNED]
    assert await site.events() == ["new", "moved"]


@pytest.mark.parametrize(
    "starts_at", [None, 12, "", "demain", "2026-02-31T10:00:00+01:00", "0026-01-01T10:00:00Z", "9999-12-31T23:59:00Z"]
)
async def test_an_impossible_date_is_refused(site: Site, starts_at: Any) -> None:
    """With 200, for asking again would change nothing; what was known stays."""
    data = meeting(1, in_days(20), seat(11, user(21)))
    await site.upstream.tell(data, "created")
    assert await site.upstream.tell({**data, "starts_at": starts_at}) == 200
    assert await site.upstream.tell({**data, "id": 2, "starts_at": starts_at}, "created") == 200
    row = await site.the_one()
    assert (row.starts_at, row.removed_at) == (in_days(20), None)


@pytest.mark.parametrize(
    "written",
    ["2027-07-01 14:00:00 +0200", "2027-07-01T12:00:00.000Z", "2027-07-01 12:00:00 UTC", "2027-07-01T14:00:00"],
)
async def test_dates_as_they_are_written(site: Site, written: str) -> None:
    """With a zone, as Ruby writes it, or by the clock of Lyon."""
    await site.upstream.tell({**meeting(1, in_days(20), seat(11, user(21))), "starts_at": written}, "created")
    assert (await site.the_one()).starts_at.astimezone(clock.UTC).isoformat() == "2027-07-01T12:00:00+00:00"


async def test_odd_values_are_absent_values(site: Site) -> None:
    """Wrong types, and what a database cannot store, are no reason to fail."""
    odd = meeting(
        1, in_days(20), seat(11, user(21, "Ami\0na", phone=5)), motif=[], organisation="x", duration_in_min="9"
    )
    odd["lieu"] = {"name": ["a"], "address": None}
    assert await site.upstream.tell({**odd, "ends_at": None}, "created") == 200
    row = await site.the_one()
    assert (row.place, row.structure, row.kind, row.duration_min) == ("", "", "other", 60)
    assert await site.people() == [("Ami na", "")]


async def test_past_before_it_was_heard_of(site: Site) -> None:
    """What is over when we first hear of it is no concern of anybody: no person is stored."""
    assert await site.upstream.tell(meeting(1, clock.now() - timedelta(days=3), seat(11, user(21))), "created") == 200
    assert (await site.appointments(), await site.people()) == ([], [])


async def test_store_away_is_503(site: Site, postgres: Any) -> None:
    """RDV Service Public tries again for eight days."""
    url = site.relais.database.engine.url
    site.relais.database.engine.sync_engine.dispose(close=False)
    site.relais.database.__dict__["engine"] = type(site.relais.database)(
        url.set(port=1, host="127.0.0.1", query={}).render_as_string(hide_password=False)
    ).engine
    assert await site.upstream.tell(meeting(1, in_days(20), seat(11, user(21))), "created") == 503


async def test_too_long_a_body_is_refused(site: Site) -> None:
    """Before it is read whole."""
    content = json.dumps({"data": "x" * 5_000_001}).encode()
    assert await site.upstream.post("rdv-service-public", "X-Lapin-Signature", content) == 400


async def test_off_without_a_secret(site: Site) -> None:
    """An empty secret opens no door."""
    empty = site.relais.settings.model_copy(update={"rdvsp_secret": type(site.relais.settings.rdvsp_secret)("")})
    object.__setattr__(site.relais, "settings", empty)
    assert await site.upstream.tell(meeting(1, in_days(20), seat(11, user(21)))) == 404
