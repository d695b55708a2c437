"""Which column holds what: by the headers that people use, or by a mapping file that says so.

A mapping is YAML: `columns` (field: header), `fixed` (field: the same value for all rows), `values` (field: {what the
file says: what is meant}), `sheet` and `zone`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Any

import yaml

from bot.appointments.files.faults import BadFile, BadRow
from knowledge.words import words

Cells = Mapping[str, Any]
"""A row by field. What is empty or has no column is not there; texts are on one line."""

APPOINTMENT: Mapping[str, tuple[str, ...]] = {
    "source_id": ("identifiant", "id", "source id", "reference", "numero", "numero de rdv", "numero du rendez vous"),
    "first_name": ("prenom", "prenoms", "prenom beneficiaire", "prenom usager", "prenom de naissance"),
    "full_name": ("nom et prenom", "nom prenom", "prenom nom", "prenom et nom", "beneficiaire", "usager", "personne"),
    "phone": ("telephone", "tel", "mobile", "portable", "telephone portable", "telephone mobile", "tel portable",
              "tel mobile", "numero de telephone", "n de telephone", "telephone 1"),
    "starts_at": ("date et heure", "date heure", "debut", "rendez vous", "rdv", "date et heure du rdv",
                  "date et heure du rendez vous", "horodatage"),
    "day": ("date", "jour", "date rdv", "date du rdv", "date du rendez vous", "date de rdv", "date de rendez vous"),
    "hour": ("heure", "heure rdv", "heure du rdv", "heure du rendez vous", "heure de rdv", "horaire", "heure debut",
             "heure de debut"),
    "zone": ("fuseau", "fuseau horaire", "zone"),
    "duration_min": ("duree", "duree min", "duree minutes", "duree en minutes", "duree mn"),
    "medium": ("mode", "type de rendez vous", "type de rdv", "modalite", "format"),
    "place": ("lieu", "adresse", "lieu du rdv", "lieu du rendez vous", "lieu de rdv", "lieu de rendez vous"),
    "structure": ("structure", "organisme", "organisation", "service"),
    "structure_phone": ("telephone structure", "telephone de la structure", "tel structure", "telephone du lieu"),
    "kind": ("motif", "objet", "nature", "type", "motif du rdv", "motif du rendez vous"),
    "bring": ("a apporter", "pieces", "documents", "pieces a apporter", "documents a apporter"),
    "language": ("langue",),
    "status": ("statut", "etat"),
}  # fmt: skip
SESSION: Mapping[str, tuple[str, ...]] = {
    "source_id": (*APPOINTMENT["source_id"], "numero de seance", "seance"),
    "starts_at": APPOINTMENT["starts_at"],
    "day": (*APPOINTMENT["day"], "date de la seance", "date seance"),
    "hour": APPOINTMENT["hour"],
    "zone": APPOINTMENT["zone"],
    "duration_min": APPOINTMENT["duration_min"],
    "place": APPOINTMENT["place"],
    "commune": ("commune", "ville", "code insee", "insee"),
    "structure": APPOINTMENT["structure"],
    "seats": ("places", "nombre de places", "nb places", "capacite"),
    "languages": ("langues", "langue"),
    "accessibility": ("accessibilite", "acces", "acces pmr"),
    "bring": APPOINTMENT["bring"],
    "cancelled": ("annulee", "annule", "statut", "etat"),
}
NEEDED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "appointment": (("first_name", "full_name"), ("phone",), ("starts_at", "day")),
    "session": (("starts_at", "day"), ("seats",)),
}
"""Of each group one is enough."""

_SECTIONS = ("columns", "fixed", "values", "sheet", "zone")
_LONGEST = 500


@dataclass(frozen=True)
class Legend:
    """A mapping file as read; empty when there is none."""

    columns: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    sheet: str = ""
    zone: str = ""

    @classmethod
    def from_file(cls, path: Path) -> Legend:
        """Raise BadFile for what it does not know: a word misspelt would otherwise be a column forgotten."""
        try:
            given = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            where = getattr(getattr(error, "problem_mark", None), "line", None)
            at = f", ligne {where + 1}" if where is not None else ""
            raise BadFile(
                f"{path.name}{at} ne se lit pas : il faut du YAML, comme knowledge/demo/colonnes.yml."
            ) from None
        strange = [str(name) for name in given if name not in _SECTIONS] if isinstance(given, dict) else [str(given)]
        if strange:
            raise BadFile(f"{path.name} : « {strange[0]} » est inconnu. Il peut y avoir : {', '.join(_SECTIONS)}.")
        for name in ("columns", "fixed", "values"):
            if not isinstance(given.get(name) or {}, dict):
                raise BadFile(f"{path.name} : « {name} » doit être une liste de « champ: valeur ».")
        kept = {name: value for name, value in given.items() if value is not None}
        kept["values"] = {
            name: {plain(k): str(v) for k, v in own.items()} for name, own in kept.get("values", {}).items()
        }
        return cls(**kept)


@dataclass(frozen=True)
class Columns:
    """Where each field stands in a row."""

    width: int
    at: Mapping[str, int]
    legend: Legend

    def cells(self, row: Sequence[Any]) -> Cells:
        """The row by field; raises BadRow for a row whose cells have slipped."""
        if any(_text(cell) for cell in row[self.width :]):
            raise BadRow("plus de cellules que de colonnes : un séparateur se cache dans un texte sans guillemets")
        found: dict[str, Any] = {}
        for name, index in self.at.items():
            cell = _cell(row[index]) if index < len(row) else ""
            if cell != "":
                found[name] = self._meant(name, cell)
        return {**{name: _cell(value) for name, value in self.legend.fixed.items()}, **found}

    def _meant(self, name: str, cell: Any) -> Any:
        said = self.legend.values.get(name, {})
        return said.get(plain(cell), cell) if said else cell


def find(headers: Sequence[str], legend: Legend, what: str) -> Columns:
    """Which column holds what; raises BadFile naming the column that is missing, and the headers found."""
    known = APPOINTMENT if what == "appointment" else SESSION
    strange = [name for part in (legend.columns, legend.fixed, legend.values) for name in part if name not in known]
    if strange:
        raise BadFile(f"Le champ « {strange[0]} » est inconnu. Les champs : {', '.join(known)}.")
    folded = [plain(header) for header in headers]
    twice = next((header for header in folded if header and folded.count(header) > 1), "")
    at = _mapped(folded, headers, legend)
    for name, names in known.items():
        index = next((folded.index(one) for one in (plain(name), *names) if one in folded), None)
        if name not in at and index is not None and index not in at.values():
            at[name] = index
    if twice and folded.index(twice) in at.values():
        raise BadFile(f"La colonne « {headers[folded.index(twice)]} » est là deux fois. Renommez-en une.")
    _require(at, legend, what, headers)
    return Columns(len(headers), at, legend)


def plain(text: Any) -> str:
    """Words in lower case without accents, signs or more than one space between."""
    return " ".join(word.text for word in words(str(text).replace("_", " ")))


def _mapped(folded: Sequence[str], headers: Sequence[str], legend: Legend) -> dict[str, int]:
    at = {}
    for name, header in legend.columns.items():
        if plain(header) not in folded:
            raise BadFile(f"La colonne « {header} » ({name}) n'est pas dans le fichier. Il a : {_listed(headers)}.")
        at[name] = folded.index(plain(header))
    return at


def _require(at: Mapping[str, int], legend: Legend, what: str, headers: Sequence[str]) -> None:
    for group in NEEDED[what]:
        if not any(name in at or name in legend.fixed for name in group):
            raise BadFile(
                f"Aucune colonne pour {' ou '.join(f'« {name} »' for name in group)}. "
                f"Le fichier a : {_listed(headers)}. Renommez-en une, ou donnez un fichier --mapping."
            )


def _listed(headers: Sequence[str]) -> str:
    return ", ".join(f"« {header} »" for header in headers if header) or "rien"


def _cell(value: Any) -> Any:
    """A date stays one; all else is a text on one line, without the sign by which Excel keeps a text as it is."""
    if isinstance(value, datetime | time):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = _text(value)
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1].strip()
    if text.startswith("="):
        raise BadRow("une formule au lieu d'une valeur : dans le tableur, collez les valeurs")
    if (text.startswith("#") and text.rstrip("!?").isupper()) or text == "#N/A":
        raise BadRow(f"une cellule en erreur dans le tableur ({text})")
    if len(text) > _LONGEST:
        raise BadRow(f"une cellule de plus de {_LONGEST} caractères")
    return text


def _text(value: Any) -> str:
    return "" if value is None else " ".join(str(value).split())
