"""The tables of what Relais knows: the offer (services, structures), its imports, and the branches.

The offer's columns carry data·inclusion 1.0's own names. Columns after `# derived` are computed at
import; `service_key`, `service_words` and `offer_word` are made from them alone.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
"""How every index and constraint of the database is named."""

metadata = MetaData(naming_convention=NAMES)

TEXT_SEARCH = "relais_french"
"""Text search configuration: French stems, accents folded."""


def _list(name: str) -> Column[Any]:
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'"))


def _flag(name: str) -> Column[Any]:
    return Column(name, Boolean, nullable=False, server_default=text("false"))


def _place_columns() -> list[Column[Any]]:
    names = ("commune", "code_postal", "code_insee", "adresse", "complement_adresse")
    return [*(Column(name, Text) for name in names), Column("longitude", Double), Column("latitude", Double)]


structure = Table(
    "structure",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("nom", Text, nullable=False),
    Column("date_maj", Date, nullable=False),
    Column("description", Text),
    Column("lien_source", Text),
    Column("siret", Text),
    *_place_columns(),
    Column("telephone", Text),
    Column("courriel", Text),
    Column("site_web", Text),
    Column("horaires_accueil", Text),
    Column("accessibilite_lieu", Text),
    _list("reseaux_porteurs"),
    # derived
    Column("digest", Text, nullable=False),
    _flag("fictional"),
)

service = Table(
    "service",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("structure_id", Text, ForeignKey("structure.id"), nullable=False),
    Column("nom", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("date_maj", Date, nullable=False),
    Column("lien_source", Text),
    Column("type", Text),
    _list("thematiques"),
    Column("frais", Text),
    Column("frais_precisions", Text),
    _list("publics"),
    Column("publics_precisions", Text),
    Column("conditions_acces", Text),
    *_place_columns(),
    Column("telephone", Text),
    Column("courriel", Text),
    _list("modes_accueil"),
    _list("zone_eligibilite"),
    Column("contact_nom_prenom", Text),
    Column("lien_mobilisation", Text),
    _list("modes_mobilisation"),
    _list("mobilisable_par"),
    Column("mobilisation_precisions", Text),
    Column("volume_horaire_hebdomadaire", Double),
    Column("nombre_semaines", Integer),
    Column("horaires_accueil", Text),
    Column("score_qualite", Double, nullable=False),
    # derived
    _flag("on_site"),
    _flag("remote"),
    _flag("professionals_only"),
    _flag("duplicate"),  # a better record of the same structure says the same: never found, still readable
    Column("lat", Double),  # the structure's where the service has none
    Column("lon", Double),
    Column("digest", Text, nullable=False),
    _flag("fictional"),
    Index("ix_service_structure_id", "structure_id"),
)


def _searched_columns() -> list[Column[Any]]:
    return [
        Column("service_id", Text, ForeignKey("service.id", ondelete="CASCADE"), primary_key=True),
        *map(_flag, ("on_site", "remote", "professionals_only", "low_score")),
        _flag("everywhere"),  # no zone of eligibility, or the whole country
        Column("publics", Integer, nullable=False),  # bits of knowledge.offer_terms.PUBLIC_BITS; 0: not said
        Column("date_maj", Date, nullable=False),
        Column("lat", Double),
        Column("lon", Double),
        _list("zones"),
        Column("needs", ARRAY(Integer), nullable=False),  # numbers of themes and categories
    ]


service_key = Table(
    "service_key",
    metadata,
    *_searched_columns(),
    Index("ix_service_key_point", text("point(lon, lat)"), postgresql_using="gist", postgresql_where=text("on_site")),
    Index("ix_service_key_on_site", "needs", postgresql_using="gin", postgresql_where=text("on_site")),
    Index("ix_service_key_remote", "needs", postgresql_using="gin", postgresql_where=text("remote")),
    comment="What a search by need reads: narrow rows (fifty a page), without the duplicates.",
)

service_words = Table(
    "service_words",
    metadata,
    *_searched_columns(),
    Column("words", TSVECTOR, nullable=False),
    Index("ix_service_words_point", text("point(lon, lat)"), postgresql_using="gist", postgresql_where=text("on_site")),
    Index("ix_service_words_on_site", "words", postgresql_using="gin", postgresql_where=text("on_site")),
    Index("ix_service_words_remote", "words", postgresql_using="gin", postgresql_where=text("remote")),
    comment="What a search by words reads: the same, and the words.",
)

offer_word = Table(
    "offer_word",
    metadata,
    Column("word", Text, primary_key=True),
    Column("services", Integer, nullable=False),
    Index("ix_offer_word_word", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}),
    comment="The stems of the offer, against which typing errors are mended.",
)

offer_import = Table(
    "offer_import",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("imported_at", DateTime(timezone=True), nullable=False),
    Column("source", Text, nullable=False),
    Column("structures", Integer, nullable=False),
    Column("services", Integer, nullable=False),
    Column("added", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("skipped", Integer, nullable=False),
    Column("reasons", JSONB, nullable=False),
    _flag("forced"),
    _flag("fictional"),
)

branch = Table(
    "branch",
    metadata,
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("postal_code", Text, nullable=False),
    Column("commune", Text, nullable=False),
    Column("lat", Double, nullable=False),
    Column("lon", Double, nullable=False),
    Column("phone", Text),
    Column("hours", Text),
    _list("serves"),
    Column("verified_on", Date, nullable=False),
    Column("verified_by", Text, nullable=False),
    _flag("fictional"),
)
