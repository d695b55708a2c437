"""Search the offer, with the semantics of data·inclusion's `/search/services`, in one statement.

Differences, each for people who ask by SMS: a service that says no public, or no way of receiving, is kept
(as open to all, on site); the publics that asking itself reveals are added; services come three at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from sqlalchemy import RowMapping
from sqlalchemy import text as sql
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge.names import address_line, commune_label
from knowledge.offer_terms import PUBLICS, audience, months_before, need_number, public_bits, zones
from knowledge.search_sql import statement
from knowledge.search_words import readings

Stale = Literal["fresh", "dated", "old"]
"""Under six months; under two years (say the date); older (warn strongly)."""


@dataclass(frozen=True)
class Hit:
    """One service as shown; phone, email and, where it has none at all, address are the structure's by default."""

    id: str
    name: str
    structure: str
    distance_km: float | None  # None without a place, or at a distance
    remote: bool  # reached at a distance
    phone: str  # E.164
    email: str
    url: str
    address: str
    commune: str  # « Lyon 3e »
    lat: float | None
    lon: float | None
    updated: date
    stale: Stale
    fee: str  # "gratuit" | "payant" | ""
    fictional: bool
    professionals_only: bool  # « demandez à votre référent »
    themes: tuple[str, ...]


@dataclass(frozen=True)
class ServiceDetails(Hit):
    """All that a person may ask of one service; `hours` in OSM's notation, the structure's by default."""

    description: str
    conditions: str
    publics: tuple[str, ...]
    publics_details: str
    hours: str
    fee_details: str
    how: tuple[str, ...]  # modes_mobilisation
    how_details: str


@dataclass(frozen=True)
class SearchPage:
    """The next hits, and how many there are in all besides those excluded (these hits included)."""

    hits: tuple[Hit, ...]
    total: int

    @property
    def more(self) -> bool:
        return self.total > len(self.hits)


async def search(
    connection: AsyncConnection,
    *,
    need: str | None = None,
    text: str | None = None,
    lat: float | None = None,
    lon: float | None = None,
    commune: str = "",
    publics: Sequence[str] = PUBLICS,
    exclude: Sequence[str] = (),
    limit: int = 3,
    today: date,
    reception: str | None = None,
) -> SearchPage:
    """The best services, two on site for one at a distance.

    `need` is a theme or a category, `text` free words (typing errors are mended when nothing fits exactly),
    `commune` an INSEE code, `reception` "en-presentiel" | "a-distance" | None for both. `publics` empty: no filter.
    On site means at most 50 km from (lat, lon). Services older than two years come only when nothing else does.
    """
    criteria = _criteria(
        place=lat is not None and lon is not None,
        need=bool(need),
        zones=bool(commune),
        publics=bool(publics) and "tous-publics" not in publics,
    )
    values = {
        "lat": lat,
        "lon": lon,
        "need": need_number(need) if need else None,
        "zones": zones(commune) if commune else [],
        "publics": public_bits(audience(publics, need)),
        "exclude": list(exclude),
        "limit": limit,
        "day": today.toordinal(),
        "two_years_ago": months_before(today, 24),
    }
    words = (text or "").replace("\x00", " ").strip()
    if not words:
        return await _page(connection, criteria, reception, values, today)
    async for reading in readings(connection, words):
        page = await _page(connection, criteria | {"words"}, reception, values | {"words": reading}, today)
        if page.hits:
            return page
    return SearchPage((), 0)


def _criteria(**given: bool) -> frozenset[str]:
    return frozenset(name for name, there in given.items() if there)


async def _page(
    connection: AsyncConnection, criteria: frozenset[str], reception: str | None, values: dict[str, Any], today: date
) -> SearchPage:
    rows = (await connection.execute(statement(criteria, reception, _COLUMNS), values)).mappings().all()
    return SearchPage(
        hits=tuple(Hit(**_facts(row, today, remote=row["chosen_remote"], km=row["km"])) for row in rows),
        total=rows[0]["total"] if rows else 0,
    )


async def service(connection: AsyncConnection, id: str, *, today: date | None = None) -> ServiceDetails | None:
    """One service in full, without a distance; None when it has left the offer. Without `today` it counts as dated."""
    row = (await connection.execute(_DETAILS, {"id": id})).mappings().one_or_none()
    if row is None:
        return None
    return ServiceDetails(
        **_facts(row, today, remote=row["remote"] and not row["on_site"], km=None),
        description=row["description"],
        conditions=row["conditions_acces"] or "",
        publics=tuple(row["publics"]),
        publics_details=row["publics_precisions"] or "",
        hours=row["hours"] or "",
        fee_details=row["frais_precisions"] or "",
        how=tuple(row["modes_mobilisation"]),
        how_details=row["mobilisation_precisions"] or "",
    )


def staleness(updated: date, today: date) -> Stale:
    if updated < months_before(today, 24):
        return "old"
    return "dated" if updated < months_before(today, 6) else "fresh"


def _facts(row: RowMapping, today: date | None, *, remote: bool, km: float | None) -> dict[str, Any]:
    place = commune_label(row["commune"] or "", row["code_insee"] or "", row["code_postal"] or "")
    return {
        "id": row["id"],
        "name": row["nom"],
        "structure": row["structure"],
        "distance_km": None if remote else km,
        "remote": remote,
        "phone": row["phone"] or "",
        "email": row["email"] or "",
        "url": row["url"] or "",
        "address": address_line(row["adresse"] or "", row["complement_adresse"] or "", row["code_postal"] or "", place),
        "commune": place,
        "lat": row["lat"],
        "lon": row["lon"],
        "updated": row["date_maj"],
        "stale": staleness(row["date_maj"], today) if today else "dated",
        "fee": row["frais"] or "",
        "fictional": row["fictional"],
        "professionals_only": row["professionals_only"],
        "themes": tuple(row["thematiques"]),
    }


# The address is the service's own, or wholly the structure's.
_OWN_PLACE = "coalesce(s.adresse, s.code_postal, s.commune) IS NOT NULL"
_COLUMNS = ", ".join(
    (
        "s.id, s.nom, t.nom AS structure, s.lat, s.lon, s.date_maj, s.frais, s.fictional, s.professionals_only",
        "s.thematiques, coalesce(s.telephone, t.telephone) AS phone, coalesce(s.courriel, t.courriel) AS email",
        "coalesce(s.lien_mobilisation, t.site_web, s.lien_source) AS url",
        *(
            f"CASE WHEN {_OWN_PLACE} THEN s.{name} ELSE t.{name} END AS {name}"
            for name in ("adresse", "complement_adresse", "code_postal", "code_insee", "commune")
        ),
    )
)
_DETAILS = sql(
    f"SELECT {_COLUMNS}, s.remote, s.on_site, s.description, s.conditions_acces, s.publics, s.publics_precisions, "
    "coalesce(s.horaires_accueil, t.horaires_accueil) AS hours, s.frais_precisions, s.modes_mobilisation, "
    "s.mobilisation_precisions FROM service s JOIN structure t ON t.id = s.structure_id WHERE s.id = :id"
)
