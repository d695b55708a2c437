"""The statement behind a search: one round trip, one snapshot."""

from __future__ import annotations

KM_BY_DEGREE = 111.19
RADIUS_KM = 50
LOW_SCORE = 0.8
LOW_SCORE_KM = 10
"""A record with a poor score ranks as if it were this much farther (a far good one is of little use to people)."""

_DISTANCE = """
    2 * 6371 * asin(sqrt(least(1.0,
        power(sin(radians(s.lat - :lat) / 2), 2)
        + cos(radians(:lat)) * cos(radians(s.lat)) * power(sin(radians(s.lon - :lon) / 2), 2))))
"""
_AROUND = f"""
    point(s.lon, s.lat) <@ box(
        point(:lon - {RADIUS_KM / KM_BY_DEGREE} / cos(radians(:lat)), :lat - {RADIUS_KM / KM_BY_DEGREE}),
        point(:lon + {RADIUS_KM / KM_BY_DEGREE} / cos(radians(:lat)), :lat + {RADIUS_KM / KM_BY_DEGREE}))
"""
_EXACT = "websearch_to_tsquery('relais_french', :text)"
_LOOSE = "replace(plainto_tsquery('relais_french', :text)::text, '&', '|')::tsquery"

_RANKS = {
    "": "NULL::real",
    "exact": f"ts_rank_cd(s.words, {_EXACT}, 32)",
    "loose": f"ts_rank_cd(s.words, {_LOOSE}, 32) + word_similarity(:folded, s.label) / 2",
}


def statement(*, place: bool, need: bool, zones: bool, publics: bool, text: str, reception: str | None) -> str:
    """The SQL for these criteria; `text` is "" | "exact" | "loose"."""
    common = ["NOT s.duplicate", *_criteria(need=need, zones=zones, publics=publics, text=text)]
    found = " UNION ALL ".join(_sources(common, _RANKS[text], place=place, reception=reception))
    return f"WITH found AS MATERIALIZED ({found}), {_PAGE}"


def _criteria(*, need: bool, zones: bool, publics: bool, text: str) -> list[str]:
    matching = {
        "exact": f"s.words @@ {_EXACT}",
        "loose": f"(s.words @@ {_LOOSE} OR :folded <% s.label)",
    }
    return [
        *(["s.needs @> ARRAY[:need]"] if need else []),
        *(["(s.zone_eligibilite = '{}' OR s.zone_eligibilite && :zones)"] if zones else []),
        *(["(s.publics = '{}' OR s.publics && :publics)"] if publics else []),
        *([matching[text]] if text else []),
    ]


def _sources(common: list[str], rank: str, *, place: bool, reception: str | None) -> list[str]:
    """Those on site (within the radius when there is a place), and those at a distance."""
    near = [*common, "s.on_site", _AROUND] if place else [*common, "s.on_site"]
    away = [*common, "s.remote"]
    on_site = _source(near, "false", _DISTANCE if place else "NULL::float8", rank)
    if place:
        on_site = f"SELECT * FROM ({on_site}) near WHERE km <= {RADIUS_KM}"
    if reception == "en-presentiel":
        return [on_site]
    if reception == "a-distance":
        return [_source(away, "true", "NULL::float8", rank)]
    inside = (
        f"NOT coalesce(s.on_site AND {_AROUND} AND {_DISTANCE} <= {RADIUS_KM}, false)" if place else "NOT s.on_site"
    )
    return [on_site, _source([*away, inside], "true", "NULL::float8", rank)]


def _source(conditions: list[str], remote: str, km: str, rank: str) -> str:
    return (
        f"SELECT s.id, {remote} AS remote, {km} AS km, {rank} AS rank, "
        f"s.date_maj, s.score_qualite, s.professionals_only "
        f"FROM service s WHERE {' AND '.join(conditions)}"
    )


# Tiers: for everybody, for professionals to ask, then those older than two years (only when there is nothing else).
# Within a tier, nearest first (to 100 m; with a text, nearness and words weigh the same), ties shuffled by day,
# then two on site for one at a distance.
_PAGE = f"""
tiered AS (
    SELECT id, remote, km,
           CASE WHEN date_maj < :two_years_ago THEN 2 ELSE 0 END + professionals_only::int AS tier,
           round(coalesce(km, 0)::numeric, 1)
             + CASE WHEN score_qualite < {LOW_SCORE} THEN {LOW_SCORE_KM} ELSE 0 END
             + coalesce({RADIUS_KM} * (1 - rank), 0) AS far,
           hashtextextended(id, :day) AS luck
    FROM found
), kept AS (
    SELECT * FROM tiered
    WHERE (tier < 2 OR NOT EXISTS (SELECT FROM tiered other WHERE other.tier < 2)) AND id <> ALL(:exclude)
), best AS (
    (SELECT * FROM kept WHERE NOT remote ORDER BY tier, far, luck LIMIT :limit)
    UNION ALL
    (SELECT * FROM kept WHERE remote ORDER BY tier, far, luck LIMIT :limit)
), placed AS (
    SELECT *, row_number() OVER (PARTITION BY tier, remote ORDER BY far, luck) - 1 AS n FROM best
), page AS (
    SELECT id, remote, km,
           row_number() OVER (ORDER BY tier, CASE WHEN remote THEN 3 * n + 2 ELSE n + n / 2 END, remote) AS place
    FROM placed ORDER BY place LIMIT :limit
)
SELECT (SELECT count(*) FROM kept) AS total, page.remote AS chosen_remote, page.km, {{columns}}
FROM page JOIN service s USING (id) JOIN structure t ON t.id = s.structure_id ORDER BY page.place
"""
