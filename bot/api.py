"""The JSON API of appointments: told with a token, taken in once, read again with what became of them.

All tokens share one source, `api`: a `source_id` is one appointment, whoever tells it.
"""

from __future__ import annotations

import hmac
import re
from datetime import datetime
from hashlib import sha256
from typing import Any, NoReturn

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, Response
from pydantic import ValidationError

from bot import clock, metrics, pages
from bot.api_forms import ID, NOT_AN_ID, SEEN, AppointmentIn, AppointmentOut, Fault, Problem, ReminderOut, Taken, faults
from bot.appointments import admission, kinds, sayable
from bot.appointments.admission import Refused
from bot.appointments.facts import ZONE, Facts
from bot.appointments.told import Told
from bot.assembly import Relais

SOURCE = "api"
LARGEST = 64 * 1024
_BEARER = "Bearer "
_KEPT_PRIVATE = {"Cache-Control": "no-store"}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    401: {"description": "Pas de jeton."},
    403: {"description": "Jeton inconnu."},
}
_REFUSED: dict[int | str, dict[str, Any]] = {
    413: {"description": "Plus de 64 ko.", "model": Problem},
    422: {"description": "Une phrase pour chaque erreur.", "model": Problem},
}

router = APIRouter(prefix="/api", tags=["Rendez-vous"])
about = APIRouter(prefix="/api", include_in_schema=False)


class ApiProblem(Exception):
    """The request is refused; nothing was changed."""

    def __init__(self, status: int, title: str, *details: Fault) -> None:
        super().__init__(title)
        self.problem = Problem(title=title, status=status, faults=list(details))


async def answer_problem(request: Request, error: Exception) -> Response:
    """The problem as JSON; without a token nothing is said of why."""
    assert isinstance(error, ApiProblem)  # noqa: S101 (registered for it)
    problem = error.problem
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == 401 else {}
    return JSONResponse(
        problem.model_dump(), problem.status, {**headers, **_KEPT_PRIVATE}, media_type="application/problem+json"
    )


@router.post(
    "/appointments",
    status_code=201,
    response_model=Taken,
    summary="Créer ou changer un rendez-vous",
    description="La même demande, une fois ou dix, donne un seul rendez-vous. "
    "Une autre date le déplace, et ses rappels suivent.",
    responses={200: {"description": "Il existait : « change » dit quoi.", "model": Taken}, **_PROBLEMS, **_REFUSED},
    response_description="Il est nouveau.",
    openapi_extra={
        "security": [{"jeton": []}],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/AppointmentIn"}}},
        },
    },
)
async def tell(request: Request) -> Response:
    """Take one appointment in."""
    relais, teller = await _admitted(request)
    given = _form(await _body(request))
    facts = _facts(given)
    async with relais.database.begin() as connection:
        heard = await relais.by_one.hear(connection, facts, said=given.status is not None, teller=teller)
    warnings = [Fault(field=name, message=sayable.warning([name])) for name in heard.unsaid]
    shown = _shown(heard.told)
    answer = Taken(change=heard.change, changed=list(heard.changed), warnings=warnings, appointment=shown)
    return _json(answer.model_dump(mode="json"), 201 if heard.change == "new" else 200)


@router.get(
    "/appointments/{source_id}",
    response_model=AppointmentOut,
    summary="Lire un rendez-vous",
    description="Ce que Relais sait : le statut, la réponse de la personne, et ce que chaque rappel est devenu.",
    responses={
        **_PROBLEMS,
        404: {"description": "Rendez-vous inconnu.", "model": Problem},
        422: {"description": "Aucun rendez-vous ne peut avoir ce numéro.", "model": Problem},
    },
    response_description="Tel que Relais le connaît, avec ses rappels.",
    openapi_extra={"security": [{"jeton": []}]},
)
async def read(request: Request, source_id: str) -> Response:
    """One appointment, with its reminders."""
    relais, _ = await _admitted(request)
    if not re.fullmatch(ID, source_id):
        raise ApiProblem(422, "La demande n'est pas valable.", Fault(field="source_id", message=NOT_AN_ID))
    async with relais.database.begin() as connection:
        told = await relais.by_one.read(connection, SOURCE, source_id)
    if told is None:
        raise ApiProblem(404, "Ce rendez-vous est inconnu.")
    return _json(_shown(told).model_dump(mode="json"), 200)


@about.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """The contract, for programs."""
    _require_on(request)
    return JSONResponse(schema(request.app))


@about.get("/docs")
async def docs(request: Request) -> Response:
    """The contract, for people."""
    _require_on(request)
    base = request.app.state.relais.settings.base_url
    return pages.show(request, "api.html", api=schema(request.app), example=SEEN, base=base)


