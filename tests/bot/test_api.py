"""The API of appointments over real HTTP: with a token, taken in once, read again."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.openapi.models import OpenAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import SecretStr, TypeAdapter
from sqlalchemy import select, update

from bot import clock
from bot.api_forms import AppointmentIn, AppointmentOut, Problem, Taken
from bot.appointment_models import appointment, intake, person, reminder
from bot.assembly import Relais
from bot.database import Database
from bot.keys import load_keys
from bot.metrics import API_REFUSED
from bot.models import task
from bot.settings import Settings
from bot.web import create
from tests.standins.server import serving

TOKEN = {"Authorization": "Bearer the-second"}


def day(days: int, hour: int = 14) -> str:
    local = clock.now().astimezone(clock.PARIS) + timedelta(days=days)
    return local.replace(hour=hour, minute=30, second=0, microsecond=0, tzinfo=None).isoformat(timespec="minutes")


def body(**changes: Any) -> dict[str, Any]:
    given = {
        "source_id": "D-1", "first_name": "Amina", "phone": "06 39 98 00 01", "starts_at": day(20),
        "duration_min": 45, "place": "Maison de la Métropole, Bron", "kind": "orientation", "structure": "MDM Bron",
        "language": "fr", "status": "unknown", **changes,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value is not ...}


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    tokens = (SecretStr("the-first"), SecretStr("the-second"))
    async with opened(settings.model_copy(update={"api_tokens": tokens})) as client:
        yield client


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    relais = Relais(settings, load_keys(settings), Database(settings.database_url), "test")
    async with serving(create(relais)) as url, httpx.AsyncClient(base_url=url, headers=TOKEN) as client:
        yield client


async def rows(database: Database, table: Any) -> list[Any]:
    async with database.begin() as connection:
        return list(await connection.execute(select(table)))


async def tell(api: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    return await api.post("/api/appointments", json=body(**changes))


async def test_told_once_and_again(api: httpx.AsyncClient, database: Database) -> None:
    """201 and three reminders; the same again is 200 and changes nothing."""
    given = body()
    first = await api.post("/api/appointments", json=given)
    assert (first.status_code, first.json()["change"]) == (201, "new")
    again = await api.post("/api/appointments", json=given)
    assert (again.status_code, again.json()["change"], again.json()["changed"]) == (200, "same", [])
    assert again.json()["appointment"] == first.json()["appointment"]
    assert [one["state"] for one in first.json()["appointment"]["reminders"]] == ["planned"] * 3
    assert (len(await rows(database, appointment)), len(await rows(database, reminder))) == (1, 3)


async def test_another_date_moves_it_and_what_changed_is_told(api: httpx.AsyncClient) -> None:
    """By the names of the fields, with the new reminders."""
    await tell(api)
    moved = await tell(api, starts_at=day(30), place="Bron")
    assert (moved.status_code, moved.json()["change"], moved.json()["changed"]) == (
        200,
        "moved",
        ["starts_at", "place"],
    )
    assert moved.json()["appointment"]["starts_at"].startswith(day(30))
    changed = await tell(api, starts_at=day(30), place="Bron", phone="06 39 98 00 02", status="revoked")
    assert (changed.json()["change"], changed.json()["changed"]) == ("changed", ["status", "person"])
    assert {one["reason"] for one in changed.json()["appointment"]["reminders"]} == {"called off"}


async def test_what_is_stored_is_read_again(api: httpx.AsyncClient, database: Database) -> None:
    """With the person's answer and what became of the reminders, and nothing that was not given."""
    await tell(api, bring="Une pièce d'identité", medium="phone", structure_phone="04 65 71 00 12", status=...)
    async with database.begin() as connection:
        at = clock.now()
        await connection.execute(update(appointment).values(confirmed_at=at, answered_at=at, answered_how="sms"))
    read = await api.get("/api/appointments/D-1")
    assert read.status_code == 200
    assert read.headers["cache-control"] == "no-store"
    known = read.json()
    assert set(known) == set(AppointmentOut.model_fields)
    assert (known["phone"], known["status"], known["answered_how"]) == ("+33639980001", "unknown", "sms")
    assert (known["bring"], known["medium"]) == ("Une pièce d'identité", "phone")
    assert known["structure_phone"] == "04 65 71 00 12"
    assert known["confirmed_at"] is not None
    assert [one["kind"] for one in known["reminders"]] == ["j7", "j2", "j0"]


