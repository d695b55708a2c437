"""Records of data·inclusion 1.0 for tests, in which only what a test is about needs to be said."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from bot.database import Database
from knowledge.catalogue import import_offer
from knowledge.catalogue_report import ImportReport

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
TODAY = NOW.date()
CHILDCARE = "famille--garde-denfants"
VAULX = {"lat": 45.7866, "lon": 4.9200, "commune": "69256"}
_numbers = count(1)


def a_structure(**fields: Any) -> dict[str, Any]:
    number = next(_numbers)
    return {
        "source": "test",
        "id": f"test--structure-{number}",
        "nom": f"Maison {number}",
        "date_maj": "2026-10-01",
        "code_postal": "69120",
        "latitude": 45.7866,
        "longitude": 4.92,
        **fields,
    }


def a_service(structure: dict[str, Any], km: float = 1.0, **fields: Any) -> dict[str, Any]:
    """A good record, `km` north of Vaulx-en-Velin's centre."""
    number = next(_numbers)
    return {
        "source": "test",
        "id": f"test--{number}",
        "structure_id": structure["id"],
        "nom": f"Halte-garderie {number}",
        "description": "Un accueil pour les enfants de trois mois à trois ans, sans engagement. " * 4,
        "date_maj": "2026-10-01",
        "thematiques": [CHILDCARE],
        "frais": "gratuit",
        "publics": ["tous-publics"],
        "modes_accueil": ["en-presentiel"],
        "mobilisable_par": ["usagers"],
        "modes_mobilisation": ["telephoner"],
        "telephone": "04 65 71 00 01",
        "commune": "Vaulx-en-Velin",
        "code_postal": "69120",
        "code_insee": "69256",
        "adresse": f"{number} rue de l'Exemple",
        "latitude": 45.7866 + km / 111.19,
        "longitude": 4.92,
        **fields,
    }


def days_old(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


def write(folder: Path, services: Iterable[object], structures: Iterable[object]) -> tuple[Path, Path]:
    files = folder / "services.json", folder / "structures.json"
    for path, records in zip(files, (services, structures), strict=True):
        path.write_text(json.dumps(list(records), ensure_ascii=False), encoding="utf-8")
    return files


async def load(
    database: Database, services: Iterable[object], structures: Iterable[object], *, now: datetime = NOW, **options: Any
) -> ImportReport:
    with tempfile.TemporaryDirectory() as folder:
        files = write(Path(folder), services, structures)
        async with database.begin() as connection:
            return await import_offer(connection, *files, now=now, **options)
