"""Import the offer: read, validate, stage, swap, report. A failure leaves the offer loaded before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from data_inclusion.schema.v1 import Categorie, Thematique
from sqlalchemy import Table, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge import catalogue_swap
from knowledge.catalogue_file import Records
from knowledge.catalogue_report import (
    BadRow,
    EmptyOffer,
    ImportReport,
    Problem,
    Problems,
    Progress,
    TooFewServices,
)
from knowledge.catalogue_rows import Parent, Row, service_row, structure_row
from knowledge.offer_terms import need_number, public_bits
from knowledge.tables import offer_import, service, structure

_BATCH = 250
_LABELS = {value.value: value.label for value in (*Categorie, *Thematique)}


def silent(stage: str, done: int, whole: int) -> None:
    """The progress of those who do not watch."""


async def import_offer(
    connection: AsyncConnection,
    services: Path,
    structures: Path,
    *,
    now: datetime,
    source: str = "",
    force: bool = False,
    fictional: bool = False,
    progress: Progress = silent,
) -> ImportReport:
    """Replace the offer by two files of data·inclusion 1.0, inside the caller's transaction.

    `connection` is in a transaction: committing it is the swap. `now` is aware. Bad records are skipped and
    reported. Raises BadFile, EmptyOffer, or TooFewServices (unless forced); the caller's transaction rolls back.
    """
    problems = Problems()
    await catalogue_swap.lock(connection)
    await catalogue_swap.create_staging(connection)
    parents = await _stage_structures(connection, structures, fictional, problems, progress)
    await _stage_services(connection, services, parents, now, fictional, problems, progress)
    before, after = await catalogue_swap.counts(connection)
    _refuse_losses(before, after, force)
    progress("swap", 0, 1)
    added, changed, removed = await catalogue_swap.swap(connection)
    progress("swap", 1, 1)
    report = ImportReport(
        source=source or services.name,
        structures=len(parents),
        services=after,
        added=added,
        changed=changed,
        removed=removed,
        skipped=problems.reasons.total(),
        reasons=dict(problems.reasons.most_common()),
        problems=tuple(problems.kept),
    )
    await _record(connection, report, now, force, fictional)
    return report


def _refuse_losses(before: int, after: int, force: bool) -> None:
    if after == 0:
        raise EmptyOffer(EmptyOffer.__doc__)
    if not force and 3 * after < 2 * before:
        raise TooFewServices(before=before, after=after)


async def _stage_structures(
    connection: AsyncConnection, path: Path, fictional: bool, problems: Problems, progress: Progress
) -> dict[str, Parent]:
    parents: dict[str, Parent] = {}

    def accept(raw: object) -> Row:
        row = structure_row(raw)
        if row["id"] in parents:
            raise BadRow("id: duplicate")
        parents[row["id"]] = Parent(row["nom"], row["latitude"], row["longitude"])
        return row | {"fictional": fictional}

    await _stage_file(connection, structure, path, accept, problems, progress)
    return parents


async def _stage_services(
    connection: AsyncConnection,
    path: Path,
    parents: dict[str, Parent],
    now: datetime,
    fictional: bool,
    problems: Problems,
    progress: Progress,
) -> None:
    seen: set[str] = set()

    def accept(raw: object) -> Row:
        row = service_row(raw, parents, now.date())
        if row["id"] in seen:
            raise BadRow("id: duplicate")
        seen.add(row["id"])
        needs = sorted({*row["thematiques"], *(theme.split("--")[0] for theme in row["thematiques"])})
        return row | {
            "fictional": fictional,
            "needs": [need_number(need) for need in needs],
            "need_words": " ".join(_LABELS[need] for need in needs),
            "public_bits": public_bits(row["publics"]),
        }

    await _stage_file(connection, service, path, accept, problems, progress)


async def _stage_file(
    connection: AsyncConnection,
    table: Table,
    path: Path,
    accept: Callable[[Any], Row],
    problems: Problems,
    progress: Progress,
) -> None:
    records = Records(path)
    pending = iter(records)
    # In a thread, so that the process goes on with its other work.
    while batch := await asyncio.to_thread(lambda: list(islice(pending, _BATCH))):
        rows = await asyncio.to_thread(lambda: list(_accepted(table.name, batch, accept, problems)))
        await catalogue_swap.stage(connection, table, rows)
        progress(f"{table.name}s", records.read, records.size)


def _accepted(
    kind: str, batch: list[tuple[int, object]], accept: Callable[[object], Row], problems: Problems
) -> Iterator[Row]:
    for place, raw in batch:
        try:
            yield accept(raw)
        except BadRow as error:
            name = str(raw.get("id", "")) if isinstance(raw, dict) else ""
            problems.add(Problem(kind, place, name[:200], str(error)))


async def _record(
    connection: AsyncConnection, report: ImportReport, now: datetime, force: bool, fictional: bool
) -> None:
    await connection.execute(
        insert(offer_import).values(
            imported_at=now,
            source=report.source,
            structures=report.structures,
            services=report.services,
            added=report.added,
            changed=report.changed,
            removed=report.removed,
            skipped=report.skipped,
            reasons=report.reasons,
            forced=force,
            fictional=fictional,
        )
    )