def schema(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description of the API alone."""
    made = get_openapi(
        title="Relais : les rendez-vous",
        version="1",
        description="Donner à Relais les rendez-vous d'une personne, pour qu'il les lui rappelle par SMS.",
        routes=router.routes,
    )
    parts = made["components"]
    parts["schemas"] |= {"AppointmentIn": AppointmentIn.model_json_schema()}
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
    parts["securitySchemes"] = {"jeton": {"type": "http", "scheme": "bearer"}}
    return made


def _require_on(request: Request) -> None:
    if not request.app.state.relais.settings.api_tokens:
        raise ApiProblem(404, "Cette adresse n'existe pas.")


async def _admitted(request: Request) -> tuple[Relais, str]:
    """Who tells, as a fingerprint of the token; every token is compared, whichever is the right one."""
    _require_on(request)
    relais: Relais = request.app.state.relais
    header = request.headers.get("authorization", "")
    if not header.startswith(_BEARER):
        await _refuse(request, 401)
    given = sha256(header.removeprefix(_BEARER).strip().encode()).digest()
    teller = ""
    for token in relais.settings.api_tokens:
        known = sha256(token.get_secret_value().encode()).digest()
        teller = known.hex()[:12] if hmac.compare_digest(known, given) else teller
    if not teller:
        await _refuse(request, 403)
    return relais, teller


async def _refuse(request: Request, status: int) -> NoReturn:
    metrics.API_REFUSED.labels(status=str(status)).inc()
    await request.app.state.alarm.refused("/api")
    raise ApiProblem(status, "Accès refusé.")


async def _body(request: Request) -> bytes:
    """The body, refused before it is read when it is too large."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > LARGEST:
            raise ApiProblem(413, "La demande dépasse 64 ko.")
    return bytes(chunks)


def _form(body: bytes) -> AppointmentIn:
    try:
        return AppointmentIn.model_validate_json(body)
    except ValidationError as error:
        raise ApiProblem(422, "La demande n'est pas valable.", *faults(error)) from None


def _facts(given: AppointmentIn) -> Facts:
    found: list[Fault] = []
    phone = _tried(found, "phone", lambda: admission.mobile(given.phone).e164) or ""
    landing = _tried(found, "structure_phone", lambda: admission.dialled(given.structure_phone)) or ""
    starts_at = _tried(found, "starts_at", lambda: _instant(given))
    if found or starts_at is None:
        raise ApiProblem(422, "La demande n'est pas valable.", *found)
    told = given.model_dump(exclude={"phone", "starts_at", "structure_phone", "status", "place", "kind", "language"})
    return Facts(
        source=SOURCE,
        meeting=given.source_id,
        starts_at=starts_at,
        told_at=clock.now(),
        phone=phone,
        structure_phone=landing,
        place="" if given.medium == "home" else given.place,
        kind=kinds.known().written(given.kind),
        language=given.language or "",
        status=given.status or "unknown",
        **told,
    )


def _tried(found: list[Fault], field: str, read: Any) -> Any:
    try:
        return read()
    except Refused as refused:
        found.append(Fault(field=field, message=str(refused)))
        return None


def _instant(given: AppointmentIn) -> datetime:
    try:
        written = datetime.fromisoformat(given.starts_at)
    except ValueError:
        written = None
    if written is None or ":" not in given.starts_at:
        raise Refused("date : il faut une date et une heure, comme 2027-09-15T14:30")
    starts_at = written if written.tzinfo else admission.on_the_wall(written, ZONE)
    how = given.status is not None and given.status != "unknown"
    timely = admission.timely(starts_at, clock.now(), known_how=how)
    return timely.astimezone(clock.UTC).replace(microsecond=0)


def _shown(told: Told) -> AppointmentOut:
    row, person = told.row, told.person
    same = ("source_id", "duration_min", "place", "kind", "structure", "status", "medium", "bring", "answered_how")
    return AppointmentOut(
        **{name: getattr(row, name) for name in same},
        **{name: _local(getattr(row, name)) for name in ("starts_at", "confirmed_at", "answered_at")},
        first_name=person.first_name,
        phone=person.phone,
        language=person.language,
        structure_phone=row.phone,
        reminders=[
            ReminderOut(kind=one.kind, due_at=_local(one.due_at), state=one.state, reason=one.reason)
            for one in told.reminders
        ],
    )


def _local(moment: datetime | None) -> Any:
    return moment.astimezone(clock.PARIS) if moment else None


def _json(content: Any, status: int) -> Response:
    return JSONResponse(content, status, _KEPT_PRIVATE)
