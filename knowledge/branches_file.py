"""The branches' CSV file, read line by line: each line is a branch or a fault to tell its editor.

Comma or semicolon; lines that begin with # are comments; columns may come in any order.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import phonenumbers

from knowledge.hours import valid
from knowledge.places import Place, Places, kilometres

TYPES = ("mmie", "mdml", "ccas", "france_travail", "france_services", "mission_locale")
COLUMNS = (
    *("id", "type", "label", "address", "postal_code", "commune", "lat", "lon", "phone", "hours"),
    *("serves", "verified_on", "verified_by", "fictional"),
)
_BOX = (45.40, 46.31, 4.24, 5.20)  # the Rhône, south and north, west and east
_FARTHEST = 12.0  # km between a branch and the centre of its commune
_LONGEST_LABEL = 60


class BadBranches(ValueError):
    """The file holds no valid branch: look at its columns and at the faults. The old branches stay."""


class BadLine(ValueError):
    """One line of the file cannot be used; the message says what to correct."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a line; `id` is the branch it is about, when that can be told."""

    line: int
    reason: str
    id: str = ""


def read(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of a CSV file with their line numbers; raises `BadBranches` when it has not the columns."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    kept = [(number, line) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")]
    if not kept:
        raise BadBranches(f"{path} est vide")
    header = kept[0][1]
    delimiter = max(";,\t", key=header.count)
    names = next(csv.reader([header], delimiter=delimiter))
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise BadBranches(f"{path} : il manque la colonne {', '.join(missing)}")
    parsed = csv.DictReader((line for _, line in kept[1:]), names, delimiter=delimiter)
    return [(number, {k: v for k, v in row.items() if k}) for (number, _), row in zip(kept[1:], parsed, strict=True)]


def validate(
    rows: Sequence[tuple[int, Mapping[str, str]]], places: Places, today: date
) -> tuple[list[dict[str, Any]], list[Fault]]:
    """The valid branches as rows of the table, and the faults of the others."""
    good: dict[str, dict[str, Any]] = {}
    faults = []
    for line, row in rows:
        given = {name: (row.get(name) or "").strip() for name in COLUMNS}
        try:
            branch = _branch(given, places, today)
            if branch["id"] in good:
                raise BadLine(f"id : « {branch['id']} » est déjà pris plus haut")
            good[branch["id"]] = branch
        except BadLine as fault:
            faults.append(Fault(line, str(fault), given["id"]))
    return list(good.values()), faults


def _branch(given: Mapping[str, str], places: Places, today: date) -> dict[str, Any]:
    for name in ("id", "label", "address", "verified_by"):
        if not given[name]:
            raise BadLine(f"{name} : il faut le remplir")
    if given["type"] not in TYPES:
        raise BadLine(f"type : « {given['type']} » n'est pas {', '.join(TYPES)}")
    if len(given["label"]) > _LONGEST_LABEL:
        raise BadLine(f"label : {_LONGEST_LABEL} caractères au plus")
    commune = _commune(given["commune"], places, "commune")
    lat, lon = _point(given, commune)
    return {
        **{name: given[name] for name in ("id", "type", "label", "address", "verified_by")},
        "postal_code": _postal_code(given["postal_code"], commune),
        "commune": commune.name,
        "lat": lat,
        "lon": lon,
        "phone": _phone(given["phone"]),
        "hours": _hours(given["hours"]),
        "serves": _serves(given["serves"], commune, places),
        "verified_on": _date(given["verified_on"], today),
        "fictional": _yes(given["fictional"]),
    }


def _commune(said: str, places: Places, column: str) -> Place:
    place = places.get(said)
    if place is None:
        found = [match.places for match in places.find(said)]
        place = found[0][0] if len(found) == 1 and len(found[0]) == 1 else None
    if place is None or place.kind == "quarter":
        raise BadLine(f"{column} : « {said} » n'est pas une commune connue (nom ou code INSEE)")
    return place


def _point(given: Mapping[str, str], commune: Place) -> tuple[float, float]:
    try:
        lat, lon = (float(given[name].replace(",", ".")) for name in ("lat", "lon"))
    except ValueError:
        raise BadLine("lat, lon : il faut deux nombres, comme 45.7601 et 4.8590") from None
    south, north, west, east = _BOX
    if not (south <= lat <= north and west <= lon <= east):
        raise BadLine(f"lat, lon : {lat}, {lon} n'est pas dans le Rhône (latitude d'abord)")
    if kilometres(lat, lon, commune.lat, commune.lon) > _FARTHEST:
        raise BadLine(f"lat, lon : à plus de {_FARTHEST:.0f} km de {commune.name}")
    return lat, lon


def _postal_code(said: str, commune: Place) -> str:
    if said not in commune.postal_codes:
        raise BadLine(f"postal_code : « {said} » n'est pas à {commune.name} ({', '.join(commune.postal_codes)})")
    return said


def _phone(said: str) -> str | None:
    if not said:
        return None
    if said.isdigit() and len(said) in (3, 4):  # 115, 3949
        return said
    try:
        number = phonenumbers.parse(said, "FR")
    except phonenumbers.NumberParseException:
        raise BadLine(f"phone : « {said} » n'est pas un numéro") from None
    if not phonenumbers.is_possible_number(number):
        raise BadLine(f"phone : « {said} » n'a pas le bon nombre de chiffres")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _hours(said: str) -> str | None:
    if said and not valid(said):
        raise BadLine(f"hours : « {said} » n'est pas au format OpenStreetMap, comme Mo-Fr 09:00-12:00,14:00-17:00")
    return said or None


def _serves(said: str, commune: Place, places: Places) -> list[str]:
    named = said.replace(",", " ").split() if said.replace(" ", "").replace(",", "").isdigit() else said.split("|")
    served = [_commune(name.strip(), places, "serves") for name in named if name.strip()]
    return [place.code for place in served] or [commune.code]


def _date(said: str, today: date) -> date:
    for shape in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            day = datetime.strptime(said, shape).date()  # noqa: DTZ007 (a day, no instant)
        except ValueError:
            continue
        if day > today:
            raise BadLine(f"verified_on : {said} est dans le futur")
        return day
    raise BadLine(f"verified_on : « {said} » n'est pas une date, comme 2026-11-02 ou 02/11/2026")


_WORDS: Mapping[str, bool] = {"oui": True, "non": False, "": False, "true": True, "false": False, "1": True, "0": False}


def _yes(said: str) -> bool:
    try:
        return _WORDS[said.lower()]
    except KeyError:
        raise BadLine(f"fictional : « {said} » n'est ni oui ni non") from None
