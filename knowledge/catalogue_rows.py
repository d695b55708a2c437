"""One record of data·inclusion 1.0 → one row of ours; pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
import phonenumbers
from data_inclusion.schema.v1 import Service, Structure
from data_inclusion.schema.v1.score_qualite import CRITERES
from pydantic import ValidationError

from knowledge.catalogue_report import BadRow
from knowledge.names import insee

Row = dict[str, Any]
LISTS = ("thematiques", "publics", "modes_accueil", "zone_eligibilite", "modes_mobilisation", "mobilisable_par")
_RULES = 1
"""Raise it when what is computed from a record changes: rows already loaded are then written again."""
_NEVER_OUTDATED = ("agefiph", "france-travail")
_CRITERIA = [criterion for criterion in CRITERES if criterion.__name__ != "date_maj_recente"]
_SIX_MONTHS, _TWO_YEARS = 182.6, 730.5  # days


@dataclass(frozen=True, slots=True)
class Parent:
    """What a service takes from its structure."""

    nom: str
    lat: float | None
    lon: float | None


def structure_row(raw: object) -> Row:
    """Validate a structure; raise BadRow with the reason."""
    row = _validated(Structure, raw).model_dump(mode="json")
    row["reseaux_porteurs"] = sorted(row["reseaux_porteurs"] or ())
    return _finish(row)


def service_row(raw: object, parents: Mapping[str, Parent], today: date) -> Row:
    """Validate a service and compute what searches need; raise BadRow with the reason."""
    model = _validated(Service, raw)
    parent = parents.get(model.structure_id)
    if parent is None:
        raise BadRow("structure_id: missing_structure")
    row = model.model_dump(mode="json")
    row |= {name: sorted(row[name] or ()) for name in LISTS}
    row["nombre_semaines"] = row["nombre_semaines"] if (row["nombre_semaines"] or 0) < 10_000 else None
    row["score_qualite"] = _given_score(raw) if _given_score(raw) is not None else quality(model, today)
    row |= _derived(row, parent)
    return _finish(row, also=(parent.nom,))


def quality(service: Service, today: date) -> float:
    """data·inclusion's own score (the mean of the criteria that apply), its freshness counted from `today`."""
    marks = [mark for mark in (criterion(service) for criterion in _CRITERIA) if mark is not None]
    if service.source not in _NEVER_OUTDATED:
        age = (today - service.date_maj).days
        marks.append(min(1.0, max(0.0, (_TWO_YEARS - age) / (_TWO_YEARS - _SIX_MONTHS))))
    return round(sum(marks) / len(marks), 2)


def _validated[M: (Service, Structure)](model: type[M], raw: object) -> M:
    if not isinstance(raw, dict):
        raise BadRow("record: not_an_object")
    try:
        return model.model_validate({key: _clean(value) for key, value in raw.items()})
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise BadRow(f"{first['loc'][0] if first['loc'] else 'record'}: {first['type']}") from None


def _clean(value: object) -> object:
    # PostgreSQL takes no NUL; open data writes absent lists as [] and absent texts as "".
    if isinstance(value, str):
        return value.replace("\x00", "").strip() or None
    return value if value != [] else None


def _given_score(raw: object) -> float | None:
    score = raw.get("score_qualite") if isinstance(raw, dict) else None
    given = isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1
    return float(score) if given else None  # type: ignore[arg-type]


def _derived(row: Row, parent: Parent) -> Row:
    modes, callers = row["modes_accueil"], row["mobilisable_par"]
    own = (row["latitude"], row["longitude"])
    lat, lon = own if None not in own else (parent.lat, parent.lon)
    return {
        "on_site": "en-presentiel" in modes or not modes,
        "remote": "a-distance" in modes,
        "professionals_only": bool(callers) and "usagers" not in callers,
        "lat": lat,
        "lon": lon,
    }


def _finish(row: Row, also: tuple[str, ...] = ()) -> Row:
    _check_position(row)
    row["telephone"] = _phone(row["telephone"])
    row["code_insee"] = insee(row["code_insee"]) if row["code_insee"] else None
    content = orjson.dumps([_RULES, row, also], option=orjson.OPT_SORT_KEYS)
    row["digest"] = hashlib.blake2b(content, digest_size=12).hexdigest()
    row["date_maj"] = date.fromisoformat(row["date_maj"])
    return row


def _check_position(row: Row) -> None:
    for name, limit in (("latitude", 90), ("longitude", 180)):
        value = row[name]
        if value is not None and not (math.isfinite(value) and abs(value) <= limit):
            raise BadRow(f"{name}: out_of_range")


def _phone(given: str | None) -> str | None:
    """E.164 where it can be read as a number (in France when no country is said), as given otherwise."""
    if not given:
        return None
    try:
        number = phonenumbers.parse(given, "FR")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return given if sum(c.isdigit() for c in given) >= 3 else None  # a short number, as « 3949 »
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
