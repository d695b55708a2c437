"""From what people write to a text query: French stems, accents folded, typing errors mended when nothing fits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_FREQUENT = 1000
"""Words in more services than this say little; « any of the words » leaves them out when a rarer one is there."""


@dataclass(frozen=True)
class Word:
    stem: str
    services: int  # that hold it; 0 for one that the offer does not know and nothing resembles


async def readings(connection: AsyncConnection, words: str) -> AsyncIterator[str]:
    """Text queries for these words, the strictest first; the caller stops at the first that finds something."""
    exact: str = (await connection.execute(_EXACT, {"text": words})).scalar_one()
    if exact:
        yield exact
    known = [word for word in await _mended(connection, words) if word.services]
    for joined in (" & ".join(_quoted(known)), " | ".join(_quoted(_telling(known)))):
        if joined and joined != exact:
            yield joined


async def _mended(connection: AsyncConnection, words: str) -> list[Word]:
    """Each stem, or the nearest one that the offer knows."""
    await connection.execute(_TOLERANCE)
    rows = await connection.execute(_MEND, {"text": words})
    return [Word(row.word, row.services) for row in rows]


def _telling(words: list[Word]) -> list[Word]:
    rarest = min((word.services for word in words), default=0)
    return [word for word in words if word.services <= max(_FREQUENT, rarest)]


def _quoted(words: list[Word]) -> list[str]:
    return ["'" + word.stem.replace("\\", "\\\\").replace("'", "''") + "'" for word in words]


_EXACT = text("SELECT websearch_to_tsquery('relais_french', :text)::text")
_TOLERANCE = text("SELECT set_config('pg_trgm.similarity_threshold', '0.4', true)")
_MEND = text("""
    SELECT DISTINCT coalesce(known.word, near.word, stem) AS word,
           coalesce(known.services, near.services, 0) AS services
    FROM unnest(tsvector_to_array(to_tsvector('relais_french', :text))) AS stem
    LEFT JOIN offer_word known ON known.word = stem
    LEFT JOIN LATERAL (
        SELECT word, services FROM offer_word WHERE known.word IS NULL AND word % stem
        ORDER BY similarity(word, stem) DESC, services DESC LIMIT 1
    ) near ON true
""")
