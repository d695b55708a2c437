"""The branches (antennes): where to go, and the nearest ones.

They are edited in `branches.csv`; an import checks it and replaces the table in the caller's transaction.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, cast, delete, func, insert, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text

from knowledge.branches_file import TYPES, BadBranches, Fault, read, validate
from knowledge.places import Places
from knowledge.tables import branch as table

__all__ = ["TYPES", "BadBranches", "Branch", "Fault", "ImportReport", "branch", "import_branches", "nearest"]

FILE = Path(__file__).with_name("branches.csv")
_LYON = "69123"
_DISTRICTS = tuple(f"6938{number}" for number in range(1, 10))


@dataclass(frozen=True)
class Branch:
    """A branch; `commune` is its name, `serves` INSEE codes, `distance_km` as the crow flies."""

    id: str
    type: str
    label: str
    address: str
    postal_code: str
    commune: str
    lat: float
    lon: float
    phone: str | None
    hours: str | None
    serves: tuple[str, ...]
    verified_on: date
    verified_by: str
    fictional: bool
    distance_km: float | None = None


@dataclass(frozen=True)
class ImportReport:
    """What an import did; a faulty line leaves the branch it is about as it was."""

    added: int
    changed: int
    unchanged: int
    removed: int
    faults: tuple[Fault, ...] = ()


async def nearest(
    connection: AsyncConnection,
    *,
    branch_type: str | None,
    lat: float,
    lon: float,
    commune: str | None = None,
    limit: int = 3,
) -> list[Branch]:
    """The branches of a type (of any when None), first those that serve the commune, then by distance."""
    distance = _distance(lat, lon)
    serves = table.c.serves.overlap(cast(_codes(commune), ARRAY(Text)))
    query = select(table, distance.label("distance_km"))
    if branch_type is not None:
        query = query.where(table.c.type == branch_type)
    found = await connection.execute(query.order_by(serves.desc(), distance, table.c.id).limit(limit))
    return [_branch(row) for row in found.mappings()]


async def branch(connection: AsyncConnection, id: str) -> Branch | None:
    """The branch of that id, without a distance."""
    row = (await connection.execute(select(table).where(table.c.id == id))).mappings().first()
    return _branch(row) if row else None


async def import_branches(
    connection: AsyncConnection,
    source: Path | Iterable[tuple[int, Mapping[str, str]]],
    *,
    places: Places,
    today: date,
) -> ImportReport:
    """Replace the branches by those of a CSV file, or of numbered rows.

    Faulty lines are told and skipped; `BadBranches` when none is left, and then nothing has changed.
    """
    rows = read(source) if isinstance(source, Path) else list(source)
    good, faults = validate(rows, places, today)
    if not good:
        raise BadBranches("; ".join(f"ligne {fault.line} : {fault.reason}" for fault in faults[:5]))
    before = {row["id"]: dict(row) for row in (await connection.execute(select(table))).mappings()}
    now = {row["id"]: row for row in good}
    kept = {fault.id for fault in faults} - now.keys()
    gone = before.keys() - now.keys() - kept
    changed = [row for id, row in now.items() if id in before and before[id] != row]
    await connection.execute(delete(table).where(table.c.id.in_([*now, *gone])))
    await connection.execute(insert(table), good)
    added = len(now.keys() - before.keys())
    return ImportReport(added, len(changed), len(now) - added - len(changed), len(gone), tuple(faults))


def _codes(commune: str | None) -> list[str]:
    """An arrondissement is served by who serves Lyon, and Lyon by who serves one of them."""
    if commune == _LYON:
        return [_LYON, *_DISTRICTS]
    return [commune, _LYON] if commune in _DISTRICTS else [commune or ""]


def _distance(lat: float, lon: float) -> ColumnElement[float]:
    """Kilometres on a flat map, right to 0.1 % within the Rhône."""
    east = func.radians(table.c.lon - lon) * func.cos(func.radians((table.c.lat + lat) / 2))
    north = func.radians(table.c.lat - lat)
    return 6371.0 * func.sqrt(func.power(east, 2) + func.power(north, 2))


def _branch(row: RowMapping) -> Branch:
    known: dict[str, Any] = {field.name: row[field.name] for field in fields(Branch) if field.name in row}
    return Branch(**{**known, "serves": tuple(row["serves"])})
