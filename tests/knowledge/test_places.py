"""The places that people say, under both interpreters."""

import json
import subprocess
from pathlib import Path

import pytest

from knowledge.places import Places, kilometres
from tests.knowledge.said import lines, pairs
from tests.needed import sample

ROOT = Path(__file__).parents[2]
ENGINE = ROOT / "nlu/.venv/bin/python"


@pytest.fixture(scope="module")
def places() -> Places:
    return Places.from_file()


def keys(places: Places, text: str) -> list[set[str]]:
    return [{place.key for place in match.places} for match in places.find(text)]


@pytest.mark.parametrize(("said", "expected"), list(pairs("places.txt")))
def test_place_is_understood(places: Places, said: str, expected: str) -> None:
    """What people write names the places of the table, and no other."""
    assert keys(places, said) == [{key.strip() for key in one.split("|")} for one in expected.split("+")]


@pytest.mark.parametrize("said", list(lines("no_place.txt")))
def test_no_place_is_imagined(places: Places, said: str) -> None:
    """An ordinary sentence names no place."""
    assert places.find(said) == []


def test_every_commune_is_known_by_its_name_and_postal_code(places: Places) -> None:
    """All 58 communes and 9 arrondissements are found by name, in capitals or bare, and by postal code."""
    for row in json.loads(sample("communes_metropole_lyon.json").read_text())["communes"]:
        code = row["commune_parente"] if row["type"] == "ancienne-commune" else row["code_insee"]
        for said in (row["nom"].upper(), row["nom"].replace("-", " ").replace("'", " ")):
            assert [p.code for m in places.find(said) for p in m.places] == [code], said
        if code != "69123":
            for postal_code in row["codes_postaux"]:
                assert code in [p.code for m in places.find(postal_code) for p in m.places]


def test_spans_are_those_of_the_text(places: Places) -> None:
    """A match's span cuts the words that name the place out of the text as given."""
    text = "Coucou ! Une crèche à VAULX-en-Velin, ou bien à la Guill’ ?"
    assert [text[m.start : m.end] for m in places.find(text)] == ["VAULX-en-Velin", "la Guill"]


def test_arrondissement_lies_in_lyon(places: Places) -> None:
    """An arrondissement has its own code and Lyon's as its commune; so has a quarter."""
    huit, duchere = places.find("lyon 8")[0].places[0], places.find("la duch")[0].places[0]
    assert (huit.code, huit.commune, huit.label) == ("69388", "69123", "Lyon 8e")
    assert (duchere.code, duchere.commune, duchere.label) == ("69389", "69123", "La Duchère (Lyon 9e)")
    assert places.get(duchere.key) == duchere
    assert places.get("69389") != duchere


def test_outside_says_whom_to_ask(places: Places) -> None:
    """A commune of the Rhône outside the Métropole is told apart, with the authority to turn to."""
    (match,) = places.find("je vis à Villefranche sur Saone")
    assert match.places[0].kind == "outside"
    assert places.authority.name == "Département du Rhône"


def test_doubtful_matches_say_so(places: Places) -> None:
    """An ordinal alone scores low, a misspelled name lower than the right one."""
    assert places.find("le 2e")[0].score == 0.5
    assert places.find("Villeurbanne")[0].score == 1.0
    assert 0.8 < places.find("je vis à Vénisssieu")[0].score < 1.0
    assert places.find("j'habite route de Vienne, enfin rue de Bron")[0].score == 0.6


def test_nearest(places: Places) -> None:
    """A point belongs to the commune or arrondissement whose centre is closest."""
    assert places.nearest(45.7340, 4.8690).code == "69388"
    assert places.nearest(45.7790, 4.9250).code == "69256"
    assert places.nearest(45.985, 4.72).kind == "outside"


def test_quarters_lie_where_they_say(places: Places) -> None:
    """No quarter stands more than 4 km from the centre of what it lies in."""
    for place in places._quarters:
        around = places.get(place.code)
        assert around and kilometres(place.lat, place.lon, around.lat, around.lon) < 4, place


@pytest.mark.skipif(not ENGINE.exists(), reason="the engine's environment is not set up")
def test_engine_reads_the_same() -> None:
    """The engine's older interpreter understands the whole table alike."""
    script = """
from knowledge.places import Places, kilometres
from tests.knowledge.said import lines, pairs
places = Places.from_file()
for said, expected in pairs("places.txt"):
    found = [{p.key for p in m.places} for m in places.find(said)]
    assert found == [{k.strip() for k in one.split("|")} for one in expected.split("+")], (said, found)
for said in lines("no_place.txt"):
    assert places.find(said) == [], said
"""
    done = subprocess.run([ENGINE, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
