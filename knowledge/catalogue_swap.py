"""The swap: staged rows become the offer inside the caller's transaction; readers see the old one until it commits.

Only rows that differ are written, so that a nightly refresh leaves indexes and caches almost as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge.catalogue_rows import Row
from knowledge.offer_terms import LOW_SCORE
from knowledge.tables import TEXT_SEARCH, service, service_key, service_words, structure

_LISTED = [f"ix_{table}_{place}" for table in ("service_key", "service_words") for place in ("on_site", "remote")]


async def lock(connection: AsyncConnection) -> None:
    """One import at a time, with the time that it needs; held until the transaction ends."""
    # The limits of a connection are made for people who wait; between two statements files are read.
    for setting in ("statement_timeout = 0", "lock_timeout = 0", "idle_in_transaction_session_timeout = '10min'"):
        await connection.execute(text(f"SET LOCAL {setting}"))
    await connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('relais.offer_import'))"))


async def create_staging(connection: AsyncConnection) -> None:
    for table in (structure, service):
        name = f"staged_{table.name}"
        await connection.execute(
            text(f"DROP TABLE IF EXISTS pg_temp.{name}, pg_temp.differing_{table.name}, pg_temp.staged_word")
        )
        await connection.execute(
            text(f"CREATE TEMP TABLE {name} (LIKE {table.name} INCLUDING DEFAULTS) ON COMMIT DROP")
        )
    await connection.execute(
        text("ALTER TABLE staged_service ADD needs int[], ADD need_words text, ADD public_bits int")
    )


async def stage(connection: AsyncConnection, table: Table, rows: Sequence[Row]) -> None:
    """Copy rows into the staging table; they all have the same keys."""
    if not rows:
        return
    names = list(rows[0])
    copy = SQL("COPY {} ({}) FROM STDIN").format(
        Identifier(f"staged_{table.name}"), SQL(", ").join(map(Identifier, names))
    )
    async with _driver(await connection.get_raw_connection()).cursor() as cursor, cursor.copy(copy) as target:
        for row in rows:
            await target.write_row([row[name] for name in names])


def _driver(proxied: Any) -> psycopg.AsyncConnection:
    driver: psycopg.AsyncConnection = proxied.driver_connection
    return driver


async def counts(connection: AsyncConnection) -> tuple[int, int]:
    """(real services now, services staged)"""
    found = await connection.execute(
        text("SELECT (SELECT count(*) FROM service WHERE NOT fictional), (SELECT count(*) FROM staged_service)")
    )
    before, after = found.one()
    return before, after


async def swap(connection: AsyncConnection) -> tuple[int, int, int]:
    """Write what differs, remove what is gone; (services added, changed, removed)."""
    for statement in (
        "CREATE UNIQUE INDEX ON staged_service (id)",
        "CREATE UNIQUE INDEX ON staged_structure (id)",
        "ANALYZE staged_service (id, structure_id, needs), staged_structure (id, nom, siret, code_postal)",
        _MARK_DUPLICATES,
        _list_differences(structure, "digest", "fictional"),
        _list_differences(service, "digest", "fictional", "duplicate"),
        # Index entries are merged in batches of 16 MB: many times faster, and readers never scan a longer waiting list.
        "SET LOCAL gin_pending_list_limit = '16MB'",
        "SET LOCAL maintenance_work_mem = '128MB'",
        _upsert(structure),
        _upsert(service),
        *(_clear(table) for table in (service_key, service_words)),
        _write(service_key),
        _write(service_words, words=_WORDS),
        *(f"SELECT gin_clean_pending_list('{name}')" for name in _LISTED),
    ):
        await connection.execute(text(statement))
    added, changed = (await connection.execute(text(_COUNT_DIFFERENCES))).one()
    removed = (await connection.execute(text(_delete(service)))).rowcount
    await connection.execute(text(_delete(structure)))
    for statement in (
        "ANALYZE service_key, service_words",
        *_VOCABULARY,
        "ANALYZE service (id, structure_id), structure (id)",
    ):
        await connection.execute(text(statement))
    return added, changed, removed


def _list_differences(table: Table, *compared: str) -> str:
    # A table of its own: an anti-join inside the insert would scan what the insert itself is writing.
    old, new = (", ".join(f"{side}.{name}" for name in compared) for side in ("old", "new"))
    return (
        f"CREATE TEMP TABLE differing_{table.name} ON COMMIT DROP AS SELECT new.id, old.id IS NULL AS added "
        f"FROM staged_{table.name} new LEFT JOIN {table.name} old USING (id) "
        f"WHERE old.id IS NULL OR ({old}) IS DISTINCT FROM ({new})"
    )


def _upsert(table: Table) -> str:
    names = [column.name for column in table.columns]
    values = [f"new.{name}" for name in names]
    updates = ", ".join(f"{name} = excluded.{name}" for name in names if name != "id")
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(values)} "
        f"FROM staged_{table.name} new JOIN differing_{table.name} USING (id) "
        f"ON CONFLICT (id) DO UPDATE SET {updates}"
    )


def _clear(table: Table) -> str:
    return (
        f"DELETE FROM {table.name} USING differing_service differing "
        "WHERE service_id = differing.id AND NOT differing.added"
    )


def _write(table: Table, **computed: str) -> str:
    names = [column.name for column in table.columns]
    values = [(_SEARCHED | computed).get(name, f"new.{name}") for name in names]
    # In the order of places, so that neighbours share pages.
    return (
        f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(values)} FROM staged_service new "
        "JOIN differing_service USING (id) JOIN staged_structure structure ON structure.id = new.structure_id "
        "WHERE NOT new.duplicate ORDER BY new.on_site, round(new.lat::numeric, 1), new.lon"
    )


def _delete(table: Table) -> str:
    return f"DELETE FROM {table.name} old WHERE NOT EXISTS (SELECT FROM staged_{table.name} new WHERE new.id = old.id)"


_COUNT_DIFFERENCES = "SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE NOT added) FROM differing_service"

_SEARCHED = {
    "service_id": "new.id",
    "low_score": f"new.score_qualite < {LOW_SCORE}",
    "everywhere": "new.zone_eligibilite = '{}' OR new.zone_eligibilite && '{france,99100}'",
    "publics": "new.public_bits",
    "zones": "new.zone_eligibilite",
}

_WORDS = f"""
    setweight(to_tsvector('{TEXT_SEARCH}', new.nom), 'A')
    || setweight(to_tsvector('{TEXT_SEARCH}', structure.nom || ' ' || new.need_words), 'B')
    || setweight(to_tsvector('{TEXT_SEARCH}', concat_ws(' ', new.description, new.publics_precisions)), 'C')
