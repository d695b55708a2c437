"""Searches the offer: what is near, open to the person, up to date, and worth showing first.

The semantics are those of data·inclusion's API (`/search/services`): zones of eligibility, 50 km or at a
distance, the person's publics and *tous-publics*. See `knowledge/search_sql.py` for the order.
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import RowMapping
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge.names import address_line, commune_label, fold, insee
from knowledge.search_sql import statement

METROPOLE = "200046977"
"""The EPCI of the 58 communes (SIREN)."""
EVERYWHERE = ("france", "99100")
OURS = ("beneficiaires-des-minimas-sociaux", "demandeurs-emploi", "tous-publics")
"""Who receives the RSA: since 2025 they are registered as looking for work."""

Stale = Literal["fresh", "dated", "old"]


@dataclass(frozen=True)
class Hit:
    """One service as shown; `distance_km` is None without a place or at a distance; phones are E.164."""

    id: str
    name: str
    structure: str
    distance_km: float | None
    remote: bool
    phone: str
    email: str
    url: str
    address: str
    commune: str
    lat: float | None
    lon: float | None
    updated: date
    stale: Stale
    fee: str
    fictional: bool
    professionals_only: bool
    themes: tuple[str, ...]


@dataclass(frozen=True)
class SearchPage:
    """The next hits, and how many there are in all besides those excluded."""

    hits: tuple[Hit, ...]
    total: int


@dataclass(frozen=True)
class ServiceDetails(Hit):
    """All that a person may ask of one service; `hours` in OSM's notation, the structure's by default."""

    description: str
    conditions: str
    publics: tuple[str, ...]
    fee_details: str
    hours: str
    how: tuple[str, ...]
    how_details: str


_COLUMNS = """
    s.id, s.nom, t.nom AS structure, coalesce(s.telephone, t.telephone, '') AS phone,
    coalesce(s.courriel, t.courriel, '') AS email, coalesce(s.lien_mobilisation, s.lien_source, t.site_web, '') AS url,
    coalesce(s.adresse, t.adresse, '') AS adresse, coalesce(s.complement_adresse, '') AS complement,
    coalesce(s.code_postal, t.code_postal, '') AS code_postal, coalesce(s.commune, t.commune, '') AS commune,
    coalesce(s.code_insee, t.code_insee, '') AS code_insee, s.lat, s.lon, s.date_maj, coalesce(s.frais, '') AS frais,
    s.fictional, s.professionals_only, s.thematiques
"""
_MORE = """
    s.description, coalesce(s.conditions_acces, '') AS conditions, s.publics,
    coalesce(s.frais_precisions, '') AS fee_details, coalesce(s.horaires_accueil, t.horaires_accueil, '') AS hours,
    s.modes_mobilisation, coalesce(s.mobilisation_precisions, '') AS how_details, s.remote AS chosen_remote,
    NULL::float8 AS km
"""
_ONE = f"SELECT {_COLUMNS}, {_MORE} FROM service s JOIN structure t ON t.id = s.structure_id WHERE s.id = :id"


async def search(
    connection: AsyncConnection,
    *,
    need: str | None = None,
    text: str | None = None,
    lat: float | None = None,
    lon: float | None = None,
    commune: str = "",
    publics: Sequence[str] = OURS,
    exclude: Sequence[str] = (),
    limit: int = 3,
    today: date,
    reception: str | None = None,
) -> SearchPage:
    """The best services for a theme or category and/or words, near a point or anywhere.

    `reception` is "en-presentiel", "a-distance" or None. Words that find nothing exactly are tried loosely.
    """
    wanted: dict[str, Any] = {
        "need": need,
        "text": text or "",
        "folded": fold(text or ""),
        "lat": lat,
        "lon": lon,
        "zones": _zones(commune),
        "publics": sorted({*publics, "tous-publics"}),
        "exclude": list(exclude),
        "limit": limit,
        "day": today.toordinal(),
        "two_years_ago": _months_before(today, 24),
    }
    open_to_all = not publics or list(publics) == ["tous-publics"]
    for words in ("exact", "loose") if text else ("",):
        query = statement(
            place=lat is not None and lon is not None,
            need=need is not None,
            zones=bool(commune),
            publics=not open_to_all,
            text=words,
            reception=reception,
        ).replace("{columns}", _COLUMNS)
        rows = (await connection.execute(sql(query), wanted)).mappings().all()
        if rows:
            break
    return SearchPage(tuple(_hit(row, today) for row in rows), int(rows[0]["total"]) if rows else 0)


async def service(connection: AsyncConnection, id: str, *, today: date | None = None) -> ServiceDetails | None:
    """One service with everything that is known of it, None when it is not in the offer any more."""
    row = (await connection.execute(sql(_ONE), {"id": id})).mappings().first()
    if row is None:
        return None
    shown = _hit(row, today or row["date_maj"])
    return ServiceDetails(
        **vars(shown),
        description=row["description"],
        conditions=row["conditions"],
        publics=tuple(row["publics"]),
        fee_details=row["fee_details"],
        hours=row["hours"],
        how=tuple(row["modes_mobilisation"]),
        how_details=row["how_details"],
    )


def _zones(commune: str) -> list[str]:
    code = insee(commune)
    department = code[:3] if code.startswith("97") else code[:2]
    return [code, department, *EVERYWHERE, *([METROPOLE] if department == "69" else [])]


def _hit(row: RowMapping, today: date) -> Hit:
    place = commune_label(row["commune"], row["code_insee"], row["code_postal"])
    return Hit(
        id=row["id"],
        name=row["nom"],
        structure=row["structure"],
        distance_km=None if row["km"] is None else float(row["km"]),
        remote=row["chosen_remote"],
        phone=row["phone"],
        email=row["email"],
        url=row["url"],
        address=address_line(row["adresse"], row["complement"], row["code_postal"], place),
        commune=place,
        lat=row["lat"],
        lon=row["lon"],
        updated=row["date_maj"],
        stale=_stale(row["date_maj"], today),
        fee=row["frais"],
        fictional=row["fictional"],
        professionals_only=row["professionals_only"],
        themes=tuple(row["thematiques"]),
    )


def _stale(updated: date, today: date) -> Stale:
    if updated < _months_before(today, 24):
        return "old"
    return "dated" if updated < _months_before(today, 6) else "fresh"


def _months_before(day: date, months: int) -> date:
    whole = day.year * 12 + day.month - 1 - months
    year, month = whole // 12, whole % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
