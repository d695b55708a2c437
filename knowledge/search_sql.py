"""The statement behind a search: one round trip, one snapshot."""

from __future__ import annotations

from functools import cache

from sqlalchemy import TextClause, text

RADIUS_KM = 50
LOW_SCORE_KM = 10
"""A record with a poor score ranks as if it were this much farther (a far good one is of little use to people)."""
_RADIUS_DEGREES = RADIUS_KM / 111.19

_DISTANCE = """
    12742 * asin(sqrt(least(1.0,
        power(sin(radians(k.lat - :lat) / 2), 2)
        + cos(radians(:lat)) * cos(radians(k.lat)) * power(sin(radians(k.lon - :lon) / 2), 2))))
"""
_AROUND = f"""
    point(k.lon, k.lat) <@ box(
        point(:lon - {_RADIUS_DEGREES} / cos(radians(:lat)), :lat - {_RADIUS_DEGREES}),
        point(:lon + {_RADIUS_DEGREES} / cos(radians(:lat)), :lat + {_RADIUS_DEGREES}))
"""
_CRITERIA = {
    "need": "k.needs @> ARRAY[:need]",
    "zones": "(k.everywhere OR k.zones && :zones)",
    "publics": "(k.publics = 0 OR k.publics & :publics <> 0)",
    "words": "k.words @@ (:words)::tsquery",
}
_RANK = "ts_rank_cd(k.words, (:words)::tsquery, 32)"


@cache
def statement(criteria: frozenset[str], reception: str | None, columns: str) -> TextClause:
    """The search for these criteria, a part of need, zones, publics, words, place."""
    common = [condition for name, condition in _CRITERIA.items() if name in criteria]
    rank = _RANK if "words" in criteria else ""
    sources = " UNION ALL ".join(_sources(common, rank, "place" in criteria, reception))
    return text(f"WITH found AS MATERIALIZED ({sources}), {_PAGE} SELECT {_RESULT}, {columns} {_FROM}")


def _sources(common: list[str], rank: str, place: bool, reception: str | None) -> list[str]:
    """Those on site (within the radius when there is a place), and those at a distance."""
    table = "service_words" if rank else "service_key"
    near = ["k.on_site", *common, *([_AROUND] if place else [])]
    on_site = _source(table, near, remote=False, km=_DISTANCE if place else "", rank=rank)
    away = ["k.remote", *common]
    if reception == "en-presentiel":
        return [on_site]
    if reception == "a-distance":
        return [_source(table, away, remote=True, km="", rank=rank)]
    inside = f"k.on_site AND coalesce({_AROUND} AND {_DISTANCE} <= {RADIUS_KM}, false)" if place else "k.on_site"
    return [on_site, _source(table, [*away, f"NOT ({inside})"], remote=True, km="", rank=rank)]


def _source(table: str, conditions: list[str], *, remote: bool, km: str, rank: str) -> str:
    far = [
        f"CASE WHEN low_score THEN {LOW_SCORE_KM} ELSE 0 END",
        *(["floor(km * 10) / 10"] if km else []),
        *([f"{RADIUS_KM} * (1 - rank)"] if rank else []),
    ]
    within = f"WHERE km <= {RADIUS_KM}" if km else ""
    return f"""
        SELECT service_id, {str(remote).lower()} AS remote, km, {_TIER} AS tier, ({" + ".join(far)})::float8 AS far
        FROM (SELECT k.service_id, {km or "NULL::float8"} AS km, {rank or "NULL::float4"} AS rank,
                     k.date_maj, k.low_score, k.professionals_only
              FROM {table} k WHERE {" AND ".join(conditions)} OFFSET 0) matching {within}
    """


# Tiers: for everybody, for professionals to ask, then those older than two years (only when there is nothing else).
# Within a tier, nearest first (to 100 m; with words, nearness and relevance weigh the same), ties shuffled by day,
# then two on site for one at a distance.
_TIER = "CASE WHEN date_maj < :two_years_ago THEN 2 ELSE 0 END + professionals_only::int"
_PAGE = """
    recent AS (SELECT EXISTS (SELECT FROM found WHERE tier < 2) AS there),
    kept AS NOT MATERIALIZED (
        SELECT * FROM found WHERE (tier < 2 OR NOT (SELECT there FROM recent)) AND service_id <> ALL(:exclude)
    ), best AS (
        (SELECT *, hashtextextended(service_id, :day) AS luck FROM kept WHERE NOT remote
         ORDER BY tier, far, luck LIMIT :limit)
        UNION ALL
        (SELECT *, hashtextextended(service_id, :day) AS luck FROM kept WHERE remote
         ORDER BY tier, far, luck LIMIT :limit)
    ), placed AS (
        SELECT *, row_number() OVER (PARTITION BY tier, remote ORDER BY far, luck) - 1 AS n FROM best
    ), page AS (
        SELECT service_id, remote, km,
               row_number() OVER (ORDER BY tier, CASE WHEN remote THEN 3 * n + 2 ELSE n + n / 2 END, remote) AS place
        FROM placed ORDER BY place LIMIT :limit
    )
"""
_RESULT = "(SELECT count(*) FROM kept) AS total, page.remote AS chosen_remote, page.km"
_FROM = """
    FROM page JOIN service s ON s.id = page.service_id JOIN structure t ON t.id = s.structure_id ORDER BY page.place
"""
