"""A small made-up offer around Vaulx-en-Velin and Bron, in which every answer of a conversation is known."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge.branches import FILE as BRANCHES
from knowledge.branches import import_branches
from knowledge.branches_file import read
from knowledge.catalogue import import_offer
from knowledge.places import Places

CHILDCARE = "famille--garde-denfants"
LICENCE = "mobilite--preparer-un-permis"
CLOTHES = "equipement-et-alimentation--habillement"
BUDGET = "difficultes-financieres--acquerir-une-autonomie-budgetaire"

_CHECKED = {"demo-mission-locale-06": "2026-03-02"}
_LONG = "Halte-garderie associative et participative du quartier de la Grappinière"
_VAULX = {"commune": "Vaulx-en-Velin", "code_postal": "69120", "code_insee": "69256"}
_BRON = {"commune": "Bron", "code_postal": "69500", "code_insee": "69029"}


def _service(number: int, name: str, theme: str, where: dict[str, str], lat: float, **more: Any) -> dict[str, Any]:
    return {
        "source": "exemple",
        "structure_id": "exemple--s1",
        "id": f"exemple--{number}",
        "nom": name,
        "description": "Un accueil pour les enfants de trois mois à trois ans. On y vient sans engagement.",
        "date_maj": "2026-10-03",
        "type": "aide-materielle",
        "thematiques": [theme],
        "frais": "gratuit",
        "publics": ["tous-publics"],
        "modes_accueil": ["en-presentiel"],
        "mobilisable_par": ["usagers", "professionnels"],
        "telephone": f"+33465710{number:03}",
        **where,
        "adresse": f"{number} rue de l'Exemple",
        "latitude": lat,
        "longitude": 4.92,
        **more,
    }


def services() -> Iterator[dict[str, Any]]:
    for number in range(1, 6):
        yield _service(number, f"{_LONG} {number}", CHILDCARE, _VAULX, 45.786 + number / 500)
    yield _service(11, "Auto-école sociale du Fort", LICENCE, _BRON, 45.735, frais="payant", date_maj="2026-02-01")
    yield _service(12, "Permis pour tous", LICENCE, _BRON, 45.737, mobilisable_par=["professionnels"])
    yield _service(14, "Le macramé du jeudi", "remobilisation--lien-social", _BRON, 45.738)
    for number in range(21, 25):
        yield _service(number, f"Vestiaire ancien {number}", CLOTHES, _BRON, 45.736, date_maj="2023-03-01")
    yield _service(15, "La poterie ancienne", "remobilisation--lien-social", _BRON, 45.738, date_maj="2023-03-01")


def structures() -> Iterator[dict[str, Any]]:
    yield {
        "source": "exemple",
        "id": "exemple--s1",
        "nom": "Maison de l'Exemple",
        "date_maj": "2026-10-03",
        **_VAULX,
        "adresse": "1 rue de l'Exemple",
        "latitude": 45.787,
        "longitude": 4.92,
        "telephone": "+33465710099",
    }


async def load(connection: AsyncConnection) -> None:
    """The offer and the branches of knowledge/branches.csv, one checked in March, as of 24 November 2026."""
    now = datetime(2026, 11, 24, 8, tzinfo=UTC)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, rows in (("services.json", services()), ("structures.json", structures())):
            paths.append(Path(folder) / name)
            paths[-1].write_text(json.dumps(list(rows)), encoding="utf-8")
        report = await import_offer(connection, paths[0], paths[1], now=now, fictional=True)
    assert not report.problems, report.problems
    rows = [(line, {**row, "verified_on": _CHECKED.get(row["id"], row["verified_on"])}) for line, row in read(BRANCHES)]
    await import_branches(connection, rows, places=Places.from_file(), today=now.date())
