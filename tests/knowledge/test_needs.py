"""The needs that people say, under both interpreters."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from data_inclusion.schema.v1 import Categorie, Thematique

import knowledge.needs
from knowledge.languages import Languages
from knowledge.needs import BadNeeds, Needs, check, labels, load
from tests.knowledge.said import lines, pairs
from tests.knowledge.test_places import ENGINE, ROOT


@pytest.fixture(scope="module")
def needs() -> Needs:
    """As the engine has them: what is prepared for the first message is ready."""
    needs = Needs.from_file()
    needs.find("bonjour")
    return needs


@pytest.fixture(scope="module")
def values() -> list[str]:
    return [value.value for value in (*Categorie, *Thematique)]


@pytest.fixture
def content() -> dict[str, Any]:
    return load()


@pytest.mark.parametrize(("said", "value"), list(pairs("needs.txt")))
def test_need_is_understood(needs: Needs, said: str, value: str) -> None:
    """What people write is taken first for the need of the table."""
    assert [match.value for match in needs.find(said)][:1] == [value]


@pytest.mark.parametrize("said", list(lines("no_need.txt")))
def test_no_need_is_imagined(needs: Needs, said: str) -> None:
    """Sentences about anything else name no need."""
    assert needs.find(said) == []


def test_file_is_sound(values: list[str], content: dict[str, Any]) -> None:
    """Every category and theme of data·inclusion has its label and its words, and no phrase two owners."""
    check(content, values)
    assert sorted(Needs(content).values()) == sorted(values)


def test_every_theme_is_found_by_its_label_or_words(needs: Needs, content: dict[str, Any]) -> None:
    """The first plain way of saying each value leads to it."""
    for value, row in {**content["categories"], **content["themes"]}.items():
        plain = next(words for words in row["words"] if not set(words) & set("(|…*"))
        assert needs.find(plain)[0].value == value, plain


def test_label(needs: Needs) -> None:
    """Labels are short, and French when there is none in the language asked for."""
    assert needs.label("famille--garde-denfants") == "Garde d'enfants"
    assert needs.label("famille--garde-denfants", "xx") == "Garde d'enfants"
    assert all(len(needs.label(value)) <= 48 for value in needs.values())


def test_span_and_order(needs: Needs) -> None:
    """Matches carry their span in the text as given; a theme comes before a category."""
    text = "Du travail, et surtout : faire garder mon fils !"
    found = needs.find(text)
    assert [(m.value, text[m.start : m.end]) for m in found] == [
        ("famille--garde-denfants", "faire garder mon fils"),
        ("trouver-un-emploi", "travail"),
    ]


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (lambda c: c["themes"].pop("famille--garde-denfants"), "« famille--garde-denfants » manque"),
        (lambda c: c["themes"].update({"famille--x": {"label": "X", "words": ["zzz"]}}), "« famille--x » n'existe pas"),
        (lambda c: c["themes"]["sante--addictions"]["words"].append("nounou"), "« nounou » est à la fois sous"),
        (lambda c: c["themes"]["sante--addictions"].update(word=["x"]), "« word » n'est pas une clé connue"),
        (lambda c: c["themes"]["sante--addictions"].update(label=""), "il faut un label"),
        (lambda c: c["themes"]["sante--addictions"]["words"].append("a (b"), "« a (b » est mal écrit"),
        (lambda c: c["themes"]["sante--addictions"]["words"].append("le la"), "de petits mots"),
        (lambda c: c["themes"]["sante--addictions"]["other"].update(xx=["x"]), "langue « xx » inconnue"),
    ],
)
def test_faults_are_told(values: list[str], content: dict[str, Any], fault: Any, told: str) -> None:
    """A fault in the file is told to its editor in one clear line."""
    fault(content)
    with pytest.raises(BadNeeds) as raised:
        check(content, values)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("said", "value"),
    [
        (
            "ma voiture fait un bruit et le garagiste veut une fortune",
            "mobilite--entretenir-reparer-son-vehicule",
        ),
        ("personne ne me rappelle après mes candidatures", "trouver-un-emploi--suivre-ses-candidatures-et-relancer"),
        ("моя дочь голодная, нет продуктов", "equipement-et-alimentation--alimentation"),
        ("mes petits n'ont pas de manteaux pour cet hiver", "equipement-et-alimentation--habillement"),
    ],
)
def test_need_told_in_other_words(needs: Needs, said: str, value: str) -> None:
    """What no phrase says is still understood."""
    assert needs.find(said)[0].value.startswith(value)


def test_guess_is_never_sure(content: dict[str, Any]) -> None:
    """A guess scores from 0.5 to 0.7, and only where there are sentences to compare with."""
    said = "il me crie dessus et casse tout chez nous"
    told = {"famille--surmonter-conflits-separation-violence": ["il crie et casse tout"], "none": ["oui"]}
    assert Needs(content).find(said) == []
    [guess] = Needs(content, told).find(said)
    assert guess.value == "famille--surmonter-conflits-separation-violence"
    assert 0.5 <= guess.score <= 0.7
    assert said[guess.start : guess.end] in said.split()


def test_sentences_are_sound(values: list[str]) -> None:
    """The sentences to guess from are under known values, none twice, and every theme has some."""
    told = load(Path(knowledge.needs.__file__).with_name("needs_said.yml"))
    assert set(told) == {*values, "none"}
    assert all(len(told[value]) >= 9 for value in values if "--" in value)
    everything = [text for texts in told.values() for text in texts]
    assert [text for text in everything if everything.count(text) > 1] == []


@pytest.mark.skipif(not ENGINE.exists(), reason="the engine's environment is not set up")
def test_engine_reads_the_same() -> None:
    """The engine's older interpreter understands the tables alike."""
    script = """
from knowledge.needs import Needs
from tests.knowledge.said import lines, pairs
needs = Needs.from_file()
for said, value in pairs("needs.txt"):
    assert needs.find(said)[0].value == value, said
for said in lines("no_need.txt"):
    assert needs.find(said) == [], said
"""
    done = subprocess.run([ENGINE, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("code", [code for code in Languages.from_file().codes if code != "fr"])
def test_every_need_has_its_label_in_every_language(needs: Needs, code: str) -> None:
    """85 different labels a language, short enough for a button, none left in French, none without a need."""
    given = labels(code)
    assert set(given) == set(needs.values())
    assert len(set(given.values())) == len(given)
    assert max(map(len, given.values())) <= 45
    assert [label for value, label in given.items() if label == needs.label(value)] == []


def test_label_follows_the_language(needs: Needs) -> None:
    """What was remembered in one language is said in another; a person's own words are not touched."""
    assert needs.label("famille--garde-denfants", "en") == "Childcare"
    assert needs.relabel("Garde d'enfants", "ar") == "رعاية الأطفال"
    assert needs.relabel("رعاية الأطفال", "fr") == "Garde d'enfants"
    assert needs.relabel("cours de tango", "en") == "cours de tango"
