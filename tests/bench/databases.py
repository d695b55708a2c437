"""More databases on the server that Relais runs."""

from __future__ import annotations

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url


async def create(url: str, name: str) -> str:
    """The URL of a new, empty database beside the one at `url`."""
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    async with connection:
        await connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return make_url(url).set(database=name).render_as_string(hide_password=False)
