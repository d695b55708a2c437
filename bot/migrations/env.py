"""Alembic's entry: migrates our tables, the offer's, the queue's and the engine's, in one database."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

from bot import appointment_models  # noqa: F401 (declares its tables)
from bot.database import SEARCH_PATH, libpq_url
from bot.models import metadata
from knowledge.tables import metadata as knowledge_metadata


def _url() -> str:
    given = context.config.attributes.get("url")
    if given:
        return str(given)
    from bot.settings import load  # only `alembic revision` on a developer's machine comes here

    return load().database_url


engine = create_engine(
    make_url(libpq_url(_url())).set(drivername="postgresql+psycopg"),
    connect_args={"options": f"-csearch_path={SEARCH_PATH}"},
)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=[metadata, knowledge_metadata],
        compare_type=True,
        include_name=lambda name, kind, parents: kind != "schema" and not str(name).startswith("procrastinate"),
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
