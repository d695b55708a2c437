"""An offer of our own making for a first run: every record is fictional, and marked so."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge.catalogue import import_offer
from knowledge.catalogue_report import ImportReport
from knowledge.names import insee
from knowledge.places import Place, Places

OFFER = Path(__file__).with_name("offre.csv")
SOURCE = "exemple-fictif"
_MONTH_DAYS = 30
"""Each record is as many months old as it says, whenever it is loaded: demo data ages no further."""


async def load_demo(connection: AsyncConnection, places: Places, now: datetime) -> ImportReport:
    """Replace the offer by the fictional one, in the caller's transaction; a real import replaces it in turn."""
    structures, services = _records(places, now)
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in ("services.json", "structures.json")]
        for file, records in zip(files, (services, structures), strict=True):
            file.write_text(json.dumps(records, ensure_ascii=False), encoding="utf-8")
        return await import_offer(connection, *files, now=now, source=SOURCE, force=True, fictional=True)


def _records(places: Places, now: datetime) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    structures: dict[str, dict[str, Any]] = {}
    services = []
    for number, row in enumerate(_rows()):
        place = places.get(row["insee"])
        if place is None:
            raise ValueError(f"{OFFER.name}: unknown code {row['insee']}")
        updated = (now - timedelta(days=int(row["mois"]) * _MONTH_DAYS + number * 7 % 25)).date().isoformat()
        where = _where(row, place, number)
        id = f"{SOURCE}--{row['structure'].lower().replace(' ', '-')}"
        structures.setdefault(id, {"source": SOURCE, "id": id, "nom": row["structure"], "date_maj": updated, **where})
        services.append(_service(row, number, id, updated, where))
    return list(structures.values()), services


def _service(
    row: Mapping[str, str], number: int, structure: str, updated: str, where: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "source": SOURCE,
        "id": f"{SOURCE}--{number:03}",
        "structure_id": structure,
        "nom": row["nom"],
        "description": row["description"],
        "date_maj": updated,
        "type": row["type"],
        "thematiques": row["thematiques"].split(),
        "frais": row["frais"],
        "publics": row["publics"].split(),
        "modes_accueil": row["modes"].split(),
        "mobilisable_par": row["mobilisable"].split(),
        "modes_mobilisation": ["telephoner"],
        "horaires_accueil": "Mo-Fr 09:00-12:00,14:00-17:00; PH off",
        "telephone": f"+3346571{1000 + number:04}",
        **where,
    }


def _where(row: Mapping[str, str], place: Place, number: int) -> dict[str, Any]:
    # Some hundred metres from the centre of the commune, never twice the same.
    return {
        "commune": "Lyon" if place.kind == "arrondissement" else place.name,
        "code_postal": place.postal_codes[0],
        "code_insee": insee(place.code),
        "adresse": row["adresse"],
        "latitude": round(place.lat + (number * 7 % 11 - 5) * 0.0012, 5),
        "longitude": round(place.lon + (number * 5 % 13 - 6) * 0.0015, 5),
    }


def _rows() -> Iterator[dict[str, str]]:
    with OFFER.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader((line for line in file if not line.startswith("#")), delimiter=";")
