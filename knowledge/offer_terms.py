"""What the offer's codes mean for a person of the Métropole: zones, publics, ages of information."""

from __future__ import annotations

import calendar
import json
import zlib
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path

from knowledge.names import LYON, insee

PUBLICS = ("beneficiaires-des-minimas-sociaux", "demandeurs-emploi")
"""Everyone who receives the RSA; they are registered with France Travail as well."""

# Kept in the database as bits: add at the end, never reorder.
PUBLIC_BITS = {
    name: 1 << place
    for place, name in enumerate(
        (
            "tous-publics",
            "actifs",
            "beneficiaires-des-minimas-sociaux",
            "demandeurs-emploi",
            "etudiants",
            "familles",
            "femmes",
            "jeunes",
            "personnes-en-situation-de-handicap",
            "personnes-en-situation-durgence",
            "personnes-en-situation-juridique-specifique",
            "personnes-exilees",
            "residents-qpv-frr",
            "seniors",
        )
    )
}

LOW_SCORE = 0.8
"""DORA shows services of other sources from this quality on."""

METROPOLE = "200046977"
_ARRONDISSEMENTS = tuple(f"6938{number}" for number in range(1, 10))

# Asking for it is being concerned: a parent looks for childcare, an urgent need for a bed.
_REVEALED = {
    "famille": ("familles",),
    "famille--surmonter-conflits-separation-violence": ("femmes", "personnes-en-situation-durgence"),
    "famille--prise-en-charge-personne-dependante": ("seniors", "personnes-en-situation-de-handicap"),
    "famille--soutien-aidants": ("seniors", "personnes-en-situation-de-handicap"),
    "sante--constituer-un-dossier-mdph-invalidite": ("personnes-en-situation-de-handicap",),
    "lecture-ecriture-calcul": ("personnes-exilees",),
    "equipement-et-alimentation": ("personnes-en-situation-durgence",),
    "logement-hebergement--rechercher-une-solution-dhebergement-temporaire": ("personnes-en-situation-durgence",),
    "difficultes-administratives-ou-juridiques--prendre-en-compte-une-problematique-judiciaire": (
        "personnes-en-situation-juridique-specifique",
    ),
}


def audience(publics: Sequence[str], need: str | None) -> set[str]:
    """The publics to search for: those given, those that the need reveals, and everyone."""
    category = (need or "").split("--")[0]
    revealed = (*_REVEALED.get(category, ()), *_REVEALED.get(need or "", ()))
    return {*publics, *revealed, "tous-publics"}


def public_bits(publics: Iterable[str]) -> int:
    """The publics as one number; names that are not data·inclusion's count for nothing."""
    return sum(PUBLIC_BITS.get(name, 0) for name in set(publics))


def need_number(need: str) -> int:
    """A theme or category as the number that searches use; 32 bits, signed."""
    return zlib.crc32(need.encode()) - (1 << 31)


def zones(commune: str) -> list[str]:
    """Every code of `zone_eligibilite` that holds this commune: itself, département, EPCI, France."""
    code = insee(commune)
    epci = _epci().get(code, "")
    department = code[:3] if code.startswith("97") else code[:2]
    codes = {commune, code, department, "france", "99100", epci}
    if epci == METROPOLE:
        codes.add("69M")
    elif department == "69":
        codes.add("69D")
    if commune == LYON:
        codes.update(_ARRONDISSEMENTS)  # which one is not known: better one too many
    return sorted(codes - {""})


@cache
def _epci() -> dict[str, str]:
    """Commune → EPCI, for the communes of the Rhône (INSEE, 2026)."""
    grouped = json.loads((Path(__file__).parent / "epci.json").read_text(encoding="utf-8"))
    return {commune: epci for epci, communes in grouped.items() for commune in communes}


def months_before(day: date, months: int) -> date:
    """The same day some months earlier, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