async def test_a_text_that_may_not_be_said_is_not_kept(api: httpx.AsyncClient, database: Database) -> None:
    """The appointment is; the answer names the field, and says why."""
    answer = await tell(api, place="Pôle RSA, Bron", bring="Attestation RSA", structure="Pôle RSA")
    assert answer.status_code == 201
    assert [one["field"] for one in answer.json()["warnings"]] == ["place", "bring"]
    assert answer.json()["warnings"][0]["message"].startswith("lieu : pas gardé")
    assert [(row.place, row.bring, row.structure) for row in await rows(database, appointment)] == [
        ("", "", "Pôle RSA")
    ]
    assert (await tell(api)).json()["warnings"] == []


@pytest.mark.parametrize(
    ("kind", "known"), [("rdv_d_orientation", "orientation"), ("follow_up", "follow_up"), ("rio", "orientation")]
)
async def test_a_kind_is_understood_as_a_connectors_is(api: httpx.AsyncClient, kind: str, known: str) -> None:
    """Whatever a program calls it; the same again is the same."""
    assert (await tell(api, kind=kind)).json()["appointment"]["kind"] == known
    assert (await tell(api, kind=kind)).json()["change"] == "same"


async def test_the_persons_own_cancelling_is_kept(api: httpx.AsyncClient, database: Database) -> None:
    """« unknown » for the same date does not undo it, another date does."""
    given = body()
    await api.post("/api/appointments", json=given)
    async with database.begin() as connection:
        await connection.execute(update(appointment).values(status="excused", answered_at=clock.now()))
    assert (await api.post("/api/appointments", json=given)).json()["change"] == "same"
    assert (await tell(api, starts_at=day(25))).json()["appointment"]["status"] == "unknown"


async def test_without_a_zone_it_is_the_hour_of_paris(api: httpx.AsyncClient) -> None:
    """A zone that is given counts; an hour that is skipped or comes twice is told."""
    year = clock.today().year + 1
    assert (
        (await tell(api, starts_at=f"{year}-01-12T14:30")).json()["appointment"]["starts_at"].endswith("14:30:00+01:00")
    )
    assert (await tell(api, starts_at=f"{year}-07-12T12:30Z")).json()["change"] == "moved"
    assert (await api.get("/api/appointments/D-1")).json()["starts_at"] == f"{year}-07-12T14:30:00+02:00"
    for written, reason in ((sunday(year, 3), "n'existe pas"), (sunday(year, 10), "existe deux fois")):
        assert reason in (await tell(api, starts_at=f"{written}T02:30")).json()["faults"][0]["message"]


