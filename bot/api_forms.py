"""What the API takes and gives, and its faults in French. The documentation is made from these models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.appointments.facts import Medium, Status

ID = r"^[A-Za-z0-9._:-]{1,100}$"
NOT_AN_ID = "100 caractères au plus : des lettres sans accent, des chiffres, « . », « _ », « : » ou « - »"
LANGUAGES = ("fr", "en", "ar", "es", "pt", "ro", "ru", "tr", "uk")
EXAMPLE: dict[str, Any] = {
    "source_id": "D-2027-0001",
    "first_name": "Amina",
    "phone": "06 39 98 01 01",
    "starts_at": "2027-09-15T14:30",
    "duration_min": 45,
    "place": "Maison de la Métropole, Bron",
    "kind": "orientation",
    "structure": "Maison de la Métropole de Bron",
    "language": "fr",
    "status": "unknown",
}
SEEN: dict[str, Any] = {
    **EXAMPLE,
    "phone": "+33639980101",
    "starts_at": "2027-09-15T14:30:00+02:00",
    "medium": "place",
    "bring": "",
    "structure_phone": "",
    "confirmed_at": "2027-09-13T10:04:00+02:00",
    "answered_at": "2027-09-13T10:04:00+02:00",
    "answered_how": "sms",
    "reminders": [
        {"kind": "j7", "due_at": "2027-09-08T10:00:00+02:00", "state": "delivered", "reason": ""},
        {"kind": "j2", "due_at": "2027-09-13T10:00:00+02:00", "state": "delivered", "reason": ""},
        {"kind": "j0", "due_at": "2027-09-15T08:00:00+02:00", "state": "planned", "reason": ""},
    ],
}

_ON_ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
"""Neither control characters, nor those that end a line or turn a text round without being seen."""
Line = Annotated[str, Field(max_length=200, pattern=_ON_ONE_LINE)]


class AppointmentIn(BaseModel):
    """Un rendez-vous d'une personne. Le même `source_id` désigne toujours le même rendez-vous."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, json_schema_extra={"examples": [EXAMPLE]})

    source_id: str = Field(pattern=ID, description="Votre numéro : lettres, chiffres, « . », « _ », « : » ou « - ».")
    first_name: str = Field(
        min_length=1, max_length=60, pattern=_ON_ONE_LINE, description="Le prénom seul, jamais le nom."
    )
    phone: str = Field(max_length=40, description="Un mobile français, outre-mer compris.")
    starts_at: str = Field(
        max_length=40,
        description="Le début, en ISO 8601. Sans fuseau, c'est l'heure de Paris.",
        json_schema_extra={"format": "date-time"},
    )
    duration_min: int = Field(60, ge=1, le=720, strict=True, description="La durée en minutes.")
    place: Line = Field("", description="Le lieu, assez court pour un SMS. Vide pour un domicile.")
    kind: str = Field(
        "other",
        pattern=r"^[a-z0-9_]{1,40}$",
        description="Le motif, en minuscules : orientation, follow_up, workshop ou other ; « rdv_d_orientation » est "
        "compris.",
    )
    structure: Line = Field("", description="Qui reçoit. Son nom choisit le plan des rappels.")
    language: Literal["fr", "en", "ar", "es", "pt", "ro", "ru", "tr", "uk"] | None = Field(
        None,
        description="La langue de la personne, quand elle n'en a pas choisi une autre. Absente : ce que Relais sait "
        "reste ; le français, s'il ne sait rien.",
    )
    status: Status | None = Field(
        None,
        description="unknown : prévu ; seen : venue ; noshow : absente ; excused : annulé par la personne ; "
        "revoked : annulé par le service. Absent : ce que Relais sait reste.",
    )
    medium: Medium = Field("place", description="Sur place, au téléphone, en visio ou à domicile.")
    bring: Line = Field("", description="Ce qu'il faut apporter.")
    structure_phone: str = Field("", max_length=40, pattern=_ON_ONE_LINE, description="Le téléphone de la structure.")


class ReminderOut(BaseModel):
    """Un rappel et ce qu'il est devenu."""

    kind: str = Field(description="j7 : une semaine avant ; j2 : deux jours ; j0 : le matin même.")
    due_at: datetime = Field(description="Quand il part, au plus tôt.")
    state: str = Field(description="planned, skipped, puis l'état du SMS : queued, sent, delivered, undelivered…")
    reason: str = Field(description="Pourquoi il ne part pas, ou n'est pas arrivé.")


class AppointmentOut(BaseModel):
    """Un rendez-vous tel que Relais le connaît."""

    model_config = ConfigDict(json_schema_extra={"examples": [SEEN]})

    source_id: str
    first_name: str
    phone: str
    starts_at: datetime
    duration_min: int
    place: str
    kind: str
    structure: str
    language: str
    status: Status
    medium: Medium
    bring: str
    structure_phone: str
    confirmed_at: datetime | None = Field(description="Quand la personne a dit qu'elle vient.")
    answered_at: datetime | None = Field(description="Quand elle a répondu en dernier.")
    answered_how: str = Field(description="Par quel canal.")
    reminders: list[ReminderOut]


class Fault(BaseModel):
    """Une erreur ou un avertissement : le champ, et une phrase."""

    field: str
    message: str


class Taken(BaseModel):
    """Ce que la demande a changé."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"change": "new", "changed": [], "warnings": [], "appointment": SEEN}]}
    )

    change: Literal["new", "moved", "changed", "same", "old"] = Field(
        description="new : créé ; moved : déplacé ; changed : modifié ; same : rien ; old : une demande plus récente "
        "est déjà passée."
    )
    changed: list[str] = Field(description="Les champs qui ont changé.")
    warnings: list[Fault] = Field([], description="Les textes qui n'ont pas été gardés, et pourquoi.")
    appointment: AppointmentOut


class Problem(BaseModel):
    """Une demande refusée (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "La demande n'est pas valable.",
                    "status": 422,
                    "faults": [
                        {"field": "phone", "message": "téléphone : un fixe ne reçoit pas de SMS, il faut un mobile"}
                    ],
                }
            ]
        }
    )

    title: str
    status: int
    faults: list[Fault] = []


def faults(error: ValidationError) -> list[Fault]:
    """One sentence for each; none repeats what was sent."""
    return [Fault(field=_field(one["loc"]), message=_sentence(one)) for one in error.errors(include_input=False)]


def _field(where: Sequence[int | str]) -> str:
    return ".".join(str(part) for part in where)


def _sentence(one: Mapping[str, Any]) -> str:
    kind, limits = str(one["type"]), one.get("ctx", {})
    sentences = {
        "missing": "il manque",
        "extra_forbidden": "ce champ est inconnu",
        "json_invalid": "ce n'est pas du JSON",
        "model_type": "il faut un objet JSON",
        "string_type": "il faut un texte",
        "string_too_short": "il manque",
        "string_too_long": f"{limits.get('max_length')} caractères au plus",
        "string_pattern_mismatch": "des caractères ne sont pas permis",
        "literal_error": f"il faut une de ces valeurs : {str(limits.get('expected', '')).replace(' or ', ', ')}",
        "int_type": "il faut un nombre entier",
        "greater_than_equal": f"au moins {limits.get('ge')}",
        "less_than_equal": f"au plus {limits.get('le')}",
    }
    return sentences.get(kind, "cette valeur n'est pas permise")