"""

_VOCABULARY = (
    "CREATE TEMP TABLE staged_word ON COMMIT DROP AS "
    "SELECT word, ndoc AS services FROM ts_stat('SELECT words FROM service_words') WHERE word ~ '^[a-z]{3,40}$'",
    "DELETE FROM offer_word old WHERE NOT EXISTS (SELECT FROM staged_word new WHERE new.word = old.word)",
    "INSERT INTO offer_word (word, services) SELECT word, services FROM staged_word "
    "ON CONFLICT (word) DO UPDATE SET services = excluded.services WHERE offer_word.services <> excluded.services",
    "SELECT gin_clean_pending_list('ix_offer_word_word')",
    "ANALYZE offer_word",
)

# Structures are the same when they share a SIRET, or a name, at one postal code (API: `exclure_doublons`).
# Of such a cluster the structure with the best services, then the most recent, is kept; another one's service
# hides when the kept one serves all its themes. Within one structure, a name is kept once.
_MARK_DUPLICATES = """
    WITH keyed AS (
        SELECT s.id, s.date_maj, s.siret, s.code_postal,
               lower(unaccent(s.nom)) || '|' || coalesce(s.code_postal, s.id) AS key
        FROM staged_structure s
    ), joined AS (
        SELECT id, date_maj, key,
               CASE WHEN siret IS NULL THEN key ELSE min(key) OVER (PARTITION BY siret, code_postal) END AS cluster
        FROM keyed
    ), clustered AS (
        SELECT id, date_maj, min(cluster) OVER (PARTITION BY key) AS cluster FROM joined
    ), shared AS (
        SELECT *, count(*) OVER (PARTITION BY cluster) AS size FROM clustered
    ), scored AS (
        SELECT shared.id, cluster, coalesce(avg(v.score_qualite), 0) AS score, shared.date_maj
        FROM shared LEFT JOIN staged_service v ON v.structure_id = shared.id
        WHERE size > 1 GROUP BY shared.id, cluster, shared.date_maj
    ), best AS (
        SELECT DISTINCT ON (cluster) cluster, id FROM scored ORDER BY cluster, score DESC, date_maj DESC, id
    ), served AS (
        SELECT best.cluster, best.id, array_agg(DISTINCT need) AS needs
        FROM best JOIN staged_service v ON v.structure_id = best.id, unnest(v.needs) need GROUP BY 1, 2
    ), doubled AS (
        SELECT v.id FROM staged_service v JOIN scored ON scored.id = v.structure_id JOIN served USING (cluster)
        WHERE served.id <> v.structure_id AND v.needs <> '{}' AND v.needs <@ served.needs
    ), repeated AS (
        SELECT id, row_number() OVER (
            PARTITION BY structure_id, lower(unaccent(nom)), needs, on_site, remote, coalesce(lat, 0), coalesce(lon, 0)
            ORDER BY score_qualite DESC, date_maj DESC, id
        ) AS place
        FROM staged_service
    )
    UPDATE staged_service SET duplicate = true
    WHERE id IN (SELECT id FROM doubled UNION ALL SELECT id FROM repeated WHERE place > 1)
"""