def sunday(year: int, month: int) -> str:
    last = datetime(year, month, 31)
    return (last - timedelta(days=(last.weekday() + 1) % 7)).date().isoformat()


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown field": ({"nom": "x"}, "nom", "ce champ est inconnu"),
    "missing": ({"phone": ...}, "phone", "il manque"),
    "not a text": ({"first_name": 7}, "first_name", "il faut un texte"),
    "blank": ({"first_name": "  "}, "first_name", "il manque"),
    "number of seconds": ({"starts_at": "1800000000"}, "starts_at", "il faut une date et une heure"),
    "day alone": ({"starts_at": "2027-09-15"}, "starts_at", "il faut une date et une heure"),
    "no such day": ({"starts_at": "2027-02-31T10:00"}, "starts_at", "il faut une date et une heure"),
    "past": ({"starts_at": "2020-01-01T10:00"}, "starts_at", "elle est passée"),
    "far": ({"starts_at": "2099-01-01T10:00"}, "starts_at", "plus de deux ans"),
    "year 1": ({"starts_at": "0001-01-01T00:00+14:00", "status": "seen"}, "starts_at", "date : "),
    "year 1 in Paris": ({"starts_at": "0001-01-01T00:00", "status": "seen"}, "starts_at", "date : "),
    "year 9999": ({"starts_at": "9999-12-31T23:59-12:00", "status": "seen"}, "starts_at", "date : "),
    "control in the name": ({"first_name": "Ami\x00na"}, "first_name", "ne sont pas permis"),
    "lines in the name": ({"first_name": "Ami\nna"}, "first_name", "ne sont pas permis"),
    "control in the telephone": ({"structure_phone": "04 78 00 00 00\x00"}, "structure_phone", "ne sont pas permis"),
    "hidden direction": ({"place": "Bron \u202e"}, "place", "ne sont pas permis"),
    "huge number": ({"duration_min": 10**400}, "duration_min", "au plus 720"),
    "infinite": ({"duration_min": "Infinity"}, "duration_min", "nombre entier"),
    "landline": ({"phone": "04 78 00 00 00"}, "phone", "un fixe"),
    "foreign": ({"phone": "+49 1512 3456789"}, "phone", "étranger"),
    "no number": ({"phone": "abc"}, "phone", "pas un numéro"),
    "status": ({"status": "peut-être"}, "status", "une de ces valeurs : 'unknown', 'seen'"),
    "language": ({"language": "xx"}, "language", "une de ces valeurs"),
    "long": ({"place": "x" * 201}, "place", "200 caractères au plus"),
    "short": ({"duration_min": 0}, "duration_min", "au moins 1"),
    "half a minute": ({"duration_min": 1.5}, "duration_min", "un nombre entier"),
    "id": ({"source_id": "a b/c"}, "source_id", "des caractères ne sont pas permis"),
    "structure": ({"structure_phone": "abc"}, "structure_phone", "téléphone de la structure"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_each_fault_is_a_sentence(api: httpx.AsyncClient, database: Database, name: str) -> None:
    """Named by its field, in French, and nothing changes."""
    changes, field, sentence = WRONG[name]
    refused = await tell(api, **changes)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate(refused.json())
    assert [one.field for one in problem.faults] == [field]
    assert sentence in problem.faults[0].message
    assert await rows(database, appointment) == await rows(database, intake) == []


async def test_all_faults_are_told_at_once(api: httpx.AsyncClient) -> None:
    """Whoever writes the program mends them in one go; what was sent is not repeated."""
    refused = await tell(api, phone="0478000000", starts_at="hier", structure_phone="zéro")
    assert [one["field"] for one in refused.json()["faults"]] == ["phone", "structure_phone", "starts_at"]
    assert not any(word in refused.text for word in ("0478", "hier", "zéro", "Amina"))


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"null"])
async def test_what_is_not_an_object_is_refused(api: httpx.AsyncClient, content: bytes) -> None:
    """Whatever the bytes are, a sentence."""
    refused = await api.post("/api/appointments", content=content)
    assert (refused.status_code, len(refused.json()["faults"])) == (422, 1)


async def test_a_large_body_is_refused(api: httpx.AsyncClient) -> None:
    """Above 64 kB it is not read to its end."""
    refused = await tell(api, place="x" * 70_000)
    assert (refused.status_code, refused.json()["title"]) == (413, "La demande dépasse 64 ko.")


