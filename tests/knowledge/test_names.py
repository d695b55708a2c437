"""Names short enough for an SMS, and distances as people say them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.names import address_line, commune_label, distance_in_french, fold, short_name
from tests.needed import offer_sample


@pytest.mark.parametrize(
    ("name", "limit", "short"),
    [
        ("Médiation numérique", 38, "Médiation numérique"),
        ("  Médiation   numérique. ", 38, "Médiation numérique"),
        ("AMELY (Maison de l'emploi et du numérique Pierre-Bénite)", 38, "AMELY"),
        ("Point Information Jeunesse (Meyzieu)", 38, "Point Information Jeunesse (Meyzieu)"),
        ("Point Information Jeunesse (Meyzieu)", 30, "Point Information Jeunesse"),
        ("SARL AIDE A DOMICILE DES MONTS DU LYONNAIS", 38, "Aide à Domicile des Monts du Lyonnais"),
        ("CCAS DE CALUIRE-ET-CUIRE", 38, "CCAS de Caluire-et-Cuire"),
        ("Service de garde d'enfants à domicile pour les parents isolés", 38, "Garde d'enfants à domicile"),
        ("Programme EMILE - Engagés pour la mobilité et l’insertion", 38, "Programme EMILE"),
        ("Maison Lyon pour l'Emploi / Mission Locale (Lyon 8e)", 38, "Maison Lyon pour l'Emploi"),
        ("Accompagnement professionnel des femmes de plus de 45 ans", 38, "Accompagnement professionnel"),
        ("Mise à disposition d'un véhicule", 24, "Mise à disposition"),
        ("Aide à l'accès aux droits et l'accompagnement", 38, "Aide à l'accès aux droits"),
        ("Structure (sans nom) - Saint-Laurent-de-Chamousset", 26, "Saint-Laurent"),
        ("Anticonstitutionnellement", 12, "Anticonstit."),
        ("Service", 5, "Serv."),
    ],
)
def test_shortens_at_sense(name: str, limit: int, short: str) -> None:
    """Each step of the rule is taken only while the name is too long."""
    assert short_name(name, limit) == short


@pytest.mark.parametrize("limit", [16, 22, 26, 38])
def test_real_names_fit_and_keep_whole_words(limit: int) -> None:
    """All names of the sample fit; no word is cut unless it is alone and too long."""
    names = {record["nom"] for path in offer_sample() for record in json.loads(path.read_text(encoding="utf-8"))}
    assert len(names) > 300
    for name in names:
        short = short_name(name, limit)
        assert 0 < len(short) <= limit
        if not short.endswith("."):
            assert set(fold(short).split()) <= set(fold(name).split()), (name, short)


@given(st.text(min_size=1, max_size=150), st.integers(min_value=8, max_value=60))
def test_any_text_fits(name: str, limit: int) -> None:
    """Whatever the name, the short one fits, and shortening it again changes nothing in its length."""
    short = short_name(name, limit)
    assert len(short) <= limit
    assert len(short_name(short, limit)) <= limit


def test_three_choices_fit_two_segments() -> None:
    """Three lines with the longest names, distances and phones stay under 306 septets with their frame."""
    line = "1. {} ({}) 04 65 71 00 12, maj 10/2026\n"
    name = short_name("Halte-garderie associative et participative du quartier de la Grappinière", 38)
    assert len(line.format(name.ljust(38), "12,3 km")) * 3 < 306


@pytest.mark.parametrize(
    ("km", "said"),
    [
        (None, ""),
        (0.0, "< 1 km"),
        (0.99, "< 1 km"),
        (1.0, "1,0 km"),
        (3.24, "3,2 km"),
        (9.94, "9,9 km"),
        (9.96, "10 km"),
        (49.6, "50 km"),
    ],
)
def test_distances(km: float | None, said: str) -> None:
    """Under a kilometre it is near; one decimal under ten."""
    assert distance_in_french(km) == said


def test_places() -> None:
    """Lyon says its arrondissement when the postal code does; elsewhere the commune keeps its name."""
    assert commune_label("LYON", "69123", "69001") == "Lyon 1er"
    assert commune_label("Lyon 8e Arrondissement", "69388", "69008") == "Lyon 8e"
    assert commune_label("Lyon", "69123", "69123") == "Lyon"
    assert commune_label("Bron", "69029", "69008") == "Bron"
    assert address_line("3 rue du Mas", "", "69120", "Vaulx-en-Velin") == "3 rue du Mas, 69120 Vaulx-en-Velin"
    assert address_line("", "", "", "") == ""
