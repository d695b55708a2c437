"""The offer, its imports and the branches; French text search with accents folded.

Revision ID: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _install_text_search()
    _create_structure()
    _create_service()
    _create_searched_tables()
    _create_offer_word()
    _create_offer_import()
    _create_branch()


def downgrade() -> None:
    for table in ("branch", "offer_import", "offer_word", "service_words", "service_key", "service", "structure"):
        op.drop_table(table)
    op.execute("DROP TEXT SEARCH CONFIGURATION relais_french")


def _install_text_search() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE TEXT SEARCH CONFIGURATION relais_french (COPY = french)")
    op.execute(
        "ALTER TEXT SEARCH CONFIGURATION relais_french "
        "ALTER MAPPING FOR hword, hword_part, word WITH unaccent, french_stem"
    )


def _texts(*names: str, required: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=not required) for name in names]


def _lists(*names: str) -> list[sa.Column[list[str]]]:
    return [sa.Column(name, ARRAY(sa.Text()), nullable=False, server_default=sa.text("'{}'")) for name in names]


def _flags(*names: str) -> list[sa.Column[bool]]:
    return [sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.text("false")) for name in names]


def _numbers(*names: str, required: bool = False) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Double(), nullable=not required) for name in names]


def _day(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Date(), nullable=False)


def _key(table: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("id", name=f"pk_{table}")


def _create_structure() -> None:
    op.create_table(
        "structure",
        *_texts("id", "source", "nom", required=True),
        _day("date_maj"),
        *_texts("description", "lien_source", "siret"),
        *_texts("commune", "code_postal", "code_insee", "adresse", "complement_adresse"),
        *_numbers("longitude", "latitude"),
        *_texts("telephone", "courriel", "site_web", "horaires_accueil", "accessibilite_lieu"),
        *_lists("reseaux_porteurs"),
        *_texts("digest", required=True),
        *_flags("fictional"),
        _key("structure"),
    )


def _create_service() -> None:
    op.create_table(
        "service",
        *_texts("id", "source", "structure_id", "nom", "description", required=True),
        _day("date_maj"),
        *_texts("lien_source", "type", "frais", "frais_precisions", "publics_precisions", "conditions_acces"),
        *_lists("thematiques", "publics", "modes_accueil", "zone_eligibilite", "modes_mobilisation", "mobilisable_par"),
        *_texts("commune", "code_postal", "code_insee", "adresse", "complement_adresse"),
        *_numbers("longitude", "latitude"),
        *_texts("telephone", "courriel", "contact_nom_prenom", "lien_mobilisation", "mobilisation_precisions"),
        *_numbers("volume_horaire_hebdomadaire"),
        sa.Column("nombre_semaines", sa.Integer()),
        *_texts("horaires_accueil"),
        *_numbers("score_qualite", required=True),
        *_flags("on_site", "remote", "professionals_only", "duplicate"),
        *_numbers("lat", "lon"),
        *_texts("digest", required=True),
        *_flags("fictional"),
        _key("service"),
        sa.ForeignKeyConstraint(["structure_id"], ["structure.id"], name="fk_service_structure_id"),
    )
    op.create_index("ix_service_structure_id", "service", ["structure_id"])


def _create_searched(table: str, *more: sa.Column[object], indexed: str, comment: str) -> None:
    op.create_table(
        table,
        *_texts("service_id", required=True),
        *_flags("on_site", "remote", "professionals_only", "low_score", "everywhere"),
        sa.Column("publics", sa.Integer(), nullable=False),
        _day("date_maj"),
        *_numbers("lat", "lon"),
        *_lists("zones"),
        sa.Column("needs", ARRAY(sa.Integer()), nullable=False),
        *more,
        sa.PrimaryKeyConstraint("service_id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=f"fk_{table}_service_id", ondelete="CASCADE"),
        comment=comment,
    )
    op.execute(f"CREATE INDEX ix_{table}_point ON {table} USING gist (point(lon, lat)) WHERE on_site")
    for place in ("on_site", "remote"):
        op.execute(f"CREATE INDEX ix_{table}_{place} ON {table} USING gin ({indexed}) WHERE {place}")


def _create_searched_tables() -> None:
    _create_searched(
        "service_key",
        indexed="needs",
        comment="What a search by need reads: narrow rows (fifty a page), without the duplicates.",
    )
    _create_searched(
        "service_words",
        sa.Column("words", TSVECTOR(), nullable=False),
        indexed="words",
        comment="What a search by words reads: the same, and the words.",
    )


def _create_offer_word() -> None:
    op.create_table(
        "offer_word",
        *_texts("word", required=True),
        sa.Column("services", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word", name="pk_offer_word"),
        comment="The stems of the offer, against which typing errors are mended.",
    )
    op.execute("CREATE INDEX ix_offer_word_word ON offer_word USING gin (word gin_trgm_ops)")


def _create_offer_import() -> None:
    op.create_table(
        "offer_import",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        *_texts("source", required=True),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("structures", "services", "added", "changed", "removed", "skipped")
        ),
        sa.Column("reasons", JSONB(), nullable=False),
        *_flags("forced", "fictional"),
        _key("offer_import"),
    )


def _create_branch() -> None:
    op.create_table(
        "branch",
        *_texts("id", "type", "label", "address", "postal_code", "commune", required=True),
        *_numbers("lat", "lon", required=True),
        *_texts("phone", "hours"),
        *_lists("serves"),
        _day("verified_on"),
        *_texts("verified_by", required=True),
        *_flags("fictional"),
        _key("branch"),
    )