DEEP = 30_000
BODIES = {
    "lone surrogate": b'{"first_name": "\\ud800"}',
    "deep list": b'{"place": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep object": b'{"a":' * (DEEP // 4) + b"1" + b"}" * (DEEP // 4),
    "huge number": b'{"duration_min": ' + b"9" * 50_000 + b"}",
    "not a number": b'{"duration_min": NaN}',
    "bytes": bytes(range(256)),
    "a NUL": b'{"first_name": "A\x00"}',
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_made_to_break_is_refused(api: httpx.AsyncClient, database: Database, name: str) -> None:
    """With a sentence, whatever it is made of."""
    refused = await api.post("/api/appointments", content=BODIES[name])
    assert (refused.status_code, bool(Problem.model_validate(refused.json()).faults)) == (422, True)
    assert await rows(database, appointment) == []


async def test_ten_megabytes_are_refused(api: httpx.AsyncClient) -> None:
    """Before they are read."""
    refused = await api.post("/api/appointments", content=b" " * 10_000_000)
    assert refused.status_code == 413


@pytest.mark.parametrize("path", ["%00", "D-1%00", "%0A", "%7F", "%FF", "%C3%28", "%ED%A0%80", "a" * 101, "a" * 40_000])
async def test_an_address_that_no_appointment_can_have_is_refused(api: httpx.AsyncClient, path: str) -> None:
    """With a sentence; the store is not asked."""
    refused = await api.get(f"/api/appointments/{path}")
    assert (refused.status_code, refused.json()["faults"][0]["field"]) == (422, "source_id")


async def test_raw_bytes_in_an_address_are_no_fault_of_ours(api: httpx.AsyncClient) -> None:
    """Not even what is no address at all."""
    where = str(api.base_url).removeprefix("http://").rstrip("/")
    host, port = where.rsplit(":", 1)
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET /api/appointments/D\xff\xfe HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer the-second\r\n\r\n")
    first = await reader.readline()
    writer.close()
    assert first.split()[1][:1] == b"4"


@pytest.mark.parametrize(
    ("header", "status"),
    [("", 401), ("Basic dGVzdA==", 401), ("the-second", 401), ("Bearer the-third", 403),
     ("Bearer the-second,the-first", 403), ("Bearer é", 403)],
)  # fmt: skip
async def test_without_a_token_nothing_is_told(api: httpx.AsyncClient, header: str, status: int) -> None:
    """Neither why, nor whether the appointment exists; it is counted."""
    await tell(api)
    before = API_REFUSED.labels(status=str(status))._value.get()
    headers = {"Authorization": header.encode()} if header else {"Authorization": ""}
    answers = [
        await api.get("/api/appointments/D-1", headers=headers),
        await api.get("/api/appointments/D-2", headers=headers),
        await api.post("/api/appointments", json={"x": 1}, headers=headers),
    ]
    assert [one.status_code for one in answers] == [status] * 3
    assert {one.text for one in answers} == {answers[0].text}
    assert answers[0].json() == {"title": "Accès refusé.", "status": status, "faults": []}
    assert API_REFUSED.labels(status=str(status))._value.get() == before + 3


async def test_a_burst_of_wrong_tokens_makes_a_task(api: httpx.AsyncClient, database: Database) -> None:
    """Somebody tries tokens: a human is told once."""
    for _ in range(25):
        await api.get("/api/appointments/D-1", headers={"Authorization": "Bearer guess"})
    assert [row.reason for row in await rows(database, task)] == ["forged_webhooks"]


async def test_without_tokens_there_is_no_api(settings: Settings) -> None:
    """Off is 404, whatever is asked; an empty token opens nothing."""
    async with opened(settings) as client:
        asked = ("/api/appointments/D-1", "/api/docs", "/api/openapi.json")
        assert [(await client.get(path)).status_code for path in asked] == [404] * 3
        assert (await tell(client)).status_code == 404


async def test_unknown_is_404(api: httpx.AsyncClient) -> None:
    """With a token it may be told."""
    assert (await api.get("/api/appointments/D-9")).status_code == 404


async def test_two_at_once_make_one(api: httpx.AsyncClient, database: Database) -> None:
    """The same appointment from two programs at the same moment: one is new, and nothing is doubled."""
    given = body()
    answers = await asyncio.gather(*(api.post("/api/appointments", json=given) for _ in range(6)))
    assert sorted(one.status_code for one in answers) == [200] * 5 + [201]
    assert [len(await rows(database, table)) for table in (appointment, person, reminder)] == [1, 1, 3]


async def test_many_different_posts_at_once(api: httpx.AsyncClient, database: Database) -> None:
    """They are of one intake, which each refers to and then judges: none waits for another in a circle."""
    names = [f"Personne{chr(65 + number)}" for number in range(16)]
    for days in (20, 25):  # new, then moved
        told = [body(source_id=f"D-{name}", first_name=name, starts_at=day(days)) for name in names]
        answers = await asyncio.gather(*(api.post("/api/appointments", json=given) for given in told))
        assert {one.status_code for one in answers} == {201 if days == 20 else 200}
    planned = [row for row in await rows(database, reminder) if row.state == "planned"]
    assert len(planned) == 3 * len(names)


async def test_an_hour_of_one_token_is_one_intake(
    api: httpx.AsyncClient, database: Database, later: Callable[[float], None]
) -> None:
    """What one program tells within an hour is judged together; another program, another hour, apart."""
    await tell(api)
    await tell(api, source_id="D-2")
    assert len(await rows(database, intake)) == 1
    await api.post("/api/appointments", json=body(source_id="D-3"), headers={"Authorization": "Bearer the-first"})
    assert len(await rows(database, intake)) == 2
    later(3600)
    await tell(api, source_id="D-4")
    assert len(await rows(database, intake)) == 3
    planned = {row.intake_id for row in await rows(database, reminder)}
    assert planned == {row.id for row in await rows(database, intake)}


async def test_a_burst_of_the_api_waits_for_a_yes(settings: Settings, database: Database, tmp_path: Path) -> None:
    """More reminders within a day than the set number, told within an hour by one token: held, with a task."""
    clock.start(tmp_path / "clock", datetime(2026, 11, 24, 9))
    few = settings.model_copy(update={"api_tokens": (SecretStr("the-second"),), "reminders_ask_above": 1})
    async with opened(few) as client:
        for number in range(3):
            answer = await tell(client, source_id=f"D-{number}", first_name="ABC"[number], starts_at=day(2))
            assert answer.status_code == 201
    assert [row.held_at is not None for row in await rows(database, intake)] == [True]
    assert [row.reason for row in await rows(database, task)] == ["intake_held"]


async def test_the_contract_is_openapi_and_its_examples_hold(api: httpx.AsyncClient) -> None:
    """FastAPI's own model of OpenAPI reads it, every reference leads somewhere, the examples are what is answered."""
    schema = (await api.get("/api/openapi.json")).json()
    OpenAPI.model_validate(schema)
    parts = schema["components"]["schemas"]
    assert set(re.findall(r"#/components/schemas/(\w+)", str(schema))) <= set(parts)
    assert set(schema["paths"]) == {"/api/appointments", "/api/appointments/{source_id}"}
    for model in (AppointmentIn, AppointmentOut, Taken, Problem):
        for example in parts[model.__name__]["examples"]:
            TypeAdapter(model).validate_python(example)
    answered = await tell(api)
    assert set(Taken.model_validate(answered.json()).appointment.model_dump()) == set(AppointmentOut.model_fields)


async def test_the_page_shows_the_contract(api: httpx.AsyncClient) -> None:
    """Every field with its words, an example to copy, nothing inline and nothing from elsewhere."""
    page = await api.get("/api/docs")
    assert page.status_code == 200
    assert all(f"<code>{name}</code>" in page.text for name in AppointmentIn.model_fields)
    assert "curl https://relais.test/api/appointments" in page.text
    assert "Maison de la Métropole, Bron" in page.text
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page.text)
    assert "default-src 'self'" in page.headers["content-security-policy"]


ANY = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.lists(st.text(), max_size=2)
)


@given(field=st.sampled_from(sorted(AppointmentIn.model_fields)), value=ANY)
@examples(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_value_is_taken_or_refused(api: httpx.AsyncClient, field: str, value: Any) -> None:
    """No value of any field is an internal error, and no refusal is without a sentence."""
    answer = await tell(api, **{field: value})
    assert answer.status_code in (200, 201, 422)
    assert answer.status_code != 422 or Problem.model_validate(answer.json()).faults
